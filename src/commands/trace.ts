//
//   mobisim trace: show what a pack holds; record one of a model's own doing.
//

import { basename, join, resolve } from "node:path";
import type { Command } from "commander";
import { InputError } from "../basics/errors.js";
import { Reader } from "../infer/reader.js";
import { record } from "../infer/record.js";
import type { Sampling } from "../infer/sampling.js";
import { labelOf, readBytes, readText, refuseUnwritable, resolveNameOrFile, sha256, writeAll } from "../io/files.js";
import { type ModelFolder, openKernels, readLanguageModel, readTokenizer } from "../io/language-model.js";
import { lookOfStdout } from "../io/look.js";
import { finished, startProgress } from "../io/progress.js";
import { renderPage } from "../report/terminal.js";
import { type TraceReport, tracePage } from "../report/trace-page.js";
import { budgetStatistics } from "../trace/statistics.js";
import { checkTraceAgainstModel, parseTrace, type Trace } from "../trace/trace.js";
import { budgetList, budgetsOf } from "./budgets.js";
import { integer, oneOf } from "./option-values.js";

interface RecordOptions {
  model: string;
  text?: string;
  generate?: number;
  length?: number;
  budget?: number[];
  phase: "decode" | "prefill";
  prompt: number;
  scores?: boolean;
  temperature: number;
  topP: number;
  seed: number;
  licence: string;
  out: string;
  quiet?: boolean;
}

const DEFAULT_LENGTH = 256;

const HELP = `
Examples:
  mobisim trace show decode16
  mobisim trace record --text my.txt --out traces/mine          windows of 256 tokens, every budget
  mobisim trace record --generate 4 --length 64 --budget 3,4 --out traces/own
  mobisim run --trace traces/mine --budget 3

Exit codes: 0 good, 2 bad input (one line on stderr, nothing written), 70 an internal error`;

/** Subcommands, help and actions of `mobisim trace`. */
export function define(command: Command): void {
  command
    .command("show")
    .description("what a pack holds: depths, how alike they are, perplexities")
    .argument("<name|dir>", "pack of traces/, or a folder")
    .option("--json", "print it as one JSON document")
    .action((name: string, options: { json?: boolean }) => show(name, options.json === true));
  command
    .command("record")
    .description("run a model on a text and write what it did as a pack (FP32, exact cache)")
    .option("--model <name|dir>", "model of models/, or a folder, with weights and slices", "tiny-llama")
    .option("--text <file>", "the tokens of a text file, in windows of --length")
    .option("--generate <n>", "or N sequences that the model makes up itself", integer("--generate", 1))
    .option("--length <n>", `tokens of a sequence (default: ${DEFAULT_LENGTH})`, integer("--length", 2))
    .option("--budget <list>", "budgets, of those that the slices have thresholds for (default: all)", budgetList)
    .option("--phase <phase>", "decode or prefill", oneOf("--phase", ["decode", "prefill"] as const), "decode")
    .option("--prompt <n>", "tokens of a sequence that are given", integer("--prompt", 1), 1)
    .option("--scores", "keep the routers' scores too")
    .option("--temperature <t>", "of --generate", above0("--temperature"), 0.9)
    .option("--top-p <p>", "of --generate: the share of probability that chance picks from", above0("--top-p"), 0.95)
    .option("--seed <n>", "of --generate", integer("--seed", 0), 1)
    .option("--licence <text>", "under which terms the tokens are", "unknown")
    .requiredOption("--out <dir>", "the pack's folder; its name is the pack's")
    .option("--quiet", "no progress bar, no notes")
    .action((options: RecordOptions) => recordPack(options));
  command
    .addHelpText("after", HELP)
    .allowExcessArguments()
    .action((_: object, { args: [word] }: Command) => (word ? refuseUnknown(word) : command.outputHelp()));
}

function refuseUnknown(word: string): never {
  throw new InputError(`trace ${word}: unknown command; allowed show, record`);
}

