//
//   Keys and values of one sequence, in the cache's own number format.
//
//     k, v of a token ──► quantise, head by head ──► K f32[layer][kvHead][position][headDim]
//                                                    V f32[layer][kvHead][headDim][position]     as attention reads them
//
//     bits b      symmetric codes: scale = FP16(absmax / (2^(b-1) - 1)) of the head's vector at this position,
//                 code = round half even(x / scale), clamped. The arrays hold code * scale, which is exact in FP32 up to 8 bits.
//     exact       FP32 as it comes: for comparisons with a reference
//

import { roundHalfEven, roundToHalf } from "../basics/half.js";
import type { Model } from "../model/model.js";
import type { Kernels } from "../wasm/kernels.js";
import type { FloatVector } from "../wasm/vectors.js";

export type KvFormat = "exact" | 2 | 3 | 4 | 8 | 16;

/** What the transformer appends to. */
export interface KvSource {
  /** Positions that it holds. */
  readonly capacity: number;
  /** Takes key and value of the token at `position`: all heads, from k[from] and v[from] on. */
  append(layer: number, position: number, k: Float32Array, v: Float32Array, from: number): void;
}

export class KvCache implements KvSource {
  readonly #keys: FloatVector[];
  readonly #values: FloatVector[];

  constructor(
    kernels: Kernels,
    private readonly model: Model,
    readonly capacity: number,
    private readonly format: KvFormat,
  ) {
    const size = model.kvHeads * capacity * model.headDim;
    this.#keys = Array.from({ length: model.layers }, () => kernels.floats(size));
    this.#values = Array.from({ length: model.layers }, () => kernels.floats(size));
  }

  /** Keys of a head, [position][headDim]. */
  keys(layer: number, kvHead: number): FloatVector {
    return this.head(this.#keys[layer], kvHead);
  }

  /** Values of a head, [headDim][position]. */
  values(layer: number, kvHead: number): FloatVector {
    return this.head(this.#values[layer], kvHead);
  }

  append(layer: number, position: number, k: Float32Array, v: Float32Array, from: number): void {
    const { kvHeads, headDim } = this.model;
    for (let head = 0; head < kvHeads; head++) {
      const at = from + head * headDim;
      const start = head * this.capacity * headDim;
      this.write(k, at, this.#keys[layer].view, start + position * headDim, 1);
      this.write(v, at, this.#values[layer].view, start + position, this.capacity);
    }
  }

  private head(vector: FloatVector, kvHead: number): FloatVector {
    const size = this.capacity * this.model.headDim;
    return vector.part(kvHead * size, size);
  }

  private write(from: Float32Array, at: number, to: Float32Array, start: number, pitch: number): void {
    const { headDim } = this.model;
    const coded = this.format === "exact" ? null : codeVector(from, at, headDim, this.format);
    for (let i = 0; i < headDim; i++) {
      to[start + i * pitch] = coded === null ? from[at + i] : coded.scale * coded.levels[i];
    }
  }
}

/** A head's vector in codes; level * scale is what it stands for. */
interface CodedVector {
  readonly scale: number;
  readonly levels: Int32Array;
}

/** Symmetric codes of `count` values from x[from] on; all 0 where the scale is too small for FP16. */
export function codeVector(x: Float32Array, from: number, count: number, bits: number): CodedVector {
  let absmax = 0;
  for (let i = 0; i < count; i++) absmax = Math.max(absmax, Math.abs(x[from + i]));
  const largest = 2 ** (bits - 1) - 1;
  const scale = roundToHalf(absmax / largest);
  const levels = new Int32Array(count);
  for (let i = 0; scale > 0 && i < count; i++) {
    levels[i] = Math.max(-largest, Math.min(largest, roundHalfEven(x[from + i] / scale)));
  }
  return { scale, levels };
}
