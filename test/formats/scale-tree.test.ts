//
//   Scales as they are stored: powers of two, FP16, and a second level whose grid is integers or FP8.
//

import fc from "fast-check";
import { suite } from "uvu";
import * as assert from "uvu/assert";
import { roundToHalf } from "../../src/basics/half.js";
import { storedScales } from "../../src/formats/scale-tree.js";
import { integerGrid, scalesOnGrid } from "../../src/formats/second-level.js";
import { RUNS, SEED } from "../support/build.js";
import { shipped } from "../support/formats.js";

const scales = suite("stored scales");

/** FP8 E4M3, up to 448: m * 2^e of four bits from 2^-6 on, steps of 2^-9 below. */
const E4M3_LARGEST = 448;
function isE4m3(x: number): boolean {
  const exponent = Math.max(Math.floor(Math.log2(x)), -6);
  return x <= E4M3_LARGEST && Number.isInteger(x / 2 ** (exponent - 3));
}

const some = fc.array(fc.double({ min: 0.01, max: 2, noNaN: true }).map(Math.fround), { minLength: 1, maxLength: 24 });

/** Stored scales in units of the second level, whose largest one is the largest of its grid. */
const inUnits = (stored: readonly number[], largest: number) => {
  const unit = Math.max(...stored) / largest;
  return stored.map((scale) => scale / unit);
};

scales(`an integer second level of a row: the largest is 255 units, all are whole ones, seed ${SEED}`, () => {
  const { scales: levels } = shipped("bitmod-4");
  const law = fc.property(some, some, (first, second) => {
    const size = Math.min(first.length, second.length);
    const rows = [first.slice(0, size), second.slice(0, size)];
    const stored = storedScales(levels, rows.flat(), size);
    for (const [i, row] of rows.entries()) {
      const own = stored.slice(i * size, (i + 1) * size);
      const unit = Math.max(...row) / 255;
      for (const [j, units] of inUnits(own, 255).entries()) {
        assert.ok(Math.abs(units - Math.round(units)) < 1e-3, `${units} units`);
        assert.ok(Math.abs(own[j] - row[j]) <= unit * 0.501, `${row[j]} became ${own[j]}`);
      }
    }
  });
  fc.assert(law, { seed: SEED, numRuns: RUNS });
});

scales(`an FP8 second level of the tensor: the largest is ${E4M3_LARGEST} units, seed ${SEED}`, () => {
  const { scales: levels } = shipped("nvfp4");
  const law = fc.property(some, (real) => {
    const stored = storedScales(levels, real, Math.ceil(real.length / 2));
    for (const [i, units] of inUnits(stored, E4M3_LARGEST).entries()) {
      const nearby = [1 - 1e-6, 1, 1 + 1e-6].map((factor) => Number((units * factor).toPrecision(6)));
      assert.ok(nearby.some(isE4m3), `${units} units`);
      assert.ok(Math.abs(stored[i] - real[i]) <= real[i] * 2 ** -4 * 1.001, `${real[i]} became ${stored[i]}`);
    }
  });
  fc.assert(law, { seed: SEED, numRuns: RUNS });
});

scales("half-way between two places of a grid: the even one", () => {
  assert.equal(scalesOnGrid([255, 0.5, 1.5, 2.5, 3.5], integerGrid(8)), [255, 0, 2, 2, 4]);
});

scales("a shared exponent is the power of two below, FP16 the nearest, FP32 what it is", () => {
  assert.equal(storedScales(shipped("mxfp4").scales, [1, 1.99, 0.3, 2 ** -20], 4), [1, 1, 0.25, 2 ** -20]);
  const third = Math.fround(1 / 3);
  assert.equal(storedScales(shipped("int4").scales, [third], 1), [roundToHalf(third)]);
  const [inner] = shipped("int4").scales;
  assert.equal(storedScales([{ ...inner, bits: 32 }], [third], 1), [third]);
});

scales.run();
