//
//   The embedded model reads the embedded traces again: scores, slices and NLL are what they recorded.
//

import { suite } from "uvu";
import * as assert from "uvu/assert";
import { judge, noExpectations, readThrough } from "../../src/infer/reading.js";
import type { Depths } from "../../src/infer/transformer.js";
import { readLanguageModel } from "../../src/io/language-model.js";
import type { Budget } from "../../src/trace/trace-json.js";
import { Bench, constant, kernels } from "../support/infer.js";
import { embeddedTrace } from "../support/pack.js";

/** Both sides are FP32. */
const SCORE_TOLERANCE = 2e-5;
const NLL_TOLERANCE = 1e-4;

const recorded = suite("recorded traces, read again");
const decode16 = embeddedTrace("decode16");
const bench = new Bench(await kernels(), readLanguageModel("tiny-llama"));
const tokens = decode16.tokens.slice(0, decode16.sequenceLength);
const wanted = (config: string) => decode16.nll(config).slice(0, tokens.length);

function near(found: Float32Array, recordedNll: Float32Array, config: string): void {
  const worst = found.reduce((most, nll, i) => Math.max(most, Math.abs(nll - recordedNll[i])), 0);
  assert.ok(worst <= NLL_TOLERANCE, `${config}: NLL differs by ${worst}`);
}

recorded("FP16 and constant plans: the NLL of every token", () => {
  const cache = bench.cache("exact", "fp32", tokens.length);
  const [{ logits }] = readThrough(bench.reference(), cache, tokens, () => constant(0));
  const reference = logits.slice();
  const own = noExpectations(tokens.length);
  judge(own, tokens, { tokens, position: 0 }, reference, reference);
  near(own.nll, wanted("fp"), "fp");
  assert.equal([own.kl.every((kl) => kl === 0), own.agrees.slice(1).every((one) => one === 1)], [true, true]);
  const sliced = bench.sliced("fp32");
  for (const slices of [1, 4]) {
    const found = noExpectations(tokens.length);
    for (const { block, logits } of readThrough(sliced, cache, tokens, () => constant(slices))) {
      judge(found, tokens, block, logits, reference);
    }
    near(found.nll, wanted(`k${slices}`), `k${slices}`);
    assert.ok(found.kl.slice(1).every((kl) => kl > 0));
  }
});

recorded("routers decide what was recorded wherever a score is not within rounding of the threshold", () => {
  const sliced = bench.sliced("fp32");
  for (const budget of decode16.about.budgets.filter(({ bits }) => bits === 3 || bits === 6)) {
    const found = noExpectations(tokens.length);
    const replayed = comparedRouting(budget);
    for (const { block, logits } of readThrough(
      sliced,
      bench.cache("exact", "fp32", tokens.length),
      tokens,
      () => replayed,
    )) {
      judge(found, tokens, block, logits, logits);
    }
    near(found.nll, wanted(budget.name), budget.name);
  }
});

/** The recorded slices, after a comparison with what the routers say. */
function comparedRouting({ name, threshold }: Budget): Depths {
  const [scores, slices] = [decode16.scores(name), decode16.slices(name)];
  const at = (place: number, linear: number) => place * decode16.linears.length + linear;
  let own = new Float32Array(0);
  const routed = bench.routed(threshold, (_, seen) => {
    own = seen as Float32Array<ArrayBuffer>;
  });
  return (linear, x, count) => {
    const depths = routed(linear, x, count);
    for (const [i, score] of own.entries()) {
      const where = at(Math.floor(i / 3), linear);
      const difference = scores === undefined ? 0 : Math.abs(score - scores[where * 3 + (i % 3)]);
      assert.ok(difference <= SCORE_TOLERANCE, `${name}: row ${Math.floor(i / 3)}, linear ${linear}: ${difference}`);
    }
    return depths.map((depth, place) => {
      const wanted = slices[at(place, linear)];
      const close = own
        .subarray(place * 3, place * 3 + 3)
        .some((score) => Math.abs(score - threshold) < SCORE_TOLERANCE);
      assert.ok(depth === wanted || close, `${name}: row ${place}, linear ${linear}: ${depth}, recorded ${wanted}`);
      return wanted;
    });
  };
}

recorded.run();
