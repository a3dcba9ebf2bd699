//
//   The options that say what to run: one table, one row an option, used by every command that runs something.
//
//     text ──► parse ──► value ──► requestOf (defaults, what excludes what) ──► RunRequest
//

import type { Command } from "commander";
import { MAX_SLICES } from "../../../assembly/contract.js";
import { InputError } from "../../basics/errors.js";
import { readNamed, resolveNameOrFile } from "../../io/files.js";
import { readModel } from "../../io/models.js";
import { DEFAULT_MEMO_MIB, MOST_MEMO_MIB, type RunRequest } from "../../request.js";
import { PHASES } from "../../trace/replay-options.js";
import { DEFAULT_RHO, DEFAULT_SEED, PROCESSES } from "../../trace/synthetic.js";
import { integer, oneOf } from "../option-values.js";

interface Option<T> {
  /** As commander reads them: `--budget <bits>`. */
  readonly flags: string;
  readonly text: string;
  /** The value of a text; throws InputError with one line that says what is allowed. */
  readonly parse: (text: string) => T;
  readonly initial?: string;
  /** May be given more than once; the value is a list. */
  readonly repeatable?: boolean;
}

function option<T>(flags: string, text: string, parse: (text: string) => T, initial?: string): Option<T> {
  return { flags, text, parse, ...(initial === undefined ? {} : { initial }) };
}

const word = (text: string) => text;
const DEFAULT_MODEL = "tiny-llama";

export const RUN_OPTIONS = {
  machine: option("--machine <name|file>", "machine of hw-configs/, or a YAML file", word, "edge"),
  isoArea: option(
    "--iso-area <name|file>",
    "scale array.columns, and the activation port with them, to the most that stay within this machine's area",
    word,
  ),
  weights: option(
    "--weights <name|file>",
    "number format of the weights: one of formats/, or a YAML file (default: as the machine says)",
    word,
  ),
  model: option("--model <name|dir>", "model of models/, or a folder with config.json", word, DEFAULT_MODEL),
  trace: option("--trace <name|dir>", "trace pack of traces/, or a folder with trace.json and trace.safetensors", word),
  budget: option("--budget <bits>", "average weight bits: a budget recorded in the trace (default: 4)", bits),
  slices: option("--slices <k>", "constant plan: K slices everywhere, no router; instead of --budget", slices),
  synthetic: option(
    "--synthetic <process>",
    `depths from a stochastic process with a mean of --budget bits: ${PROCESSES.join(", ")}`,
    oneOf("--synthetic", PROCESSES),
  ),
  rho: option("--rho <r>", `correlation of a beta-binomial or markov process, 0..1 (default: ${DEFAULT_RHO})`, share),
  seed: option("--seed <n>", `seed of a synthetic process (default: ${DEFAULT_SEED})`, integer("--seed", 0)),
  phase: option(
    "--phase <phase>",
    "prefill, decode, or mixed: the last sequence prefills while the others decode (default: the phase of the trace)",
    oneOf("--phase", PHASES),
  ),
  batch: option(
    "--batch <n>",
    "the first N sequences of the trace (default: all; 1 without a trace)",
    integer("--batch", 1),
  ),
  steps: option(
    "--steps <n>",
    "the first N steps (default: all; 1 decode step without a trace)",
    integer("--steps", 1),
  ),
  context: option("--context <n>", "KV entries before the first step (default: the prompt)", integer("--context", 0)),
  chunk: option("--chunk <n>", "tokens of a prefill in one step (default: all of the window)", integer("--chunk", 1)),
  tokens: option("--tokens <n>", "tokens of a prefill without a trace (default: 512)", integer("--tokens", 1)),
  memoMib: option(
    "--memo-mib <n>",
    `MiB for what DRAM channels did, to be remembered (default: ${DEFAULT_MEMO_MIB}); results do not depend on it`,
    memoMib,
  ),
  set: {
    ...option("--set <path=value>", "set one knob of the machine; repeatable, later ones win", assignment),
    repeatable: true,
  },
};

type Table = typeof RUN_OPTIONS;
type Value<K extends keyof Table> = ReturnType<Table[K]["parse"]>;

