//
//   FP32 matrix products of a tile of tokens, tokens side by side in the lanes of a vector.
//
//     x f32[token][k] ──► packFloats ──► tile f32[k][8] ──┐
//                                                         ├──► y f32[token][o] = sum over k of x[token][k] * w[o][k]
//     w f32[o][k], a row every `pitch` values ────────────┘
//
//   Law         one FP32 multiplication and one FP32 addition a product, k ascending, from +0. So a result depends on its own
//               token and its own row alone: neither the other tokens of a tile nor the order of rows can change it.
//

import { FLOAT_TILE } from "./contract";
import { scatterFour } from "./scatter";

const TILE_BYTES = FLOAT_TILE * 4;
/** Rows of weights that go through together. */
const ROWS = 4;

/** Lays the first `inputs` values of the tokens at `rows` (addresses u32[8]; 0: no token) side by side. */
export function packFloats(rows: usize, inputs: i32, tile: usize): void {
  for (let lane = 0; lane < FLOAT_TILE; lane++) {
    const from = <usize>load<u32>(rows + (lane << 2));
    let to = tile + (lane << 2);
    for (let k = 0; k < inputs; k++) {
      store<f32>(to, from == 0 ? <f32>0 : load<f32>(from + ((<usize>k) << 2)));
      to += TILE_BYTES;
    }
  }
}

/** Products of a tile with `outputs` rows of weights; token j's results begin at the address results[j] (0: none). */
export function multiplyFloats(
  tile: usize,
  weights: usize,
  pitch: i32,
  inputs: i32,
  outputs: i32,
  results: usize,
): void {
  const bytes = (<usize>pitch) << 2;
  let row = weights;
  let o = 0;
  for (; o + ROWS <= outputs; o += ROWS) {
    multiplyRows(tile, row, row + bytes, row + 2 * bytes, row + 3 * bytes, inputs, o, results);
    row += <usize>ROWS * bytes;
  }
  for (; o < outputs; o++) {
    multiplyRow(tile, row, inputs, o, results);
    row += bytes;
  }
}

function multiplyRows(tile: usize, a: usize, b: usize, c: usize, d: usize, n: i32, o: i32, results: usize): void {
  let a0 = f32x4.splat(0);
  let a1 = a0;
  let b0 = a0;
  let b1 = a0;
  let c0 = a0;
  let c1 = a0;
  let d0 = a0;
  let d1 = a0;
  let x = tile;
  for (let at: usize = 0, end = (<usize>n) << 2; at < end; at += 4) {
    const x0 = v128.load(x);
    const x1 = v128.load(x, 16);
    x += TILE_BYTES;
    const wa = v128.load32_splat(a + at);
    a0 = f32x4.add(a0, f32x4.mul(x0, wa));
    a1 = f32x4.add(a1, f32x4.mul(x1, wa));
    const wb = v128.load32_splat(b + at);
    b0 = f32x4.add(b0, f32x4.mul(x0, wb));
    b1 = f32x4.add(b1, f32x4.mul(x1, wb));
    const wc = v128.load32_splat(c + at);
    c0 = f32x4.add(c0, f32x4.mul(x0, wc));
    c1 = f32x4.add(c1, f32x4.mul(x1, wc));
    const wd = v128.load32_splat(d + at);
    d0 = f32x4.add(d0, f32x4.mul(x0, wd));
    d1 = f32x4.add(d1, f32x4.mul(x1, wd));
  }
  scatter(a0, a1, o, results);
  scatter(b0, b1, o + 1, results);
  scatter(c0, c1, o + 2, results);
  scatter(d0, d1, o + 3, results);
}

function multiplyRow(tile: usize, row: usize, n: i32, o: i32, results: usize): void {
  let low = f32x4.splat(0);
  let high = low;
  let x = tile;
  for (const end = row + ((<usize>n) << 2); row < end; row += 4) {
    const w = v128.load32_splat(row);
    low = f32x4.add(low, f32x4.mul(v128.load(x), w));
    high = f32x4.add(high, f32x4.mul(v128.load(x, 16), w));
    x += TILE_BYTES;
  }
  scatter(low, high, o, results);
}

/** Output `o` of eight tokens. */
function scatter(low: v128, high: v128, o: i32, results: usize): void {
  scatterFour(low, o, results);
  scatterFour(high, o, results + 16);
}
