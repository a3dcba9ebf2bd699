//
//   FP16 PEs on slices, four tokens side by side, all rows of a linear at once.
//
//     x f32 (FP16 numbers) ──► packHalves ──► lanes ──► table of every quad (pe-table.ts) ──┐
//     code of a row's four digits ──────────────────────────────────────────────────────────┴► one step of its accumulator (pe-step.ts)
//
//     group end: slice 1 s * (P + 2 X) + base * X, slice e s/4^(e-1) * (P + X/2); X the PE's sum of x with digits 1
//
//   Law         bit for bit the aligned FP16 PE (fp16-pe.ts) with one term a digit. FP32: slices ascend inside a group, groups
//               ascend, one addition each, every operation rounded once.
//   Codes lie by [slice][quad][row]. Tokens and rows do not see each other.
//

import { GROUP, INTEGER_TILE } from "./contract";
import { Reach, reachedQuad, reachQuad, reachSlot, resetReach } from "./pe-reach";
import { clear, powerOf, STATE_BYTES, step, stepNear, stepSettled, valueOf } from "./pe-step";
import { buildTable, magnitudeOf, QUAD_BYTES, topOf } from "./pe-table";
import { scatterFour } from "./scatter";

const VECTOR = 16;
/** An exponent below that of any lane, whatever its term. */
const NO_LANE: i32 = -60;
/** Four digits of 1: sum(x). */
const ALL_ONES = 255;

/**
 * Lays exponents and signed mantissas of the tokens at `rows` (u32[4]; 0: none) into lanes; whole quads. With `own` (i32[4];
 * 0: none) a token ends before the others: what follows in its row is no lane at all.
 */
export function packHalves(rows: usize, inputs: i32, own: usize, lanes: usize): void {
  const padded = (inputs + 3) & ~3;
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
 * The first `depth` slices of `outputs` rows for the tokens in `lanes`. `codes` u8[slice][quad][output]; scale and base
 * f32[output][group]. Room: `table`, `pairs` as pe-table.ts says, `states` for depth * outputs + 1 accumulators, `sums` for
 * `outputs` vectors.
 */
export function multiplySlicesPe(
  lanes: usize,
  codes: usize,
  scale: usize,
  base: usize,
  inputs: i32,
  outputs: i32,
  depth: i32,
  table: usize,
  pairs: usize,
  states: usize,
  sums: usize,
  results: usize,
): void {
  const quads = (inputs + 3) >> 2;
  const groups = (inputs + GROUP - 1) / GROUP;
  const sumState = states + <usize>(depth * outputs) * STATE_BYTES;
  memory.fill(sums, 0, <usize>outputs * VECTOR);
  for (let group = 0; group < groups; group++) {
    clear(states, depth * outputs + 1);
    resetReach(results);
    const last = min(quads, ((group + 1) * GROUP) >> 2);
    for (let quad = (group * GROUP) >> 2; quad < last; quad++) {
      const lane = lanes + <usize>quad * QUAD_BYTES;
      buildTable(lane, table, pairs);
      reachQuad(powerOf(topOf(lane)), magnitudeOf(lane), 1);
      const reach = reachSlot(0);
      const ones = table + ALL_ONES * 32;
      step(sumState, v128.load(ones), v128.load(ones, VECTOR), false);
      for (let slice = 0; slice < depth; slice++) {
        const from = codes + <usize>((slice * quads + quad) * outputs);
        stepRows(table, from, outputs, states + <usize>(slice * outputs) * STATE_BYTES, reach);
      }
      reachedQuad();
    }
    addGroup(states, sumState, scale + (group << 2), base + (group << 2), groups, outputs, depth, sums);
  }
  for (let o = 0; o < outputs; o++) scatterFour(v128.load(sums + <usize>o * VECTOR), o, results);
}

/** One quad of a slice, row by row. */
function stepRows(table: usize, codes: usize, rows: i32, states: usize, reach: Reach): void {
  const end = codes + rows;
  if (reach == Reach.Settled) {
    for (; codes < end; codes++, states += STATE_BYTES) stepSettled(states, v128.load(entryOf(table, codes)));
  } else if (reach == Reach.Near) {
    for (; codes < end; codes++, states += STATE_BYTES) {
      const entry = entryOf(table, codes);
      stepNear(states, v128.load(entry), v128.load(entry, VECTOR));
    }
  } else {
    for (; codes < end; codes++, states += STATE_BYTES) {
      const entry = entryOf(table, codes);
      step(states, v128.load(entry), v128.load(entry, VECTOR), false);
    }
  }
}

// @ts-ignore: decorator
@inline
function entryOf(table: usize, code: usize): usize {
  return table + ((<usize>load<u8>(code)) << 5);
}

/** What the slices of a group add to the FP32 sum of each row. */
function addGroup(
  states: usize,
  sumState: usize,
  scale: usize,
  base: usize,
  groups: i32,
  outputs: i32,
  depth: i32,
  sums: usize,
): void {
  const x = valueOf(sumState);
  const half = f32x4.mul(x, f32x4.splat(0.5));
  const twice = f32x4.add(x, x);
  const pitch = <usize>outputs * STATE_BYTES;
  for (let o = 0; o < outputs; o++) {
    let s = load<f32>(scale);
    const centre = f32x4.mul(f32x4.splat(load<f32>(base)), x);
    const first = f32x4.add(valueOf(states), twice);
    let sum = f32x4.add(v128.load(sums), f32x4.add(f32x4.mul(f32x4.splat(s), first), centre));
    for (let slice = 1, state = states + pitch; slice < depth; slice++, state += pitch) {
      s *= 0.25;
      const centred = f32x4.add(valueOf(state), half);
      sum = f32x4.add(sum, f32x4.mul(f32x4.splat(s), centred));
    }
    v128.store(sums, sum);
    sums += VECTOR;
    states += STATE_BYTES;
    scale += (<usize>groups) << 2;
    base += (<usize>groups) << 2;
  }
}
