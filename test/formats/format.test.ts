//
//   The contract of a format, for every file in formats/: what it says is what it costs, and what it does to weights.
//

import fc from "fast-check";
import { suite } from "uvu";
import * as assert from "uvu/assert";
import { CODES, Term } from "../../assembly/numeric/contract.js";
import { bitsPerWeight, depthCosts, type Format, formatBytes, formatCost } from "../../src/formats/format.js";
import { valuesOf } from "../../src/formats/group-rules.js";
import { dequantize, quantize } from "../../src/formats/quantizer.js";
import { codeBitsOf } from "../../src/formats/slice-layout.js";
import { termTable } from "../../src/formats/term-table.js";
import { twosComplement } from "../oracle/pe.js";
import { RUNS, SEED } from "../support/build.js";
import { formatText, SHIPPED, shipped, weightsArbitrary } from "../support/formats.js";
import { arithmetic } from "../support/numeric.js";

const formats = suite("formats");

for (const format of SHIPPED) {
  const { name, codes, operands, terms, layout } = format;

  formats(`${name}: its file is its name, and cites a source`, () => {
    assert.match(formatText(name), `name: ${name}\n`);
    assert.ok(format.source.length > 3);
  });

  formats(`${name}: bytes add up, grow with depth, and never fall below the code bits`, () => {
    for (const [rows, columns] of [
      [64, 256],
      [3, 200],
      [4096, 14336],
    ]) {
      const whole = formatBytes(format, rows, columns);
      assert.is(whole.codes + whole.padding + whole.scales + whole.selectors, whole.total);
      assert.ok(bitsPerWeight(format, rows, columns) >= codeBitsOf(layout));
      const byDepth = depthCosts(format).map(({ depth }) => formatBytes(format, rows, columns, depth).total);
      assert.ok(
        byDepth.every((bytes, i) => i === 0 || bytes > byDepth[i - 1]),
        String(byDepth),
      );
      assert.ok((byDepth.at(-1) ?? 0) <= whole.total);
    }
  });

  formats(`${name}: terms charged are terms counted`, () => {
    const counted = operands.flatMap(({ values }) => {
      const { terms: table } = termTable(values, terms.max, "signed");
      return values.map((_, code) => {
        const slots = Array.from({ length: terms.max }, (__, slot) => table[slot * CODES + code]);
        return slots.filter((term) => (term & Term.Man) !== 0).length;
      });
    });
    assert.equal(
      terms.histogram.map((_, n) => counted.filter((count) => count === n).length),
      terms.histogram,
    );
    assert.is(Math.max(...counted), terms.max);
    const largest = operands.find(({ values }) => termCountOf(values) === terms.max);
    assert.throws(() => termTable(largest?.values ?? [], terms.max - 1, "signed"), /do not fit/);
  });

  formats(`${name}: a PE's group sum is the integer dot product, seed ${SEED}`, async () => {
    const unit = await arithmetic("release");
    const code = fc.integer({ min: 0, max: CODES - 1 });
    const group = fc.array(fc.tuple(code, fc.integer({ min: -127, max: 127 })), { minLength: 1, maxLength: 128 });
    const law = fc.property(fc.nat(operands.length - 1), group, (selector, pairs) => {
      const { values } = operands[selector];
      unit.useTerms(termTable(values, terms.max, "signed"));
      const indices = Uint8Array.from(pairs, ([index]) => index % values.length);
      const dot = pairs.reduce((sum, [, x], i) => sum + values[indices[i]] * x, 0);
      assert.is(
        unit.groupInt8(
          Int8Array.from(pairs, ([, x]) => x),
          indices,
        ),
        twosComplement(dot, 24),
      );
    });
    fc.assert(law, { seed: SEED, numRuns: Math.ceil(RUNS / 4) });
  });

  formats(`${name}: levels are codes, and no weight inside the range is further than half a step, seed ${SEED}`, () => {
    const law = fc.property(weightsArbitrary(2, 160), (weights) => {
      const { groups } = quantize(format, weights, 160);
      let at = 0;
      for (const group of groups) {
        const grid = gridOf(format, group.selector).map((level) => level - group.zeroPoint);
        assert.ok([...group.levels].every((level) => grid.includes(level - group.zeroPoint)));
        const unit = group.scale * group.element;
        const values = format.layout.read === "prefix" ? cellCentres(group.levels, group) : valuesOf(group);
        for (const [i, value] of values.entries()) {
          const w = weights[at + i];
          const bound = layout.read === "prefix" ? halfCell(group, w) : halfStep(grid, w / unit) * unit;
          assert.ok(
            Math.abs(w - value) <= bound * (1 + 1e-5) + 1e-6 * Math.abs(w),
            `${w} became ${value}, step / 2 is ${bound}`,
          );
        }
        at += values.length;
      }
      assert.is(at, weights.length);
    });
    fc.assert(law, { seed: SEED, numRuns: Math.ceil(RUNS / 4) });
  });

  formats(`${name}: what was quantized stays what it is, seed ${SEED}`, () => {
    if (layout.read === "prefix") return; // its cells have centres, not ends: test/formats/slices.test.ts
    const law = fc.property(
      fc.nat(codes.length - 1),
      fc.integer({ min: -6, max: 3 }),
      fc.array(fc.nat(), { minLength: 8, maxLength: 16 }),
      (selector, exponent, drawn) => {
        const values = fixedPoint(format, selector, exponent, drawn);
        const rows = Float32Array.from(values);
        assert.equal([...dequantize(format, quantize(format, rows, rows.length))], [...rows]);
      },
    );
    fc.assert(law, { seed: SEED, numRuns: RUNS });
  });
}

