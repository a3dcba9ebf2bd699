//
//   mobisim run: one replay, one answer. Reads the options, asks for the simulation, prints what came out.
//

import type { Command } from "commander";
import { InputError, Interrupted } from "../basics/errors.js";
import { ARITHMETICS, type Arithmetic } from "../infer/linear.js";
import { refuseUnwritable, writeAll } from "../io/files.js";
import { lookOfStdout } from "../io/look.js";
import { attended, awaited } from "../io/progress.js";
import { toJson } from "../report/json.js";
import { toMarkdown } from "../report/markdown.js";
import { explainPage } from "../report/ops.js";
import { renderPage, toTerminal } from "../report/terminal.js";
import type { RunRequest } from "../request.js";
import type { Result } from "../result/result.js";
import { oneOf } from "./option-values.js";
import { addOptions, type RequestOptions, RUN_OPTIONS, requestOf } from "./run/options.js";
import { addRecordingOptions, type Recorder, type RecordingOptions, recorderOf } from "./run/recordings.js";

interface RunOptions extends RequestOptions, RecordingOptions {
  json?: boolean;
  out?: string;
  quiet?: boolean;
  detail?: boolean;
  explain?: boolean;
  accuracy: (typeof ACCURACIES)[number];
  arithmetic?: Arithmetic;
  /** False after --no-memo. */
  memo: boolean;
}

/** Where the accuracy of a run comes from. */
const ACCURACIES = ["recorded", "measured"] as const;

const STILL_READING = "the machine is done; the model still reads what it replayed (--accuracy measured)";

const HELP = `
Defaults:
  Without options: the trace decode16 of tiny-llama at budget 4 on edge. Without --trace decode16 is replayed (with
  --phase prefill: prefill2k). With --slices or --synthetic a model other than tiny-llama needs no trace: then its
  tokens are not known.

Plans:
  --budget B               what the routers chose when the trace was recorded, at one of its budgets
  --model M, a trace of another model: transplanted; layers by relative depth, linears by kind; no accuracy, but what
                           the trace's own model reached is printed with its name
  --slices K               the first K slices for every token and linear
  --synthetic P --budget B a stochastic process with a mean of any B in (2, 8] bits; no accuracy. docs/plans.md

Knobs:
  Every key of a machine file can be set: docs/knobs.md lists them, hw-configs/edge.yaml has each with its unit and its
  source beside it. A path that does not exist is answered with the nearest one, a value with its allowed range.

Examples:
  mobisim run                                                    what the edge machine does with the embedded trace
  mobisim run --budget 3 --batch 4                               fewer bits, four sequences
  mobisim run --set router.sliceOneLead=0                        what if nothing hid the router?
  mobisim run --set array.rows=32 --set buffers.sliceKiB=256   a smaller chip
  mobisim run --model llama-3-8b --slices 2 --batch 1 --context 1
  mobisim run --machine fp16 --steps 8                           a baseline of hw-configs/baselines: no slices, no plan
  mobisim run --iso-area fp16 --steps 8                          edge with the columns that fit fp16's area
  mobisim run --model llama-3-8b --budget 4 --batch 1 --steps 3  decode16, transplanted
  mobisim run --synthetic beta-binomial --rho 0.3 --budget 3 --batch 4 --steps 8
  mobisim run --phase prefill --chunk 256                        a prefill in chunks
  mobisim run --phase mixed --chunk 32 --batch 8                 one sequence prefills while seven decode
  mobisim run --batch 4 --steps 8 --explain                      which ops, which layers, and why
  mobisim run --steps 2 --timeline timeline.json --waveform units.vcd
  mobisim run --steps 8 --detail --json > result.json            everything that mobisim report draws
  mobisim run --budget 3 --accuracy measured                     the model runs too, on the PEs' arithmetic (20 s more)
  mobisim run --trace prefill2k --phase prefill --out results/   writes results/result.json and results/report.md
  mobisim run --json | node -e 'process.stdin.toArray().then((t) => console.log(JSON.parse(t.join("")).cycles))'

Output:
  The report on stdout, or with --json exactly one JSON document. Progress and notes on stderr only: a bar on a
  terminal for work over a second, none when piped.

  Ctrl-C ends a run after the step under way: the result of the steps done, marked partial. Once more leaves at once.

Exit codes: 0 good, 2 bad input (one line on stderr, nothing on stdout, no file written), 70 an internal error,
130 interrupted (the result is partial, or there is none)`;

