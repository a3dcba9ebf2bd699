//
//   FP16 PEs on codes of any number format, four tokens side by side, all rows of a matrix at once.
//
//     lanes (pe-tile.ts: packHalves) ──┐ per slot: v_i = x_i * term, cut off at the largest exponent ──► dp ──► step (pe-step.ts)
//     code ──► term of each slot ──────┘ Booth's digits: by pairs of lanes (pe-table.ts), the shift of slot k is 2k
//     every 128 inputs: F += A;  X alike, with the term 1        block end: y += s * (F + o * X)
//
//   Law         bit for bit the aligned FP16 PE (fp16-pe.ts): all slots of four lanes, then of the next four. A block of inputs
//               shares scale s and offset o; an accumulator takes 128 inputs of it at most. FP32: segments ascend inside a
//               block, blocks ascend; every operation rounded once. Tokens and rows do not see each other.
//   Codes of four lanes lie by [quad][row], `pitch` rows to the next quad; digits by [slot][quad][row], a byte for each pair of
//   lanes. A code without a term, in whole quads, ends a row.
//

import { CODES, CODE_TERM_BYTES, GROUP, INTEGER_TILE } from "./contract";
import { mayWrap, Reach, reachedQuad, reachQuad, reachSlot, resetReach } from "./pe-reach";
import { clear, inverseOf, powerOf, STATE_BYTES, step, stepNear, stepSettled, valueOf } from "./pe-step";
import { BOOTH_DIGITS, buildPairs, magnitudeOf, PAIR_BYTES, QUAD_BYTES, topOf } from "./pe-table";
import { scatterFour } from "./scatter";

const VECTOR = 16;
const GUARD: f32 = 8;
/** Bytes of a slot's terms. */
const SLOT_BYTES = CODES * CODE_TERM_BYTES;
/** From this shift of a slot on the adder may wrap. */
const WIDE: i32 = 6;
/** All pairs of digits of two lanes. */
const PAIRS_OF_LANES = BOOTH_DIGITS * BOOTH_DIGITS * PAIR_BYTES;
/** Rows whose accumulators stay close by. */
const ROWS = 256;

/** Exponents (as 2^, FP32) and values of four activations of four tokens. */
let e0: v128 = i32x4.splat(0);
let e1: v128 = i32x4.splat(0);
let e2: v128 = i32x4.splat(0);
let e3: v128 = i32x4.splat(0);
let x0: v128 = i32x4.splat(0);
let x1: v128 = i32x4.splat(0);
let x2: v128 = i32x4.splat(0);
let x3: v128 = i32x4.splat(0);

/**
 * y = W x. `terms` {value f32, exponent field i32}[slots][CODES], `bsigs` u8[slots]; or `digits`, the bytes from one slot to the
 * next, above 0. Scale and offset (0: none) f32[output][block]. Room: `pairs` as pe-table.ts says, `states` for ROWS + 1
 * accumulators, `sums` for 2 * ROWS + 1 vectors.
 */
export function multiplyCodesPe(
  lanes: usize,
  codes: usize,
  pitch: i32,
  terms: usize,
  bsigs: usize,
  digits: i32,
  slots: i32,
  inputs: i32,
  outputs: i32,
  block: i32,
  scale: usize,
  offset: usize,
  pairs: usize,
  states: usize,
  sums: usize,
  results: usize,
): void {
  const blocks = (inputs + block - 1) / block;
  for (let from = 0; from < outputs; from += ROWS) {
    const rows = min(ROWS, outputs - from);
    const totals = sums + <usize>(ROWS + 1) * VECTOR;
    memory.fill(totals, 0, <usize>rows * VECTOR);
    for (let at = 0; at < blocks; at++) {
      const begin = at * block;
      const end = min(inputs, begin + block);
      memory.fill(sums, 0, <usize>(ROWS + 1) * VECTOR);
      for (let start = begin; start < end; start += GROUP) {
        const last = (min(end, start + GROUP) + 3) >> 2;
        clear(states, rows + 1);
        resetReach(results);
        for (let quad = start >> 2; quad < last; quad++) {
          const lane = lanes + <usize>quad * QUAD_BYTES;
          const row = quad * pitch + from;
          if (digits == 0 || offset != 0) takeQuad(lane);
          if (offset != 0) stepSum(states + <usize>rows * STATE_BYTES);
          if (digits == 0) stepRows(codes + ((<usize>row) << 2), rows, terms, bsigs, slots, states);
          else stepQuad(lane, codes + ((<usize>row) << 1), digits, rows, slots, pairs, states);
        }
        addSegment(states, rows, sums);
      }
      const place = (<usize>(from * blocks + at)) << 2;
      addBlock(sums, rows, scale + place, offset == 0 ? 0 : offset + place, blocks, totals);
    }
    for (let row = 0; row < rows; row++) scatterFour(v128.load(totals + <usize>row * VECTOR), from + row, results);
  }
}

