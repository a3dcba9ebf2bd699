//
//   Vectors in numeric.wasm's memory, and tiles of tokens in them.
//
//     FloatVector ──► Rows (token t begins at t * pitch) ──► Tiles: addresses of the tokens of one tile after the other
//
//   Memory is never freed: who needs scratch takes it once. A view dies when memory grows, so vectors make theirs anew.
//

import type { NumericExports } from "./numeric.js";

const FLOAT_BYTES = 4;
const LANES = 4;
/** Rows of bytes begin on so many. */
const ROW_BYTES = 16;

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
    return new FloatVector(this.memory, this.at + from * FLOAT_BYTES, length);
  }
}

/** Rows of a matrix: token t's values begin at t * pitch. */
export interface Rows {
  readonly vector: FloatVector;
  readonly pitch: number;
}

/** Room for values, all 0, or for these; in whole vectors of four. */
export function placeFloats(wasm: NumericExports, values: number | Float32Array): FloatVector {
  const length = Math.ceil((typeof values === "number" ? values : values.length) / LANES) * LANES;
  const vector = new FloatVector(wasm.memory, wasm.allocate(length * FLOAT_BYTES), length);
  if (typeof values !== "number") vector.view.set(values);
  return vector;
}

/** Bytes in linear memory; their address. */
export function placeBytes(wasm: NumericExports, bytes: Uint8Array): number {
  const at = wasm.allocate(bytes.length);
  new Uint8Array(wasm.memory.buffer, at, bytes.length).set(bytes);
  return at;
}

/** Rows of bytes, each padded with zeros to 16; their address. */
export function placeByteRows(wasm: NumericExports, bytes: Uint8Array, rowBytes: number): number {
  const pitch = Math.ceil(rowBytes / ROW_BYTES) * ROW_BYTES;
  const rows = bytes.length / rowBytes;
  const at = wasm.allocate(rows * pitch);
  const memory = new Uint8Array(wasm.memory.buffer, at, rows * pitch);
  for (let row = 0; row < rows; row++) memory.set(bytes.subarray(row * rowBytes, (row + 1) * rowBytes), row * pitch);
  return at;
}

/** The tiles of a list of tokens: where each token's inputs and results begin. */
export class Tiles {
  /** Addresses u32[size] of the tile's tokens; 0 where there is none. */
  readonly sources: number;
  readonly results: number;

  constructor(
    private readonly wasm: NumericExports,
    private readonly size: number,
  ) {
    this.sources = wasm.allocate(size * FLOAT_BYTES);
    this.results = wasm.allocate(size * FLOAT_BYTES);
  }

  /** Points at one tile after the other. */
  each(x: Rows, y: Rows, places: Int32Array, act: (tile: Int32Array) => void): void {
    for (let from = 0; from < places.length; from += this.size) {
      this.point(this.sources, x, places, from);
      this.point(this.results, y, places, from);
      act(places.subarray(from, from + this.size));
    }
  }

  private point(addresses: number, { vector, pitch }: Rows, places: Int32Array, from: number): void {
    const words = new Uint32Array(this.wasm.memory.buffer, addresses, this.size);
    for (let lane = 0; lane < this.size; lane++) {
      words[lane] = from + lane < places.length ? vector.at + places[from + lane] * pitch * FLOAT_BYTES : 0;
    }
  }
}