formats("true bits per weight, side streams counted", () => {
  const bits = (name: string, depth?: number) => bitsPerWeight(shipped(name), 4096, 4096, depth);
  const row = 16 / 4096;
  assert.is(bits("mxfp4"), 4.25);
  assert.is(bits("nvfp4"), 4.5 + 32 / 2 ** 24);
  assert.is(bits("bitmod-4"), 4.0625 + 2 / 128 + row);
  assert.is(bits("bitmod-3"), 3.0625 + 2 / 128 + row);
  assert.is(bits("int6-bitmod"), 6.0625 + row);
  assert.equal(
    [1, 2, 3, 4].map((k) => bits("mobiquant", k)),
    [2.25, 4.25, 6.25, 8.25],
  );
  assert.is(bits("mobiquant"), 8.25);
  assert.equal(
    [1, 2, 3, 4].map((k) => bits("double-rounding", k) - row),
    [3, 5, 7, 8],
  );
  assert.is(bits("double-rounding"), 8 + 4 * row, "a scale for each precision");
});

formats("the last group of a row is filled up, and that is counted", () => {
  const { codes, padding, scales } = formatBytes(shipped("int4"), 2048, 10944);
  assert.equal([codes, padding, scales], [(2048 * 10944) / 2, (2048 * 64) / 2, 2048 * 86 * 2]);
});

formats("a scale of the tensor is one of all its rows", () => {
  const ternary = shipped("ternary");
  const weights = Float32Array.of(3, -3, 3, -3, 5, -5, 5, -5);
  const matrix = quantize(ternary, weights, 4);
  assert.equal(
    matrix.groups.map(({ scale, levels }) => [scale, levels.length]),
    [[4, 8]],
    "the mean magnitude of both rows",
  );
  assert.equal(dequantize(ternary, matrix).map(Math.abs), new Float32Array(8).fill(4));
});

formats("what a machine is told", () => {
  const cost = (name: string) => Object.values(formatCost(shipped(name), 4096));
  assert.equal(cost("int4"), [4, 2, 128, 2, 1]);
  assert.equal(cost("uint4"), [4, 2, 128, 3, 2]);
  assert.equal(cost("uint8"), [8, 4, 128, 3, 2]);
  assert.equal(cost("mobiquant"), [8, 4, 128, 4, 2]);
  assert.equal(cost("int8-channel"), [8, 4, 4096, 2, 1]);
});

function termCountOf(values: readonly number[]): number {
  for (let slots = 0; ; slots++) {
    try {
      termTable(values, slots, "signed");
      return slots;
    } catch {}
  }
}

/** Levels that a group may have. */
function gridOf({ layout, codes }: Format, selector: number): number[] {
  if (layout.read !== "prefix") return [...codes[selector].values];
  return Array.from({ length: 2 ** codeBitsOf(layout) }, (_, i) => i);
}

/** Half the distance of the two levels around x; beyond the ends, the distance to the end. */
function halfStep(grid: readonly number[], x: number): number {
  const [low, high] = [grid[0], grid[grid.length - 1]];
  if (x < low || x > high) return Math.max(low - x, x - high);
  const above = grid.findIndex((level) => level >= x);
  return above === 0 ? 0 : (grid[above] - grid[above - 1]) / 2;
}

/** Half a step of the deepest slice; beyond the first slice's range, and what lies beyond. */
function halfCell({ scale, zeroPoint }: { scale: number; zeroPoint: number }, w: number): number {
  const x = w / scale + zeroPoint;
  return scale * (Math.max(0, -x, x - 4) + 0.5 / 64);
}

function cellCentres(levels: Float32Array, { scale, zeroPoint }: { scale: number; zeroPoint: number }): number[] {
  return Array.from(levels, (code) => (scale / 64) * (code + 0.5 - 64 * zeroPoint));
}

/** Values of a group whose scale is 2^exponent: the levels that fix the scale are among them. */
function fixedPoint({ rule, codes }: Format, selector: number, exponent: number, drawn: readonly number[]): number[] {
  const { values } = codes[selector];
  const [low, high] = [values[0], values[values.length - 1]];
  if (rule === "absmean") return drawn.map((n) => (n % 2 === 0 ? 1 : -1) * 2 ** exponent);
  const levels = drawn.map((n) => values[n % values.length]);
  const zeroPoint = rule === "zeroPoint" ? drawn[0] % (high + 1) : 0;
  if (rule === "zeroPoint") levels.splice(0, 2, low, high);
  else levels[0] = Math.abs(low) > high ? low : high;
  return levels.map((level) => (level - zeroPoint) * 2 ** exponent);
}

formats.run();
