//
//   A linear layer whose weights are codes of a number format, in one arithmetic.
//
//     format, weights f32 ──► codedWeights ──► fp16pe   terms of the codes on FP16 PEs, bit for bit
//                        │                ├──► int8     activations in INT8, exact sums
//                        │                └──► fp32     the values that codes stand for, FP32 products
//                        └──► a stack of slices ──► the layers of slices (linear.ts), all of them
//

import { CODES } from "../../assembly/numeric/contract.js";
import { InputError } from "../basics/errors.js";
import { type CodedWeights, codedWeights, decoded, largestInteger } from "../formats/coded.js";
import { depthCosts, type Format } from "../formats/format.js";
import { quantize } from "../formats/quantizer.js";
import { boothSlots } from "../formats/term-table.js";
import { GROUP, type Linear } from "../model/model.js";
import { SLICE_BITS, SLICES } from "../trace/trace-json.js";
import type { Int8Codes, PeCodes } from "../wasm/code-kernels.js";
import type { Kernels } from "../wasm/kernels.js";
import type { Rows } from "../wasm/vectors.js";
import { type Arithmetic, DenseLinear, Int8Slices, type LinearLayer, PeSlices, type RowCodes } from "./linear.js";
import { dequantize, type SliceStack } from "./slices.js";

/** A linear's weights in a format. */
export function codedLinear(
  kernels: Kernels,
  arithmetic: Arithmetic,
  format: Format,
  linear: Linear,
  weights: Float32Array,
): LinearLayer {
  if (format.layout.read === "prefix") return stacked(kernels, arithmetic, format, linear, weights);
  const coded = codedWeights(format, weights, linear.in);
  if (arithmetic === "fp32") return new DenseLinear(kernels, kernels.floats(decoded(coded)), linear.out, linear.in);
  if (arithmetic === "int8") return new Int8Coded(kernels, refuseLarge(format, coded));
  const terms = depthCosts(format).at(-1)?.terms ?? 1;
  return new PeCoded(kernels, kernels.codes.pe(coded, terms));
}

/** Codes on FP16 PEs; x holds FP16 numbers. */
class PeCoded implements LinearLayer {
  constructor(
    private readonly kernels: Kernels,
    private readonly matrix: PeCodes,
  ) {}

  get inputs(): number {
    return this.matrix.inputs;
  }

  get outputs(): number {
    return this.matrix.outputs;
  }

  apply(x: Rows, y: Rows, depths: Uint8Array): void {
    this.kernels.codes.multiplyPe(x, y, Int32Array.from(depths.keys()), this.matrix);
  }
}

/** Codes on integer PEs, activations in INT8. */
class Int8Coded implements LinearLayer {
  readonly #matrix: Int8Codes;

  constructor(
    private readonly kernels: Kernels,
    weights: CodedWeights,
  ) {
    this.#matrix = kernels.codes.int8(weights);
  }

  get inputs(): number {
    return this.#matrix.inputs;
  }

  get outputs(): number {
    return this.#matrix.outputs;
  }

  apply(x: Rows, y: Rows, depths: Uint8Array): void {
    this.kernels.codes.multiplyInt8(x, y, Int32Array.from(depths.keys()), this.#matrix);
  }
}

/** INT8 rows with a scale each, as the machine's lm_head is: four Booth digits a code. */
export function peRows(kernels: Kernels, { inputs, codes, scales }: RowCodes): LinearLayer {
  const values = Array.from({ length: CODES }, (_, code) => code - CODES / 2);
  const coded: CodedWeights = {
    inputs,
    outputs: scales.length,
    block: inputs,
    values,
    codes: Uint8Array.from(codes, (code) => code + CODES / 2),
    scale: scales,
    offset: null,
  };
  return new PeCoded(kernels, kernels.codes.pe(coded, boothSlots(values)));
}

/** Integers that the group sums of the integer PE do not hold have no meaning there. */
function refuseLarge({ name }: Format, coded: CodedWeights): CodedWeights {
  const [largest, allowed] = [Math.max(...coded.values.map(Math.abs)), largestInteger(coded.block)];
  if (largest <= allowed) return coded;
  const why = `24-bit sums of INT8 activations; or --arithmetic fp16pe, fp32`;
  throw new InputError(`format ${name}: its integers reach ${largest}; allowed ${allowed} (${why})`);
}

/** All slices of a stack, one after the other, for every token. */
function stacked(kernels: Kernels, arithmetic: Arithmetic, format: Format, linear: Linear, weights: Float32Array) {
  const { slices } = format.layout;
  if (slices.length !== SLICES || slices.some((bits) => bits !== SLICE_BITS) || format.scales[0].block !== GROUP) {
    const found = `format ${format.name}: slices are ${slices.join(", ")} bits, a block ${format.scales[0].block} inputs`;
    throw new InputError(`${found}; allowed ${SLICES} of ${SLICE_BITS}, ${GROUP} where weights are run`);
  }
  const { groups } = quantize(format, weights, linear.in);
  const stack: SliceStack = {
    linear,
    codes: Uint8Array.from(groups.flatMap(({ levels }) => [...levels])),
    scale: Float32Array.from(groups, ({ storedScale }) => storedScale),
    base: Float32Array.from(groups, ({ storedScale, zeroPoint }) => storedScale * (0.5 - zeroPoint)),
  };
  if (arithmetic === "fp32") {
    const dense = kernels.floats(weights.length);
    dequantize(stack, SLICES, dense.view);
    return new DenseLinear(kernels, dense, linear.out, linear.in);
  }
  return new Whole(arithmetic === "int8" ? new Int8Slices(kernels, stack) : new PeSlices(kernels, stack));
}

/** Slices that nobody plans: everybody gets all of them. */
class Whole implements LinearLayer {
  readonly inputs: number;
  readonly outputs: number;

  constructor(private readonly slices: LinearLayer) {
    ({ inputs: this.inputs, outputs: this.outputs } = slices);
  }

  apply(x: Rows, y: Rows, depths: Uint8Array): void {
    this.slices.apply(x, y, new Uint8Array(depths.length).fill(SLICES));
  }
}
