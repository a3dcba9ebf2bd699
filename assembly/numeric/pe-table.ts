//
//   What digits do to four activations of four tokens, in whole numbers of 2^base (pe-fixed.ts): of two lanes for every pair of
//   digits, of four for every code of four digits.
//
//     lanes: exponent i32[4 tokens], signed mantissa f32[4 tokens] ──► each lane x 4 or 5 digits ──► two pairs of lanes x 16 or 25
//     both pairs ──► entries: v = dp * 2^max, its grid -2^max
//
//   Law         exactly steps 1 and 2 of the FP16 PE (fp16-pe.ts): max is the largest exponent, or one more where a lane that
//               has it meets a digit of +-2; every lane keeps three guard bits and is cut off; sums of four are exact.
//   Digits 0, 1, 2, ... stand for -2, -1, 0, 1 (, 2). Of a code of four digits lane 0's counts one; of a pair the first lane's
//   digit counts one, the second's as many as there are digits.
//

import { powerOf } from "./pe-step";

/** Exponents and mantissas of a quad's four lanes. */
export const QUAD_BYTES = 4 * 32;
/** An entry: v and its grid. */
export const ENTRY_BYTES = 32;
/** Of digits: the sum at the largest exponent, what one more changes, whether there is one more. */
export const PAIR_BYTES = 48;
/** Digits of a slice, and of Booth's recoding. */
export const SLICE_DIGITS = 4;
export const BOOTH_DIGITS = 5;
const GUARD: f32 = 8;
const VECTOR = 16;
const ONES_PLACE: usize = memory.data<f32>([12582912, 12582912, 12582912, 12582912], 16);
/** Digits of four lanes, one after the other; both pairs of lanes. */
const LANES_BYTES = 4 * BOOTH_DIGITS * PAIR_BYTES;
const LANES: usize = memory.data(LANES_BYTES, 16);
export const PAIRS: usize = memory.data(2 * BOOTH_DIGITS * BOOTH_DIGITS * PAIR_BYTES, 16);

/** The grid of a quad's largest exponents; 0, no grid, below 2^base. */
export let topGrid: v128 = i32x4.splat(0);
/** Whether products have bits below 2^base; of which tokens, and 2^ of how far below they begin. */
export let isLow: bool = false;
let lowTokens: v128 = i32x4.splat(0);
let lowUnit: v128 = f32x4.splat(0);

/**
 * Builds the table of a quad; `pitch` codes, more than there are pairs of digits or as
 * many where that is even, from one pair of lanes 2, 3 to the next. */
export function buildTable(quad: usize, base: v128, digits: i32, pitch: i32, table: usize): void {
  buildPairs(quad, base, digits);
  const pairs = digits * digits * PAIR_BYTES;
  const grid = topGrid;
  const end = PAIRS + pairs;
  for (let b = end; b < end + pairs; b += PAIR_BYTES, table += <usize>pitch * ENTRY_BYTES) {
    const sum = v128.load(b);
    const change = v128.load(b, VECTOR);
    const raised = v128.load(b, 2 * VECTOR);
    let entry = table;
    for (let a = PAIRS; a < end; a += 2 * PAIR_BYTES, entry += 2 * ENTRY_BYTES) {
      storeEntry(entry, a, sum, change, raised, grid);
      storeEntry(entry + ENTRY_BYTES, a + PAIR_BYTES, sum, change, raised, grid);
    }
  }
  if (isLow) floorAll(table - <usize>(digits * digits * pitch) * ENTRY_BYTES, table);
}

/** What the pair at `a` makes of another pair's. */
// @ts-ignore: decorator
@inline
function storeEntry(entry: usize, a: usize, sum: v128, change: v128, raised: v128, grid: v128): void {
  const isRaised = v128.or(raised, v128.load(a, 2 * VECTOR));
  const changed = v128.and(i32x4.add(change, v128.load(a, VECTOR)), isRaised);
  v128.store(entry, i32x4.add(i32x4.add(sum, v128.load(a)), changed));
  v128.store(entry, i32x4.add(grid, v128.and(grid, isRaised)), VECTOR);
}

function floorAll(entry: usize, end: usize): void {
  for (; entry < end; entry += ENTRY_BYTES) v128.store(entry, floored(v128.load(entry)));
}

/** The largest exponents of a quad. */
// @ts-ignore: decorator
@inline
export function topOf(quad: usize): v128 {
  const first = i32x4.max_s(v128.load(quad), v128.load(quad, 32));
  return i32x4.max_s(first, i32x4.max_s(v128.load(quad, 64), v128.load(quad, 96)));
}

