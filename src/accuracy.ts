//
//   Accuracy that the trace recorded: perplexity = exp(mean NLL) of the replayed tokens, under the same configuration. The
//   first token of a sequence has nothing before it and no NLL.
//
//   Nothing is interpolated: a configuration that was not recorded, tokens that are not the trace's, or another context
//   than the recorded one has no accuracy.
//

import type { Plan } from "./plan.js";
import type { Replay } from "./replay.js";
import type { Accuracy } from "./result.js";
import type { Trace } from "./trace.js";

export const NO_ACCURACY: Accuracy = {
  source: "none",
  perplexity: null,
  reference: null,
  tokens: 0,
  arithmetic: "none",
};

export function recordedAccuracy(trace: Trace | null, plan: Plan, replay: Replay): Accuracy {
  if (trace === null || replay.contextChanged || !trace.hasNll(plan.config)) return NO_ACCURACY;
  const rows = scoredRows(trace, replay);
  if (rows.length === 0) return NO_ACCURACY;
  return {
    source: "recorded",
    perplexity: perplexity(trace, plan.config, rows),
    reference: trace.hasNll("fp") ? perplexity(trace, "fp", rows) : null,
    tokens: rows.length,
    arithmetic: "recorded",
  };
}

/** Rows of the replayed tokens that have an NLL: all but the first of a sequence. */
export function scoredRows(trace: Trace, replay: Replay): Int32Array {
  const scored = new Int32Array(replay.tokens);
  let count = 0;
  for (let index = 0; index < replay.stepCount; index++) {
    for (const row of replay.step(index).rows) {
      if (row % trace.sequenceLength !== 0) scored[count++] = row;
    }
  }
  return scored.subarray(0, count);
}

function perplexity(trace: Trace, config: string, rows: Int32Array): number {
  const nll = trace.nll(config);
  let sum = 0;
  for (let i = 0; i < rows.length; i++) sum += nll[rows[i]];
  return Math.exp(sum / rows.length);
}
