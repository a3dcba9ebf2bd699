//
//   mobisim check quant: the golden cases; cases that no golden shows, against the oracle; files that were changed.
//

import { readFileSync } from "node:fs";
import fc from "fast-check";
import { suite } from "uvu";
import * as assert from "uvu/assert";
import { checkQuant } from "../../src/check/quant.js";
import { linesOf } from "../../src/check/verdict.js";
import { asymmetric, gridScale, onBestGrid, onGrid, sharedExponent, symmetric } from "../oracle/quant.js";
import { RUNS, SEED } from "../support/build.js";
import { sharedPath } from "../support/shared.js";

interface Golden {
  grids: Record<string, number[]>;
  w_hex: string;
  columns?: number;
  cases: Record<string, { hex: string }>;
}

const check = suite("check quant");
const sample = readFileSync(new URL("../../../test/golden/quant.json", import.meta.url), "utf8");
const { grids }: Golden = JSON.parse(sample);
const verdictOn = (golden: Golden) => checkQuant(JSON.stringify(golden), "quant.json");

function hexOf(values: readonly number[]): string {
  const view = new DataView(new ArrayBuffer(values.length * 4));
  for (const [i, value] of values.entries()) view.setFloat32(i * 4, value, true);
  return Buffer.from(view.buffer).toString("hex");
}

check("every case is exact", () => {
  const { checked, exact, mustBeExact, failed } = checkQuant(sample, "quant.json");
  assert.equal([checked, exact, mustBeExact, failed], [22, 22, 22, 0]);
});

check("every case of the reference material is exact", () => {
  const path = sharedPath("golden", "quant.json");
  if (path === null) return;
  const { checked, exact, failed } = checkQuant(readFileSync(path, "utf8"), path);
  assert.ok(checked >= 22);
  assert.equal([exact, failed], [checked, 0]);
});

const variants = (bits: number, names: string[]) => names.map((name) => grids[`fp${bits}_${name}`]);
const ALL = ["er_pos", "er_neg", "ea_pos", "ea_neg"];

/** Groups of one row by the oracle, all cases; a row of `group` weights each. */
function oracleCases(row: readonly number[], group: number): Record<string, number[]> {
  const each = (rule: (w: number[]) => number[]) =>
    Array.from({ length: row.length / group }, (_, i) => rule(row.slice(i * group, (i + 1) * group))).flat();
  const cases: Record<string, number[]> = {
    ...Object.fromEntries([2, 3, 4, 5, 6, 8].map((b) => [`int${b}_asym`, each((w) => asymmetric(w, b))])),
    ...Object.fromEntries([2, 3, 5, 7, 8].map((b) => [`int${b}_sym`, each((w) => symmetric(w, b))])),
    ...Object.fromEntries(Object.keys(grids).map((name) => [`${name}_grid`, each((w) => onGrid(w, grids[name]))])),
    ...Object.fromEntries(
      ["fp4", "int4", "fp6_e3m2"].map((name) => [`mx_${name}`, each((w) => sharedExponent(w, grids[name]))]),
    ),
  };
  for (const bits of [3, 4]) {
    cases[`mixed_bitmod_${bits}b`] = each((w) => onBestGrid(w, variants(bits, ALL)));
    cases[`mixed_er_${bits}b`] = each((w) => onBestGrid(w, variants(bits, ALL.slice(0, 2))));
    cases[`mixed_ea_${bits}b`] = each((w) => onBestGrid(w, variants(bits, ALL.slice(2))));
    cases[`mixed_ant_${bits}b`] = each((w) =>
      onBestGrid(w, [grids[`int${bits}`], grids[bits === 3 ? "fp3" : "flint4"]]),
    );
  }
  cases.fp4_s8 = integerScaled(row, group, grids.fp4);
  return Object.fromEntries(
    Object.entries(cases).map(([name, values]) => [name.replace(/(_s8)?$/, `_g${group}$1`), values]),
  );
}

