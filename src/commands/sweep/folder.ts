//
//   A sweep on disk (docs/sweep.md). Results are only ever appended, a line a point, so a process can die at any moment:
//   whole lines stay, a torn one is cut off, and the next one goes on.
//
//     space.yaml  sweep.json  points.ndjson     written at once, when it is planned
//     shards/I-of-N.ndjson                      appended to
//     results.ndjson  .csv  .parquet  front.csv written at once, when it is merged
//

import { closeSync, fstatSync, ftruncateSync, mkdirSync, openSync, readdirSync, writeSync } from "node:fs";
import { join } from "node:path";
import { InputError } from "../../basics/errors.js";
import { fileExists, readText, writeAll, writing } from "../../io/files.js";
import type { Header } from "../../sweep/header.js";
import { type Answered, lineOf, type Planned, recordsOf } from "../../sweep/record.js";

const SPACE = "space.yaml";
const HEADER = "sweep.json";
const POINTS = "points.ndjson";
const RESULTS = "results.ndjson";
const SHARDS = "shards";

/** Part `index` of `count`, from 1 on. */
export interface Shard {
  readonly index: number;
  readonly count: number;
}

export interface Sweep {
  readonly header: Header;
  readonly space: string;
  /** Undefined where the search finds its points on the way. */
  readonly points?: readonly Planned[];
}

/** Writes what is planned; the same again is no harm, another one is refused. */
export function writeSweep(folder: string, { header, space, points }: Sweep): void {
  const files = {
    [SPACE]: space,
    [HEADER]: `${JSON.stringify(header, undefined, 2)}\n`,
    ...(points === undefined ? {} : { [POINTS]: points.map(lineOf).join("") }),
  };
  if (!fileExists(join(folder, HEADER))) {
    writeAll(folder, files);
    return;
  }
  const isSame = ([name, text]: [string, string]) => readText(join(folder, name)) === text;
  if (Object.entries(files).every(isSame)) return;
  throw new InputError(
    `${folder}: holds another sweep; allowed a new folder (--reuse ${folder} takes over what it ran)`,
  );
}

export function readSweep(folder: string): Sweep {
  if (!fileExists(join(folder, HEADER))) {
    throw new InputError(`${folder}: holds no sweep; allowed a folder that mobisim sweep made (${HEADER})`);
  }
  const header = JSON.parse(readText(join(folder, HEADER))) as Header;
  const space = readText(join(folder, SPACE));
  if (!fileExists(join(folder, POINTS))) return { header, space };
  return { header, space, points: recordsOf<Planned>(readText(join(folder, POINTS))).records };
}

/** The points of a shard: every count-th, so that each has promising ones. */
export function pointsOf(points: readonly Planned[], { index, count }: Shard): Planned[] {
  return points.filter((_, place) => place % count === index - 1);
}

/** The answers of a merged sweep; of one under way, those of all shards so far. */
export function readAnswers(folder: string): { answers: Answered[]; merged: boolean } {
  const merged = join(folder, RESULTS);
  if (fileExists(merged)) return { answers: recordsOf<Answered>(readText(merged)).records, merged: true };
  return { answers: shardsOf(folder).flatMap((shard) => readShard(folder, shard)), merged: false };
}

/** The shards that were begun. */
export function shardsOf(folder: string): Shard[] {
  if (!fileExists(join(folder, SHARDS))) return [];
  return readdirSync(join(folder, SHARDS))
    .map((name) => /^(\d+)-of-(\d+)\.ndjson$/.exec(name))
    .filter((match) => match !== null)
    .map(([, index, count]) => ({ index: Number(index), count: Number(count) }))
    .sort((a, b) => a.count - b.count || a.index - b.index);
}

export function readShard(folder: string, shard: Shard): Answered[] {
  const path = shardPath(folder, shard);
  return fileExists(path) ? recordsOf<Answered>(readText(path)).records : [];
}

/** Writes the files of a merged sweep. */
export function writeResults(
  folder: string,
  answers: readonly Answered[],
  tables: Readonly<Record<string, string | Uint8Array>>,
): void {
  writeAll(folder, { [RESULTS]: answers.map(lineOf).join(""), ...tables });
}

/** A shard's file, open at its end. */
export class ShardFile {
  private constructor(
    private readonly file: number,
    private readonly label: string,
    private bytes: number,
    readonly recorded: readonly Answered[],
  ) {}

  static open(folder: string, shard: Shard): ShardFile {
    const path = shardPath(folder, shard);
    const file = writing(path, () => {
      mkdirSync(join(folder, SHARDS), { recursive: true });
      return openSync(path, "a+");
    });
    const { records, bytes } = recordsOf<Answered>(readText(path));
    ftruncateSync(file, bytes);
    return new ShardFile(file, path, bytes, records);
  }

  /** Throws InputError where somebody else writes there, too. */
  append(answer: Answered): void {
    if (fstatSync(this.file).size !== this.bytes) {
      throw new InputError(`${this.label}: another process writes this shard; allowed one at a time`);
    }
    const line = new TextEncoder().encode(lineOf(answer));
    writing(this.label, () => {
      for (let at = 0; at < line.length; ) at += writeSync(this.file, line, at);
    });
    this.bytes += line.length;
  }

  close(): void {
    closeSync(this.file);
  }
}

function shardPath(folder: string, { index, count }: Shard): string {
  return join(folder, SHARDS, `${index}-of-${count}.ndjson`);
}
