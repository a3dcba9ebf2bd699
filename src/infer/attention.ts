//
//   Causal attention of a block of consecutive tokens over everything that is in the cache.
//
//     q ──► scores = q . K / sqrt(headDim) ──► softmax ──► P . V ──► out          head by head, eight queries at a time
//
//   Products and exponentials are FP32, their sum FP64, rounded once. `halves`: scores and probabilities are FP16, as the
//   machine keeps them.
//

import type { Model } from "../model.js";
import type { Kernels } from "../wasm/kernels.js";
import type { FloatVector, Rows } from "../wasm/vectors.js";
import type { KvCache } from "./kv-cache.js";

/** Rows of scores begin on whole vectors. */
const LANES = 4;
/** Queries that go through together: the positions seen are those of the last one. */
const QUERIES = 8;

export class Attention {
  /** [token][position] of one head. */
  readonly #scores: FloatVector;
  readonly #pitch: number;

  constructor(
    private readonly kernels: Kernels,
    private readonly model: Model,
    tokens: number,
    positions: number,
    private readonly halves: boolean,
  ) {
    this.#pitch = Math.ceil(positions / LANES) * LANES;
    this.#scores = kernels.floats(tokens * this.#pitch);
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
    const scores = { vector: this.#scores, pitch: this.#pitch };
    for (let from = 0; from < count; from += QUERIES) {
      const places = Int32Array.from({ length: Math.min(QUERIES, count - from) }, (_, i) => from + i);
      const seen = first + from + places.length;
      const key = { weights: keys, pitch: headDim, inputs: headDim, outputs: seen };
      this.kernels.multiply(query, scores, places, key);
      for (const token of places) {
        this.kernels.softmax(scores, token, first + token + 1, seen, 1 / Math.sqrt(headDim), this.halves);
      }
      const value = { weights: values, pitch: capacity, inputs: seen, outputs: headDim };
      this.kernels.multiply(scores, output, places, value);
    }
  }
}
