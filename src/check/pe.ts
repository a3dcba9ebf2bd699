//
//   Golden PE arithmetic: vectors that were simulated from the public RTL of the BitMoD PE, against numeric.wasm.
//
//     FILE { dot4, group, dequant } ──► terms of its integers (formats/term-table.ts) ──► PE ──► compared bit by bit
//
//   Must be exact   dot4: exponent, distances, sum of four lanes; group: the accumulator of the aligned variant; dequant:
//                   the register, in the file's order, because it carries over.
//   Informational   the accumulator of the RTL as it is (its defect told again), and the group's dot product.
//

import { z } from "zod";
import { ACCUMULATOR_BITS, Alignment, CODES, LONGEST_GROUP, MAX_SLOTS } from "../../assembly/numeric/contract.js";
import { InputError } from "../basics/errors.js";
import { fp16ToNumber } from "../basics/half.js";
import { readJson } from "../basics/json.js";
import { fitsSlots, packTerm, type Recoding, termTable } from "../formats/term-table.js";
import type { Accumulator, Arithmetic } from "../wasm/numeric.js";
import { type CheckedRow, type CheckVerdict, type Difference, verdictOf } from "./verdict.js";

const ACCUMULATOR_MODULUS = 2 ** ACCUMULATOR_BITS;

const hex = (digits: number | null) => {
  const length = digits === null ? "+" : `{${digits}}`;
  return z.string().regex(new RegExp(`^[0-9a-f]${length}$`), `allowed ${digits ?? "some"} hex digits in lower case`);
};
const exponent = z.int().min(0).max(63);
const accumulator = z.tuple([exponent, hex(4)]);
const integers = z.array(z.int()).min(1).max(LONGEST_GROUP);
const goldenFile = z.looseObject({
  dot4: z.array(
    z.tuple([
      hex(16),
      z.string().regex(/^([01][0-3][01]){4}$/, "allowed 12 digits"),
      exponent,
      z.array(z.int()).length(4),
      z.int(),
    ]),
  ),
  group: z.array(
    z.tuple([z.string(), z.int().min(1).max(MAX_SLOTS), integers, hex(null), accumulator, accumulator, z.number()]),
  ),
  dequant: z.array(z.tuple([z.int().min(0).max(1), z.int(), z.int(), z.int().min(0).max(255), z.int(), z.int()])),
});
type GoldenFile = z.output<typeof goldenFile>;

/** Compares every row of a golden file; `text` is what the file holds. */
export function checkPe(text: string, fileName: string, pe: Arithmetic): CheckVerdict {
  const golden = readJson(text, fileName, goldenFile);
  refuseGroups(golden.group, fileName);
  const rows = [
    ...golden.dot4.map((row, i) => checkDot4(pe, row, i)),
    ...golden.group.flatMap((row, i) => checkGroup(pe, row, i)),
    ...checkDequant(pe, golden.dequant),
  ];
  return verdictOf("pe", fileName, rows, []);
}

function checkDot4(pe: Arithmetic, row: GoldenFile["dot4"][number], i: number): CheckedRow {
  const [x, terms, maxExponent, deltas, sum] = row;
  const lanes = terms
    .match(/.../g)!
    .map(([sign, exp, man]) => packTerm({ negative: sign === "1", exp: Number(exp), man: man === "1" ? 1 : 0 }));
  const got = pe.fp16Dot4(words(x), Uint8Array.from(lanes));
  return rowOf(`dot4 ${i}`, true, [
    { field: "maxExponent", got: got.maxExponent, want: maxExponent },
    ...got.deltas.map((delta, lane) => ({ field: `delta${lane}`, got: delta, want: deltas[lane] })),
    { field: "sum", got: got.sum, want: sum },
  ]);
}

function checkGroup(pe: Arithmetic, row: GoldenFile["group"][number], i: number): CheckedRow[] {
  const [datatype, slots, integers, xHex, raw, aligned, exact] = row;
  const name = `group ${i} ${datatype}`;
  const values = [...new Set(integers)];
  pe.useTerms(termTable(values, slots, recodingOf(datatype)));
  const codes = Uint8Array.from(integers, (integer) => values.indexOf(integer));
  const x = words(xHex);
  const after = (alignment: Alignment) => pe.groupFp16(x, codes, alignment);
  return [
    rowOf(name, true, accumulators(after(Alignment.Aligned), aligned)),
    rowOf(`${name} raw`, false, accumulators(after(Alignment.Raw), raw)),
    rowOf(`${name} exact`, false, [{ field: "dot", got: dotProduct(x, integers), want: exact }]),
  ];
}

/** Rows without a reset before them go on with the register as the row before left it. */
function checkDequant(pe: Arithmetic, rows: GoldenFile["dequant"]): CheckedRow[] {
  let register = 0;
  return rows.map(([reset, sum, exponentIn, scale, want, exponentOut], i) => {
    register = pe.dequantize(reset === 1 ? 0 : register, sum, scale);
    return rowOf(`dequant ${i}`, true, [
      { field: "mantissa", got: register, want },
      { field: "exponent", got: exponentIn, want: exponentOut },
    ]);
  });
}

/** Groups that the PE has no terms for, or without an activation for each weight. */
function refuseGroups(groups: GoldenFile["group"], fileName: string): void {
  for (const [i, [datatype, slots, integers, x]] of groups.entries()) {
    const found = `${fileName}: group.${i} has`;
    if (x.length !== integers.length * 4) {
      throw new InputError(`${found} ${integers.length} weights and ${x.length / 4} activations; allowed one for each`);
    }
    const values = [...new Set(integers)];
    if (values.length <= CODES && fitsSlots(values, slots, recodingOf(datatype))) continue;
    throw new InputError(`${found} weights without ${slots} terms of ${datatype}; allowed those that have`);
  }
}

function recodingOf(datatype: string): Recoding {
  return datatype.startsWith("int") ? "booth" : "bits";
}

function accumulators({ exponent, mantissa }: Accumulator, [wantExponent, bits]: [number, string]): Difference[] {
  const word = Number.parseInt(bits, 16);
  const want = word >= ACCUMULATOR_MODULUS / 2 ? word - ACCUMULATOR_MODULUS : word;
  return [
    { field: "exponent", got: exponent, want: wantExponent },
    { field: "mantissa", got: mantissa, want },
  ];
}

function dotProduct(x: Uint16Array, integers: readonly number[]): number {
  return integers.reduce((sum, integer, i) => sum + integer * fp16ToNumber(x[i]), 0);
}

function words(hexDigits: string): Uint16Array {
  return Uint16Array.from(hexDigits.match(/.{4}/g) ?? [], (word) => Number.parseInt(word, 16));
}

function rowOf(row: string, mustBeExact: boolean, compared: Difference[]): CheckedRow {
  return { row, mustBeExact, compared, differences: compared.filter(({ got, want }) => got !== want) };
}
