//
//   Accuracy that the trace recorded: perplexity = exp(mean NLL) of the replayed tokens, under the same configuration. The
//   first token of a sequence has nothing before it and no NLL.
//
//   Nothing is interpolated: a configuration that was not recorded, tokens that are not the trace's, another context than
//   the recorded one, or another model has no accuracy. What the model that the trace is of reached on these tokens is
//   given beside it, with its name.
//

import type { Model } from "../model/model.js";
import type { Plan } from "../trace/plan.js";
import type { Replay } from "../trace/replay.js";
import type { Trace } from "../trace/trace.js";
import type { Accuracy } from "./result.js";

export const NO_ACCURACY: Accuracy = {
  source: "none",
  perplexity: null,
  reference: null,
  tokens: 0,
  arithmetic: "none",
};

/** What is known of a run's accuracy; `model` is the one that ran. */
export function recordedAccuracy(trace: Trace | null, model: Model, plan: Plan, replay: Replay): Accuracy {
  if (trace === null || plan.config === undefined) return NO_ACCURACY;
  const recorded = recordedFigures(trace, plan.config, replay);
  if (recorded === null) return NO_ACCURACY;
  const { perplexity, reference, tokens } = recorded;
  if (trace.isOf(model)) {
    if (replay.contextChanged) return NO_ACCURACY;
    return { source: "recorded", perplexity, reference, tokens, arithmetic: "recorded" };
  }
  return { ...NO_ACCURACY, sourceModel: { name: trace.about.model, perplexity, reference, tokens } };
}

/** Perplexities of the replayed tokens as the trace's own model had them; null where nothing is scored. */
function recordedFigures(trace: Trace, config: string, replay: Replay) {
  if (!trace.hasNll(config)) return null;
  const [own, fp] = [trace.nll(config), trace.hasNll("fp") ? trace.nll("fp") : null];
  let [sum, reference, tokens] = [0, 0, 0];
  for (const row of scoredRows(trace, replay)) {
    sum += own[row];
    reference += fp === null ? 0 : fp[row];
    tokens++;
  }
  if (tokens === 0) return null;
  return { perplexity: Math.exp(sum / tokens), reference: fp === null ? null : Math.exp(reference / tokens), tokens };
}

/** Rows of the replayed tokens that have an NLL: all but the first of a sequence. */
export function* scoredRows(trace: Trace, replay: Replay): Generator<number> {
  for (let index = 0; index < replay.stepCount; index++) {
    for (const row of replay.step(index).rows) {
      if (row % trace.sequenceLength !== 0) yield row;
    }
  }
}