/** Scales of a row as 8-bit integers of the largest. */
function integerScaled(row: readonly number[], group: number, grid: readonly number[]): number[] {
  const { fround } = Math;
  const groups = Array.from({ length: row.length / group }, (_, i) => row.slice(i * group, (i + 1) * group));
  const step = fround(Math.max(...groups.map((w) => gridScale(w, grid))) / 255);
  const rounded = (s: number) => {
    const [x, below] = [fround(s / step), Math.floor(fround(s / step))];
    const up = x - below > 0.5 || (x - below === 0.5 && below % 2 === 1);
    return fround(Math.min(below + (up ? 1 : 0), 255) * step);
  };
  return groups.flatMap((w) => onGrid(w, grid, rounded));
}

check(`cases that no golden shows are the oracle's, seed ${SEED}`, () => {
  const weight = fc.oneof(
    fc.float({ min: -2, max: 2, noNaN: true }),
    fc.float({ min: -(2 ** -16), max: 2 ** -16, noNaN: true }),
    fc.constantFrom(0, -0, 0.5, -0.25, 1),
  );
  const group = fc.constantFrom(4, 8, 16);
  const zeros = fc.array(fc.boolean(), { minLength: 4, maxLength: 4 });
  const law = fc.property(group, zeros, fc.array(weight, { minLength: 64, maxLength: 64 }), (size, zero, drawn) => {
    const row = drawn.slice(0, size * 4).map((w, i) => (zero[Math.floor(i / size)] ? 0 : w));
    const cases = Object.entries(oracleCases(row, size)).map(([name, values]) => [name, { hex: hexOf(values) }]);
    const verdict = verdictOn({ grids, w_hex: hexOf(row), columns: row.length, cases: Object.fromEntries(cases) });
    assert.is(verdict.failed, 0, linesOf(verdict).join("\n"));
  });
  fc.assert(law, { seed: SEED, numRuns: RUNS });
});

check("one bit of one value is a difference: the sign of zero", () => {
  const golden: Golden = JSON.parse(sample);
  const { hex } = golden.cases.int4;
  const at = hex.indexOf("00000080");
  golden.cases.int4.hex = `${hex.slice(0, at)}00000000${hex.slice(at + 8)}`;
  const [line, last] = linesOf(verdictOn(golden));
  assert.is(line, `int4: equal values 255, want 256; w${at / 8} -0, want 0`);
  assert.match(last, /^checked 22 exact 21 mustBeExact 22 failed 1 worst /);
});

check("grids come from the file; a case that nobody knows fails", () => {
  const golden: Golden = JSON.parse(sample);
  golden.grids.int4 = [-3, 0, 3];
  golden.cases.magic_4b = golden.cases.int4;
  const failed = verdictOn(golden).rows.filter(({ exact }) => !exact);
  assert.equal(
    failed.map(({ row }) => row),
    ["mx_int4_g32", "int4_grid", "magic_4b"],
  );
  assert.match(linesOf(verdictOn(golden)).join("\n"), "magic_4b: case no grid magic_4b, want one that is known");
});

check("what is no file of cases is one line", () => {
  const refuses = (change: (golden: Golden) => void, line: RegExp | string) => {
    const golden: Golden = JSON.parse(sample);
    change(golden);
    assert.throws(
      () => verdictOn(golden),
      (error: Error) => {
        assert.is(error.name, "InputError");
        assert.match(error.message, line);
        return true;
      },
    );
  };
  refuses((golden) => {
    golden.w_hex = "12";
  }, 'quant.json: w_hex is "12"; allowed FP32 numbers');
  refuses((golden) => {
    golden.cases.int4.hex = golden.cases.int4.hex.slice(8);
  }, "quant.json: cases.int4 has 255 values; allowed 256");
  refuses((golden) => {
    golden.columns = 100;
  }, "quant.json: w_hex has 256 values; allowed rows of 100");
  refuses((golden) => {
    golden.grids.fp4 = [0, 0];
  }, "quant.json: grids.fp4 is [0,0]; allowed some value beside 0");
});

check.run();