/** The sum of a quad's magnitudes, as values. */
// @ts-ignore: decorator
@inline
export function magnitudeOf(quad: usize): v128 {
  const first = f32x4.add(magnitude(quad), magnitude(quad + 32));
  return f32x4.add(first, f32x4.add(magnitude(quad + 64), magnitude(quad + 96)));
}

/** A lane's magnitude. */
// @ts-ignore: decorator
@inline
export function magnitude(lane: usize): v128 {
  return f32x4.mul(f32x4.abs(v128.load(lane, VECTOR)), f32x4.mul(powerOf(v128.load(lane)), f32x4.splat(GUARD)));
}

/** All pairs of digits of lanes 0, 1, then those of lanes 2, 3, at PAIRS; of low tokens not yet floored. */
export function buildPairs(quad: usize, base: v128, digits: i32): void {
  const top = topOf(quad);
  lowUnit = powerOf(i32x4.sub(top, base));
  topGrid = i32x4.neg(i32x4.trunc_sat_f32x4_s(lowUnit));
  lowTokens = v128.and(i32x4.lt_s(top, base), f32x4.gt(magnitudeOf(quad), f32x4.splat(0)));
  isLow = v128.any_true(lowTokens);
  const lane = digits * PAIR_BYTES;
  for (let i = 0; i < 4; i++) digitsOf(quad + 32 * i, top, i32x4.min_s(base, top), digits, LANES + i * lane);
  pairsOf(LANES, LANES + lane, digits, PAIRS);
  pairsOf(LANES + 2 * lane, LANES + 3 * lane, digits, PAIRS + digits * lane);
}

/** In whole numbers of 2^base, where a quad is low: less than 2^22 there, with FP32's last place at 1. */
export function floored(v: v128): v128 {
  const place = v128.load(ONES_PLACE);
  const low = f32x4.floor(f32x4.mul(f32x4.convert_i32x4_s(v), lowUnit));
  return v128.bitselect(i32x4.sub(f32x4.add(low, place), place), v, lowTokens);
}

/** What each digit does to a lane: a digit of 2 at `top` is one of 1 a place higher, and cut off there. */
function digitsOf(lane: usize, top: v128, base: v128, digits: i32, to: usize): void {
  const exponent = v128.load(lane);
  const guarded = f32x4.mul(v128.load(lane, VECTOR), f32x4.splat(GUARD));
  const aligned = f32x4.mul(guarded, powerOf(i32x4.sub(exponent, top)));
  const unit = powerOf(i32x4.sub(top, base));
  const one = whole(aligned, unit);
  const two = whole(f32x4.add(aligned, aligned), unit);
  const oneChange = i32x4.sub(whole(f32x4.mul(aligned, f32x4.splat(0.5)), f32x4.add(unit, unit)), one);
  const twoChange = i32x4.sub(i32x4.add(one, one), two);
  const zero = i32x4.splat(0);
  const raised = i32x4.eq(exponent, top);
  storeDigit(to, i32x4.neg(two), i32x4.neg(twoChange), raised);
  storeDigit(to + PAIR_BYTES, i32x4.neg(one), i32x4.neg(oneChange), zero);
  storeDigit(to + 2 * PAIR_BYTES, zero, zero, zero);
  storeDigit(to + 3 * PAIR_BYTES, one, oneChange, zero);
  if (digits == BOOTH_DIGITS) storeDigit(to + 4 * PAIR_BYTES, two, twoChange, raised);
}

/** A magnitude cut off, in units. */
// @ts-ignore: decorator
@inline
function whole(aligned: v128, unit: v128): v128 {
  return i32x4.trunc_sat_f32x4_s(f32x4.mul(f32x4.trunc(aligned), unit));
}

// @ts-ignore: decorator
@inline
function storeDigit(to: usize, sum: v128, change: v128, raised: v128): void {
  v128.store(to, sum);
  v128.store(to, change, VECTOR);
  v128.store(to, raised, 2 * VECTOR);
}

/** Both lanes' sums for every pair of their digits. */
function pairsOf(first: usize, second: usize, digits: i32, to: usize): void {
  for (let b = second, bytes = digits * PAIR_BYTES; b < second + bytes; b += PAIR_BYTES) {
    const sum = v128.load(b);
    const change = v128.load(b, VECTOR);
    const raised = v128.load(b, 2 * VECTOR);
    for (let a = first; a < first + bytes; a += PAIR_BYTES, to += PAIR_BYTES) {
      const anyRaised = v128.or(raised, v128.load(a, 2 * VECTOR));
      storeDigit(to, i32x4.add(sum, v128.load(a)), i32x4.add(change, v128.load(a, VECTOR)), anyRaised);
    }
  }
}
