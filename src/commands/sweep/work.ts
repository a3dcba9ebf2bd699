//
//   The work of mobisim sweep: plan a space, run a shard of it, merge what the shards found.
//
//     space.yaml ──► planSweep ──► folder ──► runShard, anywhere, any number ──► mergeSweep ──► tables, front
//

import { join } from "node:path";
import { InputError, Interrupted } from "../../basics/errors.js";
import { fileExists, labelOf, readText, sha256 } from "../../io/files.js";
import { engineBinary, Shelf } from "../../io/inputs.js";
import { parquetOf } from "../../io/parquet.js";
import { openPool } from "../../io/pool.js";
import { sweepProgress } from "../../io/sweep-progress.js";
import { packageVersion } from "../../io/version.js";
import { sweepColumns, tableCsv } from "../../report/sweep-table.js";
import type { RunRequest } from "../../request.js";
import { frontOf } from "../../sweep/aims.js";
import { evolve } from "../../sweep/generations.js";
import { checkMaker, type Header, headerOf } from "../../sweep/header.js";
import { type Maker, type Planner, planOf } from "../../sweep/plan.js";
import type { Answered, Planned } from "../../sweep/record.js";
import { type Evaluation, LAG, Session } from "../../sweep/session.js";
import { gridSize, parseSpace, type Search, type Space } from "../../sweep/space.js";
import {
  pointsOf,
  readAnswers,
  readShard,
  readSweep,
  type Shard,
  ShardFile,
  type Sweep,
  shardsOf,
  writeResults,
  writeSweep,
} from "./folder.js";
import { machineValues, optionChecks, refuseIdleAxes, requestOfPoint } from "./options.js";

interface PlanOptions {
  readonly out: string;
  readonly limit?: number | undefined;
  readonly prune: boolean;
  /** What the command line says instead of the space file. */
  readonly search: Partial<Search>;
}

interface WorkOptions {
  readonly workers?: number | undefined;
  /** Another sweep's folder: points that it answered are not run again. */
  readonly reuse?: string | undefined;
  readonly quiet: boolean;
}

export const WHOLE: Shard = { index: 1, count: 1 };
/** Points that are planned without --limit. */
const MOST_POINTS = 100_000;

/** Reads a space and writes its folder. */
export function planSweep(file: string, { out, limit, prune, search }: PlanOptions): Sweep {
  const text = readText(file);
  const planner = plannerOf(text, labelOf(file), search);
  const { space, maker } = planner;
  checkSize(space, labelOf(file), limit);
  if (fileExists(join(out, "sweep.json"))) checkMaker(readSweep(out).header, maker, out);
  const sweep = space.search.kind === "evolution" ? evolved(planner, text, prune) : planned(planner, text, prune);
  writeSweep(out, sweep);
  return sweep;
}

/** Runs what is missing of a shard. */
export async function runShard(folder: string, shard: Shard, { workers, reuse, quiet }: WorkOptions): Promise<void> {
  const { header, space: text, points } = readChecked(folder);
  const planner = plannerOf(text, join(folder, "space.yaml"), header.search);
  if (points === undefined && shard.count > 1) {
    throw new InputError(`--shard ${shard.index}/${shard.count}: an evolution goes on from what it found; allowed 1/1`);
  }
  const own = points === undefined ? undefined : pointsOf(points, shard);
  const file = ShardFile.open(folder, shard);
  const { recorded } = file;
  if (own !== undefined) checkRecorded(own, recorded, folder);
  const total = own?.length ?? header.search.points;
  const progress = await sweepProgress(total, recorded.length, quiet);
  const known = reuse === undefined ? new Map<string, Evaluation>() : answersOf(reuse);
  const pool = await openPool<RunRequest, Evaluation>(new URL("./worker.js", import.meta.url), LAG, workers);
  const counts = { done: recorded.length, pruned: 0, invalid: 0 };
  const session: Session = new Session({
    aims: header,
    prune: header.prune,
    recorded,
    evaluate: async ({ id, values }) => known.get(id) ?? pool.run(planner.requestOf(values)),
    append: (answer) => {
      file.append(answer);
      counts.done++;
      if (answer.status !== "ok") counts[answer.status]++;
      progress.update({ ...counts, front: session.front.size });
    },
  });
  await interruptible(
    () => (own === undefined ? evolve(planner, session) : session.run(own)),
    () => `interrupted: ${counts.done} of ${total} points are answered; the same command goes on from there`,
  ).finally(async () => {
    progress.stop();
    file.close();
    await pool.close();
  });
}