/** The options as the command line holds them. */
export type RequestOptions = { [K in Exclude<keyof Table, "machine" | "model" | "set">]?: Value<K> } & {
  machine: string;
  model: string;
  set?: string[];
};

/** Adds the options of a table to a command. */
export function addOptions(command: Command, table: Record<string, Option<unknown>>): Command {
  for (const { flags, text, parse, initial, repeatable } of Object.values(table)) {
    const value = (one: string, earlier: unknown) => {
      return repeatable ? [...((earlier as unknown[] | undefined) ?? []), parse(one)] : parse(one);
    };
    command.option(flags, text, value, initial);
  }
  return command;
}

/** Fills in the defaults and refuses what cannot be meant. */
export function requestOf(options: RequestOptions): RunRequest {
  const { machine, model, weights, set = [], budget, trace, ...rest } = options;
  checkPlan(options);
  const request: RunRequest = { machine, model, sets: set };
  if (weights !== undefined) request.weights = weights;
  const replayed = trace ?? defaultTrace(options);
  if (replayed !== undefined) request.trace = replayed;
  if (budget !== undefined) request.budget = budget;
  const { isoArea, slices, synthetic, rho, seed, phase, batch, steps, context, chunk, tokens, memoMib } = rest;
  const given = { isoArea, slices, synthetic, rho, seed, phase, batch, steps, context, chunk, tokens, memoMib };
  const kept = Object.entries(given).filter(([, value]) => value !== undefined);
  return { ...request, ...Object.fromEntries(kept) };
}

/** A name that means nothing is refused before anything runs. */
export function checkNamed(option: string, name: string): void {
  if (option === "machine" || option === "isoArea") readNamed("hw-configs", name, ".yaml");
  if (option === "weights") readNamed("formats", name, ".yaml");
  if (option === "model") readModel(name);
  if (option === "trace") resolveNameOrFile("traces", name, "");
}

/** One source of depths, and what belongs to it. */
function checkPlan({ budget, slices, synthetic, rho, seed }: RequestOptions): void {
  if (budget !== undefined && slices !== undefined) {
    throw new InputError(`--budget ${budget} and --slices ${slices} exclude each other; allowed one of them`);
  }
  if (synthetic !== undefined && slices !== undefined) {
    throw new InputError(`--synthetic ${synthetic} and --slices ${slices} exclude each other; allowed one of them`);
  }
  if (synthetic !== undefined && budget === undefined) {
    throw new InputError(`--synthetic ${synthetic} needs --budget: mean weight bits, more than 2 and at most 8`);
  }
  for (const [name, value] of Object.entries({ rho, seed })) {
    if (value === undefined || synthetic !== undefined) continue;
    throw new InputError(`--${name} ${value}: allowed with --synthetic ${PROCESSES.join(", ")}`);
  }
}

/** The embedded trace; a model that has none takes it transplanted, unless its plan needs no trace. */
function defaultTrace({ model, slices, synthetic, phase }: RequestOptions): string | undefined {
  if (model !== DEFAULT_MODEL && (slices !== undefined || synthetic !== undefined)) return undefined;
  return phase === "prefill" ? "prefill2k" : "decode16";
}

// --- values ---

function bits(text: string): number {
  if (/^\d+(\.\d+)?$/.test(text) && Number(text) > 0) return Number(text);
  throw new InputError(`--budget is ${text}; allowed a number of bits > 0`);
}

function slices(text: string): number {
  if (/^\d+$/.test(text) && Number(text) >= 1 && Number(text) <= MAX_SLICES) return Number(text);
  throw new InputError(`--slices is ${text}; allowed an integer 1..${MAX_SLICES}`);
}

function memoMib(text: string): number {
  const mib = integer("--memo-mib", 0)(text);
  if (mib <= MOST_MEMO_MIB) return mib;
  throw new InputError(`--memo-mib is ${text}; allowed an integer 0..${MOST_MEMO_MIB}`);
}

function share(text: string): number {
  if (/^(\d+\.?\d*|\.\d+)$/.test(text) && Number(text) <= 1) return Number(text);
  throw new InputError(`--rho is ${text}; allowed 0..1`);
}

function assignment(text: string): string {
  if (/^[^=\s]+=.+$/s.test(text)) return text;
  throw new InputError(`--set is ${text}; allowed path.to.knob=value`);
}
