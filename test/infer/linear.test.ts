//
//   Linear layers on random shapes and values: bit for bit the oracle's, and nobody's business but the token's and the row's.
//

import fc from "fast-check";
import { suite } from "uvu";
import * as assert from "uvu/assert";
import { numberToFp16, roundToHalf } from "../../src/basics/half.js";
import {
  ARITHMETICS,
  type Arithmetic,
  byDepth,
  FloatSlices,
  Int8Linear,
  Int8Slices,
  type LinearLayer,
  PeSlices,
  quantizeRows,
} from "../../src/infer/linear.js";
import type { SlicedWeights } from "../../src/infer/slices.js";
import type { Kernels } from "../../src/wasm/kernels.js";
import { int8Product, peProduct } from "../oracle/linear.js";
import { RUNS, SEED } from "../support/build.js";
import { halfArbitrary, kernels } from "../support/infer.js";
import { BUILDS } from "../support/numeric.js";

const linear = suite("linear layers");

interface Case {
  inputs: number;
  outputs: number;
  tokens: number;
  codes: Uint8Array;
  scale: Float32Array;
  base: Float32Array;
  x: Float32Array;
  depths: Uint8Array;
}

const cases: fc.Arbitrary<Case> = fc
  .record({
    inputs: fc.oneof(fc.integer({ min: 1, max: 40 }), fc.constantFrom(127, 128, 129, 132, 150, 256, 259)),
    outputs: fc.integer({ min: 1, max: 6 }),
    tokens: fc.integer({ min: 1, max: 9 }),
  })
  .chain(({ inputs, outputs, tokens }) => {
    const groups = Math.ceil(inputs / 128);
    const many = <T>(one: fc.Arbitrary<T>, count: number) => fc.array(one, { minLength: count, maxLength: count });
    return fc
      .record({
        codes: many(fc.integer({ min: 0, max: 255 }), outputs * inputs),
        scale: many(fc.double({ min: 1e-3, max: 1, noNaN: true }).map(roundToHalf), outputs * groups),
        base: many(fc.double({ min: -2, max: 1, noNaN: true }).map(roundToHalf), outputs * groups),
        x: many(halfArbitrary, tokens * inputs),
        depths: many(fc.integer({ min: 1, max: 4 }), tokens),
      })
      .map((drawn) => ({
        inputs,
        outputs,
        tokens,
        codes: Uint8Array.from(drawn.codes),
        scale: Float32Array.from(drawn.scale),
        base: Float32Array.from(drawn.base),
        x: Float32Array.from(drawn.x),
        depths: Uint8Array.from(drawn.depths),
      }));
  });

function layerOf(one: Kernels, arithmetic: Arithmetic, { inputs, outputs, codes, scale, base }: Case): LinearLayer {
  const shape = { name: "w", layer: 0, kind: "q" as const, in: inputs, out: outputs };
  const weights = { linear: shape, codes, scale, base } as unknown as SlicedWeights;
  if (arithmetic === "fp32") return new FloatSlices(one, weights, one.floats(codes.length));
  return arithmetic === "int8" ? new Int8Slices(one, weights) : new PeSlices(one, weights);
}

function apply(one: Kernels, layer: LinearLayer, x: Float32Array, depths: Uint8Array): Float32Array {
  const results = { vector: one.floats(depths.length * layer.outputs), pitch: layer.outputs };
  layer.apply({ vector: one.floats(x), pitch: layer.inputs }, results, depths);
  return results.vector.view.slice(0, depths.length * layer.outputs);
}

for (const build of BUILDS) {
  for (const arithmetic of ["int8", "fp16pe"] as const) {
    linear(`${build}, ${arithmetic}: bit for bit the oracle, seed ${SEED}`, async () => {
      const law = fc.asyncProperty(cases, async (one) => {
        const unit = await kernels(build);
        const found = apply(unit, layerOf(unit, arithmetic, one), one.x, one.depths);
        for (const [token, depth] of one.depths.entries()) {
          const x = one.x.subarray(token * one.inputs, (token + 1) * one.inputs);
          const wanted =
            arithmetic === "int8"
              ? int8Product(one, x, depth)
              : peProduct(one, Uint16Array.from(x, numberToFp16), depth);
          const own = found.subarray(token * one.outputs, (token + 1) * one.outputs);
          assert.equal([...own], [...wanted], `token ${token} of depth ${depth}`);
        }
      });
      await fc.assert(law, { seed: SEED, numRuns: RUNS });
    });
  }
}

linear(`fp16pe: sums of 17 bits, full products of the digit -2 on something kept, seed ${SEED}`, async () => {
  const full = 2 - 2 ** -10;
  const small = fc.integer({ min: -2047, max: 2047 }).map((x) => x / 2 ** 14);
  const lane = fc.oneof(fc.constantFrom(full, -full), small);
  const quad = fc.oneof(
    fc.constantFrom(full, -full).map((x) => [x, x, x, x]),
    fc.array(lane, { minLength: 4, maxLength: 4 }),
  );
  const unit = await kernels();
  const law = fc.property(fc.array(quad, { minLength: 2, maxLength: 12 }), (quads) => {
    const x = Float32Array.from(quads.flat());
    const [inputs, depths] = [x.length, Uint8Array.of(1)];
    const codes = Uint8Array.from(x, (value) => (Math.abs(value) === full ? 0 : 64));
    const reals = { scale: Float32Array.of(1), base: Float32Array.of(0) };
    const one = { inputs, outputs: 1, tokens: 1, codes, ...reals, x, depths };
    const wanted = peProduct(one, Uint16Array.from(x, numberToFp16), 1);
    assert.equal([...apply(unit, layerOf(unit, "fp16pe", one), x, depths)], [...wanted]);
  });
  fc.assert(law, { seed: SEED, numRuns: RUNS * 10 });
});

