//
//   Causal attention of a block of consecutive tokens over everything that is in the cache.
//
//     q ──► scores = q . K / sqrt(headDim) ──► softmax ──► P . V ──► out          head by head, eight queries at a time
//
//   A cache of codes is multiplied with on FP16 PEs, term by term (coded-kv-cache.ts says with which scales); one of values in
//   FP32. Exponentials are FP32, their sum FP64, rounded once. `halves`: scores and probabilities are FP16, as the machine
//   keeps them.
//

import type { Model } from "../model/model.js";
import type { Kernels } from "../wasm/kernels.js";
import type { FloatVector, Rows } from "../wasm/vectors.js";
import { CodedKvCache } from "./coded-kv-cache.js";
import type { KvCache, KvSource } from "./kv-cache.js";

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
  apply(layer: number, q: FloatVector, cache: KvSource, first: number, count: number, out: FloatVector): void {
    const { heads, kvHeads, headDim } = this.model;
    const pitch = heads * headDim;
    for (let head = 0; head < heads; head++) {
      const kvHead = Math.floor((head * kvHeads) / heads);
      const query = { vector: q.part(head * headDim, q.length - head * headDim), pitch };
      const output = { vector: out.part(head * headDim, out.length - head * headDim), pitch };
      for (let from = 0; from < count; from += QUERIES) {
        const places = Int32Array.from({ length: Math.min(QUERIES, count - from) }, (_, i) => from + i);
        if (cache instanceof CodedKvCache) this.onPes(query, cache, layer, kvHead, first, places, output);
        else this.inFloats(query, cache as KvCache, layer, kvHead, first, places, output);
      }
    }
  }

  /** Scores, probabilities and sums of one head, on values. */
  private inFloats(
    query: Rows,
    cache: KvCache,
    layer: number,
    kvHead: number,
    first: number,
    places: Int32Array,
    output: Rows,
  ): void {
    const { headDim } = this.model;
    const scores = { vector: this.#scores, pitch: this.#pitch };
    const seen = first + places[0] + places.length;
    const key = { weights: cache.keys(layer, kvHead), pitch: headDim, inputs: headDim, outputs: seen };
    this.kernels.multiply(query, scores, places, key);
    this.softmax(first, places, seen);
    const value = { weights: cache.values(layer, kvHead), pitch: cache.capacity, inputs: seen, outputs: headDim };
    this.kernels.multiply(scores, output, places, value);
  }

  /** The same on codes; each query sums over its own positions. */
  private onPes(
    query: Rows,
    cache: CodedKvCache,
    layer: number,
    kvHead: number,
    first: number,
    places: Int32Array,
    output: Rows,
  ): void {
    const { codes } = this.kernels;
    const scores = { vector: this.#scores, pitch: this.#pitch };
    const seen = first + places[0] + places.length;
    codes.multiplyPe(query, scores, places, cache.keyCodes(layer, kvHead, seen));
    this.softmax(first, places, seen);
    const factors = cache.factors(layer, kvHead);
    for (const token of places) this.kernels.scaleHalves(scores, token, factors, first + token + 1);
    codes.multiplyPe(scores, output, places, cache.valueCodes(layer, kvHead, seen), (token) => first + token + 1);
  }

  private softmax(first: number, places: Int32Array, seen: number): void {
    const scores = { vector: this.#scores, pitch: this.#pitch };
    const scale = 1 / Math.sqrt(this.model.headDim);
    for (const token of places) this.kernels.softmax(scores, token, first + token + 1, seen, scale, this.halves);
  }
}
