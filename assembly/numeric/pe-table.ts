//
//   What digits do to four activations of four tokens: of two lanes for every pair of digits, of four for every 256 codes.
//
//     lanes: exponent i32[4 tokens], signed mantissa f32[4 tokens] ──► two pairs of lanes x 16 or 25 pairs of digits
//     slices: both pairs ──► 256 entries: dp * 2^max, 2^-max
//
//   Law         exactly steps 1 and 2 of the FP16 PE (fp16-pe.ts): max is the largest exponent, or one more where a lane that
//               has it meets a digit of +-2; every lane keeps three guard bits and is cut off; sums of four are exact.
//   Digits 0, 1, 2, ... stand for -2, -1, 0, 1 (, 2). Of a code of four digits lane 0's is in the lowest bits; of a pair the
//   first lane's digit counts one, the second's as many as there are digits.
//

import { inverseOf, powerOf } from "./pe-step";

/** Bytes of a table of 256 entries. */
export const TABLE_BYTES = 256 * 32;
/** Exponents and mantissas of a quad's four lanes. */
export const QUAD_BYTES = 4 * 32;
/** Of a pair of digits: the sum at the largest exponent, what one more changes, whether there is one more. */
export const PAIR_BYTES = 64;
/** Digits of a slice, and of Booth's recoding. */
export const SLICE_DIGITS = 4;
export const BOOTH_DIGITS = 5;
/** Room for both pairs of lanes. */
export const PAIRS_BYTES = 2 * BOOTH_DIGITS * BOOTH_DIGITS * PAIR_BYTES;
const LARGE = 2;
const DIGIT_MIDDLE = 2;
/** From this distance on nothing of an 11-bit mantissa with its guard bits is left. */
const LONGEST_SHIFT: i32 = 14;
const GUARD: f32 = 8;

/** Builds the table of a quad of slices at `table`; `pairs` is room for PAIRS_BYTES. */
export function buildTable(quad: usize, table: usize, pairs: usize): void {
  buildPairs(quad, pairs, SLICE_DIGITS);
  const inverse = inverseOf(powerOf(topOf(quad)));
  const first = pairs;
  const end = first + SLICE_DIGITS * SLICE_DIGITS * PAIR_BYTES;
  const stop = end + SLICE_DIGITS * SLICE_DIGITS * PAIR_BYTES;
  for (let b = end; b < stop; b += PAIR_BYTES) {
    const sum = v128.load(b);
    const change = v128.load(b, 16);
    const raised = v128.load(b, 32);
    for (let a = first; a < end; a += PAIR_BYTES) {
      const isRaised = v128.or(raised, v128.load(a, 32));
      const changed = v128.and(f32x4.add(change, v128.load(a, 16)), isRaised);
      v128.store(table, f32x4.add(f32x4.add(sum, v128.load(a)), changed));
      v128.store(table, i32x4.add(inverse, i32x4.shl(isRaised, 23)), 16);
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

/** The sum of a quad's magnitudes, as values. */
export function magnitudeOf(quad: usize): v128 {
  let sum = f32x4.splat(0);
  for (let lane = quad, end = quad + QUAD_BYTES; lane < end; lane += 32) {
    sum = f32x4.add(sum, f32x4.mul(f32x4.abs(v128.load(lane, 16)), powerOf(v128.load(lane))));
  }
  return f32x4.mul(sum, f32x4.splat(GUARD));
}

/** All pairs of digits of lanes 0, 1, then those of lanes 2, 3. */
export function buildPairs(quad: usize, pairs: usize, digits: i32): void {
  const top = topOf(quad);
  pairsOf(quad, top, pairs, digits);
  pairsOf(quad + 64, top, pairs + <usize>(digits * digits) * PAIR_BYTES, digits);
}

function pairsOf(lanes: usize, top: v128, pairs: usize, digits: i32): void {
  const higher = i32x4.add(top, i32x4.splat(1));
  for (let second = 0; second < digits; second++) {
    const second0 = product(lanes + 32, second, top);
    const second1 = product(lanes + 32, second, higher);
    const secondRaised = raises(lanes + 32, second, top);
    for (let first = 0; first < digits; first++) {
      const sum = f32x4.add(product(lanes, first, top), second0);
      v128.store(pairs, sum);
      v128.store(pairs, f32x4.sub(f32x4.add(product(lanes, first, higher), second1), sum), 16);
      v128.store(pairs, v128.or(raises(lanes, first, top), secondRaised), 32);
      pairs += PAIR_BYTES;
    }
  }
}

/** A lane's product with a digit, cut off at the exponent `largest`, as a value. */
function product(lane: usize, digit: i32, largest: v128): v128 {
  const value = digit - DIGIT_MIDDLE;
  if (value == 0) return f32x4.splat(0);
  const exponent = i32x4.add(v128.load(lane), i32x4.splat(<i32>isLarge(digit)));
  const distance = i32x4.sub(largest, exponent);
  const mantissa = v128.load(lane, 16);
  const aligned = f32x4.mul(f32x4.mul(mantissa, f32x4.splat(GUARD)), powerOf(i32x4.neg(distance)));
  const kept = v128.and(f32x4.trunc(aligned), i32x4.lt_s(distance, i32x4.splat(LONGEST_SHIFT)));
  const magnitude = f32x4.mul(kept, powerOf(largest));
  return value > 0 ? magnitude : f32x4.neg(magnitude);
}

/** Where a digit of +-2 meets a lane that has the largest exponent. */
function raises(lane: usize, digit: i32, top: v128): v128 {
  return isLarge(digit) ? i32x4.eq(v128.load(lane), top) : i32x4.splat(0);
}

// @ts-ignore: decorator
@inline
function isLarge(digit: i32): bool {
  return abs(digit - DIGIT_MIDDLE) == LARGE;
}
