//
//   What a format does to weights: row by row, group by group, each at every depth it can be read at.
//
//     weights f32 ──► quantize ──► groups of levels, scales as stored ──► dequantize(depth) ──► f32
//
//     nested      one floor code of all slices: C = floor((w/s + z) * 4^(n-1)); its first k digits are the code of depth k,
//                 value s/4^(k-1) * (C_k - z*4^(k-1) + 1/2)
//     rounded     one master code; depth k rounds it again: prefix + the next bit, within the smaller range
//

import { fp16ToNumber, numberToFp16 } from "../basics/half.js";
import type { Format } from "./format.js";
import {
  absmean,
  asymmetric,
  best,
  type GroupLevels,
  type GroupRule,
  powerOfTwoElement,
  sharedExponent,
  symmetric,
  valuesOf,
} from "./group-rules.js";
import { groupSize, storedScales } from "./scale-tree.js";
import { codeBitsOf, type SliceLayout, valueBits } from "./slice-layout.js";

interface QuantizedMatrix {
  columns: number;
  /** Row by row; a row's last group may be short. */
  groups: readonly QuantizedGroup[];
}

/** Levels and the scale as it is stored beside them. */
interface QuantizedGroup extends GroupLevels {
  storedScale: number;
}

const { fround } = Math;

/** Codes of a matrix of rows of `columns` weights. */
export function quantize(format: Format, weights: Float32Array, columns: number): QuantizedMatrix {
  const rule = ruleOf(format);
  const [{ block }] = format.scales;
  const row = block === "tensor" ? weights.length : columns;
  const group = block === "tensor" ? row : groupSize(format.scales, columns);
  const groups: GroupLevels[] = [];
  for (let begin = 0; begin < weights.length; begin += row) {
    for (let at = begin; at < begin + row; at += group) {
      groups.push(rule(weights.slice(at, Math.min(at + group, begin + row))));
    }
  }
  const scales = storedScales(
    format.scales,
    groups.map(({ scale }) => scale),
    Math.ceil(row / group),
  );
  return { columns, groups: groups.map((levels, i) => ({ ...levels, storedScale: scales[i] })) };
}

/** The weights that codes stand for at a depth: all slices where none is given. */
export function dequantize(
  format: Format,
  { groups }: QuantizedMatrix,
  depth = format.layout.slices.length,
): Float32Array {
  const values = groups.map((group) => groupValues(format, { ...group, scale: group.storedScale }, depth));
  const all = new Float32Array(values.reduce((sum, { length }) => sum + length, 0));
  let at = 0;
  for (const of of values) {
    all.set(of, at);
    at += of.length;
  }
  return all;
}

/** The integers of a group at a depth: what the PE multiplies with. */
export function levelsAt({ layout, rule }: Format, levels: Float32Array, depth: number): Float32Array {
  const dropped = codeBitsOf(layout) - valueBits(layout, depth);
  if (dropped === 0) return levels;
  if (rule === "nested") return levels.map((level) => Math.floor(level / 2 ** dropped));
  const top = 2 ** (valueBits(layout, depth) - 1) - 1;
  return levels.map((level) => Math.min(Math.floor(level / 2 ** dropped + 0.5), top));
}

function groupValues(format: Format, group: GroupLevels, depth: number): Float32Array {
  const levels = levelsAt(format, group.levels, depth);
  if (format.rule === "nested") return nestedValues(format.layout, { ...group, levels }, depth);
  if (format.rule !== "rounded") return valuesOf({ ...group, levels });
  const dropped = codeBitsOf(format.layout) - valueBits(format.layout, depth);
  return valuesOf({ ...group, levels, scale: group.scale * 2 ** dropped });
}

function nestedValues({ slices }: SliceLayout, { levels, scale, zeroPoint }: GroupLevels, depth: number): Float32Array {
  const below = 2 ** (slices[0] * (depth - 1));
  const step = fround(scale / below);
  return levels.map((code) => fround(step * fround(code + 0.5 - zeroPoint * below)));
}

function ruleOf({ rule, codes, layout }: Format): GroupRule {
  const [{ bits, values }] = codes;
  switch (rule) {
    case "symmetric":
    case "rounded":
      return symmetric(bits);
    case "zeroPoint":
      return asymmetric(bits);
    case "nearest":
      return best(codes.map((code) => code.values));
    case "absmean":
      return absmean(values);
    case "sharedExponent":
      return sharedExponent(values, powerOfTwoElement(values));
    case "nested":
      return nested(layout);
  }
}

/** One floor code for all slices; scale and zero point, in FP16, are those of the first. */
function nested(layout: SliceLayout): GroupRule {
  const top = 2 ** codeBitsOf(layout) - 1;
  const first = 2 ** layout.slices[0];
  return (weights) => {
    const [low, high] = [weights.reduce((a, b) => Math.min(a, b)), weights.reduce((a, b) => Math.max(a, b))];
    const scale = half(Math.max(fround(fround(high - low) / first), LEAST_SCALE));
    const zeroPoint = half(fround(-low / scale));
    const steps = (top + 1) / first;
    const code = (w: number) => Math.floor(fround(fround(fround(w / scale) + zeroPoint) * steps));
    const levels = weights.map((w) => Math.min(Math.max(code(w), 0), top));
    return { levels, scale, zeroPoint, element: 1, selector: 0 };
  };
}

/** Of a group without any range; FP16 holds it. */
const LEAST_SCALE = 2 ** -14;

function half(value: number): number {
  return fp16ToNumber(numberToFp16(value));
}
