//
//   Four activations of four tokens times terms, one by one: what any code, any exponent and any accumulator allow.
//
//     lanes ──► takeQuad ──► per slot: v_i = x_i * term, cut off at the largest exponent ──► dp ──► step (pe-step.ts)
//     code ──► term of each slot ──┘          digits of slices, of Booth: codes of five terms
//
//   Law         bit for bit the aligned FP16 PE (fp16-pe.ts): all slots of four lanes, then of the next four.
//

import { CODES, CODE_TERM_BYTES } from "./contract";
import { inverseOf, powerOf, STATE_BYTES, step } from "./pe-step";

const GUARD: f32 = 8;
/** Bytes of a slot's terms. */
const SLOT_BYTES = CODES * CODE_TERM_BYTES;
/** From this shift of a slot on the adder may wrap. */
const WIDE: i32 = 6;
/** Terms of the digits -2 .. 2: value FP32, exponent field. */
const DIGIT_TERMS: usize = memory.data<u32>([
  0xc0000000, 0x800000, 0xbf800000, 0, 0, 0, 0x3f800000, 0, 0x40000000, 0x800000,
]);
/** Shifts of Booth's slots. */
const BSIGS: usize = memory.data<u8>([0, 2, 4, 6]);
/** Rows whose digits are laid out at a time, a byte each. */
const ROWS = 256;
const DIGITS: usize = memory.data(ROWS * 4, 16);

/** Exponents (as 2^, FP32) and values of four activations of four tokens. */
let e0: v128 = i32x4.splat(0);
let e1: v128 = i32x4.splat(0);
let e2: v128 = i32x4.splat(0);
let e3: v128 = i32x4.splat(0);
let x0: v128 = i32x4.splat(0);
let x1: v128 = i32x4.splat(0);
let x2: v128 = i32x4.splat(0);
let x3: v128 = i32x4.splat(0);

/** Makes a quad the one under way. */
export function takeQuad(lane: usize): void {
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

/** All slots of the quad, row by row: codes of four lanes, four bytes a row. */
export function stepCodes(codes: usize, rows: i32, terms: usize, bsigs: usize, slots: i32, states: usize): void {
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

/** One quad of a slice, row by row: a code of four digits every `pitch` bytes. */
export function stepSliceTerms(codes: usize, pitch: usize, rows: i32, states: usize): void {
  for (let from = 0; from < rows; from += ROWS) {
    const own = min(ROWS, rows - from);
    for (let row = 0; row < own; row++, codes += pitch) {
      const code = <u32>load<u8>(codes);
      const four = (code & 3) | (((code >> 2) & 3) << 8) | (((code >> 4) & 3) << 16) | ((code >> 6) << 24);
      store<u32>(DIGITS + ((<usize>row) << 2), four);
    }
    stepCodes(DIGITS, own, DIGIT_TERMS, BSIGS, 1, states + <usize>from * STATE_BYTES);
  }
}

/** All slots of a quad of Booth's digits: two pairs of digits, five bits each, by [row][slot]. */
export function stepBoothTerms(codes: usize, slots: i32, rows: i32, states: usize): void {
  for (let from = 0; from < rows; from += ROWS) {
    const own = min(ROWS, rows - from);
    for (let slot = 0; slot < slots; slot++) {
      for (let row = 0; row < own; row++) {
        const pairs = <u32>load<u16>(codes + <usize>(((from + row) * slots + slot) << 1));
        const first = pairs & 31;
        const second = pairs >> 5;
        const four = (first % 5) | ((first / 5) << 8) | ((second % 5) << 16) | ((second / 5) << 24);
        store<u32>(DIGITS + ((<usize>row) << 2), four);
      }
      stepCodes(DIGITS, own, DIGIT_TERMS, BSIGS + slot, 1, states + <usize>from * STATE_BYTES);
    }
  }
}

/** sum(x): every lane's term is 1. */
export function stepSum(state: usize): void {
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
