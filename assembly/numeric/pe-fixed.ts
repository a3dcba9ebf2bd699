//
//   One step of an FP16 PE's accumulator, four tokens side by side, in whole numbers of 2^base (pe-window.ts): its sum, exact,
//   and its grid, -2^(exponent - base): the mask of the bits that a mantissa at that exponent has.
//
//     -2^max ──► grid: the coarser one ──► s = (sum + v) & grid ──► as coarse as leaves 14 bits of |s| ──► sum = s & grid
//     v = dp * 2^bsig * 2^max
//
//   Law         bit for bit the step of pe-step.ts, wherever base holds for all of a group: a mask is the floor of a shift.
//   A grid from |s|: its power of two 2^k is an FP32's exponent field; taken from 1.5 * 2^36, whose last place is 2^13, it moves
//   the bits by -2^(k-13), and by nothing below 2^13.
//

import { inverseOf, powerOf, STATE_BYTES, UNIT } from "./pe-step";

const VECTOR = 16;
/**
 * Vectors that steps need. V8 makes a constant anew wherever it is used: what is loaded before a loop stays in a register.
 */
export const FIELDS: usize = memory.data<i32>([0x7f800000, 0x7f800000, 0x7f800000, 0x7f800000], 16);
export const PLACES: usize = memory.data<f32>([103079215104, 103079215104, 103079215104, 103079215104], 16);
/** Tables of two quads. */
export const TABLES: usize = memory.data(2 * 256 * 32, 16);
/** The adder's 23 bits, in units of the grid. */
const RANGE: f32 = 8388608;

/** Accumulators (0, 0). */
export function clearFixed(states: usize, count: i32): void {
  const finest = i32x4.splat(-1);
  for (const end = states + <usize>count * STATE_BYTES; states < end; states += STATE_BYTES) {
    v128.store(states, i32x4.splat(0));
    v128.store(states, finest, VECTOR);
  }
}

/** The accumulators of pe-step.ts, at base or above it, or 0, in whole numbers. */
export function fix(states: usize, count: i32, base: v128): void {
  const unit = powerOf(i32x4.neg(base));
  for (const end = states + <usize>count * STATE_BYTES; states < end; states += STATE_BYTES) {
    const power = f32x4.mul(inverseOf(v128.load(states, VECTOR)), unit);
    v128.store(states, i32x4.trunc_sat_f32x4_s(f32x4.mul(v128.load(states), power)));
    const grid = i32x4.neg(i32x4.trunc_sat_f32x4_s(power));
    v128.store(states, i32x4.min_s(grid, i32x4.splat(-1)), VECTOR);
  }
}

/** The accumulators' values, FP32, in place of their sums. */
export function settleFixed(states: usize, count: i32, base: v128): void {
  const unit = powerOf(i32x4.add(base, i32x4.splat(UNIT)));
  for (const end = states + <usize>count * STATE_BYTES; states < end; states += STATE_BYTES) {
    v128.store(states, f32x4.mul(f32x4.convert_i32x4_s(v128.load(states)), unit));
  }
}

/** One step of one accumulator. */
export function stepFixed(state: usize, v: v128, entryGrid: v128): void {
  const grid = i32x4.min_s(v128.load(state, VECTOR), entryGrid);
  const s = v128.and(i32x4.add(v128.load(state), v), grid);
  const kept = coarser(grid, s, v128.load(FIELDS), v128.load(PLACES));
  v128.store(state, v128.and(s, kept));
  v128.store(state, kept, VECTOR);
}

/** Two quads of a slice, row by row: two codes a row, a table of 256 entries for each quad. */
export function stepSlice(codes: usize, rows: i32, states: usize): void {
  for (const end = codes + ((<usize>rows) << 1); codes < end; codes += 2, states += STATE_BYTES) {
    const first = (<usize>load<u8>(codes)) << 5;
    const second = (<usize>load<u8>(codes, 1)) << 5;
    let grid = i32x4.min_s(v128.load(states, VECTOR), v128.load(first, TABLES + VECTOR));
    let sum = v128.and(i32x4.add(v128.load(states), v128.load(first, TABLES)), grid);
    grid = slightlyCoarser(grid, sum);
    sum = v128.and(sum, grid);
    grid = i32x4.min_s(grid, v128.load(second, TABLES + 256 * 32 + VECTOR));
    sum = v128.and(i32x4.add(sum, v128.load(second, TABLES + 256 * 32)), grid);
    grid = slightlyCoarser(grid, sum);
    v128.store(states, v128.and(sum, grid));
    v128.store(states, grid, VECTOR);
  }
}

/** The grid that leaves 14 bits of a sum's magnitude. */
// @ts-ignore: decorator
@inline
export function coarser(grid: v128, sum: v128, field: v128, place: v128): v128 {
  const power = v128.and(f32x4.convert_i32x4_s(sum), field);
  return i32x4.min_s(grid, i32x4.sub(f32x4.sub(place, power), place));
}

/** The same where a sum has at most 17 bits: a dot product at bsig 0 has 16. No conversion to FP32, so less waiting. */
// @ts-ignore: decorator
@inline
function slightlyCoarser(grid: v128, sum: v128): v128 {
  const magnitude = i32x4.abs(sum);
  const lower = v128.or(i32x4.shr_u(magnitude, 14), i32x4.shr_u(magnitude, 15));
  return v128.andnot(grid, v128.or(lower, i32x4.shr_u(magnitude, 16)));
}

/** Modulo 2^23 of its grid, two's complement; 0 for -2^22. */
export function wrapped(sum: v128, grid: v128): v128 {
  const range = f32x4.mul(f32x4.convert_i32x4_s(grid), f32x4.splat(-RANGE));
  const half = f32x4.mul(range, f32x4.splat(0.5));
  const value = f32x4.convert_i32x4_s(sum);
  const above = v128.and(f32x4.ge(value, half), range);
  const below = v128.and(f32x4.lt(value, f32x4.neg(half)), range);
  const within = f32x4.add(f32x4.sub(value, above), below);
  return i32x4.trunc_sat_f32x4_s(v128.andnot(within, f32x4.eq(within, f32x4.neg(half))));
}
