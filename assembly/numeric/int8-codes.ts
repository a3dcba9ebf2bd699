//
//   INT8 activations times codes of any number format, four tokens side by side.
//
//     tile i16[inputs/8][4 tokens][8] (int8-tile.ts: packInt8) ──┐
//     integers that codes stand for, i16[row][inputs] ───────────┴► exact sums, every 128 inputs: F += sum
//     block end: y += s * (F + o * X), X the sum of the activations
//
//   Law         what the integer PE's terms add up to (integer-pe.ts): sums of 128 inputs fit its 24 bits. FP32: segments
//               ascend inside a block, blocks ascend; every operation rounded once; at the end the token's scale.
//   Rows are padded to 16 inputs; what lies in the padding does not matter: x is 0 there.
//

import { GROUP, INTEGER_TILE } from "./contract";
import { across, scatterFour } from "./scatter";

/** Inputs of a step, and the bytes of four tokens' activations for them. */
const COLUMNS = 8;
const STEP_BYTES = COLUMNS * INTEGER_TILE * 2;

/** y = W x: `weights` i16[output][inputs], scale and offset (0: none) f32[output][block], `scales` f32[4] of the tokens. */
export function multiplyCodesInt8(
  tile: usize,
  weights: usize,
  inputs: i32,
  outputs: i32,
  block: i32,
  scale: usize,
  offset: usize,
  scales: usize,
  results: usize,
): void {
  const pitch = ((inputs + 15) & ~15) << 1;
  const tokenScales = v128.load(scales);
  for (let o = 0; o < outputs; o++) {
    let total = f32x4.splat(0);
    for (let begin = 0; begin < inputs; begin += block) {
      const end = min(inputs, begin + block);
      let sum = f32x4.splat(0);
      let sumX = sum;
      for (let start = begin; start < end; start += GROUP) {
        const columns = min(end - start, GROUP);
        const x = tile + <usize>start * INTEGER_TILE * 2;
        sum = f32x4.add(sum, f32x4.convert_i32x4_s(products(x, weights + ((<usize>start) << 1), columns)));
        if (offset != 0) sumX = f32x4.add(sumX, f32x4.convert_i32x4_s(activations(x, columns)));
      }
      if (offset != 0) {
        sum = f32x4.add(sum, f32x4.mul(v128.load32_splat(offset), sumX));
        offset += 4;
      }
      total = f32x4.add(total, f32x4.mul(v128.load32_splat(scale), sum));
      scale += 4;
    }
    scatterFour(f32x4.mul(total, tokenScales), o, results);
    weights += pitch;
  }
}

// @ts-ignore: decorator
@inline
function products(x: usize, weights: usize, columns: i32): v128 {
  let a = i32x4.splat(0);
  let b = a;
  let c = a;
  let d = a;
  for (const end = weights + ((<usize>columns) << 1); weights < end; weights += 2 * COLUMNS, x += STEP_BYTES) {
    const levels = v128.load(weights);
    a = i32x4.add(a, i32x4.dot_i16x8_s(levels, v128.load(x)));
    b = i32x4.add(b, i32x4.dot_i16x8_s(levels, v128.load(x, 16)));
    c = i32x4.add(c, i32x4.dot_i16x8_s(levels, v128.load(x, 32)));
    d = i32x4.add(d, i32x4.dot_i16x8_s(levels, v128.load(x, 48)));
  }
  return across(a, b, c, d);
}

// @ts-ignore: decorator
@inline
function activations(x: usize, columns: i32): v128 {
  const ones = i16x8.splat(1);
  let a = i32x4.splat(0);
  let b = a;
  let c = a;
  let d = a;
  for (let k = 0; k < columns; k += COLUMNS, x += STEP_BYTES) {
    a = i32x4.add(a, i32x4.dot_i16x8_s(ones, v128.load(x)));
    b = i32x4.add(b, i32x4.dot_i16x8_s(ones, v128.load(x, 16)));
    c = i32x4.add(c, i32x4.dot_i16x8_s(ones, v128.load(x, 32)));
    d = i32x4.add(d, i32x4.dot_i16x8_s(ones, v128.load(x, 48)));
  }
  return across(a, b, c, d);
}
