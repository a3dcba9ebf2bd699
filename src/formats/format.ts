//
//   A number format: TermCode x ScaleTree x SliceLayout, composed from a data file. What it costs is counted here; what it
//   does to weights is in quantizer.ts.
//
//     formats/NAME.yaml ──► parseFormat ──► Format ──► terms, bytes of a matrix, bits per weight
//
//   A published system is a file; code is written for a new kind only.
//

import { parseFormatFile, type RULES } from "./format-schema.js";
import { blocksOf, dequantizations, groupSize, type ScaleLevel, scaleBits } from "./scale-tree.js";
import { codeBitsOf, depthsOf, fetchedBits, type SliceLayout, valueBits } from "./slice-layout.js";
import { type TermCode, type TermCount, termCodeOf, termCount } from "./term-code.js";

export interface Format {
  name: string;
  about: string;
  source: string;
  rule: (typeof RULES)[number];
  /** More than one: each group chooses. */
  codes: readonly TermCode[];
  /** What reaches the PE: the codes, those with a zero point centred, because sum(x) corrects for it anyway. */
  operands: readonly TermCode[];
  /** Of one operand; of one slice where slices are digits of their own. */
  terms: TermCount;
  scales: readonly ScaleLevel[];
  layout: SliceLayout;
  /** Bits of a group's choice among the codes. */
  selectorBits: number;
}

/** Bytes of a matrix, by what they carry. */
export interface FormatBytes {
  codes: number;
  /** Codes of the inputs that fill up the last group of each row. */
  padding: number;
  scales: number;
  selectors: number;
  total: number;
}

/** What a read of some depth costs. */
export interface DepthCost {
  depth: number;
  /** Bits of a weight's value. */
  bits: number;
  /** Bits of a weight's code that are fetched. */
  fetchedBits: number;
  /** Terms that lanes in lock step pay for a weight. */
  terms: number;
}

/** What a machine wants to know of a format at its full depth. */
interface FormatCost {
  codeBits: number;
  terms: number;
  /** Inputs of a row with one scale. */
  group: number;
  /** Scale, zero point and selector of a group. */
  scaleBytes: number;
  dequantizations: number;
}

export function parseFormat(text: string, fileName: string): Format {
  const { name, about, source, rule, codes: specs, scales, slices } = parseFormatFile(text, fileName);
  const codes = specs.map(termCodeOf);
  const read = rule === "nested" ? "prefix" : rule === "rounded" ? "rounded" : "whole";
  const layout: SliceLayout = { slices: slices ?? [codes[0].bits], read };
  const selectorBits = Math.ceil(Math.log2(codes.length));
  const operands = rule === "zeroPoint" ? codes.map(centred) : codes;
  return { name, about, source, rule, codes, operands, terms: termCount(operands), scales, layout, selectorBits };
}

/** Every depth that can be read, and what it costs. */
export function depthCosts(format: Format): DepthCost[] {
  return depthsOf(format.layout).map((depth) => {
    const bits = valueBits(format.layout, depth);
    return { depth, bits, fetchedBits: fetchedBits(format.layout, depth), terms: termsAt(format, depth) };
  });
}

/** Bytes of a matrix at a depth; all of it where no depth is given. */
export function formatBytes(format: Format, rows: number, columns: number, depth?: number): FormatBytes {
  const bits = fetchedBits(format.layout, depth ?? format.layout.slices.length);
  const group = groupSize(format.scales, columns);
  const padded = Math.ceil(columns / group) * group;
  const codes = toBytes(rows * columns * bits);
  const padding = toBytes(rows * padded * bits) - codes;
  const precisions = format.layout.read === "rounded" && depth === undefined ? format.layout.slices.length : 1;
  const scales = toBytes(precisions * scaleBits(format.scales, rows, columns));
  const selectors = toBytes(blocksOf(format.scales[0].block, rows, columns) * format.selectorBits);
  return { codes, padding, scales, selectors, total: codes + padding + scales + selectors };
}

/** Everything that is stored, over the weights there are. */
export function bitsPerWeight(format: Format, rows: number, columns: number, depth?: number): number {
  return (formatBytes(format, rows, columns, depth).total * 8) / (rows * columns);
}

/** The format as a machine sees it, in a row of `columns` inputs. */
export function formatCost(format: Format, columns: number): FormatCost {
  const [{ bits, zeroPointBits }] = format.scales;
  return {
    codeBits: codeBitsOf(format.layout),
    terms: termsAt(format, format.layout.slices.length),
    group: groupSize(format.scales, columns),
    scaleBytes: toBytes(bits + zeroPointBits + format.selectorBits),
    dequantizations: dequantizations(format.scales),
  };
}

/** Residual digits are streamed one by one; a rounded code is one integer of its own bits. */
function termsAt({ layout, terms }: Format, depth: number): number {
  if (layout.read === "prefix") return depth * terms.max;
  if (layout.read === "whole") return terms.max;
  return termCount([termCodeOf({ kind: "digits", bits: valueBits(layout, depth), range: "symmetric" })]).max;
}

/** An unsigned code of b bits minus 2^(b-1): an integer of b bits, which takes a term less. */
function centred(code: TermCode): TermCode {
  const middle = 2 ** (code.bits - 1);
  return { ...code, values: code.values.map((value) => value - middle) };
}

function toBytes(bits: number): number {
  return Math.ceil(bits / 8);
}
