//
//   Language models that run, for tests: the embedded one, and small random ones held in memory.
//

import { readFileSync } from "node:fs";
import fc from "fast-check";
import { roundToHalf } from "../../src/basics/half.js";
import type { Format } from "../../src/formats/format.js";
import type { KvFormat, KvSource } from "../../src/infer/kv-cache.js";
import type { LanguageModel, Outer, Shared } from "../../src/infer/language-model.js";
import { codedParts, outerParts, referenceParts, sharedParts, slicedParts } from "../../src/infer/language-model.js";
import type { Arithmetic } from "../../src/infer/linear.js";
import { kvCache } from "../../src/infer/reader.js";
import { Router, slicesOf } from "../../src/infer/router.js";
import { type Depths, type Parts, Transformer } from "../../src/infer/transformer.js";
import { compileBinary } from "../../src/wasm/instance.js";
import { Kernels } from "../../src/wasm/kernels.js";
import { loadNumeric } from "../../src/wasm/numeric.js";
import type { Build } from "./engine.js";

export async function kernels(build: Build = "release"): Promise<Kernels> {
  const file = build === "release" ? "numeric.wasm" : "numeric.debug.wasm";
  const binary = readFileSync(new URL(`../../${file}`, import.meta.url));
  return new Kernels(await loadNumeric(await compileBinary(binary)));
}

/** FP16 values of all sizes, many of them equal, zero, subnormal or far apart. */
export const halfArbitrary = fc
  .oneof(
    { weight: 6, arbitrary: fc.double({ min: -4, max: 4, noNaN: true }) },
    { weight: 1, arbitrary: fc.constantFrom(0, -0, 2 ** -24, 1, -1, 2, 65504) },
    {
      weight: 1,
      arbitrary: fc.tuple(fc.integer({ min: -24, max: 15 }), fc.constantFrom(1, -1.5)).map(([e, m]) => m * 2 ** e),
    },
  )
  .map(roundToHalf);

/** A language model on kernels of its own; blocks of at most `block` tokens. */
export class Bench {
  readonly shared: Shared;

  constructor(
    readonly kernels: Kernels,
    readonly from: LanguageModel,
    private readonly block = 256,
  ) {
    this.shared = sharedParts(kernels, from);
  }

  reference(): Transformer {
    return this.transformer(referenceParts(this.kernels, this.from, this.shared));
  }

  sliced(arithmetic: Arithmetic): Transformer {
    return this.transformer(slicedParts(this.kernels, this.from, this.outer(arithmetic), arithmetic));
  }

  coded(arithmetic: Arithmetic, format: Format): Transformer {
    return this.transformer(codedParts(this.kernels, this.from, this.outer(arithmetic), arithmetic, format));
  }

  cache(kv: KvFormat, arithmetic: Arithmetic = "fp32", capacity = this.from.model.maxPositions): KvSource {
    return kvCache(this.kernels, this.from.model, capacity, { arithmetic, kv });
  }

  /** Routers at a threshold; the scores of every linear, [token][3], are shown to `see`. */
  routed(threshold: number, see: (linear: number, scores: Float32Array) => void = () => {}): Depths {
    const routers = (this.from.slices ?? []).map(({ router }) => new Router(this.kernels, router));
    return (linear, x, count) => {
      const scores = routers[linear].scores(x, count);
      see(linear, scores);
      return slicesOf(scores, threshold);
    };
  }

  private outer(arithmetic: Arithmetic): Outer {
    return outerParts(this.kernels, this.from, arithmetic);
  }

  private transformer(parts: Parts): Transformer {
    return new Transformer(this.kernels, parts, this.block, this.from.model.maxPositions);
  }
}

/** The same number of slices for everybody. */
export function constant(slices: number): Depths {
  return (_linear, _x, count) => new Uint8Array(count).fill(slices);
}
