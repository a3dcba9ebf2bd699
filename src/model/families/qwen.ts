//
//   Qwen2 and Qwen2.5 (q, k and v with biases), Qwen3 (normed heads of q and k, a head size of its own).
//
//   With `use_sliding_window` the layers from `max_window_layers` on have the window, unless `layer_types` says which.
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
  type Refuse,
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
  num_key_value_heads: size.nullable().default(32),
  max_position_embeddings: size.default(32768),
  tie_word_embeddings: z.boolean().default(false),
  hidden_act: activation.default("silu"),
  use_sliding_window: z.boolean().default(false),
  sliding_window: size.nullable().default(4096),
  max_window_layers: z.int().min(0).default(28),
  layer_types: layerTypes,
};

function common(config: z.output<z.ZodObject<typeof KEYS>>, refuse: Refuse) {
  const window = config.use_sliding_window ? config.sliding_window : null;
  return {
    ...PLAIN,
    ...sizes(config),
    intermediate: config.intermediate_size,
    kvHeads: config.num_key_value_heads,
    mlp: { gated: true, activation: ACTIVATIONS[config.hidden_act] },
    windows: windowsOf(config, window, (layer) => layer >= config.max_window_layers, refuse),
  };
}

const ALWAYS = "q, k and v have a bias in this family, o has none";

export const qwen2 = family(
  "Qwen2",
  "qwen2",
  { ...KEYS, head_dim: size.nullish(), attention_bias: only(true, ALWAYS) },
  (config, refuse) => ({
    ...common(config, refuse),
    headDim: config.head_dim ?? null,
    forms: [...separate({ qkv: true, o: false }), ...gated()],
  }),
);

export const qwen3 = family(
  "Qwen3",
  "qwen3",
  { ...KEYS, head_dim: size.default(128), attention_bias: z.boolean().default(false) },
  (config, refuse) => ({
    ...common(config, refuse),
    headDim: config.head_dim,
    qkNorm: true,
    forms: [...separate({ qkv: config.attention_bias, o: config.attention_bias }), ...gated()],
  }),
);
