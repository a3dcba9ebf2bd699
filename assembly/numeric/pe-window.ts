//
//   How the accumulators of a group, whatever the weights, fit 32-bit whole numbers of 2^base (pe-fixed.ts).
//
//     lanes of a group ──► the largest exponent that an accumulator can reach ──► base ──► quads until accumulators are at base
//
//   An exponent grows beyond the largest of its quads only when a sum has 14 bits, and a sum is never larger than all digits of 2
//   would make it (and a twentieth for floors). From base on there is room for that; where it can be, base is the smallest of the
//   quads' largest exponents, and no product has bits below. Else what lies below is cut off, as an accumulator at base does
//   it; the first quads, until one is at base, are no matter for whole numbers.
//

import { powerOf } from "./pe-step";
import { magnitudeOf, QUAD_BYTES, topOf } from "./pe-table";

const LARGEST_DIGIT: f32 = 2;
/** A twentieth, and 14 bits. */
const OF_FULL: f32 = 1.05 / 8192;
/** How far exponents may lie above base: a mantissa has 14 bits. */
const WIDTH = 17;
/** How far those of activations may: an accumulator that falls 14 places behind is 0, not -1. */
const JUMP = 12;
const NO_BASE = 31;

/** The exponent of what sums count, for each token of the group under way. */
export let base: v128 = i32x4.splat(0);

/** Opens the window of so many quads, whose slots together weigh `weight`. How many of the first quads do not fit. */
export function openWindow(lanes: usize, quads: i32, weight: f32): i32 {
  let low = i32x4.splat(NO_BASE);
  let high = i32x4.splat(0);
  let most = f32x4.splat(0);
  const end = lanes + <usize>quads * QUAD_BYTES;
  for (let quad = lanes; quad < end; quad += QUAD_BYTES) {
    const top = topOf(quad);
    const magnitude = magnitudeOf(quad);
    const some = f32x4.gt(magnitude, f32x4.splat(0));
    low = v128.bitselect(i32x4.min_s(low, top), low, some);
    high = i32x4.max_s(high, v128.and(top, some));
    most = f32x4.add(most, magnitude);
  }
  const sum = f32x4.mul(most, f32x4.splat(LARGEST_DIGIT * OF_FULL * weight));
  const reached = i32x4.sub(i32x4.shr_u(sum, 23), i32x4.splat(127 + WIDTH));
  base = i32x4.max_s(low, i32x4.max_s(reached, i32x4.sub(high, i32x4.splat(JUMP))));
  return quadsBelow(lanes, quads, i32x4.ge_s(low, base));
}

/** Quads until all tokens have had one at base, those apart that are `free`. */
function quadsBelow(lanes: usize, quads: i32, free: v128): i32 {
  let there = free;
  let quad = 0;
  for (; quad < quads && !i32x4.all_true(there); quad++, lanes += QUAD_BYTES) {
    const some = f32x4.gt(magnitudeOf(lanes), f32x4.splat(0));
    there = v128.or(there, v128.and(some, i32x4.ge_s(topOf(lanes), base)));
  }
  return quad;
}
