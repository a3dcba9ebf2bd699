//
//   FP16 PEs on slices, four tokens side by side, all rows of a linear at once.
//
//     x f32 (FP16 numbers) ──► packHalves ──► lanes ──► tables of two quads (pe-table.ts) ──┐
//     codes of a row's four digits ─────────────────────────────────────────────────────────┴► steps of its accumulator (pe-fixed.ts)
//     quads for which accumulators are not yet large enough (pe-window.ts) ──► term by term (pe-terms.ts)
//
//     group end: slice 1 s * (P + 2 X) + base * X, slice e s/4^(e-1) * (P + X/2); X the PE's sum of x with digits 1
//
//   Law         bit for bit the aligned FP16 PE (fp16-pe.ts) with one term a digit. FP32: slices ascend inside a group, groups
//               ascend, one addition each, every operation rounded once.
//   Codes lie by [slice][two quads][row][quad]. Tokens and rows do not see each other.
//

import { GROUP, INTEGER_TILE } from "./contract";
import { fix, settleFixed, stepFixed, stepSlice } from "./pe-fixed";
import { clear, STATE_BYTES } from "./pe-step";
import { buildTable, ENTRY_BYTES, QUAD_BYTES, SLICE_DIGITS } from "./pe-table";
import { stepSliceTerms, stepSum, takeQuad } from "./pe-terms";
import { base, openWindow } from "./pe-window";
import { scatterFour } from "./scatter";

const VECTOR = 16;
/** An exponent below that of any lane, whatever its term. */
const NO_LANE: i32 = -60;
/** Four digits of 1: sum(x). */
const ALL_ONES = 255;
const CODES_OF_FOUR = 256;
const DIGIT_PAIRS = 16;
/** Tables of two quads. */
const TABLES: usize = memory.data(2 * CODES_OF_FOUR * ENTRY_BYTES, 16);

/**
 * Lays exponents and signed mantissas of the tokens at `rows` (u32[4]; 0: none) into lanes; whole pairs of quads. With `own` (i32[4];
 * 0: none) a token ends before the others: what follows in its row is no lane at all.
 */
export function packHalves(rows: usize, inputs: i32, own: usize, lanes: usize): void {
  const padded = (inputs + 7) & ~7;
  for (let token = 0; token < INTEGER_TILE; token++) {
    const from = <usize>load<u32>(rows + (token << 2));
    const length = own == 0 ? padded : load<i32>(own + (token << 2));
    for (let k = length; k < padded; k++) {
      store<i32>(lanes + <usize>k * 32 + (token << 2), NO_LANE);
      store<f32>(lanes + <usize>k * 32 + (token << 2), 0, VECTOR);
    }
    for (let k = 0; k < min(padded, length); k++) {
      const bits = from == 0 || k >= inputs ? 0 : load<i32>(from + ((<usize>k) << 2));
      const at = lanes + <usize>k * 32 + (token << 2);
      const field = (bits >>> 23) & 255;
      const normal = field >= 113;
      const mantissa = mantissaOf(bits, normal);
      store<i32>(at, normal ? min(field - 112, 31) : 0);
      store<f32>(at, bits < 0 ? -mantissa : mantissa, VECTOR);
    }
  }
}

/** An FP16 number's mantissa, with its hidden one. */
// @ts-ignore: decorator
@inline
function mantissaOf(bits: i32, normal: bool): f32 {
  const hidden: i32 = 1024 | ((bits >>> 13) & 0x3ff);
  if (normal) return <f32>hidden;
  return reinterpret<f32>(bits & 0x7fffffff) * 16777216;
}

/**
 * The first `depth` slices of `outputs` rows for the tokens in `lanes`. `codes` u8[slice][two quads][output][2]; scale and base
 * f32[output][group]. Room: `states` for depth * outputs + 1 accumulators, `sums` for `outputs` vectors.
 */
