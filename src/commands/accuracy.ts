//
//   mobisim accuracy: the model reads a text in the machine's terms, format by format and plan by plan; one table.
//

import type { Command } from "commander";
import { InputError } from "../basics/errors.js";
import type { KvFormat } from "../infer/kv-cache.js";
import { ARITHMETICS, type Arithmetic } from "../infer/linear.js";
import { Reader } from "../infer/reader.js";
import { KINDS, type Kind, Study } from "../infer/study.js";
import { labelOf, readText, sha256 } from "../io/files.js";
import { readFormat } from "../io/formats.js";
import { readTrace } from "../io/inputs.js";
import { type ModelFolder, openKernels, readLanguageModel, readTokenizer } from "../io/language-model.js";
import { lookOfStdout } from "../io/look.js";
import { finished, startProgress, tell } from "../io/progress.js";
import { packageVersion } from "../io/version.js";
import { type AccuracyReport, accuracyPage } from "../report/accuracy-page.js";
import { renderPage } from "../report/terminal.js";
import { budgetList, budgetsOf } from "./budgets.js";
import { integer, oneOf } from "./option-values.js";

interface AccuracyOptions {
  model: string;
  trace?: string;
  text?: string;
  tokens?: number;
  sequences?: number;
  arithmetic: Arithmetic;
  kvBits?: KvFormat;
  plans?: Kind[];
  formats: string[];
  budget?: number[];
  seed: number;
  json?: boolean;
  quiet?: boolean;
}

const DEFAULT_TRACE = "prefill2k";
/** Integers with and without zero point, BitMoD's mixture, and a shared exponent. */
const DEFAULT_FORMATS = ["int3", "int4", "uint4", "bitmod-4", "mxfp4"];
const DEFAULT_KV_BITS = 8;
const KV_BITS = ["2", "3", "4", "8"] as const;

/** More than these, and somebody should know beforehand. */
const MANY_TOKENS = 512;
const SHORTER = "less work: --tokens 256, fewer --plans, --arithmetic int8";

/** What a model without slices can be read as. */
const UNSLICED: readonly Kind[] = ["fp", "format"];

const HELP = `
Arithmetic:
  fp16pe   activations FP16, weights term by term on the aligned BitMoD PE, bit for bit; the machine's default
  int8     activations INT8 (scale = absmax/127 of a token), exact integer group sums
  fp32     the slices' values in FP32, exact cache: what the trace packs recorded

Plans:
  fp        the checkpoint in FP32, the reference of KL and agreement
  format    the checkpoint's weights in each of --formats (mobisim formats lists them), without slices
  constant  1..4 slices for every token
  routed    what the routers decide here, at the threshold of each budget
  random    the same depths, dealt out anew among the tokens of each linear: what routing is worth
  oracle    the same depths, the deepest to the token whose output is most off with one slice (linear by linear)

Time:
  Every row of the table reads the text once. All rows of the default text take some minutes with fp16pe (a row of 2,048
  tokens 14 s of CPU), 105 s with --arithmetic int8; with --tokens 256 40 s. A terminal shows how much is left.

Examples:
  mobisim accuracy --tokens 256                                   a first look
  mobisim accuracy --plans fp,format --formats int4,bitmod-4,mxfp4,nvfp4,my-format.yaml
  mobisim accuracy --trace decode16 --budget 3,4 --plans fp,routed,random
  mobisim accuracy --text my.txt --arithmetic int8 --json

Exit codes: 0 good, 2 bad input (one line on stderr, nothing on stdout), 70 an internal error, 130 interrupted`;

/** Options, help and action of `mobisim accuracy`. */
export function define(command: Command): void {
  command
    .option(
      "--model <name|dir>",
      "model of models/, or a folder, with weights, and slices for plans of them",
      "tiny-llama",
    )
    .option("--trace <name|dir>", `the tokens of a trace pack (default: ${DEFAULT_TRACE})`)
    .option("--text <file>", "a text file instead, by the model's tokenizer")
    .option("--tokens <n>", "the first N tokens of each sequence (default: all)", integer("--tokens", 2))
    .option("--sequences <n>", "the first N sequences (default: all)", integer("--sequences", 1))
    .option("--arithmetic <name>", ARITHMETICS.join(", "), oneOf("--arithmetic", ARITHMETICS), ARITHMETICS[0])
    .option(
      "--kv-bits <n>",
      `bits of the KV cache: ${KV_BITS.join(", ")} (default: ${DEFAULT_KV_BITS}; fp32: exact)`,
      kvBits,
    )
    .option("--plans <list>", `which of ${KINDS.join(", ")} (default: all that the model has)`, plans)
    .option(
      "--formats <list>",
      `number formats, or YAML files (default: ${DEFAULT_FORMATS.join(",")})`,
      listed,
      DEFAULT_FORMATS,
    )
    .option("--budget <list>", "budgets, of those that the slices have thresholds for (default: all)", budgetList)
    .option("--seed <n>", "seed of the random plan", integer("--seed", 0), 1)
    .option("--json", "print the table as one JSON document")
    .option("--quiet", "no progress bar")
    .addHelpText("after", HELP)
    .action((options: AccuracyOptions) => accuracy(options));
}

