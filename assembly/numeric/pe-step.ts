//
//   One step of an FP16 PE's accumulator, four tokens side by side, in FP32 lanes: n its mantissa, I = 2^-exponent; both exact.
//
//     v = dp * 2^bsig * 2^max ──┐ I' = min(I, 2^-max);  S = floor(n * I'/I) + floor(v * I')
//     2^-max ───────────────────┘ 14 bits of S are kept, I' halves for each one lost          n' = what is left
//
//   Law         bit for bit the aligned FP16 PE (fp16-pe.ts): floor is its arithmetic shift; nothing leaves FP32's exact
//               range. An accumulator that falls 14 places behind is 0, not -1. Where bsig is 6 the adder's 23 bits may wrap
//               (`wide`); a sum of -2^22, whose magnitude has no leading bit there, leaves no mantissa.
//

/** n and I of four tokens. */
export const STATE_BYTES = 32;
/** The value of an accumulator is n / I times this power of two. */
export const UNIT: i32 = -28;
const FIELD: i32 = 0x7f800000;
const ONE: i32 = 127 << 23;
/** Exponent field of 2^13, the highest bit of a full mantissa. */
const FULL: i32 = (127 + 13) << 23;
/** The accumulator survives up to this distance. */
const LONGEST_SHIFT: i32 = 13;
/** Half the range of the 23-bit adder. */
const HALF_RANGE: f32 = 4194304;

/** Accumulators (0, 0). */
export function clear(states: usize, count: i32): void {
  const one = i32x4.splat(ONE);
  for (const end = states + <usize>count * STATE_BYTES; states < end; states += STATE_BYTES) {
    v128.store(states, i32x4.splat(0));
    v128.store(states, one, 16);
  }
}

/** 2^exponent, as FP32. */
// @ts-ignore: decorator
@inline
export function powerOf(exponent: v128): v128 {
  return i32x4.shl(i32x4.add(exponent, i32x4.splat(127)), 23);
}

/** 1 / power, of powers of two. */
// @ts-ignore: decorator
@inline
export function inverseOf(power: v128): v128 {
  return i32x4.sub(i32x4.splat(2 * ONE), power);
}

/** The accumulators' values in place of their mantissas. */
export function settle(states: usize, count: i32): void {
  const unit = powerOf(i32x4.splat(UNIT));
  for (const end = states + <usize>count * STATE_BYTES; states < end; states += STATE_BYTES) {
    v128.store(states, f32x4.mul(v128.load(states), f32x4.mul(inverseOf(v128.load(states, 16)), unit)));
  }
}

/** Adds `v`, at the exponents of which `inverse` is 2^-, to the accumulators at `state`. */
// @ts-ignore: decorator
@inline
export function step(state: usize, v: v128, inverse: v128, wide: bool): void {
  const before = v128.load(state, 16);
  const after = i32x4.min_s(before, inverse);
  const shift = i32x4.sub(before, after);
  const shifted = f32x4.floor(f32x4.mul(v128.load(state), i32x4.sub(i32x4.splat(ONE), shift)));
  const kept = v128.andnot(shifted, i32x4.gt_s(shift, i32x4.splat(LONGEST_SHIFT << 23)));
  const sum = f32x4.add(kept, f32x4.floor(f32x4.mul(v, after)));
  normalise(state, wide ? wrapped(sum) : sum, after);
}

/** Keeps 14 bits of a sum's magnitude. */
// @ts-ignore: decorator
@inline
function normalise(state: usize, sum: v128, inverse: v128): void {
  const size = i32x4.max_s(v128.and(sum, i32x4.splat(FIELD)), i32x4.splat(FULL));
  const scale = i32x4.sub(i32x4.splat(FULL + ONE), size);
  v128.store(state, f32x4.floor(f32x4.mul(sum, scale)));
  v128.store(state, f32x4.mul(inverse, scale), 16);
}

/** Modulo 2^23, two's complement; 0 for -2^22. */
// @ts-ignore: decorator
@inline
function wrapped(sum: v128): v128 {
  const range = f32x4.splat(2 * HALF_RANGE);
  const above = v128.and(f32x4.ge(sum, f32x4.splat(HALF_RANGE)), range);
  const below = v128.and(f32x4.lt(sum, f32x4.splat(-HALF_RANGE)), range);
  const within = f32x4.add(f32x4.sub(sum, above), below);
  return v128.andnot(within, f32x4.eq(within, f32x4.splat(-HALF_RANGE)));
}
