//
//   A linear layer on a block of tokens, in one arithmetic. Tokens of one depth go through a kernel together, eight at a time;
//   what comes out for a token depends on that token and the weights alone.
//
//     x f32[token][in], depth of each token ──► tiles of one depth ──► kernel ──► y f32[token][out]
//
//     fp32     W_k dequantised to FP32; FP32 products and sums, k ascending
//     fp16pe   activations FP16; accumulators of the aligned BitMoD PE, bit for bit; FP32 in the order of pe-tile.ts
//     int8     activations INT8, scale = absmax/127 a token; exact group sums; FP32 in the order of int8-tile.ts
//

import { roundHalfEven, roundToHalf } from "../basics/half.js";
import { SLICES } from "../trace/trace-json.js";
import type { Int8Matrix, SliceMatrix } from "../wasm/int8-kernels.js";
import type { FloatMatrix, Kernels } from "../wasm/kernels.js";
import type { PeMatrix } from "../wasm/pe-kernels.js";
import type { FloatVector, Rows } from "../wasm/vectors.js";
import { dequantize, type SliceStack } from "./slices.js";

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
    this.kernels.multiply(x, y, Int32Array.from(depths.keys()), this.#matrix);
  }
}

/** Slices in FP32: W_k is dequantised whenever a block has a token of depth k. */
export class FloatSlices implements LinearLayer {
  constructor(
    private readonly kernels: Kernels,
    private readonly weights: SliceStack,
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
      kernels.multiply(x, y, places, matrix);
    }
  }
}

/** Slices on integer PEs, activations in INT8. */
export class Int8Slices implements LinearLayer {
  readonly inputs: number;
  readonly outputs: number;
  readonly #matrix: SliceMatrix;

  constructor(
    private readonly kernels: Kernels,
    { linear, codes, scale, base }: SliceStack,
  ) {
    [this.inputs, this.outputs] = [linear.in, linear.out];
    this.#matrix = kernels.int8.slices(codes, scale, base, linear.in);
  }

  apply(x: Rows, y: Rows, depths: Uint8Array): void {
    for (const [depth, places] of byDepth(depths)) this.kernels.int8.multiplySlices(x, y, places, this.#matrix, depth);
  }
}

/** Slices on FP16 PEs; x holds FP16 numbers. */
export class PeSlices implements LinearLayer {
  readonly inputs: number;
  readonly outputs: number;
  readonly #matrix: PeMatrix;

  constructor(
    private readonly kernels: Kernels,
    { linear, codes, scale, base }: SliceStack,
  ) {
    [this.inputs, this.outputs] = [linear.in, linear.out];
    this.#matrix = kernels.pe.slices(codes, scale, base, linear.in, SLICES);
  }

  apply(x: Rows, y: Rows, depths: Uint8Array): void {
    for (const [depth, places] of byDepth(depths)) this.kernels.pe.multiply(x, y, places, this.#matrix, depth);
  }
}

/** INT8 weights with an FP16 scale a row, as the machine's lm_head is; activations in INT8. */
export class Int8Linear implements LinearLayer {
  readonly inputs: number;
  readonly outputs: number;
  readonly #matrix: Int8Matrix;

  constructor(
    private readonly kernels: Kernels,
    weights: RowCodes,
  ) {
    [this.inputs, this.outputs] = [weights.inputs, weights.scales.length];
    this.#matrix = kernels.int8.weights(weights.codes, weights.scales);
  }

  apply(x: Rows, y: Rows, depths: Uint8Array): void {
    this.kernels.int8.multiply(x, y, Int32Array.from(depths.keys()), this.#matrix);
  }
}

/** INT8 codes of rows, and the scale of each. */
export interface RowCodes {
  readonly inputs: number;
  readonly codes: Int8Array;
  readonly scales: Float32Array;
}

/** Symmetric INT8 by row: scale = FP16(absmax / 127), code = round half even(w / scale), clamped. */
export function quantizeRows(weights: Float32Array, inputs: number): RowCodes {
  const codes = new Int8Array(weights.length);
  const scales = new Float32Array(weights.length / inputs);
  for (let row = 0; row < scales.length; row++) {
    const values = weights.subarray(row * inputs, (row + 1) * inputs);
    scales[row] = roundToHalf(values.reduce((most, value) => Math.max(most, Math.abs(value)), 0) / 127);
    for (const [i, value] of values.entries()) {
      const code = scales[row] === 0 ? 0 : roundHalfEven(value / scales[row]);
      codes[row * inputs + i] = Math.max(-127, Math.min(127, code));
    }
  }
  return { inputs, codes, scales };
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
