//
//   The accuracy of a run, measured: in FP32 what the trace recorded, over the rows that the run scores.
//

import { suite } from "uvu";
import * as assert from "uvu/assert";
import { measurable, measure } from "../../src/infer/measure.js";
import { Reader } from "../../src/infer/reader.js";
import { openKernels, readLanguageModel } from "../../src/io/language-model.js";
import { recordedAccuracy } from "../../src/result/accuracy.js";
import { codesPlan, constantPlan, type Plan, planFromTrace } from "../../src/trace/plan.js";
import { replay } from "../../src/trace/replay.js";
import { shipped } from "../support/formats.js";
import { embeddedModel, embeddedTrace } from "../support/pack.js";
import { refusal } from "../support/refusal.js";

const test = suite("measured accuracy of a run");
const tiny = embeddedModel("tiny-llama");
const decode16 = embeddedTrace("decode16");
const POSITIONS = 64;

const reader = async (arithmetic: "fp32" | "fp16pe") =>
  new Reader(await openKernels(), readLanguageModel("tiny-llama"), POSITIONS, {
    arithmetic,
    kv: arithmetic === "fp32" ? "exact" : 8,
  });

test("FP32: the recorded perplexities of the same rows, repeated sequences included", async () => {
  const one = await reader("fp32");
  for (const [plan, options] of [
    [planFromTrace(decode16, 3), { batch: 2, steps: 40 }],
    [constantPlan(2), { batch: 1, steps: 7 }],
    [planFromTrace(decode16, 6), { batch: 17, steps: 3 }],
  ] as const) {
    const played = replay(decode16, tiny, options);
    const wanted = recordedAccuracy(decode16, tiny, plan, played);
    const found = measure(one, decode16, plan, played);
    for (const key of ["perplexity", "reference"] as const) {
      const difference = Math.abs((found[key] ?? 0) / (wanted[key] ?? 0) - 1);
      assert.ok(difference < 2e-5, `${key}: ${found[key]}, recorded ${wanted[key]}`);
    }
    assert.equal([found.source, found.tokens], ["measured", wanted.tokens]);
    assert.ok((found.kl ?? 0) > 0 && (found.agreement ?? 0) < 1);
  }
});

test("on the PEs: near FP32, and not the same", async () => {
  const played = replay(decode16, tiny, { batch: 1, steps: 50 });
  const [exact, pe] = [await reader("fp32"), await reader("fp16pe")].map((one) =>
    measure(one, decode16, constantPlan(3), played),
  );
  const ratio = (pe.perplexity ?? 0) / (exact.perplexity ?? 1);
  assert.ok(ratio !== 1 && Math.abs(ratio - 1) < 0.03, `${pe.perplexity}, FP32 ${exact.perplexity}`);
  assert.is(pe.reference, exact.reference);
});

test("codes of a format: what the format's own reading gives", async () => {
  const one = await reader("fp32");
  const played = replay(decode16, tiny, { batch: 1, steps: 40 });
  const found = measure(one, decode16, codesPlan(8), played, shipped("int8"));
  assert.ok(Math.abs((found.perplexity ?? 0) / (found.reference ?? 1) - 1) < 0.01);
  assert.not.equal(found.perplexity, found.reference);
  const coarse = measure(one, decode16, codesPlan(2), played, shipped("int2"));
  assert.ok((coarse.kl ?? 0) > 10 * (found.kl ?? 0));
});

test("what cannot be measured is refused in one line", () => {
  const played = replay(decode16, tiny, {});
  const say = (trace: typeof decode16 | null, plan: Plan, run = played) => refusal(() => measurable(trace, plan, run));
  const synthetic: Plan = { ...constantPlan(2), source: "synthetic" };
  assert.is(measurable(decode16, constantPlan(1), played), decode16);
  assert.is(say(null, constantPlan(1)), "--accuracy measured: the tokens are not known; allowed a run with a trace");
  assert.match(
    say(decode16, synthetic),
    /the plan is synthetic; allowed --budget of the model's own trace, or --slices$/,
  );
  assert.match(say(decode16, { ...constantPlan(1), codeBits: 8 }), /the machine's codes are of no number format/);
  assert.is(measurable(decode16, { ...constantPlan(1), codeBits: 8 }, played, shipped("int8")), decode16);
  assert.match(say(decode16, constantPlan(1), replay(decode16, tiny, { context: 9 })), /--context is not the trace's/);
});

test.run();
