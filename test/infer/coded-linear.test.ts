//
//   Linear layers on codes, for every file in formats/: bit for bit the oracle's, and nobody's business but the token's and the
//   row's.
//

import fc from "fast-check";
import { suite } from "uvu";
import * as assert from "uvu/assert";
import { numberToFp16, roundToHalf } from "../../src/basics/half.js";
import { codedWeights } from "../../src/formats/coded.js";
import { depthCosts, type Format } from "../../src/formats/format.js";
import { quantize } from "../../src/formats/quantizer.js";
import { boothSlots, boothTerms, type PeTerm, signedTerms } from "../../src/formats/term-table.js";
import { codedLinear } from "../../src/infer/coded-linear.js";
import type { Arithmetic, LinearLayer } from "../../src/infer/linear.js";
import type { Linear } from "../../src/model/model.js";
import type { Kernels } from "../../src/wasm/kernels.js";
import { int8CodedProduct, int8Product, type OracleCodes, peCodedProduct, peProduct } from "../oracle/linear.js";
import { RUNS, SEED } from "../support/build.js";
import { SHIPPED, shipped, weightsArbitrary } from "../support/formats.js";
import { halfArbitrary, kernels } from "../support/infer.js";
import { BUILDS } from "../support/numeric.js";
import { refusal } from "../support/refusal.js";

const linear = suite("linear layers of formats");
const CODED = SHIPPED.filter(({ layout }) => layout.read !== "prefix");

interface Case {
  inputs: number;
  outputs: number;
  tokens: number;
  weights: Float32Array;
  x: Float32Array;
}

/** Rows that end inside a quad, a step, a block; more rows than a kernel takes at a time are in a test of their own. */
const cases: fc.Arbitrary<Case> = fc
  .record({
    inputs: fc.oneof(fc.integer({ min: 1, max: 40 }), fc.constantFrom(127, 129, 150, 260)),
    outputs: fc.integer({ min: 1, max: 3 }),
    tokens: fc.integer({ min: 1, max: 5 }),
  })
  .chain(({ inputs, outputs, tokens }) => {
    const size = tokens * inputs;
    const activations = fc.array(halfArbitrary, { minLength: size, maxLength: size });
    return fc
      .tuple(weightsArbitrary(outputs, inputs), activations)
      .map(([weights, x]) => ({ inputs, outputs, tokens, weights, x: Float32Array.from(x) }));
  });

function layerOf(
  unit: Kernels,
  arithmetic: Arithmetic,
  format: Format,
  { inputs, outputs, weights }: Case,
): LinearLayer {
  const shape = { name: "w", in: inputs, out: outputs } as unknown as Linear;
  return codedLinear(unit, arithmetic, format, shape, weights);
}

function apply(unit: Kernels, layer: LinearLayer, x: Float32Array, tokens: number): Float32Array {
  const results = { vector: unit.floats(tokens * layer.outputs), pitch: layer.outputs };
  layer.apply({ vector: unit.floats(x), pitch: layer.inputs }, results, new Uint8Array(tokens));
  return results.vector.view.slice(0, tokens * layer.outputs);
}

function oracleOf(format: Format, { inputs, weights }: Case): OracleCodes {
  const { values, codes, ...rest } = codedWeights(format, weights, inputs);
  return { ...rest, integers: Array.from(codes, (code) => values[code]) };
}

/** Booth's digits where they fit the terms that are charged, else the fewest signed powers of two. */
function oracleTerms(format: Format, integers: readonly number[]) {
  const slots = depthCosts(format).at(-1)?.terms ?? 0;
  const all = format.operands.flatMap(({ values }) => values);
  const booth = boothSlots(all) <= Math.min(slots, 4);
  assert.ok(integers.every((integer) => all.includes(integer)));
  const termsOf = (integer: number): PeTerm[] => (booth ? boothTerms(integer, slots) : signedTerms(integer, slots));
  const plain = (integer: number) =>
    termsOf(integer).map(({ negative, exp, man }) => ({ sign: Number(negative), exp, man }));
  return [plain, termsOf(0).map(({ bsig }) => bsig)] as const;
}

