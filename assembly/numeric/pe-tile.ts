//
//   FP16 PEs on slices, four tokens side by side, all rows of a linear at once.
//
//     x f32 (FP16 numbers) ──► pe-lanes.ts ──► lanes ──► tables of two quads (pe-table.ts) ──┐
//     codes of a row's four digits ─────────────────────────────────────────────────────────┴► steps of its accumulator (pe-fixed.ts)
//     quads for which accumulators are not yet large enough (pe-window.ts) ──► term by term (pe-terms.ts)
//
//     group end: slice 1 s * (P + 2 X) + base * X, slice e s/4^(e-1) * (P + X/2); X the PE's sum of x with digits 1
//
//   Law         bit for bit the aligned FP16 PE (fp16-pe.ts) with one term a digit. FP32: slices ascend inside a group, groups
//               ascend, one addition each, every operation rounded once.
//   Codes lie by [slice][two quads][row][quad]. Tokens and rows do not see each other.
//

import { GROUP } from "./contract";
import { clearFixed, fix, settleFixed, stepFixed, stepSlice, TABLES } from "./pe-fixed";
import { clear, STATE_BYTES } from "./pe-step";
import { buildTable, ENTRY_BYTES, QUAD_BYTES, SLICE_DIGITS } from "./pe-table";
import { stepSliceTerms, stepSum, takeQuad } from "./pe-terms";
import { base, openWindow } from "./pe-window";
import { scatterFour } from "./scatter";

const VECTOR = 16;
/** Four digits of 1: sum(x). */
const ALL_ONES = 255;
const CODES_OF_FOUR = 256;
const DIGIT_PAIRS = 16;

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
  if (below > 0) clear(states, count + 1);
  else clearFixed(states, count + 1);
  for (let pair = 0; pair < below; pair++) stepTerms(lanes, codes, pitch, pair, outputs, depth, states);
  if (below > 0) fix(states, count + 1, base);
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
    stepSlice(codes, outputs, states);
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
