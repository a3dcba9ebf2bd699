//
//   A model's FP16 reference and its forms on the machine, side by side, reading sequences.
//
//     tokens ─► reference ─► logits, kept ─────────────┬─► judge ─► NLL, KL, agreement of every position
//     tokens ─► sliced, depths of a source, or coded ──┘
//

import { InputError } from "../basics/errors.js";
import type { Format } from "../formats/format.js";
import type { Model } from "../model/model.js";
import type { Kernels } from "../wasm/kernels.js";
import { CODED_BITS, type CodedBits, CodedKvCache } from "./coded-kv-cache.js";
import { KvCache, type KvFormat, type KvSource } from "./kv-cache.js";
import {
  codedParts,
  type LanguageModel,
  type Outer,
  outerParts,
  referenceParts,
  slicedParts,
} from "./language-model.js";
import type { Arithmetic } from "./linear.js";
import { OracleRouter, type SliceErrors } from "./oracle-routing.js";
import { type Expectations, judge, type Logits, noExpectations, readThrough } from "./reading.js";
import { Router } from "./router.js";
import { constantDepths, type DepthSource, routedDepths } from "./routing.js";
import { type Sampling, sample } from "./sampling.js";
import { type Parts, Transformer } from "./transformer.js";

/** In which terms the sliced model runs; the reference is the checkpoint in FP32 with an exact cache. */
interface Numerics {
  readonly arithmetic: Arithmetic;
  readonly kv: KvFormat;
}

/** Tokens that go through the model together. */
const BLOCK = 256;

/** The linears as slices, and who decides about them. */
interface Sliced {
  readonly model: Transformer;
  readonly routers: readonly Router[];
  readonly oracle: OracleRouter;
}

export class Reader {
  readonly #reference: Transformer;
  readonly #exact: KvCache;
  readonly #cache: KvSource;
  readonly #outer: Outer;
  #slices: Sliced | undefined;

  /** For sequences of up to `positions` tokens. */
  constructor(
    private readonly kernels: Kernels,
    readonly from: LanguageModel,
    private readonly positions: number,
    private readonly numerics: Numerics,
  ) {
    const { model } = from;
    const { arithmetic, kv } = numerics;
    if (positions > model.maxPositions) {
      const allowed = `allowed ${model.maxPositions} (the positions of model ${model.name})`;
      throw new InputError(`a sequence is ${positions} tokens long; ${allowed}`);
    }
    this.#outer = outerParts(kernels, from, arithmetic);
    this.#reference = this.transformer(referenceParts(kernels, from, this.#outer));
    this.#exact = new KvCache(kernels, model, positions, "exact");
    this.#cache = kv === "exact" ? this.#exact : kvCache(kernels, model, positions, numerics);
  }

  /** The model with its checkpoint's weights in a number format. */
  coded(format: Format): Transformer {
    return this.transformer(codedParts(this.kernels, this.from, this.#outer, this.numerics.arithmetic, format));
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

  /** What the sliced model, or another one, expects of the tokens, with depths of this source. */
  expectations(tokens: Int32Array, source: DepthSource, reference: Logits, model = this.sliced().model): Expectations {
    const found = noExpectations(tokens.length);
    for (const { block, logits } of readThrough(model, this.#cache, tokens, source)) {
      judge(found, tokens, block, logits, reference);
    }
    return found;
  }

  /** How far one slice is off, on the inputs of the model with all slices. */
  errors(tokens: Int32Array): SliceErrors {
    const errors = new Float32Array(tokens.length * this.from.model.linears.length);
    const { model, oracle } = this.sliced();
    for (const _ of readThrough(model, this.#cache, tokens, oracle.source(errors)));
    return errors;
  }

  /** The routers at a threshold; `see` gets the scores [token][3] of every linear. */
  routed(threshold: number, see?: (linear: number, scores: Float32Array) => void): DepthSource {
    return routedDepths(this.sliced().routers, threshold, see);
  }

  /** Made when it is first needed: a model without slices can be read in other formats. */
  private sliced(): Sliced {
    this.#slices ??= this.makeSliced();
    return this.#slices;
  }

  private makeSliced(): Sliced {
    const { kernels, from, positions } = this;
    const { model, slices } = from;
    if (slices === null)
      throw new InputError(`model ${model.name} has no slices.safetensors; plans of slices need them`);
    const parts = slicedParts(kernels, from, this.#outer, this.numerics.arithmetic);
    const routers = slices.map(({ router }) => new Router(kernels, router));
    const oracle = new OracleRouter(kernels, parts.linears, Math.min(BLOCK, positions));
    return { model: this.transformer(parts), routers, oracle };
  }

  private transformer(parts: Parts): Transformer {
    return new Transformer(this.kernels, parts, Math.min(BLOCK, this.positions), this.positions);
  }
}

/** The machine's cache: codes, where the PEs of this arithmetic take those. */
export function kvCache(kernels: Kernels, model: Model, positions: number, { arithmetic, kv }: Numerics): KvSource {
  const bits = CODED_BITS.find((one): one is CodedBits => one === kv);
  if (arithmetic !== "fp16pe" || bits === undefined) return new KvCache(kernels, model, positions, kv);
  return new CodedKvCache(kernels, model, positions, bits);
}
