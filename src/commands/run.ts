//
//   mobisim run: one replay, one answer. Reads the options, asks for the simulation, prints what came out.
//

import { existsSync, statSync } from "node:fs";
import { dirname, resolve } from "node:path";
import type { Command } from "commander";
import { MAX_SLICES } from "../../assembly/contract.js";
import { InputError } from "../errors.js";
import { writeAll } from "../io/files.js";
import { lookOfStdout } from "../io/look.js";
import { startProgress } from "../io/progress.js";
import { integer } from "../options.js";
import { toJson } from "../report/json.js";
import { toMarkdown } from "../report/markdown.js";
import { toTerminal } from "../report/terminal.js";
import type { RunRequest } from "../request.js";
import type { Result } from "../result.js";

/** The options as the command line holds them. */
export interface RunOptions {
  machine: string;
  model: string;
  trace?: string;
  budget?: number;
  slices?: number;
  phase?: string;
  batch?: number;
  steps?: number;
  context?: number;
  tokens?: number;
  set?: string[];
  json?: boolean;
  out?: string;
  quiet?: boolean;
}

const DEFAULT_MODEL = "tiny-llama";
const DEFAULT_BUDGET = 4;
const DEFAULT_TRACES = { decode: "decode16", prefill: "prefill2k" };

const HELP = `
Defaults:
  Without options: the trace decode16 of tiny-llama at budget 4 on edge. tiny-llama without --trace replays decode16
  (with --phase prefill: prefill2k). Any other model needs --trace, or --slices: then every token and every linear
  uses K slices, tokens are not known and there is no accuracy.

Knobs:
  Every key of a machine file can be set: hw-configs/edge.yaml lists them, each with its unit in its name and its
  source beside it. A path that does not exist is answered with the nearest one, a value with its allowed range.

Examples:
  mobisim run                                                    what the edge machine does with the embedded trace
  mobisim run --budget 3 --batch 4                               fewer bits, four sequences
  mobisim run --set router.sliceOneLead=0                        what if nothing hid the router?
  mobisim run --set array.rows=32 --set buffers.sliceKiB=256   a smaller chip
  mobisim run --model llama-3-8b --slices 2 --batch 1 --context 1
  mobisim run --trace prefill2k --phase prefill --out results/   writes results/result.json and results/report.md
  mobisim run --json | node -e 'process.stdin.toArray().then((t) => console.log(JSON.parse(t.join("")).cycles))'

Output:
  The report on stdout, or with --json exactly one JSON document. Progress and notes on stderr only: a bar on a
  terminal for work over a second, none when piped.

Exit codes: 0 good, 2 bad input (one line on stderr, nothing on stdout, no file written), 70 an internal error,
130 interrupted`;

/** Options, help and action of `mobisim run`. */
export function define(command: Command): void {
  command
    .option("--machine <name|file>", "machine of hw-configs/, or a YAML file", "edge")
    .option("--model <name|dir>", "model of models/, or a folder with config.json", DEFAULT_MODEL)
    .option("--trace <name|dir>", "trace pack of traces/, or a folder with trace.json and trace.safetensors")
    .option("--budget <bits>", "average weight bits: a budget recorded in the trace (default: 4)", positive("--budget"))
    .option("--slices <k>", "constant plan: K slices everywhere, no router; instead of --budget", slices)
    .option("--phase <phase>", "prefill or decode (default: the phase of the trace; decode without one)", phase)
    .option(
      "--batch <n>",
      "the first N sequences of the trace (default: all; 1 without a trace)",
      integer("--batch", 1),
    )
    .option("--steps <n>", "the first N decode steps (default: all; 1 without a trace)", integer("--steps", 1))
    .option("--context <n>", "KV entries before the first step (default: the prompt)", integer("--context", 0))
    .option("--tokens <n>", "tokens of a prefill without a trace (default: 512)", integer("--tokens", 1))
    .option("--set <path=value>", "set one knob of the machine; repeatable, later ones win", assignment)
    .option("--json", "print the result as one JSON document")
    .option("--out <dir>", "also write result.json and report.md there")
    .option("--quiet", "no progress bar, no notes")
    .addHelpText("after", HELP)
    .action((options: RunOptions) => run(options));
}