function takeQuad(lane: usize): void {
  const guard = f32x4.splat(GUARD);
  e0 = powerOf(v128.load(lane));
  e1 = powerOf(v128.load(lane, 32));
  e2 = powerOf(v128.load(lane, 64));
  e3 = powerOf(v128.load(lane, 96));
  x0 = f32x4.mul(f32x4.mul(v128.load(lane, 16), guard), e0);
  x1 = f32x4.mul(f32x4.mul(v128.load(lane, 48), guard), e1);
  x2 = f32x4.mul(f32x4.mul(v128.load(lane, 80), guard), e2);
  x3 = f32x4.mul(f32x4.mul(v128.load(lane, 112), guard), e3);
}

/** All slots of a quad, row by row. */
function stepRows(codes: usize, rows: i32, terms: usize, bsigs: usize, slots: i32, states: usize): void {
  const a = x0;
  const b = x1;
  const c = x2;
  const d = x3;
  const ea = e0;
  const eb = e1;
  const ec = e2;
  const ed = e3;
  for (const end = codes + ((<usize>rows) << 2); codes < end; codes += 4, states += STATE_BYTES) {
    const four = load<u32>(codes);
    let ta = terms + (four & 255) * CODE_TERM_BYTES;
    let tb = terms + ((four >> 8) & 255) * CODE_TERM_BYTES;
    let tc = terms + ((four >> 16) & 255) * CODE_TERM_BYTES;
    let td = terms + (four >> 24) * CODE_TERM_BYTES;
    for (let slot = 0; slot < slots; slot++) {
      const first = i32x4.max_s(i32x4.add(ea, v128.load32_splat(ta, 4)), i32x4.add(eb, v128.load32_splat(tb, 4)));
      const second = i32x4.max_s(i32x4.add(ec, v128.load32_splat(tc, 4)), i32x4.add(ed, v128.load32_splat(td, 4)));
      const power = i32x4.max_s(first, second);
      const inverse = inverseOf(power);
      const low = f32x4.add(cut(a, v128.load32_splat(ta), inverse), cut(b, v128.load32_splat(tb), inverse));
      const high = f32x4.add(cut(c, v128.load32_splat(tc), inverse), cut(d, v128.load32_splat(td), inverse));
      const bsig = <i32>load<u8>(bsigs + slot);
      const shifted = f32x4.mul(f32x4.add(low, high), i32x4.add(power, i32x4.splat(bsig << 23)));
      if (bsig >= WIDE) step(states, shifted, inverse, true);
      else step(states, shifted, inverse, false);
      ta += SLOT_BYTES;
      tb += SLOT_BYTES;
      tc += SLOT_BYTES;
      td += SLOT_BYTES;
    }
  }
}

/** All slots of a quad of Booth's digits. */
function stepQuad(lane: usize, codes: usize, digits: i32, rows: i32, slots: i32, pairs: usize, states: usize): void {
  buildPairs(lane, pairs, BOOTH_DIGITS);
  const power = powerOf(topOf(lane));
  reachQuad(power, magnitudeOf(lane), <f32>(((1 << (2 * slots)) - 1) / 3));
  for (let slot = 0; slot < slots; slot++) {
    const bsig = 2 * slot;
    stepDigits(codes, rows, pairs, inverseOf(power), bsig, states, bsig >= WIDE && mayWrap(), reachSlot(bsig));
    codes += digits;
  }
  reachedQuad();
}

