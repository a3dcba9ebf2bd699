//
//   Which tokens a run processes, step by step: the geometry of a replay. Depths are the plan's business (plan.ts).
//
//     decode, step s      every sequence: one token, after context + s earlier KV entries
//                         the prompt is in the cache; it is the pack's token at position promptLength + s
//     prefill, one step   every sequence: its whole window at once, causal, after `context` earlier KV entries
//
//   Teacher forcing: the tokens are the recorded ones, whatever the plan. All steps of all sequences replay positions
//   promptLength .. sequenceLength - 1, once each.
//   More sequences than the pack has: sequence i replays i mod n, rotated by 37 * floor(i / n) tokens within the replayed
//   positions. Another context than the pack's own keeps tokens and depths and moves only the KV length: then the recorded
//   accuracy does not hold.
//

import { InputError } from "./errors.js";
import type { Model } from "./model.js";
import type { Trace } from "./trace.js";

export type Phase = "prefill" | "decode";

export interface ReplayOptions {
  /** Default: the pack's; decode without a pack. */
  phase?: Phase;
  /** Sequences. Default: all of the pack; 1 without a pack. */
  batch?: number;
  /** Decode steps. Default: all of the pack; 1 without a pack. */
  steps?: number;
  /** KV entries before the first step. Default: promptLength in decode, 0 in prefill or without a pack. */
  context?: number;
  /** Tokens of a prefill window. Default: the pack's; 512 without a pack. */
  window?: number;
}

/** `count` tokens of one sequence in one step; token j has firstPosition + j earlier KV entries. */
export interface Entry {
  readonly sequence: number;
  readonly firstPosition: number;
  readonly count: number;
  /** Place of its first token among the step's tokens. */
  readonly firstToken: number;
}

export interface Step {
  readonly index: number;
  readonly entries: readonly Entry[];
  /** Per token of the step, in the order of the entries: its row in the trace; -1 without a trace. */
  readonly rows: Int32Array;
}

export interface Replay {
  readonly phase: Phase;
  readonly batch: number;
  readonly stepCount: number;
  /** KV entries before the first step. */
  readonly context: number;
  /** Tokens that each sequence processes in a step: 1 in decode, the window in prefill. */
  readonly tokensPerStep: number;
  /** Tokens processed in all: batch x stepCount x tokensPerStep. */
  readonly tokens: number;
  /** Where the tokens come from; "synthetic" tokens have no ids, no routing and no accuracy. */
  readonly tokenSource: "trace" | "synthetic";
  /** More sequences than the trace has. */
  readonly repeated: boolean;
  /** The KV entries are not those the trace was recorded with. */
  readonly contextChanged: boolean;
  step(index: number): Step;
}

/** Tokens of a prefill window where nobody says. */
const DEFAULT_WINDOW = 512;
/** Rotation between the repetitions of a sequence, tokens. */
export const REPEAT_SHIFT = 37;

/** The positions of the trace that a replay goes over. */
interface Span {
  first: number;
  length: number;
}

export function replay(trace: Trace | null, model: Model, options: ReplayOptions): Replay {
  const phase = options.phase ?? trace?.about.phase ?? "decode";
  const span = trace === null ? null : spanOf(trace, phase);
  const batch = atLeast("batch", options.batch ?? trace?.sequences ?? 1, 1);
  const context = atLeast("context", options.context ?? span?.first ?? 0, 0);
  const stepCount = stepsOf(trace, phase, span, options.steps);
  const tokensPerStep = phase === "decode" ? 1 : windowOf(trace, model, context, options.window);
  checkPositions(model, context, stepCount * tokensPerStep);
  return {
    phase,
    batch,
    stepCount,
    context,
    tokensPerStep,
    tokens: batch * stepCount * tokensPerStep,
    tokenSource: trace === null ? "synthetic" : "trace",
    repeated: trace !== null && batch > trace.sequences,
    contextChanged: span !== null && context !== span.first,
    step: (index) => stepAt(index, { trace, span, batch, context, tokensPerStep }),
  };
}

/** Token ids of a step, in the order of its rows; -1 where they are synthetic. */
export function tokensOf(step: Step, trace: Trace | null): Int32Array {
  return step.rows.map((row) => (row < 0 || trace === null ? -1 : trace.tokens[row]));
}

// ---- the steps

interface Geometry {
  trace: Trace | null;
  span: Span | null;
  batch: number;
  context: number;
  tokensPerStep: number;
}

function stepAt(index: number, { trace, span, batch, context, tokensPerStep: count }: Geometry): Step {
  const rows = new Int32Array(batch * count).fill(-1);
  const entries = Array.from({ length: batch }, (_, sequence) => {
    const firstToken = sequence * count;
    if (trace !== null && span !== null) {
      const first = index * count + REPEAT_SHIFT * Math.floor(sequence / trace.sequences);
      const start = trace.row(sequence % trace.sequences, span.first);
      for (let j = 0; j < count; j++) rows[firstToken + j] = start + ((first + j) % span.length);
    }
    return { sequence, firstPosition: context + index * count, count, firstToken };
  });
  return { index, entries, rows };
}

// ---- the options

function spanOf(trace: Trace, phase: Phase): Span {
  const { promptLength, sequenceLength, name } = trace;
  if (phase === "prefill") return { first: 0, length: sequenceLength };
  if (promptLength < sequenceLength) return { first: promptLength, length: sequenceLength - promptLength };
  const found = `--phase decode: trace ${name} has no token after its prompt of ${promptLength}`;
  throw new InputError(`${found}; allowed --phase prefill`);
}

function stepsOf(trace: Trace | null, phase: Phase, span: Span | null, asked: number | undefined): number {
  if (phase === "prefill") {
    if (asked === undefined || asked === 1) return 1;
    throw new InputError(`--steps ${asked}: allowed 1 (a prefill is one step)`);
  }
  const most = span?.length ?? Number.POSITIVE_INFINITY;
  const steps = atLeast("steps", asked ?? span?.length ?? 1, 1);
  if (steps <= most) return steps;
  throw new InputError(`--steps ${steps}: allowed 1..${most} (trace ${trace?.name})`);
}

function windowOf(trace: Trace | null, model: Model, context: number, asked: number | undefined): number {
  if (trace === null)
    return atLeast("tokens", asked ?? Math.max(1, Math.min(DEFAULT_WINDOW, model.maxPositions - context)), 1);
  if (asked === undefined || asked === trace.sequenceLength) return trace.sequenceLength;
  throw new InputError(`--tokens ${asked}: allowed ${trace.sequenceLength} (the window of trace ${trace.name})`);
}

function atLeast(option: string, value: number, least: number): number {
  if (Number.isSafeInteger(value) && value >= least) return value;
  throw new InputError(`--${option} ${value}: allowed an integer of ${least} or more`);
}

function checkPositions(model: Model, context: number, tokens: number): void {
  if (context + tokens <= model.maxPositions) return;
  const most = model.maxPositions - tokens;
  const allowed = most < 0 ? "allowed fewer tokens" : `allowed 0..${most}`;
  const why = `${tokens} more tokens must fit the ${model.maxPositions} positions of model ${model.name}`;
  throw new InputError(`--context ${context}: ${allowed} (${why})`);
}
