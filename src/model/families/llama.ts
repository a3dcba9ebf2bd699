//
//   LLaMA (also Yi and whatever else says LlamaForCausalLM) and Mistral, which adds a sliding window.
//

import { z } from "zod";
import {
  ACTIVATIONS,
  activation,
  everywhere,
  family,
  gated,
  only,
  PLAIN,
  SIZES,
  separate,
  size,
  sizes,
  WHOLE_HEAD,
} from "./common.js";

export const llama = family(
  "LLaMA",
  "llama",
  {
    ...SIZES,
    ...WHOLE_HEAD,
    intermediate_size: size,
    num_key_value_heads: size.nullish(),
    head_dim: size.nullish(),
    max_position_embeddings: size.default(2048),
    tie_word_embeddings: z.boolean().default(false),
    hidden_act: activation.default("silu"),
    attention_bias: z.boolean().default(false),
    mlp_bias: z.boolean().default(false),
  },
  (config) => ({
    ...PLAIN,
    ...sizes(config),
    intermediate: config.intermediate_size,
    kvHeads: config.num_key_value_heads ?? null,
    headDim: config.head_dim ?? null,
    mlp: { gated: true, activation: ACTIVATIONS[config.hidden_act] },
    forms: [...separate({ qkv: config.attention_bias, o: config.attention_bias }), ...gated(config.mlp_bias)],
  }),
);

export const mistral = family(
  "Mistral",
  "mistral",
  {
    ...SIZES,
    ...WHOLE_HEAD,
    intermediate_size: size,
    num_key_value_heads: size.nullable().default(8),
    head_dim: size.nullish(),
    max_position_embeddings: size.default(131072),
    tie_word_embeddings: z.boolean().default(false),
    hidden_act: activation.default("silu"),
    attention_bias: only(false, "this family has no biases"),
    sliding_window: size.nullable().default(4096),
  },
  (config) => ({
    ...PLAIN,
    ...sizes(config),
    intermediate: config.intermediate_size,
    kvHeads: config.num_key_value_heads,
    headDim: config.head_dim ?? null,
    mlp: { gated: true, activation: ACTIVATIONS[config.hidden_act] },
    windows: everywhere(config.num_hidden_layers, config.sliding_window),
    forms: [...separate({ qkv: false, o: false }), ...gated()],
  }),
);
