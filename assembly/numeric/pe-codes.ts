//
//   FP16 PEs on codes of any number format, four tokens side by side, all rows of a matrix at once.
//
//     lanes (pe-lanes.ts) ──┐ code ──► terms, slot by slot (pe-terms.ts)
//                                      └ Booth's digits in whole numbers (pe-digits.ts)
//     every 128 inputs: F += A;  X alike, with the term 1        block end: y += s * (F + o * X)
//
//   Law         bit for bit the aligned FP16 PE (fp16-pe.ts): all slots of four lanes, then of the next four. A block of inputs
//               shares scale s and offset o; an accumulator takes 128 inputs of it at most. FP32: segments ascend inside a
//               block, blocks ascend; every operation rounded once. Tokens and rows do not see each other.
//   Codes of four lanes lie by [quad][row], digits by [quad][row][slot], 16 bits each; `pitch` rows to the next quad. A code
//   without a term, in whole quads, ends a row.
//

import { GROUP } from "./contract";
import { stepDigitSegment } from "./pe-digits";
import { clear, settle, STATE_BYTES } from "./pe-step";
import { QUAD_BYTES } from "./pe-table";
import { stepCodes, stepSum, takeQuad } from "./pe-terms";
import { scatterFour } from "./scatter";

const VECTOR = 16;
/** Rows whose accumulators stay close by: of codes; of digits, whose tables are made anew for the next ones. */
const CODED_ROWS = 256;
const DIGIT_ROWS = 4096;

/**
 * y = W x. `terms` {value f32, exponent field i32}[slots][CODES], `bsigs` u8[slots]; without `terms`, codes are Booth's digits.
 * Scale and offset (0: none) f32[output][block]. Room: `states` for DIGIT_ROWS + 1 accumulators, `sums` for 2 * DIGIT_ROWS + 1
 * vectors.
 */
export function multiplyCodesPe(
  lanes: usize,
  codes: usize,
  pitch: i32,
  terms: usize,
  bsigs: usize,
  slots: i32,
  inputs: i32,
  outputs: i32,
  block: i32,
  scale: usize,
  offset: usize,
  states: usize,
  sums: usize,
  results: usize,
): void {
  const blocks = (inputs + block - 1) / block;
  const most = terms == 0 ? DIGIT_ROWS : CODED_ROWS;
  const rowBytes = terms == 0 ? 2 * slots : 4;
  for (let from = 0; from < outputs; from += most) {
    const rows = min(most, outputs - from);
    const totals = sums + <usize>(most + 1) * VECTOR;
    memory.fill(totals, 0, <usize>rows * VECTOR);
    for (let at = 0; at < blocks; at++) {
      const begin = at * block;
      const end = min(inputs, begin + block);
      memory.fill(sums, 0, <usize>(rows + 1) * VECTOR);
      for (let start = begin; start < end; start += GROUP) {
        const quads = (min(end - start, GROUP) + 3) >> 2;
        const lane = lanes + <usize>(start >> 2) * QUAD_BYTES;
        const row = codes + <usize>(((start >> 2) * pitch + from) * rowBytes);
        const step = <usize>(pitch * rowBytes);
        if (terms == 0) stepDigitSegment(lane, row, step, quads, slots, rows, states, offset != 0);
        else stepTermSegment(lane, row, step, quads, terms, bsigs, slots, rows, states, offset != 0);
        addSegment(states, rows, sums);
      }
      const place = (<usize>(from * blocks + at)) << 2;
      addBlock(sums, rows, scale + place, offset == 0 ? 0 : offset + place, blocks, totals);
    }
    for (let row = 0; row < rows; row++) scatterFour(v128.load(totals + <usize>row * VECTOR), from + row, results);
  }
}

/** The accumulators of a segment, term by term, and behind them of sum(x) where that is `summed`; their values. */
function stepTermSegment(
  lanes: usize,
  codes: usize,
  step: usize,
  quads: i32,
  terms: usize,
  bsigs: usize,
  slots: i32,
  rows: i32,
  states: usize,
  summed: bool,
): void {
  clear(states, rows + 1);
  for (let quad = 0; quad < quads; quad++, lanes += QUAD_BYTES, codes += step) {
    takeQuad(lanes);
    if (summed) stepSum(states + <usize>rows * STATE_BYTES);
    stepCodes(codes, rows, terms, bsigs, slots, states);
  }
  settle(states, rows + 1);
}

/** F += A of every row, and of sum(x) behind them. */
function addSegment(states: usize, rows: i32, sums: usize): void {
  for (let row = 0; row <= rows; row++) {
    const at = sums + <usize>row * VECTOR;
    v128.store(at, f32x4.add(v128.load(at), v128.load(states + <usize>row * STATE_BYTES)));
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
