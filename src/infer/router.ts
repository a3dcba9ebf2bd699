//
//   The router of a linear: a two-layer MLP that scores slices 2, 3, 4 for each token, on the linear's input x.
//
//     h = silu(r1 x + b1);  a = r2 h + b2;  s2 = a0,  s3 = s2 - softplus(a1),  s4 = s3 - softplus(a2)
//     slices = 1 + number of scores above the threshold
//
//   Scores descend, so the wanted slices are a prefix. The products with x are FP32 in the order of the kernel, the
//   rest is FP64, the scores are FP32: they differ from recorded FP32 scores by rounding, less than 1e-5 but for a few in a million.
//

import type { FloatMatrix, Kernels } from "../wasm/kernels.js";
import type { FloatVector, Rows } from "../wasm/vectors.js";

export interface RouterWeights {
  readonly hidden: number;
  readonly inputs: number;
  /** [hidden][inputs], [hidden], [3][hidden], [3]. */
  readonly r1: Float32Array;
  readonly b1: Float32Array;
  readonly r2: Float32Array;
  readonly b2: Float32Array;
}

/** Slices that a router scores: the first one is always there. */
export const SCORES = 3;

export class Router {
  readonly #first: FloatMatrix;
  #hidden: FloatVector;

  constructor(
    private readonly kernels: Kernels,
    private readonly weights: RouterWeights,
  ) {
    const { hidden, inputs, r1 } = weights;
    this.#first = { weights: kernels.floats(r1), pitch: inputs, inputs, outputs: hidden };
    this.#hidden = kernels.floats(0);
  }

  /** Scores [token][3] of the first `count` tokens of x. */
  scores(x: Rows, count: number): Float32Array {
    const { hidden } = this.weights;
    if (this.#hidden.length < count * hidden) this.#hidden = this.kernels.floats(count * hidden);
    const sums = { vector: this.#hidden, pitch: hidden };
    this.kernels.multiply(
      x,
      sums,
      Int32Array.from({ length: count }, (_, token) => token),
      this.#first,
    );
    const scores = new Float32Array(count * SCORES);
    for (let token = 0; token < count; token++) this.decide(sums.vector.view, token * hidden, scores, token * SCORES);
    return scores;
  }

  /** The second layer, on the sums of the first one. */
  private decide(sums: Float32Array, from: number, into: Float32Array, at: number): void {
    const { hidden, b1, r2, b2 } = this.weights;
    let [a0, a1, a2] = b2;
    for (let unit = 0; unit < hidden; unit++) {
      const active = silu(sums[from + unit] + b1[unit]);
      a0 += r2[unit] * active;
      a1 += r2[hidden + unit] * active;
      a2 += r2[2 * hidden + unit] * active;
    }
    into[at] = a0;
    into[at + 1] = a0 - softplus(a1);
    into[at + 2] = a0 - softplus(a1) - softplus(a2);
  }
}

/** Slices of each token by its scores. */
export function slicesOf(scores: Float32Array, threshold: number): Uint8Array {
  return Uint8Array.from({ length: scores.length / SCORES }, (_, token) => wanted(scores, token * SCORES, threshold));
}

/** The scores are compared in FP32, as they are recorded. */
function wanted(scores: Float32Array, at: number, threshold: number): number {
  const limit = Math.fround(threshold);
  let slices = 1;
  for (let i = 0; i < SCORES; i++) if (scores[at + i] > limit) slices++;
  return slices;
}

function silu(value: number): number {
  return value / (1 + Math.exp(-value));
}

/** log(1 + e^value), without overflow. */
function softplus(value: number): number {
  return Math.max(value, 0) + Math.log1p(Math.exp(-Math.abs(value)));
}
