//
//   Reading some of a code. A stack of residuals: slices sum to the whole, a prefix is the lower precision, exactly. Double
//   rounding: it is not, and needs the next bit.
//

import fc from "fast-check";
import { suite } from "uvu";
import * as assert from "uvu/assert";
import { type Format, parseFormat } from "../../src/formats/format.js";
import { dequantize, levelsAt, quantize } from "../../src/formats/quantizer.js";
import { fetchedBits, valueBits } from "../../src/formats/slice-layout.js";
import { RUNS, SEED } from "../support/build.js";
import { formatText, shipped, weightsArbitrary } from "../support/formats.js";
import { arithmetic } from "../support/numeric.js";

const slices = suite("slices");

const nested = shipped("mobiquant");
const rounded = shipped("double-rounding");
const COLUMNS = 160;

/** The same format with its first slices only: what a lower precision is by itself. */
function shallow(depth: number): Format {
  const list = Array.from({ length: depth }, () => 2).join(", ");
  return parseFormat(formatText("mobiquant").replace(/slices:.*/, `slices: [${list}]`), "shallow.yaml");
}

slices(`nested: a prefix is the lower precision, codes and values, seed ${SEED}`, () => {
  assert.is(nested.layout.read, "prefix");
  const law = fc.property(weightsArbitrary(2, COLUMNS), (weights) => {
    const whole = quantize(nested, weights, COLUMNS);
    for (let depth = 1; depth <= 4; depth++) {
      const lower = quantize(shallow(depth), weights, COLUMNS);
      for (const [i, { levels }] of whole.groups.entries()) {
        assert.equal(levelsAt(nested, levels, depth), lower.groups[i].levels);
        const digits = levels.map((code) => code >> (2 * (4 - depth)));
        assert.equal(levelsAt(nested, levels, depth), digits, "the first digits");
      }
      assert.equal(dequantize(nested, whole, depth), dequantize(shallow(depth), lower));
    }
  });
  fc.assert(law, { seed: SEED, numRuns: Math.ceil(RUNS / 3) });
});

slices(`nested: four steps of the first slice are the range of a group, from the zero point on, seed ${SEED}`, () => {
  const law = fc.property(weightsArbitrary(1, 128), (weights) => {
    const [low, high] = [Math.min(...weights), Math.max(...weights)];
    const [{ scale, zeroPoint }] = quantize(nested, weights, 128).groups;
    const wanted = Math.max((high - low) / 4, 2 ** -14);
    assert.ok(Math.abs(scale - wanted) <= wanted * 2 ** -10, `scale ${scale} of ${low} .. ${high}`);
    const offset = -low / scale;
    assert.ok(Math.abs(zeroPoint - offset) <= Math.abs(offset) * 2 ** -10 + 2 ** -24, `zero point ${zeroPoint}`);
  });
  fc.assert(law, { seed: SEED, numRuns: RUNS });
});

slices("nested: slices sum to the whole, s_e (q_e - z_e + 1/2) each", () => {
  for (const [scale, zeroPoint] of [
    [1, 2],
    [0.25, 1.75],
    [8, 0.5],
  ]) {
    const levels = Float32Array.from({ length: 256 }, (_, code) => code);
    const group = { levels, scale, storedScale: scale, zeroPoint, element: 1, selector: 0 };
    const sums = new Float32Array(256);
    for (let depth = 1; depth <= 4; depth++) {
      const values = dequantize(nested, { columns: 256, groups: [group] }, depth);
      for (let code = 0; code < 256; code++) {
        const digit = (code >> (8 - 2 * depth)) & 3;
        sums[code] += (scale / 4 ** (depth - 1)) * (digit - (depth === 1 ? zeroPoint : 2) + 0.5);
      }
      assert.equal(values, sums, `depth ${depth}`);
    }
  }
});

slices(`nested: the PE's slices are the dot product with the weights read, seed ${SEED}`, async () => {
  const unit = await arithmetic("release");
  const pairs = fc.array(fc.tuple(fc.nat(255), fc.integer({ min: -127, max: 127 })), { minLength: 1, maxLength: 128 });
  const law = fc.property(pairs, fc.nat(15), (drawn, quarters) => {
    const [scale, zeroPoint] = [0.5, quarters / 4];
    const levels = Float32Array.from(drawn, ([code]) => code);
    const matrix = {
      columns: levels.length,
      groups: [{ levels, scale, storedScale: scale, zeroPoint, element: 1, selector: 0 }],
    };
    const sumX = drawn.reduce((sum, [, x]) => sum + x, 0);
    let total = 0;
    for (let depth = 1; depth <= 4; depth++) {
      const digits = drawn.reduce((sum, [code, x]) => sum + (((code >> (8 - 2 * depth)) & 3) - 2) * x, 0);
      total += unit.sliceTerm(digits, sumX, scale, zeroPoint, depth);
      const values = dequantize(nested, matrix, depth);
      assert.is(
        total,
        drawn.reduce((sum, [, x], i) => sum + values[i] * x, 0),
      );
    }
  });
  fc.assert(law, { seed: SEED, numRuns: RUNS });
});

slices("double rounding: the lower precision is the prefix and the carry of the next bit, not the prefix", () => {
  const levels = Float32Array.from({ length: 255 }, (_, i) => i - 127);
  for (const depth of [1, 2, 3]) {
    const dropped = 8 - valueBits(rounded.layout, depth);
    const codes = levelsAt(rounded, levels, depth);
    const top = 2 ** (valueBits(rounded.layout, depth) - 1) - 1;
    let differing = 0;
    for (const [i, master] of levels.entries()) {
      const [prefix, carry] = [master >> dropped, (master >> (dropped - 1)) & 1];
      assert.is(codes[i], Math.min(prefix + carry, top));
      if (codes[i] !== prefix) differing++;
    }
    assert.ok(differing > 60, `${differing} codes of depth ${depth} are not their prefix`);
    assert.is(fetchedBits(rounded.layout, depth), valueBits(rounded.layout, depth) + 1, "one plane more");
  }
  assert.equal(levelsAt(rounded, levels, 4), levels);
  assert.is(fetchedBits(rounded.layout, 4), 8);
});

slices(`double rounding: a shallow value is within half its step of the master's, seed ${SEED}`, () => {
  const law = fc.property(weightsArbitrary(1, 64), (weights) => {
    const matrix = quantize(rounded, weights, 64);
    const [{ storedScale }] = matrix.groups;
    const master = dequantize(rounded, matrix);
    for (const depth of [1, 2, 3]) {
      const step = storedScale * 2 ** (8 - valueBits(rounded.layout, depth));
      const top = step * (2 ** (valueBits(rounded.layout, depth) - 1) - 1);
      for (const [i, value] of dequantize(rounded, matrix, depth).entries()) {
        if (master[i] > top) assert.is(value, Math.fround(top));
        else assert.ok(Math.abs(value - master[i]) <= (step / 2) * (1 + 1e-6));
      }
    }
  });
  fc.assert(law, { seed: SEED, numRuns: RUNS });
});

slices.run();