function show(name: string, json: boolean): void {
  const folder = resolveNameOrFile("traces", name, "");
  const [about, tensors] = [join(folder, "trace.json"), join(folder, "trace.safetensors")];
  const trace = parseTrace(readText(about), labelOf(about), readBytes(tensors), labelOf(tensors));
  const report = reportOn(trace);
  process.stdout.write(json ? `${JSON.stringify(report, null, 2)}\n` : renderPage(tracePage(report), lookOfStdout()));
}

function reportOn(trace: Trace): TraceReport {
  const { linears, budgets, ...about } = trace.about;
  const mean = (config: string) => {
    const scored = trace.nll(config).filter((_, row) => row % trace.sequenceLength !== 0);
    return Math.exp(scored.reduce((sum, nll) => sum + nll, 0) / scored.length);
  };
  return {
    about,
    linears: linears.length,
    budgets: budgets.map((budget) => budgetStatistics(trace, budget)),
    perplexity: trace.sequenceLength < 2 ? {} : Object.fromEntries(about.nll.map((config) => [config, mean(config)])),
  };
}

async function recordPack(options: RecordOptions): Promise<void> {
  const { text, generate, phase, prompt, length = DEFAULT_LENGTH, out, scores, licence, quiet } = options;
  if ((text === undefined) === (generate === undefined))
    throw new InputError("give --text FILE or --generate N: one of them");
  if (prompt > length) throw new InputError(`--prompt ${prompt}: allowed 1..${length} (--length)`);
  refuseUnwritable("--out", out);
  const folder = readLanguageModel(options.model);
  const budgets = budgetsOf(folder, options.budget);
  const reader = new Reader(await openKernels(), folder, length, { arithmetic: "fp32", kv: "exact" });
  const sequences =
    text === undefined ? madeUp(reader, folder, length, options) : await windowsOf(text, folder, length);
  const about = {
    name: basename(resolve(out)),
    source: text === undefined ? `sampled from ${folder.model.name}, seed ${options.seed}` : `text ${basename(text)}`,
    licence,
    phase,
    promptLength: phase === "prefill" ? length : prompt,
    modelSha256: folder.weightsSha256,
    scores: scores === true,
  };
  const { json, tensors } = await finished(
    record(reader, sequences, budgets, about),
    await startProgress(quiet === true, { verb: "reading" }),
  );
  const trace = parseTrace(json, "trace.json", tensors, "trace.safetensors");
  checkTraceAgainstModel(trace, folder.model, folder.weightsSha256);
  writeAll(out, { "trace.json": json, "trace.safetensors": tensors });
  if (quiet !== true) process.stderr.write(`wrote ${trace.sequences} x ${trace.sequenceLength} tokens to ${out}\n`);
}

function madeUp(
  reader: Reader,
  { model, constants }: ModelFolder,
  length: number,
  options: RecordOptions,
): Int32Array[] {
  const { generate = 0, temperature, topP, seed } = options;
  const sampling: Sampling = { temperature, topP, seed };
  const first = Math.min(constants.firstToken, model.vocab - 1);
  return Array.from({ length: generate }, (_, sequence) => reader.generate(first, length, sampling, sequence));
}

async function windowsOf(path: string, folder: ModelFolder, length: number): Promise<Int32Array[]> {
  const text = readText(path);
  folder.files.push({ name: labelOf(path), sha256: sha256(text) });
  const tokens = (await readTokenizer(folder)).encode(text);
  const count = Math.floor(tokens.length / length);
  if (count === 0)
    throw new InputError(`${labelOf(path)}: is ${tokens.length} tokens long; allowed ${length} or more (--length)`);
  return Array.from({ length: count }, (_, i) => tokens.slice(i * length, (i + 1) * length));
}

function above0(option: string): (text: string) => number {
  return (text) => {
    if (/^(\d+\.?\d*|\.\d+)$/.test(text) && Number(text) > 0) return Number(text);
    throw new InputError(`${option} is ${text}; allowed a number above 0`);
  };
}
