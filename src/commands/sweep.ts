//
//   mobisim sweep: explore a space of machines, budgets, formats and workloads; keep what nothing else beats.
//

import type { Command } from "commander";
import { InputError } from "../basics/errors.js";
import { lookOfStdout } from "../io/look.js";
import { jsonText } from "../report/json.js";
import { markdownOf } from "../report/markdown.js";
import { sweepPage } from "../report/sweep-table.js";
import { renderPage } from "../report/terminal.js";
import { frontOf } from "../sweep/aims.js";
import type { Planned } from "../sweep/record.js";
import { SEARCHES, type Search } from "../sweep/space.js";
import { integer, oneOf } from "./option-values.js";
import type { Shard } from "./sweep/folder.js";

const FORMATS = ["terminal", "md"] as const;
const BATCHES = ["slurm", "parallel"] as const;

interface Options {
  out?: string;
  limit?: number;
  search?: Search["kind"];
  points?: number;
  seed?: number;
  prune: boolean;
  for?: (typeof BATCHES)[number];
  shard?: Shard;
  shards?: number;
  workers?: number;
  reuse?: string;
  format: (typeof FORMATS)[number];
  json?: boolean;
  quiet?: boolean;
}

const HELP = `
A space file says what is run, what varies, what is looked for (docs/sweep.md; docs/dse.md is a worked study):

  run: {machine: edge, model: llama-3-8b, budget: 4, batch: 1, dram.diesPerChannel: 2}
  vary:
    array.rows: [16, 32, 64]
    buffers.sliceKiB: {from: 512 KiB, to: 2 MiB, factor: 2}
    clock.coreMHz: {from: 600 MHz, to: 1 GHz, step: 200 MHz}
    dram.channels: [2, 4]
  follow: {array.weightPortBits: array.rows * array.lanes * 2, array.tileInputs: 131072 / array.rows}
  where: [array.rows * clock.coreMHz <= 51200]
  objectives: [tpotMs, areaMm2]
  constraints: [powerW <= 5]
  search: {kind: random, points: 30, seed: 1}

The folder (--out) is written as points are answered: the same command goes on where an earlier one ended, however it
ended. Points that cannot be part of the front are not simulated (--no-prune: all are); the front is the same.

Examples:
  mobisim sweep space.yaml                              plans, runs on all cores, merges, prints the front
  mobisim sweep space.yaml --search evolution --points 400 --seed 7
  mobisim sweep plan space.yaml --out study             points only
  mobisim sweep run study --shard 2/8                   every eighth point, here or on another machine
  mobisim sweep merge study                             results.csv, results.parquet, front.csv
  mobisim sweep plan space.yaml --out study --for slurm --shards 64 > study.sbatch

Exit codes: 0 good, 2 bad input (one line on stderr), 70 an internal error, 130 interrupted (what is done is kept)`;

/** Options, help and actions of `mobisim sweep`. */
export function define(command: Command): void {
  command.argument("[space]", "space file (YAML)").addHelpText("after", HELP);
  workOptions(planOptions(command));
  printOptions(command).action((space: string | undefined, options: Options) => sweep(space, options));
  planOptions(command.command("plan").description("write the points of a space, run nothing"))
    .argument("<space>", "space file (YAML)")
    .option("--for <what>", `print how to run it: ${BATCHES.join(", ")}`, oneOf("--for", BATCHES))
    .option("--shards <n>", "shards of --for (default: 8)", integer("--shards", 1))
    .action((space: string, options: Options) => plan(space, options));
  workOptions(command.command("run").description("answer the points of a shard that have no answer yet"))
    .argument("<folder>", "what plan wrote")
    .option("--shard <i/n>", "every n-th point from the i-th on", shard, { index: 1, count: 1 })
    .action((folder: string, options: Options) => runPart(folder, options));
  printOptions(command.command("merge").description("join the shards: tables and the front"))
    .argument("<folder>", "what plan wrote and run filled")
    .option("--shards <n>", "the number of shards, where there are several cuts", integer("--shards", 1))
    .action((folder: string, options: Options) => merge(folder, options));
}

