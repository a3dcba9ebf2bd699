//
//   FP16 PEs on Booth's digits, four tokens side by side, in whole numbers (pe-fixed.ts): all slots of a quad, row by row.
//
//     many rows: a table of every code of four digits ──┐
//     few rows: tables of two lanes, added ─────────────┴► v * 4^slot, grid ──► step of the row's accumulator
//
//   The adder's 23 bits may wrap in slot 3, in quads of large activations alone: `wide`, a step with more to do.
//

import { clearFixed, coarser, FIELDS, fix, PLACES, settleFixed, stepFixed, wrapped } from "./pe-fixed";
import { clear, powerOf, STATE_BYTES } from "./pe-step";
import {
  BOOTH_DIGITS,
  buildPairs,
  buildTable,
  ENTRY_BYTES,
  floored,
  isLow,
  magnitude,
  PAIR_BYTES,
  PAIRS,
  QUAD_BYTES,
  topGrid,
  topOf,
} from "./pe-table";
import { stepBoothTerms, stepSum, takeQuad } from "./pe-terms";
import { base, openWindow } from "./pe-window";

const VECTOR = 16;
/** Pairs of digits have five bits of a code each. */
const PITCH = 32;
const TABLE: usize = memory.data(BOOTH_DIGITS * BOOTH_DIGITS * PITCH * ENTRY_BYTES, 16);
const SECONDS: usize = PAIRS + BOOTH_DIGITS * BOOTH_DIGITS * PAIR_BYTES;
/** The pair of the digits 1 and 1. */
const ONES: usize = (3 + BOOTH_DIGITS * 3) * PAIR_BYTES;
/** Rows whose accumulators stay close by. */
const ROWS = 256;
/** From so many steps of a quad on its table pays. */
const TABLE_STEPS = 640;
/** The adder does not wrap below this dot product in slot 3; a lane brings less than 2^14. */
const SAFE_DOT: f32 = 65000;
const FULL_LANE: f32 = 16384;

/** The accumulators of a segment's rows, and behind them of sum(x) where that is `summed`; their values. */
export function stepDigitSegment(
  lanes: usize,
  codes: usize,
  pitch: usize,
  quads: i32,
  slots: i32,
  rows: i32,
  states: usize,
  summed: bool,
): void {
  const below = openWindow(lanes, quads, <f32>(((1 << (2 * slots)) - 1) / 3));
  if (below > 0) clear(states, rows + 1);
  else clearFixed(states, rows + 1);
  for (let quad = 0; quad < below; quad++, lanes += QUAD_BYTES, codes += pitch) {
    takeQuad(lanes);
    if (summed) stepSum(states + <usize>rows * STATE_BYTES);
    stepBoothTerms(codes, slots, rows, states);
  }
  if (below > 0) fix(states, rows + 1, base);
  const many = rows * slots >= TABLE_STEPS;
  for (let quad = below; quad < quads; quad++, lanes += QUAD_BYTES, codes += pitch) {
    if (many) buildTable(lanes, base, BOOTH_DIGITS, PITCH, TABLE);
    else buildPairs(lanes, base, BOOTH_DIGITS);
    if (summed) stepOnes(states + <usize>rows * STATE_BYTES);
    const wide = slots > 3 && mayWrap(lanes);
    if (many && !isLow) stepByTable(codes, slots, rows, states, wide);
    else stepByPairs(codes, slots, rows, states, wide);
  }
  settleFixed(states, rows + 1, base);
}

/** Every digit is 1: sum(x); nothing is raised. */
function stepOnes(state: usize): void {
  const v = i32x4.add(v128.load(PAIRS + ONES), v128.load(SECONDS + ONES));
  stepFixed(state, isLow ? floored(v) : v, topGrid);
}

