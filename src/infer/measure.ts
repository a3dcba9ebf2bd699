//
//   Accuracy of a run, measured: the model reads the trace's sequences with the run's own plan, in the machine's terms.
//
//     plan, replay ─► depths [row][linear] of the tokens that were replayed (and of a prompt before them), or a number format
//     trace ────────► sequences ─► reader ─► NLL, KL, agreement by row ─► means over the rows that the run scores
//
//   Only plans whose depths are known for every token of a sequence: recorded ones and constant ones.
//

import { InputError } from "../basics/errors.js";
import type { Format } from "../formats/format.js";
import { NO_ACCURACY, scoredRows } from "../result/accuracy.js";
import type { Accuracy } from "../result/result.js";
import { type Plan, recordedBudget } from "../trace/plan.js";
import type { Replay } from "../trace/replay.js";
import type { Trace } from "../trace/trace.js";
import type { Reader } from "./reader.js";
import { judge, noExpectations } from "./reading.js";
import { constantDepths, type DepthSource, givenDepths } from "./routing.js";

/** The trace of a run that can be measured; refuses any other in one line. `format`: what --weights names. */
export function measurable(trace: Trace | null, plan: Plan, replay: Replay, format: Format | null = null): Trace {
  const fail = (found: string, allowed: string): InputError =>
    new InputError(`--accuracy measured: ${found}; allowed ${allowed}`);
  if (trace === null) throw fail("the tokens are not known", "a run with a trace");
  if (plan.source !== "trace" && plan.source !== "constant") {
    throw fail(`the plan is ${plan.source}`, "--budget of the model's own trace, or --slices");
  }
  if (plan.codeBits !== undefined && format === null) {
    throw fail("the machine's codes are of no number format", "machines that compute slices, or --weights");
  }
  if (replay.contextChanged) throw fail("--context is not the trace's", "its own context");
  return trace;
}

/** How many times the run scores each row; 0 where it does not. */
function scores(trace: Trace, replay: Replay): Uint32Array {
  const counts = new Uint32Array(trace.rows);
  for (const row of scoredRows(trace, replay)) counts[row]++;
  return counts;
}

function depthsOf(trace: Trace, plan: Plan, sequence: number): DepthSource {
  if (plan.codeBits !== undefined) return constantDepths(0);
  if (plan.slices !== undefined) return constantDepths(plan.slices);
  const linears = trace.linears.length;
  const { name } = recordedBudget(trace, plan.budget ?? 0);
  const [from, to] = [trace.row(sequence, 0), trace.row(sequence + 1, 0)];
  return givenDepths(trace.slices(name).subarray(from * linears, to * linears), linears);
}

/** Reads what the run scores; in the format where the plan is of whole codes. */
export function measure(
  reader: Reader,
  trace: Trace,
  plan: Plan,
  replay: Replay,
  format: Format | null = null,
): Omit<Accuracy, "arithmetic"> {
  const coded = format !== null && plan.codeBits !== undefined ? reader.coded(format) : undefined;
  const counts = scores(trace, replay);
  const sum = { own: 0, fp: 0, kl: 0, agrees: 0, tokens: 0 };
  for (let sequence = 0; sequence < trace.sequences; sequence++) {
    const first = trace.row(sequence, 0);
    const weights = counts.subarray(first, trace.row(sequence + 1, 0));
    const length = weights.findLastIndex((count) => count > 0) + 1;
    if (length < 2) continue;
    const tokens = trace.tokens.slice(first, first + length);
    const reference = reader.reference(tokens);
    const fp = noExpectations(length);
    judge(fp, tokens, { tokens, position: 0 }, reference, reference);
    const own = reader.expectations(tokens, depthsOf(trace, plan, sequence), reference, coded);
    for (let position = 1; position < length; position++) {
      sum.own += weights[position] * own.nll[position];
      sum.fp += weights[position] * fp.nll[position];
      sum.kl += weights[position] * own.kl[position];
      sum.agrees += weights[position] * own.agrees[position];
      sum.tokens += weights[position];
    }
  }
  if (sum.tokens === 0) return NO_ACCURACY;
  return {
    source: "measured",
    perplexity: Math.exp(sum.own / sum.tokens),
    reference: Math.exp(sum.fp / sum.tokens),
    tokens: sum.tokens,
    kl: sum.kl / sum.tokens,
    agreement: sum.agrees / sum.tokens,
  };
}