function planOptions(command: Command): Command {
  return command
    .option("--out <folder>", "folder of the sweep (default: the space file's name, .sweep)")
    .option("--search <kind>", `instead of the space's: ${SEARCHES.join(", ")}`, oneOf("--search", SEARCHES))
    .option("--points <n>", "points to draw, instead of the space's", integer("--points", 1))
    .option("--seed <n>", "seed of the search, instead of the space's", integer("--seed", 0))
    .option("--limit <n>", "most points that may be planned (default: 100000)", integer("--limit", 1))
    .option("--no-prune", "simulate every point");
}

function workOptions(command: Command): Command {
  return command
    .option(
      "--workers <n>",
      "threads (default: as many as cores); results do not depend on it",
      integer("--workers", 1),
    )
    .option("--reuse <folder>", "another sweep's folder: points that it ran are not run again")
    .option("--quiet", "no progress bar, no notes");
}

function printOptions(command: Command): Command {
  return command
    .option("--format <name>", FORMATS.join(", "), oneOf("--format", FORMATS), "terminal")
    .option("--json", "print header and front as one JSON document");
}

async function sweep(space: string | undefined, options: Options): Promise<void> {
  if (space === undefined) throw new InputError("sweep wants a space file; mobisim sweep --help has one to begin with");
  const out = folderOf(space, options);
  const { planSweep, runShard, WHOLE } = await import("./sweep/work.js");
  planSweep(space, { ...options, out, search: searchOf(options) });
  await runShard(out, WHOLE, { ...options, quiet: options.quiet === true });
  await merge(out, { ...options, shards: 1 });
}

async function plan(space: string, options: Options): Promise<void> {
  const out = folderOf(space, options);
  const { planSweep } = await import("./sweep/work.js");
  const { header, points } = planSweep(space, { ...options, out, search: searchOf(options) });
  if (options.for !== undefined) {
    if (points === undefined)
      throw new InputError("--for: an evolution goes on from what it found; allowed other searches");
    const { batchScript } = await import("./sweep/script.js");
    process.stdout.write(batchScript(options.for, header.name, out, options.shards ?? DEFAULT_SHARDS));
    return;
  }
  const count = points === undefined ? `up to ${header.search.points} points, found on the way` : countOf(points);
  process.stdout.write(`${out}: ${count}\n`);
}

function countOf(points: readonly Planned[]): string {
  const reasons = points.flatMap(({ refused }) => refused ?? []);
  const why = reasons.length === 0 ? "" : `, ${reasons.length} of them cannot run, the first because ${reasons[0]}`;
  return `${points.length} points${why}`;
}

async function runPart(folder: string, { shard: part, ...options }: Options): Promise<void> {
  const { runShard, WHOLE } = await import("./sweep/work.js");
  await runShard(folder, part ?? WHOLE, { ...options, quiet: options.quiet === true });
}

async function merge(folder: string, { shards, json, format }: Options): Promise<void> {
  const [{ mergeSweep }, { dramParts }] = await Promise.all([import("./sweep/work.js"), import("./sweep/options.js")]);
  const { header, answers } = await mergeSweep(folder, shards);
  const front = frontOf(header, answers).items;
  if (json) return void process.stdout.write(jsonText({ ...header, points: answers.length, front }));
  const page = sweepPage({ header, answers, front, parts: dramParts(header, answers) });
  process.stdout.write(format === "md" ? markdownOf(page) : renderPage(page, lookOfStdout()));
}

const DEFAULT_SHARDS = 8;

function folderOf(space: string, { out }: Options): string {
  if (out === "") throw new InputError("--out is empty; allowed a folder");
  return out ?? `${(space.split(/[/\\]/).at(-1) ?? space).replace(/\.ya?ml$/, "")}.sweep`;
}

/** What the command line says of the search. */
function searchOf({ search, points, seed }: Options): Partial<Search> {
  return {
    ...(search === undefined ? {} : { kind: search }),
    ...(points === undefined ? {} : { points }),
    ...(seed === undefined ? {} : { seed }),
  };
}

function shard(text: string): Shard {
  const [, index = "0", count = "0"] = /^(\d+)\/(\d+)$/.exec(text) ?? [];
  if (Number(index) >= 1 && Number(index) <= Number(count)) return { index: Number(index), count: Number(count) };
  throw new InputError(`--shard is ${text}; allowed I/N with 1 <= I <= N`);
}
