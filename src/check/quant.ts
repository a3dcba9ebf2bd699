//
//   Golden quantization: what the public BitMoD quantizer made of some weights, against the group rules of src/formats/.
//
//     FILE { grids, w_hex, cases } ──► name of a case ──► rule ──► groups ──► values, compared bit by bit
//
//     intN, intN_sym, intN_asym         mixed_bitmod_Nb  four BitMoD grids of N bits     mx_GRID    a shared exponent
//     GRID_grid                         mixed_er_Nb, mixed_ea_Nb  two of them            ..._gN     groups of N
//                                       mixed_ant_Nb     INT or FLINT (FP of 3 bits)     ..._s8     scales in 8 bits
//
//   Must be exact   every value of every case, the sign of zero included.
//

import { z } from "zod";
import { InputError } from "../basics/errors.js";
import { readJson } from "../basics/json.js";
import {
  asymmetric,
  best,
  fittedElement,
  type GroupLevels,
  type GroupRule,
  nearest,
  sharedExponent,
  symmetric,
  valuesOf,
} from "../formats/group-rules.js";
import { integerGrid, scalesOnGrid } from "../formats/second-level.js";
import { type CheckedRow, type CheckVerdict, type Difference, verdictOf } from "./verdict.js";

const floats = z.string().regex(/^(?:[0-9a-f]{8})+$/, "allowed FP32 numbers, eight hex digits each, little-endian");
const grid = z.array(z.number()).refine((values) => values.some((value) => value !== 0), "allowed some value beside 0");
const goldenFile = z.looseObject({
  note: z.string().optional(),
  grids: z.record(z.string(), grid),
  w_hex: floats,
  columns: z.int().min(1).optional(),
  cases: z.record(z.string(), z.looseObject({ hex: floats })),
});
type Grids = z.output<typeof goldenFile>["grids"];

/** What a case's name says. */
interface Case {
  rule: GroupRule;
  /** Weights of a group. */
  group: number;
  /** Bits of a scale beside the row's own; 0: scales are real. */
  scaleBits: number;
}

const GROUP = 128;
const MX_GROUP = 32;
const VARIANTS: Record<string, readonly string[]> = {
  bitmod: ["er_pos", "er_neg", "ea_pos", "ea_neg"],
  er: ["er_pos", "er_neg"],
  ea: ["ea_pos", "ea_neg"],
};

/** Compares every case of a golden file; `text` is what the file holds. */
export function checkQuant(text: string, fileName: string): CheckVerdict {
  const golden = readJson(text, fileName, goldenFile);
  const weights = decode(golden.w_hex);
  const columns = golden.columns ?? columnsOf(golden.note, weights.length);
  if (weights.length % columns !== 0) {
    throw new InputError(`${fileName}: w_hex has ${weights.length} values; allowed rows of ${columns}`);
  }
  const rows = Object.entries(golden.cases).map(([name, { hex }]): CheckedRow => {
    const want = decode(hex);
    if (want.length !== weights.length) {
      throw new InputError(`${fileName}: cases.${name} has ${want.length} values; allowed ${weights.length}`);
    }
    return checkCase(name, caseOf(name, golden.grids), weights, columns, want);
  });
  return verdictOf("quant", fileName, rows, []);
}

/** Where a file has no `columns`: as its note says ("4 rows x 256 columns"), else one row; groups never cross rows. */
function columnsOf(note: string | undefined, weights: number): number {
  return Number(/(\d+) columns/.exec(note ?? "")?.[1] ?? weights) || weights;
}

function checkCase(
  name: string,
  one: Case | string,
  weights: Float32Array,
  columns: number,
  want: Float32Array,
): CheckedRow {
  if (typeof one === "string") {
    const unknown: Difference = { field: "case", got: one, want: "one that is known" };
    return { row: name, mustBeExact: true, compared: [unknown], differences: [unknown] };
  }
  const got = quantized(one, weights, columns);
  const [gotBits, wantBits] = [new Uint32Array(got.buffer), new Uint32Array(want.buffer)];
  const differing = [...gotBits.keys()].filter((i) => gotBits[i] !== wantBits[i]);
  const count: Difference = { field: "equal values", got: want.length - differing.length, want: want.length };
  const [first] = differing;
  if (first === undefined) return { row: name, mustBeExact: true, compared: [count], differences: [] };
  const value: Difference = { field: `w${first}`, got: shown(got[first]), want: shown(want[first]) };
  return { row: name, mustBeExact: true, compared: [count, value], differences: [count, value] };
}

/** Row by row, group by group; the last group of a row may be short. */
function quantized({ rule, group, scaleBits }: Case, weights: Float32Array, columns: number): Float32Array {
  const out = new Float32Array(weights.length);
  for (let row = 0; row < weights.length; row += columns) {
    const groups: GroupLevels[] = [];
    for (let at = 0; at < columns; at += group) {
      groups.push(rule(weights.slice(row + at, row + Math.min(at + group, columns))));
    }
    const real = groups.map(({ scale }) => scale);
    const scales = scaleBits === 0 ? real : scalesOnGrid(real, integerGrid(scaleBits));
    for (const [i, levels] of groups.entries()) out.set(valuesOf({ ...levels, scale: scales[i] }), row + i * group);
  }
  return out;
}

/** The rule that a case's name says; a text when nobody knows it. */
function caseOf(name: string, grids: Grids): Case | string {
  const [, bare, groupText, scaleText] = /^(.*?)(?:_g(\d+))?(?:_s(\d+))?$/.exec(name)!;
  const rule = ruleOf(bare, grids);
  if (typeof rule === "string") return rule;
  const group = Number(groupText ?? (bare.startsWith("mx_") ? MX_GROUP : GROUP));
  const scaleBits = Number(scaleText ?? 0);
  return group > 0 && scaleBits <= 16 ? { rule, group, scaleBits } : `${name} has no such groups or scales`;
}

function ruleOf(name: string, grids: Grids): GroupRule | string {
  const integer = /^int([2-8])(?:_(a?)sym)?$/.exec(name);
  if (integer !== null) return (integer[2] === "a" ? asymmetric : symmetric)(Number(integer[1]));
  const mixed = /^mixed_(\w+)_(\d)b$/.exec(name);
  if (mixed !== null) return withGrids(gridsOfMixture(mixed[1], mixed[2]), grids, best);
  if (name.startsWith("mx_")) {
    return withGrids([name.slice("mx_".length)], grids, ([grid]) => sharedExponent(grid, fittedElement(grid)));
  }
  return withGrids([name.replace(/_grid$/, "")], grids, ([grid]) => nearest(grid));
}

function gridsOfMixture(name: string, bits: string): string[] {
  if (name === "ant") return [`int${bits}`, bits === "3" ? "fp3" : `flint${bits}`];
  return (VARIANTS[name] ?? [name]).map((variant) => `fp${bits}_${variant}`);
}

function withGrids(names: string[], grids: Grids, rule: (found: number[][]) => GroupRule): GroupRule | string {
  const missing = names.find((name) => !Object.hasOwn(grids, name));
  return missing === undefined ? rule(names.map((name) => grids[name])) : `no grid ${missing}`;
}

function decode(hex: string): Float32Array {
  const bytes = Uint8Array.from(hex.match(/../g)!, (byte) => Number.parseInt(byte, 16));
  const view = new DataView(bytes.buffer);
  return Float32Array.from({ length: bytes.length / 4 }, (_, i) => view.getFloat32(i * 4, true));
}

function shown(value: number): string {
  return Object.is(value, -0) ? "-0" : String(value);
}
