//
//   A model's FP16 reference and its sliced form, side by side, reading sequences.
//
//     tokens ─► reference ─► logits, kept ─┬─► judge ─► NLL, KL, agreement of every position
//     tokens ─► sliced, depths of a source ┘
//

import { InputError } from "../errors.js";
import type { Kernels } from "../wasm/kernels.js";
import { KvCache, type KvFormat } from "./kv-cache.js";
import { type LanguageModel, referenceParts, sharedParts, slicedParts } from "./language-model.js";
import type { Arithmetic } from "./linear.js";
import { OracleRouter, type SliceErrors } from "./oracle-routing.js";
import { type Expectations, judge, type Logits, noExpectations, readThrough } from "./reading.js";
import { Router } from "./router.js";
import { constantDepths, type DepthSource, routedDepths } from "./routing.js";
import { type Sampling, sample } from "./sampling.js";
import { Transformer } from "./transformer.js";

/** In which terms the sliced model runs; the reference is the checkpoint in FP32 with an exact cache. */
export interface Numerics {
  readonly arithmetic: Arithmetic;
  readonly kv: KvFormat;
}

/** Tokens that go through the model together. */
const BLOCK = 256;

export class Reader {
  readonly #reference: Transformer;
  readonly #sliced: Transformer;
  readonly #exact: KvCache;
  readonly #cache: KvCache;
  readonly #routers: readonly Router[];
  readonly #oracle: OracleRouter;

  /** For sequences of up to `positions` tokens. */
  constructor(
    kernels: Kernels,
    readonly from: LanguageModel,
    positions: number,
    { arithmetic, kv }: Numerics,
  ) {
    const { model, slices } = from;
    if (slices === null) throw new InputError(`model ${model.name} has no slices.safetensors; accuracy needs them`);
    if (positions > model.maxPositions) {
      const allowed = `allowed ${model.maxPositions} (the positions of model ${model.name})`;
      throw new InputError(`a sequence is ${positions} tokens long; ${allowed}`);
    }
    const shared = sharedParts(kernels, from);
    const sliced = slicedParts(kernels, from, shared, arithmetic);
    const block = Math.min(BLOCK, positions);
    this.#reference = new Transformer(kernels, referenceParts(kernels, from, shared), block, positions);
    this.#sliced = new Transformer(kernels, sliced, block, positions);
    this.#exact = new KvCache(kernels, model, positions, "exact");
    this.#cache = kv === "exact" ? this.#exact : new KvCache(kernels, model, positions, kv);
    this.#routers = slices.map(({ router }) => new Router(kernels, router));
    this.#oracle = new OracleRouter(kernels, sliced.linears, block);
  }

  /** Logits of the reference, of all positions. */
  reference(tokens: Int32Array): Logits {
    const { vocab } = this.from.model;
    const all = new Float32Array(tokens.length * vocab);
    for (const { block, logits } of readThrough(this.#reference, this.#exact, tokens, constantDepths(0))) {
      all.set(logits, block.position * vocab);
    }
    return all;
  }

  /** `length` tokens of the reference's own making, from a first one on. */
  generate(first: number, length: number, sampling: Sampling, sequence: number): Int32Array {
    const tokens = Int32Array.of(first, ...new Int32Array(length - 1));
    for (let position = 0; position + 1 < length; position++) {
      const block = { tokens: tokens.subarray(position, position + 1), position };
      const logits = this.#reference.forward(block, this.#exact, constantDepths(0)(block));
      tokens[position + 1] = sample(logits, sampling, sequence, position + 1);
    }
    return tokens;
  }

  /** What the sliced model expects of the tokens, with depths of this source. */
  expectations(tokens: Int32Array, source: DepthSource, reference: Logits): Expectations {
    const found = noExpectations(tokens.length);
    for (const { block, logits } of readThrough(this.#sliced, this.#cache, tokens, source)) {
      judge(found, tokens, block, logits, reference);
    }
    return found;
  }

  /** How far one slice is off, on the inputs of the model with all slices. */
  errors(tokens: Int32Array): SliceErrors {
    const errors = new Float32Array(tokens.length * this.from.model.linears.length);
    for (const _ of readThrough(this.#sliced, this.#cache, tokens, this.#oracle.source(errors)));
    return errors;
  }

  /** The routers at a threshold; `see` gets the scores [token][3] of every linear. */
  routed(threshold: number, see?: (linear: number, scores: Float32Array) => void): DepthSource {
    return routedDepths(this.#routers, threshold, see);
  }
}
