//
//   Causal attention of a block of consecutive tokens over everything that is in the cache.
//
//     q ──► scores = q . K / sqrt(headDim) ──► softmax ──► P . V ──► out          head by head, eight queries at a time
//
//   Products are FP32; exponentials and their sum FP64, rounded once. `halves`: scores and probabilities are FP16, as the
//   machine keeps them.
//

import type { Model } from "../model.js";
import { type FloatVector, type Kernels, type Rows, TILE } from "../wasm/kernels.js";
import { settle } from "./half.js";
import type { KvCache } from "./kv-cache.js";

export class Attention {
  /** [token][position] of one head. */
  readonly #scores: FloatVector;

  constructor(
    private readonly kernels: Kernels,
    private readonly model: Model,
    tokens: number,
    private readonly positions: number,
    private readonly halves: boolean,
  ) {
    this.#scores = kernels.floats(tokens * positions);
  }

  /** For `count` tokens from `first` on, whose keys and values are in the cache. */
  apply(layer: number, q: FloatVector, cache: KvCache, first: number, count: number, out: FloatVector): void {
    const { heads, kvHeads, headDim } = this.model;
    const pitch = heads * headDim;
    for (let head = 0; head < heads; head++) {
      const kvHead = Math.floor((head * kvHeads) / heads);
      const query = { vector: q.part(head * headDim, q.length - head * headDim), pitch };
      const output = { vector: out.part(head * headDim, out.length - head * headDim), pitch };
      this.head(query, cache.keys(layer, kvHead), cache.values(layer, kvHead), cache.capacity, first, count, output);
    }
  }

  private head(
    query: Rows,
    keys: FloatVector,
    values: FloatVector,
    capacity: number,
    first: number,
    count: number,
    output: Rows,
  ): void {
    const { headDim } = this.model;
    const scores = { vector: this.#scores, pitch: this.positions };
    const places = Int32Array.from({ length: count }, (_, token) => token);
    for (let from = 0; from < count; from += TILE) {
      const seen = first + Math.min(from + TILE, count);
      const key = { weights: keys, pitch: headDim, inputs: headDim, outputs: seen };
      this.kernels.multiplyFloats(query, scores, places, from, key);
      for (let token = from; token < Math.min(from + TILE, count); token++) {
        this.softmax(scores.vector.view, token * this.positions, first + token + 1, seen);
      }
      const value = { weights: values, pitch: capacity, inputs: seen, outputs: headDim };
      this.kernels.multiplyFloats(scores, output, places, from, value);
    }
  }

  /** Turns `own` scores from `from` on into probabilities, and the rest of `seen` into 0. */
  private softmax(x: Float32Array, from: number, own: number, seen: number): void {
    const scale = 1 / Math.sqrt(this.model.headDim);
    let largest = Number.NEGATIVE_INFINITY;
    for (let i = from; i < from + own; i++) x[i] *= scale;
    if (this.halves) settle(x, from, from + own);
    for (let i = from; i < from + own; i++) largest = Math.max(largest, x[i]);
    let sum = 0;
    for (let i = from; i < from + own; i++) {
      const power = Math.exp(x[i] - largest);
      x[i] = power;
      sum += power;
    }
    for (let i = from; i < from + own; i++) x[i] /= sum;
    if (this.halves) settle(x, from, from + own);
    x.fill(0, from + own, from + seen);
  }
}
