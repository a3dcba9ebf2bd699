//
//   Plans: depths come from the trace or are constant; wanted bits are the pack's measured bits.
//

import { suite } from "uvu";
import * as assert from "uvu/assert";
import { constantPlan, planFromTrace, wantedBits } from "../../src/trace/plan.js";
import { replay, type Step, stepOf } from "../../src/trace/replay.js";
import { embeddedModel, embeddedTrace, parsePack, smallModel, smallPack } from "../support/pack.js";
import { refusal } from "../support/refusal.js";

const test = suite("plan");
const tiny = embeddedModel("tiny-llama");
const decode16 = embeddedTrace("decode16");

/** A step of decode16 or of another pack that holds these rows, one a sequence. */
function stepWith(...rows: number[]): Step {
  const entries = rows.map((_, i) => ({ sequence: i, firstPosition: 0, count: 1, firstToken: i, samples: true }));
  return stepOf(0, entries, ({ sequence }) => rows[sequence]);
}

test("a trace plan has the depths of the pack", () => {
  const trace = parsePack(smallPack());
  const plan = planFromTrace(trace, 3);
  assert.equal([plan.source, plan.budget, plan.slices, plan.routed], ["trace", 3, undefined, true]);
  assert.equal([plan.config, plan.text], ["b3", "budget 3 of trace small"]);
  const slices = trace.slices("b3");
  const all = stepWith(...Array.from({ length: trace.rows }, (_, row) => row));
  for (let linear = 0; linear < 7; linear++) {
    const wanted = Array.from({ length: trace.rows }, (_, row) => slices[row * 7 + linear]);
    assert.equal([...plan.depths(all, { start: 0, size: trace.rows }, linear)], wanted);
  }
});

test("depths are those of the asked tokens, in a new block or a given one", () => {
  const plan = planFromTrace(decode16, 4);
  const step = stepWith(17, 4095, 0, 300, 300, 21);
  const slices = decode16.slices("b4");
  const wanted = [4095, 0, 300, 300].map((row) => slices[row * decode16.linears.length + 17]);
  const tokens = { start: 1, size: 4 };
  assert.equal([...plan.depths(step, tokens, 17)], wanted);
  const block = new Uint8Array(6).fill(9);
  assert.is(plan.depths(step, tokens, 17, block), block);
  assert.equal([...block], [...wanted, 9, 9]);
  assert.equal([...constantPlan(2).depths(step, tokens, 17, block)], [2, 2, 2, 2, 9, 9]);
});

test("a constant plan has no router and no budget", () => {
  const plan = constantPlan(3);
  assert.equal([plan.source, plan.budget, plan.slices, plan.routed], ["constant", undefined, 3, false]);
  assert.equal([plan.config, plan.text], ["k3", "3 slices for every token, no router"]);
  assert.equal([...plan.depths(stepWith(0, 5), { start: 0, size: 2 }, 0)], [3, 3]);
  assert.is(constantPlan(1).text, "1 slice for every token, no router");
});

test("refuses a budget that was not recorded, and slices that do not exist", () => {
  assert.is(
    refusal(() => planFromTrace(decode16, 4.2)),
    "--budget 4.2 is not recorded in trace decode16; recorded: 2.5, 3, 3.5, 4, 5, 6",
  );
  for (const k of [0, 5, 2.5, Number.NaN]) {
    assert.is(
      refusal(() => constantPlan(k)),
      `--slices ${k}: allowed an integer in 1..4`,
    );
  }
});

test("a trace plan without its trace is loud", () => {
  const synthetic = replay(null, tiny, {});
  assert.throws(() => wantedBits(planFromTrace(decode16, 4), tiny, synthetic), 'plan "b4" needs a replay');
});

test("wanted bits of a constant plan are twice its slices", () => {
  for (const k of [1, 2, 3, 4])
    assert.is(wantedBits(constantPlan(k), tiny, replay(decode16, tiny, { steps: 3 })), 2 * k);
});

test("wanted bits over whole packs are the measured bits that the packs state", () => {
  for (const trace of [decode16, embeddedTrace("prefill2k")]) {
    const whole = replay(trace, tiny, { phase: "prefill" });
    for (const { bits, measuredBits } of trace.about.budgets) {
      const difference = Math.abs(wantedBits(planFromTrace(trace, bits), tiny, whole) - measuredBits);
      assert.ok(difference < 1e-6, `${trace.name} ${bits}: ${difference}`);
    }
  }
});

test("wanted bits weigh a linear by its weights", () => {
  const pack = smallPack();
  // q, k, v, o: 64, 32, 32, 64 weights; gate, up, down: 96 each. Only down is deep.
  pack.tensors["b6/slices"].values.forEach((_, i, all) => {
    all[i] = i % 7 === 6 ? 4 : 1;
  });
  const trace = parsePack(pack);
  const model = smallModel();
  const wanted = (2 * (64 + 32 + 32 + 64 + 96 + 96) + 8 * 96) / (64 + 32 + 32 + 64 + 3 * 96);
  assert.is(wantedBits(planFromTrace(trace, 6), model, replay(trace, model, {})), wanted);
});

test.run();