for (const build of BUILDS) {
  for (const format of CODED) {
    linear(`${build}, ${format.name}, fp16pe: bit for bit the oracle, seed ${SEED}`, async () => {
      const law = fc.asyncProperty(cases, async (one) => {
        const unit = await kernels(build);
        const found = apply(unit, layerOf(unit, "fp16pe", format, one), one.x, one.tokens);
        const oracle = oracleOf(format, one);
        for (let token = 0; token < one.tokens; token++) {
          const x = Uint16Array.from(one.x.subarray(token * one.inputs, (token + 1) * one.inputs), numberToFp16);
          const wanted = peCodedProduct(oracle, x, ...oracleTerms(format, oracle.integers));
          const own = found.subarray(token * one.outputs, (token + 1) * one.outputs);
          assert.equal([...own], [...wanted], `token ${token}`);
        }
      });
      await fc.assert(law, { seed: SEED, numRuns: Math.ceil(RUNS / 10) });
    });
  }
}

for (const format of CODED) {
  linear(`${format.name}, int8: bit for bit the oracle, seed ${SEED}`, async () => {
    const unit = await kernels();
    const law = fc.property(cases, (one) => {
      const oracle = oracleOf(format, one);
      if (/fp8/.test(format.name)) return void refusal(() => layerOf(unit, "int8", format, one));
      const found = apply(unit, layerOf(unit, "int8", format, one), one.x, one.tokens);
      for (let token = 0; token < one.tokens; token++) {
        const wanted = int8CodedProduct(oracle, one.x.subarray(token * one.inputs, (token + 1) * one.inputs));
        assert.equal(
          [...found.subarray(token * one.outputs, (token + 1) * one.outputs)],
          [...wanted],
          `token ${token}`,
        );
      }
    });
    fc.assert(law, { seed: SEED, numRuns: Math.ceil(RUNS / 10) });
  });
}

for (const arithmetic of ["int8", "fp16pe"] as const) {
  linear(
    `a stack of slices that nobody plans, ${arithmetic}: all of them, bit for bit the oracle, seed ${SEED}`,
    async () => {
      const [unit, format] = [await kernels(), shipped("mobiquant")];
      const law = fc.property(cases, (one) => {
        const { inputs, outputs, weights } = one;
        const found = apply(unit, layerOf(unit, arithmetic, format, one), one.x, one.tokens);
        const { groups } = quantize(format, weights, inputs);
        const stack = {
          ...{ inputs, outputs, codes: Uint8Array.from(groups.flatMap(({ levels }) => [...levels])) },
          scale: Float32Array.from(groups, ({ storedScale }) => storedScale),
          base: Float32Array.from(groups, ({ storedScale, zeroPoint }) => storedScale * (0.5 - zeroPoint)),
        };
        for (let token = 0; token < one.tokens; token++) {
          const x = one.x.subarray(token * inputs, (token + 1) * inputs);
          const all = 4;
          const wanted =
            arithmetic === "int8"
              ? int8Product(stack, x, all)
              : peProduct(stack, Uint16Array.from(x, numberToFp16), all);
          assert.equal([...found.subarray(token * outputs, (token + 1) * outputs)], [...wanted], `token ${token}`);
        }
      });
      fc.assert(law, { seed: SEED, numRuns: Math.ceil(RUNS / 4) });
    },
  );
}

linear(
  "the adder's 23 bits wrap where the hardware's do: full products at the largest shift, on something kept",
  async () => {
    const integers = [1, 0, 0, 0, 64, 64, 64, 64, 127, -127];
    const weights = Float32Array.from(integers);
    const x = new Float32Array(integers.length).fill(2 - 2 ** -10);
    const one = { inputs: integers.length, outputs: 1, tokens: 1, weights, x };
    const format = shipped("int8");
    const oracle = oracleOf(format, one);
    const [wanted] = peCodedProduct(oracle, Uint16Array.from(x, numberToFp16), ...oracleTerms(format, oracle.integers));
    assert.ok(wanted < 0, "a sum of positive products");
    for (const outputs of [1, 320]) {
      const rows = Float32Array.from({ length: outputs * integers.length }, (_, i) => integers[i % integers.length]);
      for (const build of BUILDS) {
        const unit = await kernels(build);
        const found = apply(unit, layerOf(unit, "fp16pe", format, { ...one, outputs, weights: rows }), x, 1);
        assert.equal([...found], new Array(outputs).fill(wanted), `${outputs} rows`);
      }
    }
  },
);