async function run(options: RunOptions): Promise<void> {
  const request = requestOf(options);
  if (options.out !== undefined) refuseFile(options.out);
  const result = await simulateWithProgress(request, options.quiet === true);
  if (options.out !== undefined) {
    writeAll(options.out, { "result.json": toJson(result), "report.md": toMarkdown(result) });
    if (!options.quiet) process.stderr.write(`wrote result.json and report.md to ${options.out}\n`);
  }
  process.stdout.write(options.json ? toJson(result) : toTerminal(result, lookOfStdout()));
}

/** Fills in the defaults and refuses what cannot be meant. */
export function requestOf(options: RunOptions): RunRequest {
  const { machine, model, set = [], slices, budget, batch, steps, context, tokens } = options;
  if (budget !== undefined && slices !== undefined) {
    throw new InputError(`--budget ${budget} and --slices ${slices} exclude each other; allowed one of them`);
  }
  const trace = options.trace ?? defaultTrace(options);
  const request: RunRequest = { machine, model, sets: set };
  if (trace !== undefined) request.trace = trace;
  if (slices !== undefined) request.slices = slices;
  else if (trace !== undefined) request.budget = budget ?? DEFAULT_BUDGET;
  if (options.phase !== undefined) request.phase = options.phase as "prefill" | "decode";
  if (batch !== undefined) request.batch = batch;
  if (steps !== undefined) request.steps = steps;
  if (context !== undefined) request.context = context;
  if (tokens !== undefined) request.tokens = tokens;
  return request;
}

function defaultTrace({ model, slices, budget, phase }: RunOptions): string | undefined {
  if (model === DEFAULT_MODEL) return DEFAULT_TRACES[phase === "prefill" ? "prefill" : "decode"];
  if (slices !== undefined) return undefined;
  const missing = budget === undefined ? "" : `, and --budget ${budget} belongs to a trace`;
  throw new InputError(`--model ${model} comes without a trace${missing}; give --slices 1..${MAX_SLICES}, or --trace`);
}

async function simulateWithProgress(request: RunRequest, quiet: boolean): Promise<Result> {
  const [{ simulate }, progress] = await Promise.all([import("../simulate.js"), startProgress(quiet)]);
  const interrupt = () => {
    progress.stop();
    process.stderr.write("interrupted: no result, nothing written\n");
    process.exit(130);
  };
  process.once("SIGINT", interrupt);
  try {
    return await simulate(request, progress.update);
  } finally {
    progress.stop();
    process.off("SIGINT", interrupt);
  }
}

/** A folder that cannot become one is refused before any work is done. */
function refuseFile(folder: string): void {
  if (folder === "") throw new InputError("--out is empty; allowed a folder");
  let existing = resolve(folder);
  while (!existsSync(existing) && dirname(existing) !== existing) existing = dirname(existing);
  if (statSync(existing).isDirectory()) return;
  const part = existing === resolve(folder) ? "" : `: ${existing}`;
  throw new InputError(`--out ${folder}${part} is a file; allowed a folder`);
}

// --- values ---

function positive(option: string): (text: string) => number {
  return (text) => {
    if (/^\d+(\.\d+)?$/.test(text) && Number(text) > 0) return Number(text);
    throw new InputError(`${option} is ${text}; allowed a number of bits > 0`);
  };
}

function slices(text: string): number {
  if (/^\d+$/.test(text) && Number(text) >= 1 && Number(text) <= MAX_SLICES) return Number(text);
  throw new InputError(`--slices is ${text}; allowed an integer 1..${MAX_SLICES}`);
}

function phase(text: string): string {
  if (text === "prefill" || text === "decode") return text;
  throw new InputError(`--phase is ${text}; allowed prefill or decode`);
}

function assignment(text: string, earlier: string[] = []): string[] {
  if (/^[^=\s]+=.+$/s.test(text)) return [...earlier, text];
  throw new InputError(`--set is ${text}; allowed path.to.knob=value`);
}