for (const arithmetic of ARITHMETICS) {
  linear(`${arithmetic}: permuting tokens or rows permutes results, bit for bit, seed ${SEED}`, async () => {
    const unit = await kernels();
    const law = fc.property(cases, fc.infiniteStream(fc.nat()), (one, random) => {
      const { inputs, outputs, tokens } = one;
      const groups = Math.ceil(inputs / 128);
      const [tokenOrder, rowOrder] = [shuffled(tokens, random), shuffled(outputs, random)];
      const straight = apply(unit, layerOf(unit, arithmetic, one), one.x, one.depths);
      const turned = {
        ...one,
        codes: rowsOf(one.codes, inputs, rowOrder),
        scale: rowsOf(one.scale, groups, rowOrder),
        base: rowsOf(one.base, groups, rowOrder),
      };
      const x = rowsOf(one.x, inputs, tokenOrder);
      const found = apply(unit, layerOf(unit, arithmetic, turned), x, rowsOf(one.depths, 1, tokenOrder));
      const wanted = tokenOrder.flatMap((token) => rowOrder.map((row) => straight[token * outputs + row]));
      assert.equal([...found], wanted);
    });
    fc.assert(law, { seed: SEED, numRuns: RUNS });
  });
}

linear("FP32: near the exact product of the exact weights", async () => {
  const unit = await kernels();
  const law = fc.property(cases, (one) => {
    const found = apply(unit, layerOf(unit, "fp32", one), one.x, one.depths);
    for (let at = 0; at < found.length; at++) {
      const { value, size } = exactProduct(one, Math.floor(at / one.outputs), at % one.outputs);
      assert.ok(Math.abs(found[at] - value) <= (one.inputs + 4) * 2 ** -24 * size, `${found[at]}, exactly ${value}`);
    }
  });
  fc.assert(law, { seed: SEED, numRuns: RUNS });
});

linear("INT8 rows: FP16 scale, nearest code; products are exact up to three roundings", async () => {
  const unit = await kernels();
  const weights = Float32Array.from({ length: 3 * 600 }, (_, i) => Math.sin(i * i) * (1 + Math.floor(i / 600)));
  const rows = quantizeRows(weights, 600);
  for (const [i, code] of rows.codes.entries()) {
    const scale = rows.scales[Math.floor(i / 600)];
    const clamped = Math.abs(weights[i]) > 127 * scale && code === 127 * Math.sign(weights[i]);
    assert.ok(Math.abs(weights[i] - code * scale) <= scale * 0.5001 || clamped, `${weights[i]} is code ${code}`);
  }
  const x = Float32Array.from({ length: 600 }, (_, i) => (i % 255) - 127);
  const found = apply(unit, new Int8Linear(unit, rows), x, new Uint8Array(1));
  for (let row = 0; row < 3; row++) {
    const exact = x.reduce((sum, value, i) => sum + value * rows.codes[row * 600 + i], 0) * rows.scales[row];
    assert.ok(Math.abs(found[row] - exact) <= Math.abs(exact) * 3e-7);
  }
});

linear("tokens by depth, each list in order", () => {
  const lists = [...byDepth(Uint8Array.of(2, 1, 2, 4, 1))].map(([depth, places]) => [depth, [...places]]);
  assert.equal(lists, [
    [1, [1, 4]],
    [2, [0, 2]],
    [4, [3]],
  ]);
});

function exactProduct({ inputs, codes, scale, base, x, depths }: Case, token: number, row: number) {
  let [value, size] = [0, 0];
  for (let k = 0; k < inputs; k++) {
    const group = row * Math.ceil(inputs / 128) + Math.floor(k / 128);
    const code = codes[row * inputs + k];
    let level = code >> 6;
    for (let e = 2; e <= depths[token]; e++) level += (((code >> (8 - 2 * e)) & 3) - 1.5) / 4 ** (e - 1);
    const term = (base[group] + scale[group] * level) * x[token * inputs + k];
    value += term;
    size += (Math.abs(base[group]) + scale[group] * 4) * Math.abs(x[token * inputs + k]);
  }
  return { value, size };
}

function shuffled(count: number, random: Iterator<number>): number[] {
  const order = Array.from({ length: count }, (_, i) => i);
  for (let i = count - 1; i > 0; i--) {
    const other = random.next().value % (i + 1);
    [order[i], order[other]] = [order[other], order[i]];
  }
  return order;
}

function rowsOf<T extends Uint8Array | Float32Array>(values: T, width: number, order: readonly number[]): T {
  const turned = values.slice() as T;
  for (const [to, from] of order.entries()) turned.set(values.subarray(from * width, (from + 1) * width), to * width);
  return turned;
}

linear.run();
