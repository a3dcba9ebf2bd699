//
//   Language models that run, for tests: the embedded one, and small random ones held in memory.
//

import { readFileSync } from "node:fs";
import { KvCache, type KvFormat } from "../../src/infer/kv-cache.js";
import type { LanguageModel, Shared } from "../../src/infer/language-model.js";
import { referenceParts, sharedParts, slicedParts } from "../../src/infer/language-model.js";
import type { Arithmetic } from "../../src/infer/linear.js";
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
    return this.transformer(slicedParts(this.kernels, this.from, this.shared, arithmetic));
  }

  cache(format: KvFormat, capacity = this.from.model.maxPositions): KvCache {
    return new KvCache(this.kernels, this.from.model, capacity, format);
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

  private transformer(parts: Parts): Transformer {
    return new Transformer(this.kernels, parts, this.block, this.from.model.maxPositions);
  }
}

/** The same number of slices for everybody. */
export function constant(slices: number): Depths {
  return (_linear, _x, count) => new Uint8Array(count).fill(slices);
}
