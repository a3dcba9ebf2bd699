//
//   A linear layer on slices, or on codes of a number format, told again, one number at a time: digits, group sums, FP32 in the canonical order.
//
//     group sum P of a slice, X of the activations ──► slice 1: s (P + 2X) + b X, slice e: s/4^(e-1) (P + X/2) ──► FP32 sum
//
//   Slices ascend inside a group, groups ascend; one FP32 addition each; every operation rounded once. A digit is q - 2.
//

import { accumulatorValue, group, type OracleTerm } from "./pe.js";

const GROUP = 128;
const SLICES = [1, 2, 3, 4];

export interface OracleLinear {
  inputs: number;
  outputs: number;
  /** q1<<6 | q2<<4 | q3<<2 | q4 by [out][in]; scale and base by [out][group]. */
  codes: Uint8Array;
  scale: Float32Array;
  base: Float32Array;
}

/** Sum over a group of x times digits. */
type GroupSum = (columns: readonly number[], digits: readonly number[]) => number;

/** y of one token, from exact or PE sums of a group. */
function product(w: OracleLinear, slices: number, sum: GroupSum): Float32Array {
  const f = Math.fround;
  const groups = Math.ceil(w.inputs / GROUP);
  const y = new Float32Array(w.outputs);
  for (let row = 0; row < w.outputs; row++) {
    for (let g = 0; g < groups; g++) {
      const size = Math.min(GROUP, w.inputs - g * GROUP);
      const columns = Array.from({ length: size }, (_, i) => g * GROUP + i);
      const [s, b] = [w.scale[row * groups + g], w.base[row * groups + g]];
      const x = sum(
        columns,
        columns.map(() => 1),
      );
      for (const slice of SLICES.slice(0, slices)) {
        const digits = columns.map((k) => ((w.codes[row * w.inputs + k] >> (8 - 2 * slice)) & 3) - 2);
        const centred = f(sum(columns, digits) + (slice === 1 ? 2 * x : x / 2));
        const scaled = f(s * 4 ** (1 - slice) * centred);
        y[row] = f(y[row] + (slice === 1 ? f(scaled + f(b * x)) : scaled));
      }
    }
  }
  return y;
}

/** FP16 activations, given by their bits, on aligned FP16 PEs. */
export function peProduct(w: OracleLinear, x: Uint16Array, slices: number): Float32Array {
  return product(w, slices, (columns, digits) => {
    const terms = digits.map((digit) => [termOf(digit)]);
    return accumulatorValue(
      group(
        columns.map((k) => x[k]).concat(missing(columns, 0)),
        terms.concat(missing(columns, [termOf(0)])),
        [0],
        true,
      ),
    );
  });
}

/** Activations quantised to INT8, exact sums. */
export function int8Product(w: OracleLinear, x: Float32Array, slices: number): Float32Array {
  const { codes, scale } = quantized(x);
  const y = product(w, slices, (columns, digits) => columns.reduce((sum, k, i) => sum + codes[k] * digits[i], 0));
  return y.map((value) => Math.fround(value * scale));
}

export interface OracleCodes {
  inputs: number;
  outputs: number;
  /** Inputs of a row that share scale and offset, given by [out][block]. */
  block: number;
  /** Integers by [out][in]. */
  integers: readonly number[];
  scale: Float32Array;
  offset: Float32Array | null;
}

/** y of one token on codes: segments of 128 inputs add up in FP32 inside a block, then s (F + o X), then blocks add up. */
function codedProduct(w: OracleCodes, sum: GroupSum, sumX: (columns: readonly number[]) => number): Float32Array {
  const f = Math.fround;
  const blocks = Math.ceil(w.inputs / w.block);
  const y = new Float32Array(w.outputs);
  for (let row = 0; row < w.outputs; row++) {
    for (let b = 0; b < blocks; b++) {
      let [total, totalX] = [0, 0];
      for (let start = b * w.block; start < Math.min(w.inputs, (b + 1) * w.block); start += GROUP) {
        const end = Math.min(w.inputs, (b + 1) * w.block, start + GROUP);
        const columns = Array.from({ length: end - start }, (_, i) => start + i);
        const integers = columns.map((k) => w.integers[row * w.inputs + k]);
        total = f(total + sum(columns, integers));
        totalX = f(totalX + sumX(columns));
      }
      const at = row * blocks + b;
      const shifted = w.offset === null ? total : f(total + f(w.offset[at] * totalX));
      y[row] = f(y[row] + f(w.scale[at] * shifted));
    }
  }
  return y;
}

/** FP16 activations, given by their bits, on aligned FP16 PEs; `terms` of an integer, `bsigs` of its slots. */
export function peCodedProduct(
  w: OracleCodes,
  x: Uint16Array,
  terms: (integer: number) => readonly OracleTerm[],
  bsigs: readonly number[],
): Float32Array {
  const sum = (columns: readonly number[], own: (readonly OracleTerm[])[], shifts: readonly number[]) => {
    const filling = missing(
      columns,
      shifts.map(() => termOf(0)),
    );
    return accumulatorValue(
      group(columns.map((k) => x[k]).concat(missing(columns, 0)), own.concat(filling), shifts, true),
    );
  };
  return codedProduct(
    w,
    (columns, integers) => sum(columns, integers.map(terms), bsigs),
    (columns) =>
      sum(
        columns,
        columns.map(() => [termOf(1)]),
        [0],
      ),
  );
}

/** Activations quantised to INT8, exact sums. */
export function int8CodedProduct(w: OracleCodes, x: Float32Array): Float32Array {
  const { codes, scale } = quantized(x);
  const y = codedProduct(
    w,
    (columns, integers) => columns.reduce((sum, k, i) => sum + codes[k] * integers[i], 0),
    (columns) => columns.reduce((sum, k) => sum + codes[k], 0),
  );
  return y.map((value) => Math.fround(value * scale));
}

function quantized(x: Float32Array): { codes: number[]; scale: number } {
  const scale = Math.fround(Math.max(...x.map(Math.abs)) / 127);
  const codes = [...x].map((value) => {
    const ratio = Math.fround(value / scale);
    const below = Math.floor(ratio);
    const up = ratio - below > 0.5 || (ratio - below === 0.5 && below % 2 !== 0);
    return scale === 0 ? 0 : Math.max(-127, Math.min(127, below + (up ? 1 : 0)));
  });
  return { codes, scale };
}

/** What fills the last four lanes of a group. */
function missing<T>(columns: readonly number[], value: T): T[] {
  return new Array((4 - (columns.length % 4)) % 4).fill(value);
}

function termOf(digit: number): OracleTerm {
  return { sign: digit < 0 ? 1 : 0, exp: digit === -2 ? 1 : 0, man: digit === 0 ? 0 : 1 };
}