linear("rows enough for a table of all digits, more than go through together: bit for bit the oracle", async () => {
  const [inputs, outputs, tokens] = [20, 4100, 5];
  const weights = Float32Array.from({ length: inputs * outputs }, (_, i) => Math.sin(i * i));
  const x = Float32Array.from({ length: inputs * tokens }, (_, i) =>
    i % 3 === 0 ? 2 - 2 ** -10 : roundToHalf(Math.cos(i * i) * 2 ** ((i * 5) % 23) * 2 ** -12),
  );
  const one = { inputs, outputs, tokens, weights, x };
  for (const name of ["int8", "int4"]) {
    const unit = await kernels();
    const format = shipped(name);
    const found = apply(unit, layerOf(unit, "fp16pe", format, one), x, tokens);
    const oracle = oracleOf(format, one);
    for (let token = 0; token < tokens; token++) {
      const own = Uint16Array.from(x.subarray(token * inputs, (token + 1) * inputs), numberToFp16);
      const wanted = peCodedProduct(oracle, own, ...oracleTerms(format, oracle.integers));
      assert.equal([...found.subarray(token * outputs, (token + 1) * outputs)], [...wanted], `${name}, token ${token}`);
    }
  }
});

linear(
  "more rows than go through together; permuting tokens or rows permutes results, in every arithmetic",
  async () => {
    const unit = await kernels();
    const [inputs, outputs, tokens] = [36, 600, 6];
    const weights = Float32Array.from({ length: inputs * outputs }, (_, i) => Math.sin(i * i));
    const x = Float32Array.from({ length: inputs * tokens }, (_, i) => Math.round(1024 * Math.cos(i * i)) / 256);
    const back = <T extends Float32Array>(values: T, width: number): Float32Array => {
      const rows = Array.from({ length: values.length / width }, (_, row) =>
        values.subarray(row * width, (row + 1) * width),
      );
      return Float32Array.from(rows.reverse().flatMap((row) => [...row]));
    };
    for (const name of ["uint4", "bitmod-4", "mobiquant"]) {
      for (const arithmetic of ["fp16pe", "int8", "fp32"] as const) {
        const straight = { inputs, outputs, tokens, weights, x };
        const turned = { ...straight, weights: back(weights, inputs), x: back(x, inputs) };
        if (name === "bitmod-4") turned.weights = straight.weights; // its scales share a row's largest: rows stay
        const [a, b] = [straight, turned].map((one) =>
          apply(unit, layerOf(unit, arithmetic, shipped(name), one), one.x, tokens),
        );
        const wanted = name === "bitmod-4" ? back(a, outputs) : Float32Array.from([...a].reverse());
        assert.equal(b, wanted, `${name}, ${arithmetic}`);
      }
    }
  },
);

linear("what the arithmetic or the kernels cannot hold is refused in one line", async () => {
  const unit = await kernels();
  const one = { inputs: 8, outputs: 1, tokens: 1, weights: new Float32Array(8), x: new Float32Array(8) };
  assert.is(
    refusal(() => layerOf(unit, "int8", shipped("fp8-e4m3"), one)),
    "format fp8-e4m3: its integers reach 229376; allowed 8256 (24-bit sums of INT8 activations; or --arithmetic fp16pe, fp32)",
  );
  const format = shipped("mobiquant");
  const short: Format = { ...format, layout: { ...format.layout, slices: [2, 2] } };
  assert.is(
    refusal(() => layerOf(unit, "fp16pe", short, one)),
    "format mobiquant: slices are 2, 2 bits, a block 128 inputs; allowed 4 of 2, 128 where weights are run",
  );
  const [inner, ...outer] = format.scales;
  assert.is(
    refusal(() => layerOf(unit, "fp32", { ...format, scales: [{ ...inner, block: 64 }, ...outer] }, one)),
    "format mobiquant: slices are 2, 2, 2, 2 bits, a block 64 inputs; allowed 4 of 2, 128 where weights are run",
  );
});

linear.run();
