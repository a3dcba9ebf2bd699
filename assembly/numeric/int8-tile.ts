//
//   INT8 activations times 2-bit slices or INT8 weights, four tokens side by side.
//
//     x f32 ──► scale = absmax/127 of the token, round half even ──► tile i16[inputs/8][4 tokens][8] ──┐
//     codes u8: q1<<6 | q2<<4 | q3<<2 | q4 ──► one slice, 16 at a time ────────────────────────────────┴► i32 group sums
//
//     group, slice ──► s/4^(e-1) * (sum x q_e - 1.5 sum x), slice 1: s * sum x q_1 + base * sum x ──► FP32 accumulator
//
//   Law         group sums are exact; slices ascend inside a group, groups ascend; one FP32 addition each, every operation
//               rounded once; at the end the token's scale. Tokens and rows do not see each other.
//   Rows of codes and weights are padded to 16 bytes; what lies in the padding does not matter: x is 0 there.
//

import { GROUP, INTEGER_TILE, LONGEST_GROUP } from "./contract";
import { across, scatterFour } from "./scatter";

const LARGEST: f32 = 127;
/** Columns of a step, and the bytes of four tokens' activations for them. */
const COLUMNS = 16;
const STEP_BYTES = COLUMNS * INTEGER_TILE * 2;
/** The middle of a residual slice's levels, of two bits. */
const MIDDLE: f32 = 1.5;

/** Quantises the tokens at `rows` (u32[4]; 0: none) into a tile; their scales f32[4]; sums of their groups f32[group][4]. */
export function packInt8(rows: usize, inputs: i32, tile: usize, scales: usize, sums: usize): void {
  const padded = (inputs + COLUMNS - 1) & ~(COLUMNS - 1);
  const groups = (inputs + GROUP - 1) / GROUP;
  memory.fill(tile, 0, padded * INTEGER_TILE * 2);
  memory.fill(sums, 0, groups * INTEGER_TILE * 4);
  for (let token = 0; token < INTEGER_TILE; token++) {
    const from = <usize>load<u32>(rows + (token << 2));
    const scale: f32 = from == 0 ? <f32>0 : largest(from, inputs) / LARGEST;
    store<f32>(scales + (token << 2), scale);
    if (scale == 0 || scale - scale != 0) continue;
    for (let k = 0; k < inputs; k++) {
      const code = max(-LARGEST, min(LARGEST, nearest<f32>(load<f32>(from + ((<usize>k) << 2)) / scale)));
      store<i16>(tile + ((((k >> 3) * INTEGER_TILE + token) << 3) + (k & 7)) * 2, <i16>code);
      const sum = sums + (((k / GROUP) * INTEGER_TILE + token) << 2);
      store<f32>(sum, load<f32>(sum) + code);
    }
  }
}

function largest(from: usize, n: i32): f32 {
  let most: f32 = 0;
  for (let k = 0; k < n; k++) most = max(most, abs(load<f32>(from + ((<usize>k) << 2))));
  return most;
}

/** Sums over up to a group's columns of x times slice `slice`, i32[4]. */
export function sumSlice(tile: usize, codes: usize, columns: i32, slice: i32, out: usize): void {
  v128.store(out, sliceSums(tile, codes, columns, 8 - 2 * slice));
}

/** The first `depth` slices of `outputs` rows; scale and base f32[row][group]. */
export function multiplySlices(
  tile: usize,
  codes: usize,
  scale: usize,
  base: usize,
  inputs: i32,
  outputs: i32,
  depth: i32,
  sums: usize,
  scales: usize,
  results: usize,
): void {
  const pitch = (inputs + COLUMNS - 1) & ~(COLUMNS - 1);
  const tokenScales = v128.load(scales);
  for (let o = 0; o < outputs; o++) {
    let accumulator = f32x4.splat(0);
    for (let start = 0, sum = sums; start < inputs; start += GROUP, sum += INTEGER_TILE * 4) {
      const columns = min(GROUP, inputs - start);
      const x = tile + <usize>start * INTEGER_TILE * 2;
      const row = codes + start;
      const sumX = v128.load(sum);
      let s = load<f32>(scale);
      const first = f32x4.mul(f32x4.splat(s), f32x4.convert_i32x4_s(sliceSums(x, row, columns, 6)));
      accumulator = f32x4.add(accumulator, f32x4.add(first, f32x4.mul(f32x4.splat(load<f32>(base)), sumX)));
      const middle = f32x4.mul(f32x4.splat(MIDDLE), sumX);
      for (let shift = 4; shift >= 8 - 2 * depth; shift -= 2) {
        s *= 0.25;
        const centred = f32x4.sub(f32x4.convert_i32x4_s(sliceSums(x, row, columns, shift)), middle);
        accumulator = f32x4.add(accumulator, f32x4.mul(f32x4.splat(s), centred));
      }
      scale += 4;
      base += 4;
    }
    scatterFour(f32x4.mul(accumulator, tokenScales), o, results);
    codes += pitch;
  }
}

