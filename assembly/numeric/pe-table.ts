//
//   What four digits do to four activations of four tokens, for every one of the 256 codes of four digits.
//
//     lanes: exponent i32[4 tokens], signed mantissa f32[4 tokens] ──► two pairs of lanes x 16 codes ──► 256 entries
//     entry: dp * 2^max, 2^max
//
//   Law         exactly steps 1 and 2 of the FP16 PE (fp16-pe.ts): max is the largest exponent, or one more where a lane that
//               has it meets the digit -2; every lane keeps three guard bits and is cut off; sums of four are exact.
//   Digits 0..3 stand for -2, -1, 0, 1; digit of lane 0 in the lowest bits of the code.
//

import { powerOf } from "./pe-step";

/** Bytes of a table of 256 entries. */
export const TABLE_BYTES = 256 * 32;
/** Exponents and mantissas of a quad's four lanes. */
export const QUAD_BYTES = 4 * 32;
/** Room for two pairs of lanes: products at either exponent, and whether the larger one holds. */
export const PAIRS_BYTES = 2 * 16 * 48;
const PAIR_BYTES = 16 * 48;
/** From this distance on nothing of an 11-bit mantissa with its guard bits is left. */
const LONGEST_SHIFT: i32 = 14;
const GUARD: f32 = 8;

/** Builds the table of a quad at `table`; `pairs` is room for PAIRS_BYTES. */
export function buildTable(quad: usize, table: usize, pairs: usize): void {
  const top = topOf(quad);
  const higher = i32x4.add(top, i32x4.splat(1));
  buildPairs(quad, top, pairs);
  buildPairs(quad + 64, top, pairs + PAIR_BYTES);
  const low = powerOf(top);
  const high = powerOf(higher);
  for (let b = pairs + PAIR_BYTES, end = b + PAIR_BYTES; b < end; b += 48) {
    const b0 = v128.load(b);
    const b1 = v128.load(b, 16);
    const bTop = v128.load(b, 32);
    for (let a = pairs, stop = a + PAIR_BYTES; a < stop; a += 48) {
      const isTop = v128.or(bTop, v128.load(a, 32));
      const v0 = f32x4.add(b0, v128.load(a));
      const v1 = f32x4.add(b1, v128.load(a, 16));
      v128.store(table, v128.bitselect(v1, v0, isTop));
      v128.store(table, v128.bitselect(high, low, isTop), 16);
      table += 32;
    }
  }
}

/** The largest exponents of a quad. */
// @ts-ignore: decorator
@inline
export function topOf(quad: usize): v128 {
  const first = i32x4.max_s(v128.load(quad), v128.load(quad, 32));
  return i32x4.max_s(first, i32x4.max_s(v128.load(quad, 64), v128.load(quad, 96)));
}

/** All codes of two lanes: their products at max = top, at max = top + 1, and whether the latter is the maximum. */
function buildPairs(lanes: usize, top: v128, pairs: usize): void {
  const higher = i32x4.add(top, i32x4.splat(1));
  for (let second = 0; second < 4; second++) {
    const second0 = product(lanes + 32, second, top);
    const second1 = product(lanes + 32, second, higher);
    const secondTop = raises(lanes + 32, second, top);
    for (let first = 0; first < 4; first++) {
      v128.store(pairs, f32x4.add(product(lanes, first, top), second0));
      v128.store(pairs, f32x4.add(product(lanes, first, higher), second1), 16);
      v128.store(pairs, v128.or(raises(lanes, first, top), secondTop), 32);
      pairs += 48;
    }
  }
}

/** A lane's product with a digit, cut off at the exponent `largest`, as a value. */
function product(lane: usize, digit: i32, largest: v128): v128 {
  if (digit == 2) return f32x4.splat(0);
  const exponent = digit == 0 ? i32x4.add(v128.load(lane), i32x4.splat(1)) : v128.load(lane);
  const distance = i32x4.sub(largest, exponent);
  const mantissa = v128.load(lane, 16);
  const aligned = f32x4.mul(f32x4.mul(mantissa, f32x4.splat(GUARD)), powerOf(i32x4.neg(distance)));
  const kept = v128.and(f32x4.trunc(aligned), i32x4.lt_s(distance, i32x4.splat(LONGEST_SHIFT)));
  const value = f32x4.mul(kept, powerOf(largest));
  return digit == 3 ? value : f32x4.neg(value);
}

/** Where a digit of -2 meets a lane that has the largest exponent. */
function raises(lane: usize, digit: i32, top: v128): v128 {
  return digit == 0 ? i32x4.eq(v128.load(lane), top) : i32x4.splat(0);
}
