//
//   Weights of a linear in a number format, as the PEs take them: integers, and what makes them reals.
//
//     weights f32 ──► quantize ──► codes u8[out][in] ─► integers (a zero point's are centred)
//                             └──► scale, offset f32[out][block]:  w = scale * (integer + offset), offset 0 without a zero point
//
//   Left out    a stack of slices: its digits are multiplied slice by slice (docs/machine.md section 5).
//

import { CODES, GROUP } from "../../assembly/numeric/contract.js";
import { InputError } from "../basics/errors.js";
import type { Format } from "./format.js";
import { quantize } from "./quantizer.js";
import { groupSize } from "./scale-tree.js";
import { codeBitsOf } from "./slice-layout.js";
import { boothSlots, type Recoding } from "./term-table.js";

export interface CodedWeights {
  readonly inputs: number;
  readonly outputs: number;
  /** Inputs of a row that share a scale. */
  readonly block: number;
  /** The integers that codes 0, 1, 2, ... stand for. */
  readonly values: readonly number[];
  /** By [out][in]. */
  readonly codes: Uint8Array;
  /** By [out][block]. */
  readonly scale: Float32Array;
  /** The same; null without zero points. */
  readonly offset: Float32Array | null;
}

/** Lanes of a PE: a block holds whole ones; of an INT8 kernel twice as many. */
const BLOCK_STEP = 8;

/** Codes of a matrix of rows of `inputs` weights. */
export function codedWeights(format: Format, weights: Float32Array, inputs: number): CodedWeights {
  const block = groupSize(format.scales, inputs);
  if (block < inputs && block % BLOCK_STEP !== 0) {
    throw new InputError(`format ${format.name}: a block is ${block} inputs; allowed multiples of ${BLOCK_STEP}`);
  }
  const outputs = weights.length / inputs;
  const { groups } = quantize(format, weights, inputs);
  const values = valuesOf(format);
  const middle = middleOf(format);
  const place = new Map(values.map((value, code) => [value + middle, code]));
  const codes = new Uint8Array(weights.length);
  let at = 0;
  for (const { levels } of groups) for (const level of levels) codes[at++] = place.get(level) as number;
  // One group of a whole tensor serves every row.
  const blocks = outputs * Math.ceil(inputs / block);
  const ofBlock = (i: number) => groups[groups.length === 1 ? 0 : i];
  const scale = Float32Array.from({ length: blocks }, (_, i) => ofBlock(i).storedScale * ofBlock(i).element);
  const offset = Float32Array.from({ length: blocks }, (_, i) => middle - ofBlock(i).zeroPoint);
  return { inputs, outputs, block, values, codes, scale, offset: format.rule === "zeroPoint" ? offset : null };
}

/** The real weights that codes stand for. */
export function decoded({ inputs, block, values, codes, scale, offset }: CodedWeights): Float32Array {
  const blocks = Math.ceil(inputs / block);
  return Float32Array.from(codes, (code, i) => {
    const at = Math.floor(i / inputs) * blocks + Math.floor((i % inputs) / block);
    return scale[at] * Math.fround(values[code] + (offset?.[at] ?? 0));
  });
}

/** A code without terms, which fills up the last lanes of a row: 0, or one beyond those there are. */
export function fillingCode(values: readonly number[]): number {
  const zero = values.indexOf(0);
  return zero >= 0 ? zero : values.length;
}

/** Booth's digits where they are no more cycles than `slots`, else the fewest signed powers of two. */
export function recodingOf(values: readonly number[], slots: number): Recoding {
  return boothSlots(values) <= Math.min(slots, MOST_DIGITS) ? "booth" : "signed";
}

/** Digits of INT8: a shift of 6, the largest that the adder of the FP16 PE has room for. */
const MOST_DIGITS = 4;

/** The largest integer whose products with INT8 activations a 24-bit sum of `block` inputs holds. */
export function largestInteger(block: number): number {
  return Math.floor((2 ** 23 - 1) / (127 * Math.min(block, GROUP)));
}

/** All integers of a format's codes, whichever of them a group chose. */
function valuesOf(format: Format): number[] {
  const values = [...new Set(format.operands.flatMap((code) => code.values))].sort((a, b) => a - b);
  if (fillingCode(values) < CODES) return values;
  throw new InputError(`format ${format.name}: its codes are ${values.length} integers; allowed ${CODES}, 0 included`);
}

/** What codes with a zero point are centred by. */
function middleOf({ rule, layout }: Format): number {
  return rule === "zeroPoint" ? 2 ** (codeBitsOf(layout) - 1) : 0;
}
