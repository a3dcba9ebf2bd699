//
//   Gemma (gated GELU, a head size of its own, tied embeddings that are scaled as they are read) and Gemma-2, which norms
//   the output of attention and MLP too, has a sliding window in every other layer, and caps scores and logits softly.
//

import { z } from "zod";
import {
  ACTIVATIONS,
  activation,
  family,
  gated,
  layerTypes,
  only,
  PLAIN,
  SIZES,
  separate,
  size,
  sizes,
  WHOLE_HEAD,
  windowsOf,
} from "./common.js";

const KEYS = {
  ...SIZES,
  ...WHOLE_HEAD,
  intermediate_size: size,
  head_dim: size.default(256),
  max_position_embeddings: size.default(8192),
  tie_word_embeddings: z.boolean().default(true),
  attention_bias: z.boolean().default(false),
  use_bidirectional_attention: only(false, "attention is causal"),
};

function common(config: z.output<z.ZodObject<typeof KEYS>>) {
  return {
    ...PLAIN,
    ...sizes(config),
    intermediate: config.intermediate_size,
    headDim: config.head_dim,
    forms: [...separate({ qkv: config.attention_bias, o: config.attention_bias }), ...gated()],
  };
}

export const gemma = family(
  "Gemma",
  "gemma",
  {
    ...KEYS,
    num_key_value_heads: size.default(16),
    hidden_act: activation.default("gelu_pytorch_tanh"),
    hidden_activation: activation.nullish(),
  },
  (config) => ({
    ...common(config),
    kvHeads: config.num_key_value_heads,
    mlp: { gated: true, activation: ACTIVATIONS[config.hidden_activation ?? config.hidden_act] },
  }),
);

const cap = z.number().gt(0).nullable();

export const gemma2 = family(
  "Gemma-2",
  "gemma2",
  {
    ...KEYS,
    num_key_value_heads: size.default(4),
    hidden_activation: activation.default("gelu_pytorch_tanh"),
    sliding_window: size.nullable().default(4096),
    layer_types: layerTypes,
    attn_logit_softcapping: cap.default(50),
    final_logit_softcapping: cap.default(30),
  },
  (config, refuse) => ({
    ...common(config),
    kvHeads: config.num_key_value_heads,
    norm: { type: "rms", post: true },
    mlp: { gated: true, activation: ACTIVATIONS[config.hidden_activation] },
    windows: windowsOf(config, config.sliding_window, (layer) => layer % 2 === 0, refuse),
    softcaps: { attention: config.attn_logit_softcapping, logits: config.final_logit_softcapping },
  }),
);