/** One slot of a quad, row by row. */
function stepDigits(
  codes: usize,
  rows: i32,
  pairs: usize,
  inverse: v128,
  bsig: i32,
  states: usize,
  wide: bool,
  reach: Reach,
): void {
  const shift = f32x4.splat(<f32>(1 << bsig));
  const end = codes + ((<usize>rows) << 1);
  if (wide || reach == Reach.Any) {
    for (; codes < end; codes += 2, states += STATE_BYTES) {
      const raised = raisedOf(pairs, codes);
      const own = i32x4.add(inverse, i32x4.shl(raised, 23));
      const v = f32x4.mul(sumOf(pairs, codes, raised), shift);
      if (wide) step(states, v, own, true);
      else step(states, v, own, false);
    }
  } else if (reach == Reach.Near) {
    for (; codes < end; codes += 2, states += STATE_BYTES) {
      const raised = raisedOf(pairs, codes);
      const own = i32x4.add(inverse, i32x4.shl(raised, 23));
      stepNear(states, f32x4.mul(sumOf(pairs, codes, raised), shift), own);
    }
  } else {
    for (; codes < end; codes += 2, states += STATE_BYTES) {
      stepSettled(states, f32x4.mul(sumOf(pairs, codes, raisedOf(pairs, codes)), shift));
    }
  }
}

/** Where the largest exponent is one more: all ones. */
// @ts-ignore: decorator
@inline
function raisedOf(pairs: usize, codes: usize): v128 {
  return v128.or(v128.load(firstOf(pairs, codes), 32), v128.load(secondOf(pairs, codes), 32));
}

/** dp * 2^max of two pairs of digits. */
// @ts-ignore: decorator
@inline
function sumOf(pairs: usize, codes: usize, raised: v128): v128 {
  const first = firstOf(pairs, codes);
  const second = secondOf(pairs, codes);
  const change = v128.and(f32x4.add(v128.load(first, 16), v128.load(second, 16)), raised);
  return f32x4.add(f32x4.add(v128.load(first), v128.load(second)), change);
}

// @ts-ignore: decorator
@inline
function firstOf(pairs: usize, codes: usize): usize {
  return pairs + ((<usize>load<u8>(codes)) << 6);
}

// @ts-ignore: decorator
@inline
function secondOf(pairs: usize, codes: usize): usize {
  return pairs + PAIRS_OF_LANES + ((<usize>load<u8>(codes, 1)) << 6);
}

/** sum(x): every lane's term is 1. */
function stepSum(state: usize): void {
  const one = f32x4.splat(1);
  const power = i32x4.max_s(i32x4.max_s(e0, e1), i32x4.max_s(e2, e3));
  const inverse = inverseOf(power);
  const low = f32x4.add(cut(x0, one, inverse), cut(x1, one, inverse));
  const high = f32x4.add(cut(x2, one, inverse), cut(x3, one, inverse));
  step(state, f32x4.mul(f32x4.add(low, high), power), inverse, false);
}

/** A lane's product in units of the largest exponent, its magnitude cut off: 0 from a distance of 14 on. */
// @ts-ignore: decorator
@inline
function cut(x: v128, term: v128, inverse: v128): v128 {
  return f32x4.trunc(f32x4.mul(f32x4.mul(x, term), inverse));
}

/** F += A of every row, and of sum(x) behind them. */
function addSegment(states: usize, rows: i32, sums: usize): void {
  for (let row = 0; row <= rows; row++) {
    const at = sums + <usize>row * VECTOR;
    v128.store(at, f32x4.add(v128.load(at), valueOf(states + <usize>row * STATE_BYTES)));
  }
}

function addBlock(sums: usize, rows: i32, scale: usize, offset: usize, blocks: i32, totals: usize): void {
  const sumX = v128.load(sums + <usize>rows * VECTOR);
  for (let row = 0; row < rows; row++) {
    const at = (<usize>(row * blocks)) << 2;
    let sum = v128.load(sums + <usize>row * VECTOR);
    if (offset != 0) sum = f32x4.add(sum, f32x4.mul(v128.load32_splat(offset + at), sumX));
    const total = totals + <usize>row * VECTOR;
    v128.store(total, f32x4.add(v128.load(total), f32x4.mul(v128.load32_splat(scale + at), sum)));
  }
}
