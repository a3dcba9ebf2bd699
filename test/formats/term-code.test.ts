//
//   Terms by counting: the published table of maxima and means, and the values of each kind of code.
//

import { suite } from "uvu";
import * as assert from "uvu/assert";
import { type TermCodeSpec, termCodeOf, termCount } from "../../src/formats/term-code.js";

const codes = suite("term codes");

const digits = (bits: number, range: "symmetric" | "signed" | "unsigned" | "centred"): TermCodeSpec => ({
  kind: "digits",
  bits,
  range,
});
const minifloat = (exponentBits: number, mantissaBits: number, reserved = 0): TermCodeSpec => ({
  kind: "minifloat",
  exponentBits,
  mantissaBits,
  reserved,
});
const mirrored = (...magnitudes: number[]): TermCodeSpec => ({
  kind: "codebook",
  values: magnitudes.flatMap((m) => [-m, m + 0]),
});

const count = (...specs: TermCodeSpec[]) => termCount(specs.map(termCodeOf));
const FP4 = [0, 1, 2, 3, 4, 6, 8, 12];
const withSpecial = (grid: number[], special: number): TermCodeSpec => {
  const values = grid.flatMap((m) => (m === 0 ? [0] : [-m, m]));
  return { kind: "codebook", values: [...values, special] };
};

/** name, code, largest count, mean over equally likely codes. */
const TABLE: [string, TermCodeSpec, number, number][] = [
  ["ternary", { kind: "codebook", values: [-1, 0, 1] }, 1, 0.67],
  ["+-1", { kind: "planes", alphabet: "sign", weights: [1] }, 1, 1],
  ["INT2 {-2..1}", digits(2, "signed"), 1, 0.75],
  ["power of two", { kind: "pow2", bits: 4 }, 1, 1],
  ["slice, centred digit", digits(2, "centred"), 1, 0.75],
  ["slice, mid-rise digit", { kind: "planes", alphabet: "sign", weights: [1, 2] }, 2, 1.5],
  ["INT3", digits(3, "symmetric"), 2, 1.14],
  ["INT4", digits(4, "symmetric"), 2, 1.47],
  ["FP3", mirrored(0, 1, 2, 4), 1, 0.86],
  ["FP4", minifloat(2, 1), 2, 1.33],
  ["BitMoD 3, +3", withSpecial([0, 1, 2, 4], 3), 2, 1],
  ["BitMoD 4, +10", withSpecial(FP4, 10), 2, 1.38],
  ["FLINT4", mirrored(0, 1, 2, 3, 4, 6, 8, 16), 2, 1.2],
  ["INT5", digits(5, "symmetric"), 3, 1.81],
  ["INT6", digits(6, "symmetric"), 3, 2.13],
  ["FP6 E2M3", minifloat(2, 3), 3, 1.97],
  ["FP8 E4M3", minifloat(4, 3, 1), 3, 2.09],
  ["INT8", digits(8, "symmetric"), 4, 2.78],
  ["UINT8", digits(8, "unsigned"), 5, 3.11],
];

for (const [name, spec, max, mean] of TABLE) {
  codes(`${name}: at most ${max} terms, mean ${mean}`, () => {
    const counted = count(spec);
    assert.is(counted.max, max);
    assert.ok(Math.abs(counted.mean - mean) <= 0.005 + 1e-9, `mean ${counted.mean}`);
    const all = counted.histogram.reduce((sum, n) => sum + n, 0);
    assert.is(all, termCodeOf(spec).values.length);
  });
}

codes("radix-4 digits of the integer codes", () => {
  const radix4 = [2, 3, 4, 5, 6, 8].map((bits) => count(digits(bits, "symmetric")).radix4);
  assert.equal(radix4, [1, 2, 2, 3, 3, 4]);
  assert.is(count(digits(8, "unsigned")).radix4, 5);
  assert.is(count(digits(2, "centred")).radix4, 1);
  assert.is(count({ kind: "planes", alphabet: "sign", weights: [1, 2] }).radix4, 2);
});

codes("a choice among codes costs their largest count and the mean of their means", () => {
  const [three, six] = [withSpecial([0, 1, 2, 4], 3), minifloat(2, 3)];
  const { max, mean } = count(three, six);
  assert.is(max, 3);
  assert.is(mean, (count(three).mean + count(six).mean) / 2);
});

codes("values of each kind", () => {
  const values = (spec: TermCodeSpec) => termCodeOf(spec).values;
  assert.equal(values(digits(3, "symmetric")), [-3, -2, -1, 0, 1, 2, 3]);
  assert.equal(values(digits(2, "centred")), [-2, -1, 0, 1]);
  assert.equal(values(digits(2, "unsigned")), [0, 1, 2, 3]);
  const magnitudes = (spec: TermCodeSpec) => values(spec).filter((v) => v >= 0);
  assert.equal(magnitudes(minifloat(2, 1)), FP4);
  assert.equal(magnitudes(minifloat(3, 1)), [0, 1, 2, 3, 4, 6, 8, 12, 16, 24, 32, 48, 64, 96, 128, 192]);
  assert.equal(magnitudes(minifloat(2, 2)), [0, 1, 2, 3, 4, 5, 6, 7, 8, 10, 12, 14, 16, 20, 24, 28]);
  assert.is(Math.max(...values(minifloat(4, 3, 1))) / 2 ** 9, 448, "E4M3: units of 2^-9");
  assert.equal(values({ kind: "pow2", bits: 3 }), [-8, -4, -2, -1, 1, 2, 4, 8]);
  assert.equal(values({ kind: "planes", alphabet: "sign", weights: [1, 2] }), [-3, -1, 1, 3]);
  assert.equal(values({ kind: "planes", alphabet: "binary", weights: [1, 2, 4] }), [0, 1, 2, 3, 4, 5, 6, 7]);
});

codes("bits of a code", () => {
  const bits = (spec: TermCodeSpec) => termCodeOf(spec).bits;
  assert.equal(
    [minifloat(3, 2), withSpecial(FP4, 16), { kind: "codebook", values: [-1, 0, 1], bits: 1.6 } as const].map(bits),
    [6, 4, 1.6],
  );
});

codes.run();
