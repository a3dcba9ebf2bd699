//
//   Logits and router decisions against references that were computed in FP64 from the same files.
//

import { readFileSync } from "node:fs";
import { suite } from "uvu";
import * as assert from "uvu/assert";
import type { Depths } from "../../src/infer/transformer.js";
import { readLanguageModel } from "../../src/io/language-model.js";
import { f32, i32, parseSafetensors, type Safetensors, tensorOf, u8 } from "../../src/safetensors.js";
import { Bench, constant, kernels } from "../support/infer.js";
import { embeddedTrace } from "../support/pack.js";
import { sharedPath } from "../support/shared.js";

/** Rounding of FP32 over eight layers; logits reach 20. The published difference to transformers is 2.9e-5. */
const LOGIT_TOLERANCE = 4e-5;
const SCORE_TOLERANCE = 1e-5;

const reference = suite("references");
const path = sharedPath("models", "tiny-llama", "reference.safetensors");
if (path !== null) compare(parseSafetensors(readFileSync(path), "reference.safetensors"));

function compare(file: Safetensors): void {
  const tensor = (name: string) => tensorOf(file, name, "reference.safetensors");
  const tokens = i32(tensor("ref.tokens"));
  const budgets = embeddedTrace("prefill2k").about.budgets;
  const farthest = (found: Float32Array, name: string) => {
    const wanted = f32(tensor(`ref.${name}.logits`));
    assert.is(found.length, wanted.length);
    return wanted.reduce((most, value, i) => Math.max(most, Math.abs(value - found[i])), 0);
  };

  reference("FP32 logits of the checkpoint and of every constant plan are within FP32 rounding", async () => {
    const bench = new Bench(await kernels(), readLanguageModel("tiny-llama"));
    const [whole, sliced, cache] = [bench.reference(), bench.sliced("fp32"), bench.cache("exact", 64)];
    const fp = whole.forward({ tokens, position: 0 }, cache, constant(0));
    assert.ok(farthest(fp, "fp") <= LOGIT_TOLERANCE);
    for (const slices of [1, 2, 3, 4]) {
      const found = sliced.forward({ tokens, position: 0 }, cache, constant(slices));
      assert.ok(farthest(found, `k${slices}`) <= LOGIT_TOLERANCE, `k${slices}`);
      const other = 1 + (slices % 4);
      assert.ok(farthest(found, `k${other}`) > 1, "and it is not the logits of other slices");
    }
  });

  for (const { name, threshold } of budgets) {
    reference(`routers decide as in FP64 at ${name}, and the logits follow`, async () => {
      const bench = new Bench(await kernels(), readLanguageModel("tiny-llama"));
      const [scores, slices] = [f32(tensor(`ref.${name}.scores`)), u8(tensor(`ref.${name}.slices`))];
      const linears = bench.from.model.linears.length;
      let worst = 0;
      const routed = bench.routed(threshold, (linear, found) => {
        for (const [i, score] of found.entries()) {
          const at = (Math.floor(i / 3) * linears + linear) * 3 + (i % 3);
          worst = Math.max(worst, Math.abs(score - scores[at]));
        }
      });
      const checked: Depths = (linear, x, count) => {
        const depths = routed(linear, x, count);
        const wanted = Uint8Array.from({ length: count }, (_, place) => slices[place * linears + linear]);
        assert.equal(depths, wanted);
        return depths;
      };
      const found = bench.sliced("fp32").forward({ tokens, position: 0 }, bench.cache("exact", 64), checked);
      assert.ok(worst <= SCORE_TOLERANCE, `scores differ by ${worst}`);
      assert.ok(farthest(found, name) <= LOGIT_TOLERANCE);
    });
  }
}

reference.run();
