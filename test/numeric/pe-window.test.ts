//
//   FP16 PEs on activations whose magnitudes rise and fall by far inside a group: bit for bit the oracle, on slices and on Booth's
//   digits; and a token that ends before the others has no lanes behind its end.
//

import fc from "fast-check";
import { suite } from "uvu";
import * as assert from "uvu/assert";
import { numberToFp16, roundToHalf } from "../../src/basics/half.js";
import { boothTerms } from "../../src/formats/term-table.js";
import { type OracleCodes, peCodedProduct, peProduct } from "../oracle/linear.js";
import { RUNS, SEED } from "../support/build.js";
import { kernels } from "../support/infer.js";
import { BUILDS } from "../support/numeric.js";

const pe = suite("PE windows");
const GROUP = 128;
const SLOTS = 4;
const FULL = 2 - 2 ** -10;

const below = (n: number) => fc.integer({ min: 0, max: n - 1 });
const many = <T>(one: fc.Arbitrary<T>, count: number) => fc.array(one, { minLength: count, maxLength: count });

/** Lanes of a quad, whose exponents lie at or some places below the quad's. */
const lane = fc.record({
  mantissa: fc.oneof(fc.constantFrom(FULL, -FULL, 1, -1, 0), fc.double({ min: -2, max: 2, noNaN: true })),
  fall: fc.oneof({ weight: 3, arbitrary: fc.constant(0) }, { weight: 1, arbitrary: below(14) }),
});

/** Steps of exponents from quad to quad: none, small ones, and as far as accumulators are wide. */
const step = fc.oneof(
  { weight: 3, arbitrary: fc.constant(0) },
  { weight: 2, arbitrary: fc.integer({ min: -3, max: 3 }) },
  { weight: 1, arbitrary: fc.integer({ min: -20, max: 20 }) },
);

function token(inputs: number): fc.Arbitrary<Float32Array> {
  const quads = Math.ceil(inputs / 4);
  return fc
    .tuple(fc.integer({ min: -15, max: 15 }), many(step, quads), many(lane, inputs))
    .map(([first, steps, lanes]) => {
      let exponent = first;
      const tops = steps.map((by) => {
        exponent = Math.max(-16, Math.min(15, exponent + by));
        return exponent;
      });
      return Float32Array.from(lanes, ({ mantissa, fall }, k) => roundToHalf(mantissa * 2 ** (tops[k >> 2] - fall)));
    });
}

interface Case {
  inputs: number;
  outputs: number;
  x: Float32Array[];
  codes: Uint8Array;
}

/** Weights of a row are random, or all at one end: then sums grow as far as they can. */
const cases: fc.Arbitrary<Case> = fc
  .record({
    inputs: fc.oneof(fc.integer({ min: 1, max: 40 }), fc.constantFrom(96, 128, 131)),
    outputs: fc.integer({ min: 1, max: 4 }),
    tokens: fc.integer({ min: 1, max: 5 }),
  })
  .chain(({ inputs, outputs, tokens }) => {
    const row = fc.oneof(
      many(below(256), inputs),
      many(fc.constantFrom(0, 255), inputs),
      fc.constantFrom(0, 1, 127, 254, 255).map((code) => new Array<number>(inputs).fill(code)),
    );
    return fc.tuple(many(token(inputs), tokens), many(row, outputs)).map(([x, rows]) => {
      return { inputs, outputs, x, codes: Uint8Array.from(rows.flat()) };
    });
  });

const bitsOf = (x: Float32Array) => Uint16Array.from(x, numberToFp16);
const rowsOf = ({ x, inputs }: Case) =>
  Float32Array.from({ length: x.length * inputs }, (_, i) => x[Math.floor(i / inputs)][i % inputs]);

for (const build of BUILDS) {
  pe(`${build}, slices: bit for bit the oracle, seed ${SEED}`, async () => {
    const unit = await kernels(build);
    const law = fc.property(cases, fc.integer({ min: 1, max: 4 }), (one, depth) => {
      const { inputs, outputs, codes, x } = one;
      const groups = Math.ceil(inputs / GROUP);
      const scale = new Float32Array(outputs * groups).fill(1);
      const base = new Float32Array(outputs * groups).fill(-0.5);
      const y = { vector: unit.floats(x.length * outputs), pitch: outputs };
      const placed = unit.pe.slices(codes, scale, base, inputs, 4);
      const places = Int32Array.from(x.keys());
      unit.pe.multiply({ vector: unit.floats(rowsOf(one)), pitch: inputs }, y, places, placed, depth);
      for (const [i, own] of x.entries()) {
        const wanted = peProduct({ inputs, outputs, codes, scale, base }, bitsOf(own), depth);
        assert.equal([...y.vector.view.subarray(i * outputs, (i + 1) * outputs)], [...wanted], `token ${i}`);
      }
    });
    fc.assert(law, { seed: SEED, numRuns: RUNS * 3 });
  });

  pe(`${build}, Booth's digits, some tokens shorter than others: bit for bit the oracle, seed ${SEED}`, async () => {
    const unit = await kernels(build);
    const values = Array.from({ length: 256 }, (_, code) => code - 128);
    const law = fc.property(cases, fc.array(fc.nat(), { minLength: 5, maxLength: 5 }), (one, cuts) => {
      const { inputs, outputs, codes, x } = one;
      const scale = new Float32Array(outputs).fill(1);
      const y = { vector: unit.floats(x.length * outputs), pitch: outputs };
      const coded = { inputs, outputs, block: inputs, values, codes, scale, offset: null };
      const placed = unit.codes.pe(coded, SLOTS);
      const lengths = x.map((_, i) => 1 + (cuts[i] % inputs));
      const rows = { vector: unit.floats(rowsOf(one)), pitch: inputs };
      unit.codes.multiplyPe(rows, y, Int32Array.from(x.keys()), placed, (place) => lengths[place]);
      for (const [i, own] of x.entries()) {
        const oracle: OracleCodes = { ...coded, inputs: lengths[i], integers: shortened(one, lengths[i]) };
        const wanted = peCodedProduct(oracle, bitsOf(own.subarray(0, lengths[i])), terms, [0, 2, 4, 6]);
        const found = y.vector.view.subarray(i * outputs, (i + 1) * outputs);
        assert.equal([...found], [...wanted], `token ${i}, ${lengths[i]} of ${inputs} inputs`);
      }
    });
    fc.assert(law, { seed: SEED, numRuns: RUNS * 3 });
  });
}

/** The first inputs of every row. */
function shortened({ codes, inputs, outputs }: Case, length: number): number[] {
  return Array.from(
    { length: outputs * length },
    (_, i) => codes[Math.floor(i / length) * inputs + (i % length)] - 128,
  );
}

function terms(integer: number) {
  return boothTerms(integer, SLOTS).map(({ negative, exp, man }) => ({ sign: Number(negative), exp, man }));
}

pe.run();