/** Options, help and action of `mobisim run`. */
export function define(command: Command): void {
  addRecordingOptions(addOptions(command, RUN_OPTIONS))
    .option(
      "--accuracy <source>",
      "recorded by the trace, or measured: the model runs beside the machine, in its terms",
      oneOf("--accuracy", ACCURACIES),
      "recorded",
    )
    .option("--arithmetic <name>", `of --accuracy measured: ${ARITHMETICS.join(", ")} (default: fp16pe)`, arithmetic)
    .option("--json", "print the result as one JSON document")
    .option("--detail", "observe the run: by op and layer, over time, depths by token; for report and --json")
    .option("--explain", "print instead which ops took the cycles and what they waited for, top down; implies --detail")
    .option("--out <dir>", "also write result.json and report.md there")
    .option("--no-memo", "simulate every clock of every DRAM channel, the same as --memo-mib 0")
    .option("--quiet", "no progress bar, no notes")
    .addHelpText("after", HELP)
    .action((options: RunOptions) => run(options));
}

async function run(options: RunOptions): Promise<void> {
  const request = options.memo ? requestOf(options) : { ...requestOf(options), memoMib: 0 };
  if (options.out !== undefined) refuseUnwritable("--out", options.out);
  const recorder = recorderOf(options);
  const result = await answer(request, options, recorder);
  if (options.out !== undefined) {
    writeAll(options.out, { "result.json": toJson(result), "report.md": toMarkdown(result) });
    if (!options.quiet) process.stderr.write(`wrote result.json and report.md to ${options.out}\n`);
  }
  const recorded = recorder?.write(result) ?? [];
  if (recorded.length > 0 && !options.quiet) process.stderr.write(`wrote ${recorded.join(" and ")}\n`);
  process.stdout.write(options.json ? toJson(result) : pageFor(result, options));
  if (result.partial) throw new Interrupted(`interrupted after step ${result.steps} of ${result.stepsAsked}: partial`);
}

function pageFor(result: Result, { explain }: RunOptions): string {
  return explain ? renderPage(explainPage(result), lookOfStdout()) : toTerminal(result, lookOfStdout());
}

/** Simulates, and has the accuracy measured meanwhile if that is asked for. */
async function answer(
  request: RunRequest,
  { accuracy, arithmetic, quiet, detail, explain }: RunOptions,
  recorder: Recorder | undefined,
): Promise<Result> {
  if (accuracy === "recorded" && arithmetic !== undefined) {
    throw new InputError(`--arithmetic ${arithmetic}: allowed with --accuracy measured`);
  }
  const { simulate } = await import("../simulate.js");
  const observe = { detail: detail || explain, listen: recorder?.listen };
  const run = () => attended(quiet === true, (attention) => simulate(request, { ...attention, ...observe }));
  if (accuracy === "recorded") return run();
  const { startMeasurement } = await import("./run/measurement.js");
  const measurement = startMeasurement(request, arithmetic ?? ARITHMETICS[0]);
  try {
    const result = await run();
    const measured = result.partial ? null : await awaited(measurement.answer, quiet === true, STILL_READING);
    if (measured === null) return result;
    const { accuracy: found, files } = measured;
    const known = new Set(result.inputs.map(({ name }) => name));
    return { ...result, inputs: [...result.inputs, ...files.filter(({ name }) => !known.has(name))], accuracy: found };
  } finally {
    measurement.stop();
  }
}

function arithmetic(text: string): Arithmetic {
  return oneOf("--arithmetic", ARITHMETICS)(text);
}
