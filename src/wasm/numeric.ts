//
//   Arithmetic in linear memory: groups in, sums out. With vectors.ts and the kernels the files with pointers to numeric.wasm.
//
//     TermTable ──► useTerms ──► groupInt8(x, codes)          24-bit sum
//                           └──► groupFp16(x, codes)          mantissa and exponent of the FP16 PE's accumulator
//

import * as contract from "../../assembly/numeric/contract.js";
import type { TermTable } from "../formats/term-table.js";
import { instanceOf } from "./instance.js";

const { Alignment, CODES, Dot4, LONGEST_GROUP, MAX_SLOTS } = contract;

/** The exports of assembly/numeric/index.ts. Vectors are addresses. */
export interface NumericExports {
  memory: WebAssembly.Memory;
  allocate(bytes: number): number;
  dotInt8(a: number, b: number, n: number): number;
  groupInt8(x: number, codes: number, n: number, terms: number, bsigs: number, slots: number): number;
  groupFp16(
    x: number,
    codes: number,
    n: number,
    terms: number,
    bsigs: number,
    slots: number,
    alignment: contract.Alignment,
  ): number;
  fp16Dot4(x: number, terms: number, out: number): void;
  dequantize(before: number, sum: number, scale: number): number;
  sliceTerm(sum: number, sumX: number, scale: number, zeroPoint: number, slice: number): number;
  dotFp32(accumulator: number, w: number, x: number, n: number): number;
  settle(at: number, n: number): void;
  scaleHalves(x: number, factors: number, n: number): void;
  gate(g: number, u: number, n: number): void;
  softmax(row: number, own: number, seen: number, scale: number, halves: boolean): void;
  packFloats(rows: number, inputs: number, tile: number): void;
  multiplyFloats(tile: number, weights: number, pitch: number, inputs: number, outputs: number, results: number): void;
  packInt8(rows: number, inputs: number, tile: number, scales: number, sums: number): void;
  sumSlice(tile: number, codes: number, columns: number, slice: number, out: number): void;
  multiplySlices(
    tile: number,
    codes: number,
    scale: number,
    base: number,
    inputs: number,
    outputs: number,
    depth: number,
    sums: number,
    scales: number,
    results: number,
  ): void;
  packHalves(rows: number, inputs: number, own: number, lanes: number): void;
  multiplySlicesPe(
    lanes: number,
    codes: number,
    scale: number,
    base: number,
    inputs: number,
    outputs: number,
    depth: number,
    states: number,
    sums: number,
    results: number,
  ): void;
  multiplyCodesPe(
    lanes: number,
    codes: number,
    pitch: number,
    terms: number,
    bsigs: number,
    slots: number,
    inputs: number,
    outputs: number,
    block: number,
    scale: number,
    offset: number,
    states: number,
    sums: number,
    results: number,
  ): void;
  multiplyCodesInt8(
    tile: number,
    weights: number,
    inputs: number,
    outputs: number,
    block: number,
    scale: number,
    offset: number,
    scales: number,
    results: number,
  ): void;
  multiplyInt8(
    tile: number,
    weights: number,
    rowScales: number,
    inputs: number,
    outputs: number,
    scales: number,
    results: number,
  ): void;
}

/** The FP16 PE's accumulator: mantissa * 2^(exponent - ACCUMULATOR_BIAS). */
export interface Accumulator {
  exponent: number;
  mantissa: number;
}

interface Dot4Result {
  maxExponent: number;
  deltas: number[];
  sum: number;
}

/** Instantiates the binary; a private memory each. Throws when it is stale. */
export async function loadNumeric(module: WebAssembly.Module): Promise<NumericExports> {
  return (await instanceOf(module, contract)) as unknown as NumericExports;
}

/** PE arithmetic, group by group; operands are copied into scratch vectors. */
export class Arithmetic {
  private readonly x: number;
  private readonly w: number;
  private readonly terms: number;
  private readonly bsigs: number;
  private readonly out: number;
  private slots = 0;

  constructor(private readonly wasm: NumericExports) {
    const vector = () => wasm.allocate(LONGEST_GROUP * 4);
    [this.x, this.w, this.bsigs, this.out] = [vector(), vector(), vector(), vector()];
    this.terms = wasm.allocate(MAX_SLOTS * CODES);
  }

  /** The terms of the codes from now on. */
  useTerms({ slots, terms, bsigs }: TermTable): void {
    this.slots = slots;
    this.place(this.terms, terms);
    this.place(this.bsigs, bsigs);
  }

  /** The integer PE's group sum of INT8 activations times codes. */
  groupInt8(x: Int8Array, codes: Uint8Array): number {
    const n = this.placeGroup(x, codes);
    return this.wasm.groupInt8(this.x, this.w, n, this.terms, this.bsigs, this.slots);
  }

  /** The FP16 PE's accumulator after a group of FP16 activations (their bits) times codes. */
  groupFp16(x: Uint16Array, codes: Uint8Array, alignment = Alignment.Aligned): Accumulator {
    const n = this.placeGroup(x, codes);
    const packed = this.wasm.groupFp16(this.x, this.w, n, this.terms, this.bsigs, this.slots, alignment);
    const unused = 32 - contract.ACCUMULATOR_BITS;
    return { exponent: packed >> contract.ACCUMULATOR_BITS, mantissa: (packed << unused) >> unused };
  }

  /** One step of the FP16 PE on four lanes; terms as in the contract. */
  fp16Dot4(x: Uint16Array, terms: Uint8Array): Dot4Result {
    this.place(this.x, x);
    this.place(this.w, terms);
    this.wasm.fp16Dot4(this.x, this.w, this.out);
    const words = new Int32Array(this.wasm.memory.buffer, this.out, Dot4.Count);
    const deltas = [...words.subarray(Dot4.Delta, Dot4.Delta + 4)];
    return { maxExponent: words[Dot4.MaxExponent], deltas, sum: words[Dot4.Sum] };
  }

  /** The dequantizer's 21-bit register after a sum met its 8-bit scale, given what it held. */
  dequantize(before: number, sum: number, scale: number): number {
    return this.wasm.dequantize(before, sum, scale);
  }

  /** What slice `slice` (from 1) of a group adds to the FP32 accumulator. */
  sliceTerm(sum: number, sumX: number, scale: number, zeroPoint: number, slice: number): number {
    return this.wasm.sliceTerm(sum, sumX, scale, zeroPoint, slice);
  }

  /** The exact dot product of two groups of INT8 values. */
  dotInt8(a: Int8Array, b: Int8Array): number {
    return this.wasm.dotInt8(this.x, this.w, this.placeGroup(a, b));
  }

  /** The FP32 reference: the dot product of two groups in the machine's order, from an accumulator on. */
  dotFp32(accumulator: number, w: Float32Array, x: Float32Array): number {
    return this.wasm.dotFp32(accumulator, this.w, this.x, this.placeGroup(x, w));
  }

  /** Copies activations and weights of a group; their number. */
  private placeGroup(x: Vector, w: Vector): number {
    if (x.length !== w.length || x.length > LONGEST_GROUP) {
      throw new Error(`internal: groups of ${x.length} and ${w.length} values`);
    }
    this.place(this.x, x);
    this.place(this.w, w);
    return x.length;
  }

  private place(at: number, values: Vector): void {
    const bytes = new Uint8Array(values.buffer, values.byteOffset, values.byteLength);
    new Uint8Array(this.wasm.memory.buffer, at, bytes.length).set(bytes);
  }
}

type Vector = Int8Array | Uint8Array | Uint16Array | Float32Array;