/** Joins the shards of a sweep in the order of its points, and writes the tables. */
export async function mergeSweep(folder: string, shards?: number): Promise<{ header: Header; answers: Answered[] }> {
  const { header, points } = readChecked(folder);
  const answers =
    points === undefined ? readShard(folder, WHOLE) : joined(folder, points, shards ?? shardCount(folder));
  const refused = answers.find(({ reason }) => reason !== undefined);
  if (refused !== undefined && answers.every(({ status }) => status === "invalid")) {
    throw new InputError(`${folder}: no point can run: ${refused.reason}`);
  }
  const columns = sweepColumns(header, answers);
  writeResults(folder, answers, {
    "results.csv": tableCsv(columns),
    "results.parquet": await parquetOf(columns),
    "front.csv": tableCsv(sweepColumns(header, frontOf(header, answers).items)),
  });
  return { header, answers };
}

// ---- plan

function plannerOf(text: string, label: string, search: Partial<Search>): Planner {
  const written = parseSpace(text, label, optionChecks());
  refuseIdleAxes(written, label);
  const space = { ...written, search: { ...written.search, ...search } };
  const shelf = new Shelf();
  return {
    space,
    maker: { version: packageVersion(), engine: sha256(engineBinary()) } satisfies Maker,
    requestOf: (values) => requestOfPoint(space, values),
    machineValue: machineValues(shelf),
    shelf,
  };
}

function planned(planner: Planner, text: string, prune: boolean): Sweep {
  const plan = planOf(planner);
  const [first] = plan.points;
  if (first === undefined) {
    const [broken = "nothing"] = Object.keys(plan.excluded);
    throw new InputError(`the space is empty: every place breaks a condition (${broken}); allowed one point or more`);
  }
  if (plan.points.every(({ refused }) => refused !== undefined)) {
    throw new InputError(`no point of the space can run: ${first.refused}`);
  }
  return {
    header: headerOf(planner.space, planner.maker, sha256(text), prune, plan),
    space: text,
    points: plan.points,
  };
}

function evolved({ space, maker }: Planner, text: string, prune: boolean): Sweep {
  return { header: headerOf(space, maker, sha256(text), prune), space: text };
}

function checkSize(space: Space, label: string, limit = MOST_POINTS): void {
  const { kind, points } = space.search;
  const size = kind === "grid" ? gridSize(space) : points;
  if (size <= limit) return;
  const what = kind === "grid" ? `the grid has ${size} points` : `search.points is ${size}`;
  throw new InputError(`${label}: ${what}; allowed ${limit}, more with --limit, or --search random, lhs, evolution`);
}

// ---- shards

function readChecked(folder: string): Sweep {
  const sweep = readSweep(folder);
  checkMaker(sweep.header, { version: packageVersion(), engine: sha256(engineBinary()) }, folder);
  return sweep;
}

/** What another sweep found, by point: equal ids have equal answers. */
function answersOf(folder: string): Map<string, Evaluation> {
  readChecked(folder);
  const ran = readAnswers(folder).answers.flatMap(({ id, measures, stateHash }): [string, Evaluation][] => {
    return measures === undefined || stateHash === undefined ? [] : [[id, { measures, stateHash }]];
  });
  return new Map(ran);
}

function checkRecorded(points: readonly Planned[], recorded: readonly Answered[], folder: string): void {
  const strange = recorded.findIndex(({ id }, place) => points[place]?.id !== id);
  if (strange < 0) return;
  throw new InputError(`${folder}: line ${strange + 1} of the shard is of another point; allowed what its plan says`);
}

/** How many shards the sweep was cut into: as many as the files say. */
function shardCount(folder: string): number {
  const counts = [...new Set(shardsOf(folder).map(({ count }) => count))];
  if (counts.length === 1) return counts[0];
  if (counts.length === 0) throw new InputError(`${folder}: no shard was run; mobisim sweep run ${folder}`);
  const found = `there are shards of ${counts.join(" and of ")}`;
  throw new InputError(`${folder}: ${found}; allowed shards of one count, or --shards N to choose`);
}

function joined(folder: string, points: readonly Planned[], count: number): Answered[] {
  const shards = Array.from({ length: count }, (_, i) => {
    const shard = { index: i + 1, count };
    const own = pointsOf(points, shard);
    const answers = readShard(folder, shard);
    checkRecorded(own, answers, folder);
    if (answers.length === own.length) return answers;
    const name = `${shard.index}/${count}`;
    const found = `shard ${name} has ${answers.length} of ${own.length} points`;
    throw new InputError(`${folder}: ${found}; allowed all of them: mobisim sweep run ${folder} --shard ${name}`);
  });
  return points.map((_, place) => shards[place % count][Math.floor(place / count)]);
}

/** Ctrl-C leaves at once: what is on disk is whole. */
async function interruptible(work: () => Promise<void>, say: () => string): Promise<void> {
  let interrupt = () => {};
  const interrupted = new Promise<never>((_, reject) => {
    interrupt = () => reject(new Interrupted(say()));
  });
  process.on("SIGINT", interrupt);
  const working = work();
  working.catch(() => {}); // it fails when the pool is closed under it
  await Promise.race([working, interrupted]).finally(() => process.off("SIGINT", interrupt));
}
