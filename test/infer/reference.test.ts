//
//   Logits and router decisions against references that were computed in FP64 from the same files.
//

import { readFileSync } from "node:fs";
import { suite } from "uvu";
import * as assert from "uvu/assert";
import { f32, i32, parseSafetensors, type Safetensors, u8 } from "../../src/basics/safetensors.js";
import type { Depths } from "../../src/infer/transformer.js";
import { readLanguageModel } from "../../src/io/language-model.js";
import { Bench, constant, kernels } from "../support/infer.js";
import { embeddedTrace, tensorOf } from "../support/pack.js";
import { sharedPath } from "../support/shared.js";

/** Rounding of FP32 over eight layers; logits reach 20. The published difference to transformers is 2.9e-5. */
const LOGIT_TOLERANCE = 4e-5;
const SCORE_TOLERANCE = 1e-5;

const reference = suite("references");
const path = sharedPath("models", "tiny-llama", "reference.safetensors");
if (path === null) reference.skip("logits, sums and decisions equal the references", () => {});
else compare(parseSafetensors(readFileSync(path), "reference.safetensors"));

function compare(file: Safetensors): void {
  const tensor = (name: string) => tensorOf(file, name);
  const tokens = i32(tensor("ref.tokens"));
  const budgets = embeddedTrace("prefill2k").about.budgets;
  const farthest = (found: Float32Array, name: string) => {
    const wanted = f32(tensor(`ref.${name}.logits`));
    assert.is(found.length, wanted.length);
    return wanted.reduce((most, value, i) => Math.max(most, Math.abs(value - found[i])), 0);
  };

  reference("FP32 logits of the checkpoint and of every constant plan are within FP32 rounding", async () => {
    const bench = new Bench(await kernels(), readLanguageModel("tiny-llama"));
    const [whole, sliced, cache] = [bench.reference(), bench.sliced("fp32"), bench.cache("exact", "fp32", 64)];
    const fp = whole.forward({ tokens, position: 0 }, cache, constant(0));
    assert.ok(farthest(fp, "fp") <= LOGIT_TOLERANCE);
    for (const slices of [1, 2, 3, 4]) {
      const found = sliced.forward({ tokens, position: 0 }, cache, constant(slices));
      assert.ok(farthest(found, `k${slices}`) <= LOGIT_TOLERANCE, `k${slices}`);
      const other = 1 + (slices % 4);
      assert.ok(farthest(found, `k${other}`) > 1, "and it is not the logits of other slices");
    }
  });

  reference("INT8: codes of the activations and the integer sums of both linears, exactly", async () => {
    const bench = new Bench(await kernels(), readLanguageModel("tiny-llama"));
    for (const [prefix, index] of [
      ["acc", 0],
      ["acc_down", 6],
    ] as const) {
      const { linear, codes, scale, base } = (bench.from.slices ?? [])[index];
      const matrix = bench.kernels.int8.slices(codes, scale, base, linear.in);
      const x8 = new Int8Array(tensor(`${prefix}.x8`).bytes());
      const [scales, xsum] = [f32(tensor(`${prefix}.xscale`)), i32(tensor(`${prefix}.xsum`))];
      const sums = i32(tensor(`${prefix}.slice`));
      const groups = linear.in / 128;
      const [tokens] = tensor(`${prefix}.x8`).shape;
      for (let token = 0; token < tokens; token++) {
        const own = x8.subarray(token * linear.in, (token + 1) * linear.in);
        const x = { vector: bench.kernels.floats(Float32Array.from(own, (code) => code * scales[token])), pitch: 0 };
        const quantized = bench.kernels.int8.quantize(x, linear.in);
        assert.equal([...quantized.codes], [...own]);
        for (let group = 0; group < groups; group++) {
          const sum = own.subarray(group * 128, group * 128 + 128).reduce((total, code) => total + code, 0);
          assert.is(sum, xsum[token * groups + group]);
        }
        for (let slice = 1; slice <= 4; slice++) {
          for (let row = token % 7; row < linear.out; row += 7) {
            const at = (((slice - 1) * tokens + token) * linear.out + row) * groups;
            assert.equal([...bench.kernels.int8.sums(x, matrix, row, slice)], [...sums.subarray(at, at + groups)]);
          }
        }
      }
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
      const found = bench.sliced("fp32").forward({ tokens, position: 0 }, bench.cache("exact", "fp32", 64), checked);
      assert.ok(worst <= SCORE_TOLERANCE, `scores differ by ${worst}`);
      assert.ok(farthest(found, name) <= LOGIT_TOLERANCE);
    });
  }
}

reference.run();
