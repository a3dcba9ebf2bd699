//
//   FP32 matrix products in numeric.wasm, and the place of everything that kernels work on.
//
//     x, y, places of tokens ──► tile by tile: pack ──► multiply ──► y at the same places
//

import { FLOAT_TILE } from "../../assembly/numeric/contract.js";
import { CodeKernels } from "./code-kernels.js";
import { Int8Kernels } from "./int8-kernels.js";
import type { NumericExports } from "./numeric.js";
import { PeKernels } from "./pe-kernels.js";
import { type FloatVector, placeFloats, type Rows, Tiles } from "./vectors.js";

/** Rows of FP32 weights; `pitch` values from one row to the next. */
export interface FloatMatrix {
  readonly weights: FloatVector;
  readonly pitch: number;
  readonly inputs: number;
  readonly outputs: number;
}

export class Kernels {
  readonly int8: Int8Kernels;
  readonly pe: PeKernels;
  readonly codes: CodeKernels;
  readonly #tiles: Tiles;
  #tile: FloatVector;

  constructor(private readonly wasm: NumericExports) {
    this.int8 = new Int8Kernels(wasm);
    this.pe = new PeKernels(wasm);
    this.codes = new CodeKernels(wasm);
    this.#tiles = new Tiles(wasm, FLOAT_TILE);
    this.#tile = this.floats(0);
  }

  /** Room for values, all 0, or for these. */
  floats(values: number | Float32Array): FloatVector {
    return placeFloats(this.wasm, values);
  }

  /** y[token][o] = sum over k of x[token][k] * w[o][k], for the tokens at these places. */
  multiply(x: Rows, y: Rows, places: Int32Array, { weights, pitch, inputs, outputs }: FloatMatrix): void {
    if (this.#tile.length < inputs * FLOAT_TILE) this.#tile = this.floats(inputs * FLOAT_TILE);
    const { sources, results } = this.#tiles;
    this.#tiles.each(x, y, places, () => {
      this.wasm.packFloats(sources, inputs, this.#tile.at);
      this.wasm.multiplyFloats(this.#tile.at, weights.at, pitch, inputs, outputs, results);
    });
  }

  /** Rounds the first `count` values to FP16. */
  settle({ at, length }: FloatVector, count: number): void {
    this.wasm.settle(at, within(count, length));
  }

  /** Multiplies the first `count` values of a row by factors, rounded to FP16. */
  scaleHalves({ vector, pitch }: Rows, row: number, factors: FloatVector, count: number): void {
    this.wasm.scaleHalves(
      vector.part(row * pitch, pitch).at,
      factors.at,
      within(count, Math.min(pitch, factors.length)),
    );
  }

  /** g = silu(g) * u, the first `count` values. */
  gate(g: FloatVector, u: FloatVector, count: number): void {
    this.wasm.gate(g.at, u.at, within(count, Math.min(g.length, u.length)));
  }

  /** Turns `own` scores from row * pitch on, times `scale`, into probabilities, and what follows up to `seen` into zeros. */
  softmax({ vector, pitch }: Rows, row: number, own: number, seen: number, scale: number, halves: boolean): void {
    this.wasm.softmax(vector.part(row * pitch, pitch).at, own, seen, scale, halves);
  }
}

/** Kernels work on four values at a time, so vectors end on a multiple of four. */
function within(count: number, length: number): number {
  if (Math.ceil(count / 4) * 4 <= length) return count;
  throw new Error(`internal: ${count} values of ${length}`);
}
