//
//   INT8 activations on an integer PE, in numeric.wasm: times slices, times INT8 weights.
//
//     x ──► scale = absmax/127 a token, codes ──► exact group sums ──► FP32, in the order of assembly/numeric/int8-tile.ts ──► y
//

import { GROUP, INTEGER_TILE } from "../../assembly/numeric/contract.js";
import type { NumericExports } from "./numeric.js";
import { type FloatVector, placeByteRows, placeFloats, type Rows, Tiles } from "./vectors.js";

/** Rows of slices: the address of their codes, scale and base by [row][group]. */
export interface SliceMatrix {
  readonly codes: number;
  readonly scale: FloatVector;
  readonly base: FloatVector;
  readonly inputs: number;
  readonly outputs: number;
}

/** Rows of INT8 weights: their address, and a scale each. */
export interface Int8Matrix {
  readonly weights: number;
  readonly scales: FloatVector;
  readonly inputs: number;
  readonly outputs: number;
}

/** A token's INT8 codes with their scale. */
interface QuantizedToken {
  readonly scale: number;
  readonly codes: Int8Array;
}

export class Int8Kernels {
  readonly #tiles: Tiles;
  readonly #scales: FloatVector;
  #tile = { at: 0, inputs: -1 };
  #sums: FloatVector;

  constructor(private readonly wasm: NumericExports) {
    this.#tiles = new Tiles(wasm, INTEGER_TILE);
    this.#scales = placeFloats(wasm, INTEGER_TILE);
    this.#sums = placeFloats(wasm, 0);
  }

  /** Slices q1<<6 | q2<<4 | q3<<2 | q4 by [out][in]. */
  slices(codes: Uint8Array, scale: Float32Array, base: Float32Array, inputs: number): SliceMatrix {
    const at = placeByteRows(this.wasm, codes, inputs);
    const [s, b] = [scale, base].map((values) => placeFloats(this.wasm, values));
    return { codes: at, scale: s, base: b, inputs, outputs: codes.length / inputs };
  }

  /** INT8 weights by [out][in]. */
  weights(codes: Int8Array, scales: Float32Array): Int8Matrix {
    const inputs = codes.length / scales.length;
    const bytes = new Uint8Array(codes.buffer, codes.byteOffset, codes.length);
    const at = placeByteRows(this.wasm, bytes, inputs);
    return { weights: at, scales: placeFloats(this.wasm, scales), inputs, outputs: scales.length };
  }

  /** y = W_depth x for the tokens at these places. */
  multiplySlices(x: Rows, y: Rows, places: Int32Array, w: SliceMatrix, depth: number): void {
    const { codes, scale, base, inputs, outputs } = w;
    const [tile, results, scales] = [this.grow(inputs), this.#tiles.results, this.#scales.at];
    const sums = this.#sums.at;
    this.#tiles.each(x, y, places, () => {
      this.pack(inputs);
      this.wasm.multiplySlices(tile, codes, scale.at, base.at, inputs, outputs, depth, sums, scales, results);
    });
  }

  /** y = W x for the tokens at these places. */
  multiply(x: Rows, y: Rows, places: Int32Array, { weights, scales, inputs, outputs }: Int8Matrix): void {
    const [tile, results, own] = [this.grow(inputs), this.#tiles.results, this.#scales.at];
    this.#tiles.each(x, y, places, () => {
      this.pack(inputs);
      this.wasm.multiplyInt8(tile, weights, scales.at, inputs, outputs, own, results);
    });
  }

  /** What the first token of x is quantised to. */
  quantize(x: Rows, inputs: number): QuantizedToken {
    const at = this.grow(inputs);
    let token: QuantizedToken | undefined;
    this.#tiles.each(x, x, Int32Array.of(0), () => {
      this.pack(inputs);
      const words = new Int16Array(this.wasm.memory.buffer, at, padded(inputs) * INTEGER_TILE);
      const codes = Int8Array.from({ length: inputs }, (_, k) => words[(k >> 3) * 8 * INTEGER_TILE + (k & 7)]);
      token = { scale: this.#scales.view[0], codes };
    });
    return token as QuantizedToken;
  }

  /** Exact sums of the first token's codes times slice `slice` of row `row`, group by group. */
  sums(x: Rows, w: SliceMatrix, row: number, slice: number): Int32Array {
    const at = this.grow(w.inputs);
    const sums = new Int32Array(Math.ceil(w.inputs / GROUP));
    const out = this.#sums.at;
    this.#tiles.each(x, x, Int32Array.of(0), () => {
      this.pack(w.inputs);
      for (let group = 0; group < sums.length; group++) {
        const columns = Math.min(GROUP, w.inputs - group * GROUP);
        const codes = w.codes + row * padded(w.inputs) + group * GROUP;
        this.wasm.sumSlice(at + group * GROUP * INTEGER_TILE * 2, codes, columns, slice, out);
        sums[group] = new Int32Array(this.wasm.memory.buffer, out, 1)[0];
      }
    });
    return sums;
  }

  private pack(inputs: number): void {
    this.wasm.packInt8(this.#tiles.sources, inputs, this.#tile.at, this.#scales.at, this.#sums.at);
  }

  /** The address of a tile for so many inputs. */
  private grow(inputs: number): number {
    if (this.#tile.inputs < inputs) {
      this.#tile = { at: this.wasm.allocate(padded(inputs) * INTEGER_TILE * 2), inputs };
      this.#sums = placeFloats(this.wasm, Math.ceil(inputs / GROUP) * INTEGER_TILE);
    }
    return this.#tile.at;
  }
}

/** Inputs of a row with its padding. */
function padded(inputs: number): number {
  return Math.ceil(inputs / 16) * 16;
}
