//
//   The options of a replay, checked against the pack and the model, as the numbers that its steps are made of.
//
//     phase      sequences that decode    sequences that prefill    steps
//     decode     all                      none                      as asked, at most the pack's tokens after the prompt
//     prefill    none                     all                       window / chunk, rounded up; 1 without --chunk
//     mixed      all but the last         the last                  the same
//

import { InputError } from "../basics/errors.js";
import type { Model } from "../model/model.js";
import type { Trace } from "./trace.js";

export const PHASES = ["prefill", "decode", "mixed"] as const;
export type Phase = (typeof PHASES)[number];

export interface ReplayOptions {
  /** Default: the pack's; decode without a pack. */
  phase?: Phase;
  /** Sequences. Default: all of the pack; without a pack 1, and 2 if the phase is mixed. */
  batch?: number;
  /** Steps. Default: all decode steps of the pack, or 1 without a pack; all chunks of a window. */
  steps?: number;
  /** KV entries before the first step. Default: promptLength in decode, 0 in prefill or without a pack. */
  context?: number;
  /** Tokens of a prefill window. Default: the pack's; 512 without a pack. */
  window?: number;
  /** Tokens of a prefill window that a step takes. Default in prefill: all. */
  chunk?: number;
}

/** The positions of the trace that a sequence goes over. */
interface Span {
  readonly first: number;
  readonly length: number;
}

export interface Geometry {
  readonly phase: Phase;
  readonly batch: number;
  /** The first so many sequences decode, the others prefill. */
  readonly decoding: number;
  readonly stepCount: number;
  readonly context: number;
  /** KV entries before a prefill window. */
  readonly prefillContext: number;
  readonly window: number;
  readonly chunk: number;
  readonly decodeSpan: Span | null;
  readonly prefillSpan: Span | null;
  /** The context that the trace was recorded with. */
  readonly recordedContext: number | undefined;
}

/** Tokens of a prefill window where nobody says. */
const DEFAULT_WINDOW = 512;

export function geometryOf(trace: Trace | null, model: Model, options: ReplayOptions): Geometry {
  const phase = options.phase ?? trace?.about.phase ?? "decode";
  checkPhase(phase, options);
  const decodeSpan = trace === null || phase === "prefill" ? null : decodeSpanOf(trace, phase);
  const prefillSpan = trace === null || phase === "decode" ? null : { first: 0, length: trace.sequenceLength };
  const recordedContext = (decodeSpan ?? prefillSpan)?.first;
  const batch = batchOf(trace, phase, options.batch);
  const context = atLeast("context", options.context ?? recordedContext ?? 0, 0);
  const prefillContext = phase === "prefill" ? context : 0;
  const window = phase === "decode" ? 0 : windowOf(trace, model, prefillContext, options.window);
  const chunk = phase === "decode" ? 0 : Math.min(window, atLeast("chunk", options.chunk ?? window, 1));
  const stepCount = stepsOf(trace, phase, decodeSpan, { window, chunk }, options.steps);
  if (phase !== "prefill") checkPositions(model, context, stepCount);
  if (phase !== "decode") checkPositions(model, prefillContext, Math.min(window, stepCount * chunk));
  const decoding = { decode: batch, prefill: 0, mixed: batch - 1 }[phase];
  const shape = { phase, batch, decoding, stepCount, context, prefillContext, window, chunk };
  return { ...shape, decodeSpan, prefillSpan, recordedContext };
}

/** Options that belong to another phase. */
function checkPhase(phase: Phase, { window, chunk }: ReplayOptions): void {
  const allowed = `allowed with --phase prefill or mixed; the phase is ${phase}`;
  if (phase === "decode" && chunk !== undefined) throw new InputError(`--chunk ${chunk}: ${allowed}`);
  if (phase === "decode" && window !== undefined) throw new InputError(`--tokens ${window}: ${allowed}`);
  if (phase !== "mixed" || chunk !== undefined) return;
  throw new InputError("--phase mixed needs --chunk: tokens of the prefill in one step, an integer of 1 or more");
}

function batchOf(trace: Trace | null, phase: Phase, asked: number | undefined): number {
  const batch = atLeast("batch", asked ?? trace?.sequences ?? (phase === "mixed" ? 2 : 1), 1);
  if (phase !== "mixed" || batch > 1) return batch;
  throw new InputError(`--batch ${batch}: allowed 2 or more with --phase mixed (the last one prefills, others decode)`);
}

function decodeSpanOf(trace: Trace, phase: Phase): Span {
  const { promptLength, sequenceLength, name } = trace;
  if (promptLength < sequenceLength) return { first: promptLength, length: sequenceLength - promptLength };
  const found = `--phase ${phase}: trace ${name} has no token after its prompt of ${promptLength}`;
  throw new InputError(`${found}; allowed --phase prefill`);
}

function stepsOf(
  trace: Trace | null,
  phase: Phase,
  decodeSpan: Span | null,
  { window, chunk }: { window: number; chunk: number },
  asked: number | undefined,
): number {
  const decodable = decodeSpan?.length ?? Number.POSITIVE_INFINITY;
  if (phase === "decode") {
    const steps = atLeast("steps", asked ?? decodeSpan?.length ?? 1, 1);
    if (steps <= decodable) return steps;
    throw new InputError(`--steps ${steps}: allowed 1..${decodable} (trace ${trace?.name})`);
  }
  const chunks = Math.ceil(window / chunk);
  if (asked === undefined && chunks > decodable) {
    const found = `--chunk ${chunk}: the prefill takes ${chunks} steps, trace ${trace?.name} decodes for ${decodable}`;
    throw new InputError(`${found}; allowed a larger chunk, or --steps 1..${decodable}`);
  }
  const most = Math.min(chunks, decodable);
  const steps = atLeast("steps", asked ?? most, 1);
  if (steps <= most) return steps;
  if (chunks === 1) throw new InputError(`--steps ${steps}: allowed 1 (a prefill is one step)`);
  throw new InputError(`--steps ${steps}: allowed 1..${most} (a window of ${window} tokens in chunks of ${chunk})`);
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
