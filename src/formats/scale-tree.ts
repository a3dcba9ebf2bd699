//
//   ScaleTree: how integers become reals. Levels from the inside out; each block of a level has one scale, perhaps a zero
//   point, beside the codes.
//
//     level      block of 128 | 32 | 16 inputs, a channel (output row), or the tensor
//     float      a real scale: FP16, FP32                 integer        an integer times the next level's scale
//     power      a power of two: an exponent shared by    minifloat      an FP8 E4M3 times the next level's scale
//                a block (MX, BFP)
//
//   Yields the side bytes of a matrix and the dequantizations of a group end.
//

import { exponentOf, fp16ToNumber, numberToFp16 } from "../basics/half.js";
import { integerGrid, scalesOnGrid } from "./second-level.js";
import { termCodeOf } from "./term-code.js";

type Block = number | "channel" | "tensor";

export interface ScaleLevel {
  block: Block;
  kind: "float" | "integer" | "minifloat" | "power";
  bits: number;
  zeroPointBits: number;
}

/** Blocks of a level in a matrix; the last of a row may be short. */
export function blocksOf(block: Block, rows: number, columns: number): number {
  if (block === "tensor") return 1;
  return block === "channel" ? rows : rows * Math.ceil(columns / block);
}

/** Inputs of one row that share an innermost scale. */
export function groupSize(levels: readonly ScaleLevel[], columns: number): number {
  const [{ block }] = levels;
  return typeof block === "number" ? block : columns;
}

/** Bits of all scales and zero points. */
export function scaleBits(levels: readonly ScaleLevel[], rows: number, columns: number): number {
  const bits = ({ block, bits, zeroPointBits }: ScaleLevel) => blocksOf(block, rows, columns) * (bits + zeroPointBits);
  return levels.reduce((sum, level) => sum + bits(level), 0);
}

/** Multiplications of a group sum before the next group: one for its scale, one where a zero point is applied. */
export function dequantizations([inner]: readonly ScaleLevel[]): number {
  return inner.zeroPointBits > 0 ? 2 : 1;
}

/** The scales of a matrix's groups as they are stored: what the weights are multiplied with. */
export function storedScales(levels: readonly ScaleLevel[], real: readonly number[], groupsOfRow: number): number[] {
  const [{ kind, bits }, next] = levels;
  if (kind === "power") return real.map((scale) => 2 ** exponentOf(scale));
  if (kind === "float") return bits === 16 ? real.map((scale) => fp16ToNumber(numberToFp16(scale))) : [...real];
  const grid = kind === "integer" ? integerGrid(bits) : E4M3;
  const together = next.block === "tensor" ? real.length : groupsOfRow;
  const stored: number[] = [];
  for (let i = 0; i < real.length; i += together) stored.push(...scalesOnGrid(real.slice(i, i + together), grid));
  return stored;
}

/** Magnitudes of FP8 E4M3, whose largest code is no number. */
const E4M3 = termCodeOf({ kind: "minifloat", exponentBits: 4, mantissaBits: 3, reserved: 1 }).values.filter(
  (v) => v >= 0,
);
