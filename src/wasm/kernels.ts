//
//   The functional path's vectors and matrix kernels in numeric.wasm. With numeric.ts the only files with pointers to it.
//
//     FloatVector, ByteVector ... in linear memory ──► Kernels.multiply..(tile of 8 tokens) ──► FloatVector
//
//   Memory is never freed: who needs scratch takes it once. A view dies when memory grows, so vectors make theirs anew.
//

import { TILE } from "../../assembly/numeric/contract.js";
import type { NumericExports } from "./numeric.js";

export { TILE };

/** FP32 values in linear memory. */
export class FloatVector {
  #view = new Float32Array(0);

  constructor(
    private readonly memory: WebAssembly.Memory,
    readonly at: number,
    readonly length: number,
  ) {}

  /** The values; valid until the next allocation. */
  get view(): Float32Array {
    if (this.#view.buffer !== this.memory.buffer) {
      this.#view = new Float32Array(this.memory.buffer, this.at, this.length);
    }
    return this.#view;
  }

  /** A part of it that shares its memory. */
  part(from: number, length: number): FloatVector {
    return new FloatVector(this.memory, this.at + from * 4, length);
  }
}

/** Rows of a matrix: token t's values begin at start + t * pitch. */
export interface Rows {
  readonly vector: FloatVector;
  readonly pitch: number;
}

/** Rows of FP32 weights; `pitch` values from one row to the next. */
export interface FloatMatrix {
  readonly weights: FloatVector;
  readonly pitch: number;
  readonly inputs: number;
  readonly outputs: number;
}

const BYTES = 4;

export class Kernels {
  readonly #sources: number;
  readonly #results: number;
  #tile: FloatVector;

  constructor(private readonly wasm: NumericExports) {
    this.#sources = wasm.allocate(TILE * BYTES);
    this.#results = wasm.allocate(TILE * BYTES);
    this.#tile = this.floats(TILE);
  }

  /** Room for values, all 0, or for these. */
  floats(values: number | Float32Array): FloatVector {
    const length = typeof values === "number" ? values : values.length;
    const vector = new FloatVector(this.wasm.memory, this.wasm.allocate(length * BYTES), length);
    if (typeof values !== "number") vector.view.set(values);
    return vector;
  }

  /** For the tokens `places[from .. from + TILE)`: y[token][o] = sum over k of x[token][k] * w[o][k]. */
  multiplyFloats(x: Rows, y: Rows, places: Int32Array, from: number, w: FloatMatrix): void {
    const { inputs, outputs, pitch, weights } = w;
    if (this.#tile.length < inputs * TILE) this.#tile = this.floats(inputs * TILE);
    this.point(this.#sources, x, places, from);
    this.point(this.#results, y, places, from);
    this.wasm.packFloats(this.#sources, inputs, this.#tile.at);
    this.wasm.multiplyFloats(this.#tile.at, weights.at, pitch, inputs, outputs, this.#results);
  }

  /** Writes where the tokens of a tile begin; 0 where there are none. */
  private point(at: number, { vector, pitch }: Rows, places: Int32Array, from: number): void {
    const addresses = new Uint32Array(this.wasm.memory.buffer, at, TILE);
    for (let lane = 0; lane < TILE; lane++) {
      const place = from + lane < places.length ? places[from + lane] : -1;
      addresses[lane] = place < 0 ? 0 : vector.at + place * pitch * BYTES;
    }
  }
}
