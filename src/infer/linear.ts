//
//   A linear layer on a block of tokens, in one arithmetic. Tokens of one depth go through a kernel together, eight at a time;
//   what comes out for a token depends on that token and the weights alone.
//
//     x f32[token][in], depth of each token ──► tiles of one depth ──► kernel ──► y f32[token][out]
//
//     fp32     W_k dequantised to FP32; FP32 products and sums, k ascending
//

import type { FloatMatrix, FloatVector, Kernels, Rows } from "../wasm/kernels.js";
import { TILE } from "../wasm/kernels.js";
import { dequantize, type SlicedWeights } from "./slices.js";

/** How products and sums are made: the aligned BitMoD PE, INT8 activations on an integer PE, or plain FP32. */
export const ARITHMETICS = ["fp16pe", "int8", "fp32"] as const;
export type Arithmetic = (typeof ARITHMETICS)[number];

export interface LinearLayer {
  readonly inputs: number;
  readonly outputs: number;
  /** y = W x for tokens 0 .. depths.length - 1; a layer without slices takes no notice of depths. */
  apply(x: Rows, y: Rows, depths: Uint8Array): void;
}

/** FP32 weights. */
export class DenseLinear implements LinearLayer {
  readonly #matrix: FloatMatrix;

  constructor(
    private readonly kernels: Kernels,
    weights: FloatVector,
    readonly outputs: number,
    readonly inputs: number,
  ) {
    this.#matrix = { weights, pitch: inputs, inputs, outputs };
  }

  apply(x: Rows, y: Rows, depths: Uint8Array): void {
    const places = Int32Array.from(depths.keys());
    for (let from = 0; from < places.length; from += TILE)
      this.kernels.multiplyFloats(x, y, places, from, this.#matrix);
  }
}

/** Slices in FP32: W_k is dequantised whenever a block has a token of depth k. */
export class FloatSlices implements LinearLayer {
  constructor(
    private readonly kernels: Kernels,
    private readonly weights: SlicedWeights,
    /** Room for the FP32 weights of the largest linear. */
    private readonly scratch: FloatVector,
  ) {}

  get inputs(): number {
    return this.weights.linear.in;
  }

  get outputs(): number {
    return this.weights.linear.out;
  }

  apply(x: Rows, y: Rows, depths: Uint8Array): void {
    const { inputs, outputs, scratch, kernels } = this;
    const matrix = { weights: scratch, pitch: inputs, inputs, outputs };
    for (const [depth, places] of byDepth(depths)) {
      dequantize(this.weights, depth, scratch.view);
      for (let from = 0; from < places.length; from += TILE) kernels.multiplyFloats(x, y, places, from, matrix);
    }
  }
}

/** The tokens of each depth, in order. */
export function byDepth(depths: Uint8Array): Map<number, Int32Array> {
  const counts = new Map<number, number>();
  for (const depth of depths) counts.set(depth, (counts.get(depth) ?? 0) + 1);
  const places = new Map([...counts].sort(([a], [b]) => a - b).map(([depth, count]) => [depth, new Int32Array(count)]));
  const filled = new Map<number, number>();
  for (const [token, depth] of depths.entries()) {
    const at = filled.get(depth) ?? 0;
    (places.get(depth) as Int32Array)[at] = token;
    filled.set(depth, at + 1);
  }
  return places;
}
