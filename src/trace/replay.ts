//
//   Which tokens a run processes, step by step: the geometry of a replay. Depths are the plan's business (plan.ts).
//
//     decode, step s      every sequence: one token, after context + s earlier KV entries
//                         the prompt is in the cache; it is the pack's token at position promptLength + s
//     prefill             every sequence: its window, causal, after `context` earlier KV entries; at once, or in chunks
//     mixed, step s       the last sequence: chunk s of its window, from position 0; all others decode
//
//     step ──► entries (sequence, first position, count) ──► tokens: row in the trace, sequence, position
//
//   Teacher forcing: the tokens are the recorded ones, whatever the plan. All steps of all decoding sequences replay
//   positions promptLength .. sequenceLength - 1, once each.
//   More sequences than the pack has: sequence i replays i mod n, rotated by 37 * floor(i / n) tokens within the replayed
//   positions. Another context than the pack's own keeps tokens and depths and moves only the KV length: then the recorded
//   accuracy does not hold.
//

import type { Model } from "../model/model.js";
import { type Geometry, geometryOf, type Phase, type ReplayOptions } from "./replay-options.js";
import type { Trace } from "./trace.js";

/** `count` tokens of one sequence in one step; token j has firstPosition + j earlier KV entries. */
interface Entry {
  readonly sequence: number;
  readonly firstPosition: number;
  readonly count: number;
  /** Place of its first token among the step's tokens. */
  readonly firstToken: number;
  /** Its last token samples the next one; a chunk that is not the last of its window samples nothing. */
  readonly samples: boolean;
}

export interface Step {
  readonly index: number;
  readonly entries: readonly Entry[];
  /** Per token of the step, in the order of the entries: its row in the trace; -1 without a trace. */
  readonly rows: Int32Array;
  /** Per token: its sequence, and its earlier KV entries. */
  readonly sequences: Int32Array;
  readonly positions: Int32Array;
}

export interface Replay {
  readonly phase: Phase;
  readonly batch: number;
  readonly stepCount: number;
  /** KV entries before the first step; of the decoding sequences if the phase is mixed. */
  readonly context: number;
  /** Tokens that a prefilling sequence processes in a step; undefined: its window at once, or nobody prefills. */
  readonly chunk: number | undefined;
  /** Tokens processed in all. */
  readonly tokens: number;
  /** Tokens of the widest step. */
  readonly mostTokens: number;
  /** KV entries that the longest sequence has in the end. */
  readonly positions: number;
  /** Where the tokens come from; "synthetic" tokens have no ids, no routing and no accuracy. */
  readonly tokenSource: "trace" | "synthetic";
  /** More sequences than the trace has. */
  readonly repeated: boolean;
  /** The KV entries are not those the trace was recorded with. */
  readonly contextChanged: boolean;
  /** Tokens of one step, without making it. */
  tokensIn(index: number): number;
  step(index: number): Step;
}

/** Rotation between the repetitions of a sequence, tokens. */
const REPEAT_SHIFT = 37;

/** Throws InputError for options that the pack or the model cannot serve. */
export function replay(trace: Trace | null, model: Model, options: ReplayOptions): Replay {
  return replayOf(trace, geometryOf(trace, model, options));
}

/** The first steps of a replay: what is known of one that was interrupted. */
export function firstSteps(whole: Replay, stepCount: number): Replay {
  return { ...whole, stepCount, tokens: sumOver(stepCount, whole.tokensIn) };
}

/** Token ids of a step, in the order of its rows; -1 where they are synthetic. Ids beyond the vocabulary wrap around. */
export function tokensOf(step: Step, trace: Trace | null, vocab: number): Int32Array {
  return step.rows.map((row) => (row < 0 || trace === null ? -1 : trace.tokens[row] % vocab));
}

/** A step from its entries; `rowOf` finds the trace row of token j of an entry. */
export function stepOf(index: number, entries: readonly Entry[], rowOf: (entry: Entry, j: number) => number): Step {
  const tokens = entries.reduce((sum, { count }) => sum + count, 0);
  const [rows, sequences, positions] = [new Int32Array(tokens), new Int32Array(tokens), new Int32Array(tokens)];
  for (const entry of entries) {
    for (let j = 0; j < entry.count; j++) {
      const token = entry.firstToken + j;
      rows[token] = rowOf(entry, j);
      sequences[token] = entry.sequence;
      positions[token] = entry.firstPosition + j;
    }
  }
  return { index, entries, rows, sequences, positions };
}

function replayOf(trace: Trace | null, geometry: Geometry): Replay {
  const { phase, batch, decoding, stepCount, context, window, chunk } = geometry;
  const prefilled = Math.min(window, stepCount * chunk);
  const tokensIn = (index: number) => decoding + (batch - decoding) * chunkSize(geometry, index);
  return {
    phase,
    batch,
    stepCount,
    context,
    chunk: chunk < window ? chunk : undefined,
    tokens: sumOver(stepCount, tokensIn),
    mostTokens: tokensIn(0),
    positions: Math.max(
      decoding > 0 ? context + stepCount : 0,
      decoding < batch ? geometry.prefillContext + prefilled : 0,
    ),
    tokenSource: trace === null ? "synthetic" : "trace",
    repeated: trace !== null && batch > trace.sequences,
    contextChanged: geometry.recordedContext !== undefined && context !== geometry.recordedContext,
    tokensIn,
    step: (index) => stepOf(index, entriesOf(geometry, index), rowsOf(trace, geometry, index)),
  };
}

function sumOver(steps: number, tokensIn: (index: number) => number): number {
  let sum = 0;
  for (let index = 0; index < steps; index++) sum += tokensIn(index);
  return sum;
}

/** Tokens that a prefilling sequence processes in step `index`. */
function chunkSize({ chunk, window }: Geometry, index: number): number {
  return Math.min(chunk, window - index * chunk);
}

function entriesOf(geometry: Geometry, index: number): Entry[] {
  const { batch, decoding, context, prefillContext, chunk, window } = geometry;
  const size = chunkSize(geometry, index);
  return Array.from({ length: batch }, (_, sequence) => {
    if (sequence < decoding) {
      return { sequence, firstPosition: context + index, count: 1, firstToken: sequence, samples: true };
    }
    const first = index * chunk;
    return {
      sequence,
      firstPosition: prefillContext + first,
      count: size,
      firstToken: decoding + (sequence - decoding) * size,
      samples: first + size === window,
    };
  });
}

/** Where token j of an entry of step `index` is in the trace. */
function rowsOf(trace: Trace | null, { decoding, decodeSpan, prefillSpan, chunk }: Geometry, index: number) {
  return ({ sequence }: Entry, j: number): number => {
    const decodes = sequence < decoding;
    const span = decodes ? decodeSpan : prefillSpan;
    if (trace === null || span === null) return -1;
    const first = decodes ? index : index * chunk;
    const rotation = REPEAT_SHIFT * Math.floor(sequence / trace.sequences);
    return trace.row(sequence % trace.sequences, span.first + ((first + j + rotation) % span.length));
  };
}
