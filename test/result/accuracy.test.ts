//
//   Recorded accuracy: the published perplexities, the tokens they are over, and when there is none.
//

import { suite } from "uvu";
import * as assert from "uvu/assert";
import { NO_ACCURACY, recordedAccuracy, scoredRows } from "../../src/result/accuracy.js";
import { constantPlan, planFromTrace } from "../../src/trace/plan.js";
import { replay } from "../../src/trace/replay.js";
import type { ReplayOptions } from "../../src/trace/replay-options.js";
import { syntheticPlan } from "../../src/trace/synthetic.js";
import { embeddedModel, embeddedTrace, parsePack, smallModel, smallPack } from "../support/pack.js";

const test = suite("accuracy");
const tiny = embeddedModel("tiny-llama");
const decode16 = embeddedTrace("decode16");
const prefill2k = embeddedTrace("prefill2k");

function near(found: number | null, wanted: number, tolerance: number): void {
  assert.ok(found !== null && Math.abs(found - wanted) <= tolerance, `${found}, wanted ${wanted}`);
}

test("decode16 has its published perplexities", () => {
  const whole = replay(decode16, tiny, {});
  for (const [plan, wanted, tolerance] of [
    [constantPlan(1), 45.4, 0.05],
    [constantPlan(2), 15.62, 0.005],
    [planFromTrace(decode16, 3), 19.15, 0.005],
    [planFromTrace(decode16, 4), 15.36, 0.005],
    [planFromTrace(decode16, 6), 14.62, 0.005],
  ] as const) {
    const accuracy = recordedAccuracy(decode16, tiny, plan, whole);
    near(accuracy.perplexity, wanted, tolerance);
    near(accuracy.reference, 14.41, 0.005);
    assert.equal([accuracy.source, accuracy.tokens, accuracy.arithmetic], ["recorded", 4080, "recorded"]);
  }
});

test("every configuration of both packs: exp of the mean NLL over positions from 1 on", () => {
  for (const trace of [decode16, prefill2k]) {
    const whole = replay(trace, tiny, {});
    const plans = [1, 2, 3, 4].map(constantPlan).concat([2.5, 3, 3.5, 4, 5, 6].map((b) => planFromTrace(trace, b)));
    for (const plan of plans) {
      const scored = [...trace.nll(plan.config ?? "")].filter((_, row) => row % trace.sequenceLength !== 0);
      const wanted = Math.exp(scored.reduce((sum, nll) => sum + nll, 0) / scored.length);
      near(recordedAccuracy(trace, tiny, plan, whole).perplexity, wanted, 1e-9);
    }
  }
});

test("a part of the pack is scored on its own tokens", () => {
  const rows = scoredRows(decode16, replay(decode16, tiny, { batch: 2, steps: 3 }));
  assert.equal([...rows], [1, 257, 2, 258, 3, 259]);
  const trace = parsePack(smallPack());
  const model = smallModel();
  const one = recordedAccuracy(trace, model, planFromTrace(trace, 3), replay(trace, model, { batch: 1, steps: 1 }));
  assert.equal([one.perplexity, one.reference, one.tokens], [Math.exp(2.125), Math.exp(1.125), 1]);
});

test("the first token of a sequence has no NLL", () => {
  const trace = parsePack(smallPack());
  const rows = scoredRows(trace, replay(trace, smallModel(), { phase: "prefill", batch: 3 }));
  // Sequence 2 is sequence 0 rotated by 37 mod 4 = 1.
  assert.equal([...rows], [1, 2, 3, 5, 6, 7, 1, 2, 3]);
});

test("whole repetitions of the pack do not change its perplexity", () => {
  const plan = planFromTrace(decode16, 4);
  const of = (options: ReplayOptions) => recordedAccuracy(decode16, tiny, plan, replay(decode16, tiny, options));
  near(of({ batch: 48 }).perplexity, of({}).perplexity ?? 0, 1e-9);
  assert.is(of({ batch: 48 }).tokens, 3 * 4080);
});

test("chunks do not change a prefill's accuracy; a mixed replay is scored on what it went over", () => {
  const plan = planFromTrace(prefill2k, 4);
  const of = (options: ReplayOptions) => recordedAccuracy(prefill2k, tiny, plan, replay(prefill2k, tiny, options));
  assert.equal(of({ chunk: 300 }), of({}));
  assert.is(of({ chunk: 300, steps: 2 }).tokens, 599);
  const mixed = replay(decode16, tiny, { phase: "mixed", batch: 2, chunk: 200 });
  const wanted = [1, 2, ...Array.from({ length: 255 }, (_, i) => 257 + i)];
  assert.equal(
    [...scoredRows(decode16, mixed)].sort((a, b) => a - b),
    wanted,
  );
});

test("none without a trace, in another context, or of a configuration that was not recorded", () => {
  const trace = parsePack(smallPack());
  const model = smallModel();
  assert.is(recordedAccuracy(null, model, constantPlan(2), replay(null, model, {})), NO_ACCURACY);
  assert.is(recordedAccuracy(trace, model, constantPlan(3), replay(trace, model, {})), NO_ACCURACY);
  assert.is(recordedAccuracy(trace, model, constantPlan(2), replay(trace, model, { context: 5 })), NO_ACCURACY);
  assert.is(recordedAccuracy(trace, model, constantPlan(2), replay(trace, model, { context: 1 })).source, "recorded");
  const synthetic = syntheticPlan({ process: "independent", bits: 3 });
  assert.is(recordedAccuracy(trace, model, synthetic, replay(trace, model, {})), NO_ACCURACY);
  assert.equal(NO_ACCURACY, { source: "none", perplexity: null, reference: null, tokens: 0, arithmetic: "none" });
});

test("no reference where FP16 was not recorded", () => {
  const pack = smallPack();
  pack.json.nll = ["k2"];
  delete pack.tensors["b3/nll"];
  delete pack.tensors["fp/nll"];
  const trace = parsePack(pack);
  const accuracy = recordedAccuracy(trace, smallModel(), constantPlan(2), replay(trace, smallModel(), {}));
  assert.is(accuracy.reference, null);
  assert.ok(accuracy.perplexity !== null);
});

test.run();
