//
//   A router that knows the answer: how far the output of each linear is off with one slice, for every token.
//
//     error = |W_4 x - W_1 x|^2        the routed depths of a linear, dealt out anew: the deepest to the largest error
//
//   Every linear keeps its depths, as in the random control, so only "which token" differs between random, routers and oracle.
//   It knows the linears' own errors, not what the loss makes of them: a yardstick for routers, not a bound on perplexity.
//

import type { Kernels } from "../wasm/kernels.js";
import type { FloatVector, Rows } from "../wasm/vectors.js";
import type { LinearLayer } from "./linear.js";
import type { DepthSource } from "./routing.js";

const SLICES = 4;

/** Errors [position][linear] of one sequence. */
export type SliceErrors = Float32Array;

export class OracleRouter {
  readonly #whole: FloatVector;
  readonly #first: FloatVector;

  constructor(
    kernels: Kernels,
    private readonly layers: readonly LinearLayer[],
    blockTokens: number,
  ) {
    const most = Math.max(...layers.map(({ outputs }) => outputs));
    this.#whole = kernels.floats(blockTokens * most);
    this.#first = kernels.floats(blockTokens * most);
  }

  /** Gives everybody all slices, and writes into `errors` how far one slice would have been off. */
  source(errors: SliceErrors): DepthSource {
    return ({ position }) =>
      (linear, x, count) => {
        this.compare(linear, x, count, errors.subarray(position * this.layers.length));
        return new Uint8Array(count).fill(SLICES);
      };
  }

  private compare(linear: number, x: Rows, count: number, errors: SliceErrors): void {
    const layer = this.layers[linear];
    const pitch = layer.outputs;
    layer.apply(x, { vector: this.#whole, pitch }, new Uint8Array(count).fill(SLICES));
    layer.apply(x, { vector: this.#first, pitch }, new Uint8Array(count).fill(1));
    const [whole, first] = [this.#whole.view, this.#first.view];
    for (let place = 0; place < count; place++) {
      let error = 0;
      for (let i = place * pitch; i < (place + 1) * pitch; i++) error += (whole[i] - first[i]) ** 2;
      errors[place * this.layers.length + linear] = error;
    }
  }
}

/** The depths [position][linear] of each linear, the deepest to the largest error. */
export function oracleDepths(errors: SliceErrors, depths: Uint8Array, linears: number): Uint8Array {
  const dealt = new Uint8Array(depths.length);
  const positions = Array.from({ length: depths.length / linears }, (_, position) => position);
  for (let linear = 0; linear < linears; linear++) {
    const at = (position: number) => position * linears + linear;
    const byError = [...positions].sort((a, b) => errors[at(b)] - errors[at(a)] || a - b);
    const deepestFirst = positions.map((position) => depths[at(position)]).sort((a, b) => b - a);
    for (const [rank, position] of byError.entries()) dealt[at(position)] = deepestFirst[rank];
  }
  return dealt;
}