/** INT8 weights with one scale a row; sums of LONGEST_GROUP columns are exact, and added in FP32. */
export function multiplyInt8(
  tile: usize,
  weights: usize,
  rowScales: usize,
  inputs: i32,
  outputs: i32,
  scales: usize,
  results: usize,
): void {
  const pitch = (inputs + COLUMNS - 1) & ~(COLUMNS - 1);
  const tokenScales = v128.load(scales);
  for (let o = 0; o < outputs; o++) {
    let accumulator = f32x4.splat(0);
    for (let start = 0; start < inputs; start += LONGEST_GROUP) {
      const columns = min(LONGEST_GROUP, inputs - start);
      const sums = weightSums(tile + <usize>start * INTEGER_TILE * 2, weights + start, columns);
      accumulator = f32x4.add(accumulator, f32x4.convert_i32x4_s(sums));
    }
    const scaled = f32x4.mul(accumulator, f32x4.splat(load<f32>(rowScales + ((<usize>o) << 2))));
    scatterFour(f32x4.mul(scaled, tokenScales), o, results);
    weights += pitch;
  }
}

// @ts-ignore: decorator
@inline
function sliceSums(x: usize, codes: usize, columns: i32, shift: i32): v128 {
  const mask = i8x16.splat(3);
  let a = i32x4.splat(0);
  let b = a;
  let c = a;
  let d = a;
  for (const end = codes + columns; codes < end; codes += COLUMNS, x += STEP_BYTES) {
    const digits = v128.and(i16x8.shr_u(v128.load(codes), shift), mask);
    const low = i16x8.extend_low_i8x16_u(digits);
    a = i32x4.add(a, i32x4.dot_i16x8_s(low, v128.load(x)));
    b = i32x4.add(b, i32x4.dot_i16x8_s(low, v128.load(x, 16)));
    c = i32x4.add(c, i32x4.dot_i16x8_s(low, v128.load(x, 32)));
    d = i32x4.add(d, i32x4.dot_i16x8_s(low, v128.load(x, 48)));
    const high = i16x8.extend_high_i8x16_u(digits);
    a = i32x4.add(a, i32x4.dot_i16x8_s(high, v128.load(x, 64)));
    b = i32x4.add(b, i32x4.dot_i16x8_s(high, v128.load(x, 80)));
    c = i32x4.add(c, i32x4.dot_i16x8_s(high, v128.load(x, 96)));
    d = i32x4.add(d, i32x4.dot_i16x8_s(high, v128.load(x, 112)));
  }
  return across(a, b, c, d);
}

// @ts-ignore: decorator
@inline
function weightSums(x: usize, weights: usize, columns: i32): v128 {
  let a = i32x4.splat(0);
  let b = a;
  let c = a;
  let d = a;
  for (const end = weights + columns; weights < end; weights += COLUMNS, x += STEP_BYTES) {
    const codes = v128.load(weights);
    const low = i16x8.extend_low_i8x16_s(codes);
    a = i32x4.add(a, i32x4.dot_i16x8_s(low, v128.load(x)));
    b = i32x4.add(b, i32x4.dot_i16x8_s(low, v128.load(x, 16)));
    c = i32x4.add(c, i32x4.dot_i16x8_s(low, v128.load(x, 32)));
    d = i32x4.add(d, i32x4.dot_i16x8_s(low, v128.load(x, 48)));
    const high = i16x8.extend_high_i8x16_s(codes);
    a = i32x4.add(a, i32x4.dot_i16x8_s(high, v128.load(x, 64)));
    b = i32x4.add(b, i32x4.dot_i16x8_s(high, v128.load(x, 80)));
    c = i32x4.add(c, i32x4.dot_i16x8_s(high, v128.load(x, 96)));
    d = i32x4.add(d, i32x4.dot_i16x8_s(high, v128.load(x, 112)));
  }
  return across(a, b, c, d);
}