export function multiplySlicesPe(
  lanes: usize,
  codes: usize,
  scale: usize,
  centre: usize,
  inputs: i32,
  outputs: i32,
  depth: i32,
  states: usize,
  sums: usize,
  results: usize,
): void {
  const groups = (inputs + GROUP - 1) / GROUP;
  const pitch = <usize>(((inputs + 7) >> 3) * outputs * 2);
  memory.fill(sums, 0, <usize>outputs * VECTOR);
  for (let group = 0; group < groups; group++) {
    const from = group * GROUP;
    const pairs = (min(GROUP, inputs - from) + 7) >> 3;
    const lane = lanes + <usize>(from >> 2) * QUAD_BYTES;
    const row = codes + <usize>((from >> 2) * outputs);
    stepGroup(lane, row, pitch, pairs, outputs, depth, states);
    addGroup(states, scale + (group << 2), centre + (group << 2), groups, outputs, depth, sums);
  }
  for (let o = 0; o < outputs; o++) scatterFour(v128.load(sums + <usize>o * VECTOR), o, results);
}

/** The accumulators of a group's slices, and behind them of sum(x); `pairs` times two quads. Their values. */
function stepGroup(
  lanes: usize,
  codes: usize,
  pitch: usize,
  pairs: i32,
  outputs: i32,
  depth: i32,
  states: usize,
): void {
  const count = depth * outputs;
  const below = (openWindow(lanes, 2 * pairs, 1) + 1) >> 1;
  clear(states, count + 1);
  for (let pair = 0; pair < below; pair++) stepTerms(lanes, codes, pitch, pair, outputs, depth, states);
  fix(states, count + 1, base);
  for (let pair = below; pair < pairs; pair++) stepFixedPair(lanes, codes, pitch, pair, outputs, depth, states);
  settleFixed(states, count + 1, base);
}

/** Two quads, in whole numbers. */
function stepFixedPair(
  lanes: usize,
  codes: usize,
  pitch: usize,
  pair: i32,
  outputs: i32,
  depth: i32,
  states: usize,
): void {
  const sumState = states + <usize>(depth * outputs) * STATE_BYTES;
  for (let quad = 0; quad < 2; quad++) {
    const table = TABLES + quad * CODES_OF_FOUR * ENTRY_BYTES;
    buildTable(lanes + <usize>(2 * pair + quad) * QUAD_BYTES, base, SLICE_DIGITS, DIGIT_PAIRS, table);
    const ones = table + ALL_ONES * ENTRY_BYTES;
    stepFixed(sumState, v128.load(ones), v128.load(ones, VECTOR));
  }
  codes += <usize>(2 * pair * outputs);
  for (let slice = 0; slice < depth; slice++, codes += pitch, states += <usize>outputs * STATE_BYTES) {
    stepSlice(TABLES, codes, outputs, states);
  }
}

/** Two quads, term by term. */
function stepTerms(lanes: usize, codes: usize, pitch: usize, pair: i32, outputs: i32, depth: i32, states: usize): void {
  const sumState = states + <usize>(depth * outputs) * STATE_BYTES;
  for (let quad = 0; quad < 2; quad++) {
    takeQuad(lanes + <usize>(2 * pair + quad) * QUAD_BYTES);
    stepSum(sumState);
    let from = codes + <usize>(2 * pair * outputs + quad);
    let own = states;
    for (let slice = 0; slice < depth; slice++, from += pitch, own += <usize>outputs * STATE_BYTES) {
      stepSliceTerms(from, 2, outputs, own);
    }
  }
}

/** What the slices of a group add to the FP32 sum of each row. */
function addGroup(
  states: usize,
  scale: usize,
  centre: usize,
  groups: i32,
  outputs: i32,
  depth: i32,
  sums: usize,
): void {
  const x = v128.load(states + <usize>(depth * outputs) * STATE_BYTES);
  const half = f32x4.mul(x, f32x4.splat(0.5));
  const twice = f32x4.add(x, x);
  const pitch = <usize>outputs * STATE_BYTES;
  for (let o = 0; o < outputs; o++) {
    let s = load<f32>(scale);
    const middle = f32x4.mul(f32x4.splat(load<f32>(centre)), x);
    const first = f32x4.add(v128.load(states), twice);
    let sum = f32x4.add(v128.load(sums), f32x4.add(f32x4.mul(f32x4.splat(s), first), middle));
    for (let slice = 1, state = states + pitch; slice < depth; slice++, state += pitch) {
      s *= 0.25;
      const centred = f32x4.add(v128.load(state), half);
      sum = f32x4.add(sum, f32x4.mul(f32x4.splat(s), centred));
    }
    v128.store(sums, sum);
    sums += VECTOR;
    states += STATE_BYTES;
    scale += (<usize>groups) << 2;
    centre += (<usize>groups) << 2;
  }
}