/** Whether the adder may wrap in slot 3. */
function mayWrap(quad: usize): bool {
  const power = powerOf(topOf(quad));
  const full = f32x4.mul(power, f32x4.splat(FULL_LANE));
  let most = f32x4.splat(0);
  for (let lane = quad; lane < quad + QUAD_BYTES; lane += 32) {
    const own = magnitude(lane);
    most = f32x4.add(most, f32x4.min(f32x4.add(own, own), full));
  }
  return v128.any_true(f32x4.gt(most, f32x4.mul(power, f32x4.splat(SAFE_DOT))));
}

/** Two slots at a time: so few steps, one after the other, leave the processor others to do meanwhile. */
function stepByTable(codes: usize, slots: i32, rows: i32, states: usize, wide: bool): void {
  for (let from = 0; from < rows; from += ROWS) {
    const own = min(ROWS, rows - from);
    stepSlots(codes, slots, own, states, 0, false);
    if (slots > 2) stepSlots(codes, slots, own, states, 2, wide);
    codes += <usize>(slots * ROWS * 2);
    states += ROWS * STATE_BYTES;
  }
}

/** Slots `first` and the next one. */
// @ts-ignore: decorator
@inline
function stepSlots(codes: usize, slots: i32, rows: i32, states: usize, first: i32, wide: bool): void {
  const field = v128.load(FIELDS);
  const place = v128.load(PLACES);
  const pitch = (<usize>slots) << 1;
  const end = states + <usize>rows * STATE_BYTES;
  for (let code = codes + first * 2; states < end; states += STATE_BYTES, code += pitch) {
    let entry = (<usize>load<u16>(code)) << 5;
    let grid = i32x4.min_s(v128.load(states, VECTOR), v128.load(entry, TABLE + VECTOR));
    let sum = v128.and(i32x4.add(v128.load(states), i32x4.shl(v128.load(entry, TABLE), 2 * first)), grid);
    grid = coarser(grid, sum, field, place);
    sum = v128.and(sum, grid);
    if (slots > first + 1) {
      entry = (<usize>load<u16>(code, 2)) << 5;
      grid = i32x4.min_s(grid, v128.load(entry, TABLE + VECTOR));
      sum = v128.and(i32x4.add(sum, i32x4.shl(v128.load(entry, TABLE), 2 * first + 2)), grid);
      if (wide) sum = wrapped(sum, grid);
      grid = coarser(grid, sum, field, place);
      sum = v128.and(sum, grid);
    }
    v128.store(states, sum);
    v128.store(states, grid, VECTOR);
  }
}

function stepByPairs(codes: usize, slots: i32, rows: i32, states: usize, wide: bool): void {
  const field = v128.load(FIELDS);
  const place = v128.load(PLACES);
  const top = topGrid;
  for (const end = states + <usize>rows * STATE_BYTES; states < end; states += STATE_BYTES) {
    let sum = v128.load(states);
    let grid = v128.load(states, VECTOR);
    let weight = i32x4.splat(1);
    for (const last = codes + ((<usize>slots) << 1); codes < last; codes += 2) {
      const code = <u32>load<u16>(codes);
      const a = PAIRS + <usize>((code & 31) * PAIR_BYTES);
      const b = SECONDS + <usize>((code >> 5) * PAIR_BYTES);
      const raised = v128.or(v128.load(a, 2 * VECTOR), v128.load(b, 2 * VECTOR));
      const changed = v128.and(i32x4.add(v128.load(a, VECTOR), v128.load(b, VECTOR)), raised);
      let v = i32x4.mul(i32x4.add(i32x4.add(v128.load(a), v128.load(b)), changed), weight);
      if (isLow) v = floored(v);
      grid = i32x4.min_s(grid, i32x4.add(top, v128.and(top, raised)));
      sum = v128.and(i32x4.add(sum, v), grid);
      weight = i32x4.shl(weight, 2);
      if (wide && codes + 2 == last) sum = wrapped(sum, grid);
      grid = coarser(grid, sum, field, place);
      sum = v128.and(sum, grid);
    }
    v128.store(states, sum);
    v128.store(states, grid, VECTOR);
  }
}
