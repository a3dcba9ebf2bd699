//
//   A format on a machine: the knobs that say what its weights are in DRAM and in the array, as `--set` writes them.
//
//     Format ──► weights.layout codes | slices      what a fetch carries: code bits, with what groups share inside or beside
//            ├─► weights.terms                      cycles of a code on lanes of one term a cycle
//            └─► weights.dequants, array.dequantCycles    multiplications at a group's end, and the bits of the scale
//
//   Left out    the outer level of scales where there are two (2 bytes a row, 4 a tensor): no run carries it.
//

import { InputError } from "../basics/errors.js";
import { SLICE_BITS, SLICES } from "../trace/trace-json.js";
import { type Format, formatCost } from "./format.js";
import { dequantizations, groupSize, type ScaleLevel } from "./scale-tree.js";

/** A group as long as any row. */
const WHOLE_ROW = 65536;
/** Bits of a group that are no whole bytes are spread over its codes, in steps of this. */
const BITS_STEP = 1 / 128;

/** `path=value` of every knob that a format decides. */
export function machineSets(format: Format): string[] {
  const { scales, layout } = format;
  const group = groupSize(scales, WHOLE_ROW);
  const beside = sharedBits(format) % 8 === 0;
  const common = [
    `weights.group=${group}`,
    `weights.scaleBytes=${beside ? sharedBits(format) / 8 : 0}`,
    `weights.dequants=${dequantizations(scales)}`,
    `array.dequantCycles=${significantBits(scales[0])}`,
  ];
  if (layout.read === "prefix") return [...slices(format), ...common];
  const { codeBits, terms } = formatCost(format, WHOLE_ROW);
  const bits = codeBits + (beside ? 0 : sharedBits(format) / group);
  const stepped = Math.ceil(bits / BITS_STEP - 1e-9) * BITS_STEP;
  return ["weights.layout=codes", `weights.codeBits=${stepped}`, `weights.terms=${terms}`, ...common];
}

/** Slices are the machine's own: their number, bits and terms are its law. */
function slices({ name, layout, terms }: Format): string[] {
  if (layout.slices.length === SLICES && layout.slices.every((bits) => bits === SLICE_BITS) && terms.max === 1) {
    return ["weights.layout=slices", "weights.terms=0"];
  }
  const found = `format ${name} has slices of ${layout.slices.join(", ")} bits and ${terms.max} terms`;
  throw new InputError(`${found}; allowed on a machine ${SLICES} slices of ${SLICE_BITS} bits and one term`);
}

/** Scale, zero point and selector of a group; those of a tensor are on chip. */
function sharedBits({ scales: [{ block, bits, zeroPointBits }], selectorBits }: Format): number {
  return block === "tensor" ? 0 : bits + zeroPointBits + selectorBits;
}

/** Bits that the serial dequantizer goes through: an exponent is an addition. */
function significantBits({ kind, bits }: ScaleLevel): number {
  if (kind === "power") return 0;
  if (kind === "minifloat") return 4;
  if (kind === "integer") return bits;
  return bits === 16 ? 11 : 24;
}
