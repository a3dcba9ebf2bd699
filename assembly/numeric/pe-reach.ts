//
//   What is known of four tokens' accumulators before a quad of activations reaches them, whatever the weights: which of the
//   steps of pe-step.ts is exact.
//
//     activations so far ──► exponents: at least the largest so far;  at most what all magnitudes together would reach
//
//   An exponent grows beyond the largest so far only when a sum has 14 bits, and a sum is never larger than all digits of 2
//   would make it (and a twentieth for what floors add). FP32 holds n * I'/I + v * I' where the ratio of the two units is within
//   2^9 one way and 2^7 the other: n has 14 bits, dp 16.
//

const LARGEST_DIGIT: f32 = 2;
/** A twentieth, and 14 bits. */
const OF_FULL: f32 = 1.05 / 8192;
const UP: f32 = 512;
const DOWN: i32 = 7;
/** The adder does not wrap below this dot product at the shift of 6. */
const SAFE_DOT: f32 = 65000;

/** How a quad can be added. */
export enum Reach {
  Any,
  Near,
  Settled,
}

/** The largest exponents so far, and the sum of all products so far at its worst. */
let reached: v128 = i32x4.splat(0);
let most: v128 = f32x4.splat(0);
/** Of the quad under way: 2^ of its largest exponents, the sum of its products at its worst. */
let power: v128 = i32x4.splat(0);
let worst: v128 = f32x4.splat(0);
let ready: bool = false;
let close: bool = false;
/** Where there is a token. */
let tokens: v128 = i32x4.splat(0);

/** Accumulators begin anew, of the tokens whose `results` (u32[4]) are not 0. */
export function resetReach(results: usize): void {
  tokens = i32x4.ne(v128.load(results), i32x4.splat(0));
  reached = i32x4.splat(127 << 23);
  most = f32x4.splat(0);
}

/** A quad with these largest exponents (2^) and sum of magnitudes; all slots together weigh `weight`. */
export function reachQuad(top: v128, magnitude: v128, weight: f32): void {
  power = top;
  worst = f32x4.mul(magnitude, f32x4.splat(LARGEST_DIGIT));
  most = f32x4.add(most, f32x4.mul(worst, f32x4.splat(weight)));
  const highest = f32x4.add(top, top);
  close = !some(i32x4.gt_s(i32x4.sub(highest, reached), i32x4.splat(DOWN << 23)));
  ready = !some(i32x4.gt_s(highest, reached));
}

/** How a slot of the quad, shifted by `bsig`, can be added. */
export function reachSlot(bsig: i32): Reach {
  const units = f32x4.max(f32x4.mul(most, f32x4.splat(OF_FULL)), f32x4.add(reached, reached));
  const limit = f32x4.mul(power, f32x4.splat(UP * <f32>(1 << bsig)));
  if (!close || some(f32x4.gt(units, limit))) return Reach.Any;
  return ready ? Reach.Settled : Reach.Near;
}

/** Whether the adder may wrap in a slot shifted by 6. */
export function mayWrap(): bool {
  return some(f32x4.gt(worst, f32x4.mul(power, f32x4.splat(SAFE_DOT))));
}

/** The quad has been added. */
export function reachedQuad(): void {
  reached = i32x4.max_s(reached, power);
}

/** Whether it is so for any token that is there. */
// @ts-ignore: decorator
@inline
function some(condition: v128): bool {
  return v128.any_true(v128.and(condition, tokens));
}