async function accuracy(options: AccuracyOptions): Promise<void> {
  const { arithmetic, seed } = options;
  const named = options.formats.map(readFormat);
  refuseSameName(named.map(({ format, label }) => ({ name: format.name, label })));
  const folder = readLanguageModel(options.model);
  const kinds = options.plans ?? (folder.slices === null ? UNSLICED : KINDS);
  if (kinds.includes("format")) folder.files.push(...named.map(({ label: name, sha256 }) => ({ name, sha256 })));
  const { name, sequences } = await textOf(options, folder);
  const kv = options.kvBits ?? (arithmetic === "fp32" ? "exact" : DEFAULT_KV_BITS);
  const longest = Math.max(...sequences.map(({ length }) => length));
  const reader = new Reader(await openKernels(), folder, longest, { arithmetic, kv });
  const study = new Study(reader, {
    kinds,
    formats: named.map(({ format }) => format),
    budgets: budgetsOf(folder, options.budget),
    seed,
  });
  const tokens = sequences.reduce((sum, { length }) => sum + length, 0);
  const quiet = options.quiet === true;
  if (tokens > MANY_TOKENS) tell(quiet, `${tokens} tokens are read once for every row of the table; ${SHORTER}`);
  const rows = await finished(study.run(sequences), await startProgress(quiet, { verb: "reading" }));
  const report: AccuracyReport = {
    version: packageVersion(),
    inputs: folder.files,
    model: folder.model.name,
    text: { name, sequences: sequences.length, tokens },
    arithmetic,
    kvBits: kv === "exact" ? null : kv,
    seed,
    rows,
  };
  const page = () => renderPage(accuracyPage(report), lookOfStdout());
  process.stdout.write(options.json ? `${JSON.stringify(report, null, 2)}\n` : page());
}

async function textOf(options: AccuracyOptions, folder: ModelFolder) {
  const { text, trace, tokens, sequences: count } = options;
  if (text !== undefined && trace !== undefined) {
    throw new InputError(`--text ${text} and --trace ${trace} exclude each other; allowed one of them`);
  }
  const all = text === undefined ? traceSequences(trace ?? DEFAULT_TRACE, folder) : await fileSequences(text, folder);
  const sequences = all.slice(0, count).map((one) => one.subarray(0, tokens));
  return { name: text === undefined ? (trace ?? DEFAULT_TRACE) : labelOf(text), sequences };
}

function traceSequences(name: string, { model, files, weightsSha256 }: ModelFolder): Int32Array[] {
  const { trace, files: traceFiles } = readTrace(name, model, weightsSha256);
  files.push(...traceFiles);
  if (!trace.isOf(model))
    throw new InputError(`${trace.file}: is of model ${trace.about.model}; allowed ${model.name}`);
  return Array.from({ length: trace.sequences }, (_, sequence) =>
    trace.tokens.slice(trace.row(sequence, 0), trace.row(sequence + 1, 0)),
  );
}

/** The text in windows of the model's positions; a last one of a single token is left out. */
async function fileSequences(path: string, folder: ModelFolder): Promise<Int32Array[]> {
  const text = readText(path);
  folder.files.push({ name: labelOf(path), sha256: sha256(text) });
  const tokens = (await readTokenizer(folder)).encode(text);
  const window = folder.model.maxPositions;
  const windows = Array.from({ length: Math.ceil(tokens.length / window) }, (_, i) =>
    tokens.slice(i * window, (i + 1) * window),
  ).filter(({ length }) => length > 1);
  if (windows.length > 0) return windows;
  throw new InputError(`${labelOf(path)}: is ${tokens.length} tokens long; allowed 2 or more`);
}

// --- values ---

function plans(text: string): Kind[] {
  return text.split(",").map((word) => oneOf("--plans", KINDS)(word.trim()));
}

function listed(text: string): string[] {
  const names = text.split(",").map((word) => word.trim());
  if (!names.includes("")) return names;
  throw new InputError(`--formats ${text}: a name is empty; allowed a list like int4,mxfp4`);
}

/** A row is known by its format's name; a copied file still has the old one. */
function refuseSameName(formats: readonly { name: string; label: string }[]): void {
  for (const [place, { name, label }] of formats.entries()) {
    const earlier = formats.slice(0, place).find((one) => one.name === name);
    if (earlier === undefined) continue;
    throw new InputError(`--formats: ${earlier.label} and ${label} are both named ${name}; allowed a name each`);
  }
}

function kvBits(text: string): KvFormat {
  return Number(oneOf("--kv-bits", KV_BITS)(text)) as KvFormat;
}
