//
//   A model folder's weights as a transformer that runs, in one arithmetic, with or without slices.
//
//     config.json, model.safetensors ──► FP16 reference: the checkpoint's own weights, FP32 products
//     slices.safetensors ─────────────► the linears of the machine, in the machine's arithmetic
//     model.safetensors, a number format ► the same with the checkpoint's weights in that format
//

import type { Format } from "../formats/format.js";
import type { Model } from "../model/model.js";
import type { Kernels } from "../wasm/kernels.js";
import type { FloatVector } from "../wasm/vectors.js";
import { codedLinear, peRows } from "./coded-linear.js";
import {
  type Arithmetic,
  DenseLinear,
  FloatSlices,
  Int8Linear,
  Int8Slices,
  type LinearLayer,
  PeSlices,
  quantizeRows,
} from "./linear.js";
import type { Constants } from "./rope.js";
import type { SlicedWeights } from "./slices.js";
import type { Parts } from "./transformer.js";
import type { Checkpoint } from "./weights.js";

/** What is read from a model's folder. */
export interface LanguageModel {
  readonly model: Model;
  readonly constants: Constants;
  readonly checkpoint: Checkpoint;
  /** Null where the folder has no slices.safetensors. */
  readonly slices: readonly SlicedWeights[] | null;
  /** The routers' threshold of each budget, by its name: `b3`. */
  readonly thresholds: ReadonlyMap<string, number>;
}

/** What all variants of a model share: embedding and norms. */
export type Shared = Pick<Parts, "model" | "constants" | "embedding" | "attentionNorms" | "mlpNorms" | "lastNorm">;

export function sharedParts(kernels: Kernels, { model, constants, checkpoint }: LanguageModel): Shared {
  const norm = (name: string) => checkpoint.floats(name, [model.hidden]);
  const norms = (name: string) => layersOf(model).map((layer) => norm(`model.layers.${layer}.${name}.weight`));
  return {
    model,
    constants,
    embedding: kernels.floats(checkpoint.floats("model.embed_tokens.weight", [model.vocab, model.hidden])),
    attentionNorms: norms("input_layernorm"),
    mlpNorms: norms("post_attention_layernorm"),
    lastNorm: norm("model.norm.weight"),
  };
}

/** What all forms of a model on the machine share beside that: lm_head, and whether activations are FP16. */
export type Outer = Shared & Pick<Parts, "lmHead" | "halves">;

export function outerParts(kernels: Kernels, from: LanguageModel, arithmetic: Arithmetic): Outer {
  const shared = sharedParts(kernels, from);
  return { ...shared, lmHead: lmHead(kernels, from, shared, arithmetic), halves: arithmetic !== "fp32" };
}

/** The model as its checkpoint says, in FP32. */
export function referenceParts(kernels: Kernels, from: LanguageModel, shared: Shared): Parts {
  const { model, checkpoint } = from;
  const linears = model.linears.map(({ name, in: inputs, out }) => {
    const weights = kernels.floats(checkpoint.floats(`${name}.weight`, [out, inputs]));
    return new DenseLinear(kernels, weights, out, inputs);
  });
  return { ...shared, linears, lmHead: lmHead(kernels, from, shared, "fp32"), halves: false };
}

/** The model as its slices say, in an arithmetic. */
export function slicedParts(kernels: Kernels, from: LanguageModel, outer: Outer, arithmetic: Arithmetic): Parts {
  const { model, slices } = from;
  if (slices === null) throw new Error(`internal: model ${model.name} has no slices`);
  if (arithmetic === "int8") return { ...outer, linears: slices.map((one) => new Int8Slices(kernels, one)) };
  if (arithmetic === "fp16pe") return { ...outer, linears: slices.map((one) => new PeSlices(kernels, one)) };
  const scratch = kernels.floats(Math.max(...model.linears.map(({ in: inputs, out }) => inputs * out)));
  return { ...outer, linears: slices.map((one) => new FloatSlices(kernels, one, scratch)) };
}

/** The model with its checkpoint's weights in a number format, in an arithmetic. */
export function codedParts(
  kernels: Kernels,
  { model, checkpoint }: LanguageModel,
  outer: Outer,
  arithmetic: Arithmetic,
  format: Format,
): Parts {
  const linears = model.linears.map((linear) => {
    const weights = checkpoint.floats(`${linear.name}.weight`, [linear.out, linear.in]);
    return codedLinear(kernels, arithmetic, format, linear, weights);
  });
  return { ...outer, linears };
}

/** lm_head as the machine has it: INT8 codes with a scale a row; in FP32 the checkpoint's. */
function lmHead(kernels: Kernels, from: LanguageModel, shared: Shared, arithmetic: Arithmetic): LinearLayer {
  const { vocab, hidden } = from.model;
  const output = head(kernels, from, shared);
  if (arithmetic === "fp32") return new DenseLinear(kernels, output, vocab, hidden);
  const rows = quantizeRows(output.view, hidden);
  return arithmetic === "int8" ? new Int8Linear(kernels, rows) : peRows(kernels, rows);
}

function head(kernels: Kernels, { model, checkpoint }: LanguageModel, shared: Shared): FloatVector {
  if (model.tied) return shared.embedding;
  return kernels.floats(checkpoint.floats("lm_head.weight", [model.vocab, model.hidden]));
}

function layersOf(model: Model): number[] {
  return Array.from({ length: model.layers }, (_, layer) => layer);
}
