//
//   Keys and values of one sequence as codes, where FP16 PEs multiply with them.
//
//     k, v of a token ──► scale and codes of each head ──► K codes by [quad of dims][position]     score = scale_k * sum of q k
//                                                          V codes by [quad of positions][dim]     out = 2^-(b-1) * sum of p' v
//
//     p' = FP16(p * scale_v * 2^(b-1)): the scale of V is a position's, so it goes into P; as that of the largest value of the
//     head, not of a code, it leaves P where FP16 has its normal numbers. The power of two is an exponent at the end.
//
//   Codes have b / 2 Booth digits, rounded up: what the machine charges. A position's scale and codes are kv-cache.ts's.
//

import type { Model } from "../model/model.js";
import type { DigitMatrix, PeCodes } from "../wasm/code-kernels.js";
import type { Kernels } from "../wasm/kernels.js";
import type { FloatVector } from "../wasm/vectors.js";
import { codeVector, type KvSource } from "./kv-cache.js";

/** Bits of codes that have Booth digits here. */
export const CODED_BITS = [2, 3, 4, 8] as const;
export type CodedBits = (typeof CODED_BITS)[number];

/** Of one KV head. */
interface HeadCodes {
  readonly keys: DigitMatrix;
  readonly values: DigitMatrix;
  readonly keyScales: FloatVector;
  /** Of P: scale_v * 2^(b-1). */
  readonly factors: FloatVector;
}

export class CodedKvCache implements KvSource {
  readonly #heads: readonly (readonly HeadCodes[])[];
  /** 2^-(b-1), a dim. */
  readonly #units: FloatVector;

  constructor(
    kernels: Kernels,
    private readonly model: Model,
    readonly capacity: number,
    private readonly bits: CodedBits,
  ) {
    const { layers, kvHeads, headDim } = model;
    const slots = Math.ceil(bits / 2);
    const head = (): HeadCodes => ({
      keys: kernels.codes.digits(headDim, capacity, slots),
      values: kernels.codes.digits(capacity, headDim, slots),
      keyScales: kernels.floats(capacity),
      factors: kernels.floats(capacity),
    });
    this.#heads = Array.from({ length: layers }, () => Array.from({ length: kvHeads }, head));
    this.#units = kernels.floats(new Float32Array(headDim).fill(2 ** (1 - bits)));
  }

  append(layer: number, position: number, k: Float32Array, v: Float32Array, from: number): void {
    const { model, bits } = this;
    for (const [index, head] of this.#heads[layer].entries()) {
      const [key, value] = [k, v].map((x) => codeVector(x, from + index * model.headDim, model.headDim, bits));
      head.keys.putRow(position, key.levels);
      head.values.putColumn(position, value.levels);
      head.keyScales.view[position] = key.scale;
      head.factors.view[position] = value.scale * 2 ** (bits - 1);
    }
  }

  /** Keys of a head as a matrix: scores of `seen` positions. */
  keyCodes(layer: number, kvHead: number, seen: number): PeCodes {
    const { keys, keyScales } = this.#heads[layer][kvHead];
    const { headDim } = this.model;
    const shape = { inputs: headDim, outputs: seen, block: headDim, pitch: this.capacity };
    return { ...shape, ...keys.placed, scale: keyScales, offset: null };
  }

  /** Values of a head as a matrix: sums over `seen` positions. */
  valueCodes(layer: number, kvHead: number, seen: number): PeCodes {
    const { headDim } = this.model;
    const shape = { inputs: seen, outputs: headDim, block: seen, pitch: headDim };
    const { values } = this.#heads[layer][kvHead];
    return { ...shape, ...values.placed, scale: this.#units, offset: null };
  }

  /** What a head's probabilities are multiplied with before they meet its values. */
  factors(layer: number, kvHead: number): FloatVector {
    return this.#heads[layer][kvHead].factors;
  }
}
