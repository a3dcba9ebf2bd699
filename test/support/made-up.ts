//
//   Language models made up of numbers, small enough to be told again: a checkpoint in memory, and slices of all linears.
//

import { roundToHalf } from "../../src/basics/half.js";
import { parseSafetensors } from "../../src/basics/safetensors.js";
import type { LanguageModel } from "../../src/infer/language-model.js";
import { parseConstants } from "../../src/infer/rope.js";
import type { SlicedWeights } from "../../src/infer/slices.js";
import { Checkpoint } from "../../src/infer/weights.js";
import { parseModel } from "../../src/model/config.js";
import { buildSafetensors, type Spec } from "./pack.js";

const CONFIG = {
  architectures: ["LlamaForCausalLM"],
  model_type: "llama",
  hidden_size: 24,
  intermediate_size: 36,
  num_hidden_layers: 2,
  num_attention_heads: 4,
  num_key_value_heads: 2,
  head_dim: 10,
  vocab_size: 40,
  max_position_embeddings: 160,
  rms_norm_eps: 1e-5,
  tie_word_embeddings: true,
  hidden_act: "silu",
};

/** One head of four dims, eight values a token. */
export const TINY = {
  hidden_size: 8,
  intermediate_size: 8,
  num_attention_heads: 1,
  num_key_value_heads: 1,
  head_dim: 4,
};

/** A model of numbers that `draw` gives, one after the other, within -1..1. */
export function madeUp(draw: () => number, sizes: Partial<typeof CONFIG> = {}): LanguageModel {
  const text = JSON.stringify({ ...CONFIG, ...sizes });
  const model = parseModel(text, "config.json", "made-up");
  const { hidden, vocab, layers } = model;
  const many = (count: number, scale: number, middle = 0) =>
    Float32Array.from({ length: count }, () => roundToHalf(middle + scale * draw()));
  const tensors: Record<string, Spec> = {
    "model.embed_tokens.weight": { dtype: "F32", shape: [vocab, hidden], values: many(vocab * hidden, 1) },
    "model.norm.weight": { dtype: "F32", shape: [hidden], values: many(hidden, 0.3, 1) },
  };
  for (let layer = 0; layer < layers; layer++) {
    for (const name of ["input_layernorm", "post_attention_layernorm"]) {
      const values = many(hidden, 0.3, 1);
      tensors[`model.layers.${layer}.${name}.weight`] = { dtype: "F32", shape: [hidden], values };
    }
  }
  for (const { name, in: inputs, out } of model.linears) {
    tensors[`${name}.weight`] = { dtype: "F32", shape: [out, inputs], values: many(out * inputs, 0.4) };
  }
  const slices = model.linears.map((linear): SlicedWeights => {
    const codes = Uint8Array.from({ length: linear.in * linear.out }, () => Math.floor((draw() + 1) * 127.9));
    const scale = many(linear.out, 0.05, 0.15);
    const base = scale.map((s) => roundToHalf(s * (-1.5 + 0.4 * draw())));
    return { linear, codes, scale, base } as unknown as SlicedWeights;
  });
  const checkpoint = new Checkpoint("made-up", [parseSafetensors(buildSafetensors(tensors), "made-up")]);
  return {
    model,
    constants: parseConstants(text, "config.json", model.headDim),
    checkpoint,
    slices,
    thresholds: new Map(),
  };
}

/** Numbers within -1..1 that are the same every time. */
export function sines(): () => number {
  let i = 0;
  return () => Math.sin((i++) ** 2);
}
