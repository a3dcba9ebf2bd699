//
//   Phi (phi-1, 1.5, 2): LayerNorm, attention and MLP beside each other behind one norm, biases everywhere, RoPE on a part
//   of a head. Phi-3: LLaMA with q, k, v in one linear and gate, up in another, and a sliding window.
//

import { z } from "zod";
import { ACTIVATIONS, activation, everywhere, family, only, PLAIN, SIZES, separate, size, sizes } from "./common.js";

const fraction = z.number().gt(0).max(1);
const PARTIAL = {
  partial_rotary_factor: fraction.optional(),
  rope_parameters: z.looseObject({ partial_rotary_factor: fraction.optional() }).nullish(),
};

/** Newer files keep it among the parameters of RoPE. */
function rotaryOf(config: z.output<z.ZodObject<typeof PARTIAL>>, otherwise: number): number {
  return config.partial_rotary_factor ?? config.rope_parameters?.partial_rotary_factor ?? otherwise;
}

export const phi = family(
  "Phi",
  "phi",
  {
    ...SIZES,
    ...PARTIAL,
    intermediate_size: size,
    num_key_value_heads: size.nullish(),
    head_dim: size.nullish(),
    max_position_embeddings: size.default(2048),
    tie_word_embeddings: z.boolean().default(false),
    hidden_act: activation.default("gelu_new"),
    qk_layernorm: z.boolean().default(false),
  },
  (config) => ({
    ...PLAIN,
    ...sizes(config),
    intermediate: config.intermediate_size,
    kvHeads: config.num_key_value_heads ?? null,
    headDim: config.head_dim ?? null,
    norm: { type: "layer", post: false },
    parallel: true,
    qkNorm: config.qk_layernorm,
    rotary: rotaryOf(config, 0.5),
    mlp: { gated: false, activation: ACTIVATIONS[config.hidden_act] },
    lmHeadBias: true,
    forms: [
      ...separate({ qkv: true, o: true }).filter(({ kind }) => kind !== "o"),
      { kind: "dense", module: "self_attn.dense", roles: ["o"], bias: true },
      { kind: "fc1", module: "mlp.fc1", roles: ["up"], bias: true },
      { kind: "fc2", module: "mlp.fc2", roles: ["down"], bias: true },
    ],
  }),
);

const NO_BIAS = only(false, "this family has no biases");

export const phi3 = family(
  "Phi-3",
  "phi3",
  {
    ...SIZES,
    ...PARTIAL,
    intermediate_size: size,
    num_key_value_heads: size.nullish(),
    head_dim: size.nullish(),
    max_position_embeddings: size.default(4096),
    tie_word_embeddings: z.boolean().default(false),
    hidden_act: activation.default("silu"),
    attention_bias: NO_BIAS,
    mlp_bias: NO_BIAS,
    lm_head_bias: NO_BIAS,
    sliding_window: size.nullish(),
  },
  (config) => ({
    ...PLAIN,
    ...sizes(config),
    intermediate: config.intermediate_size,
    kvHeads: config.num_key_value_heads ?? null,
    headDim: config.head_dim ?? null,
    rotary: rotaryOf(config, 1),
    mlp: { gated: true, activation: ACTIVATIONS[config.hidden_act] },
    windows: everywhere(config.num_hidden_layers, config.sliding_window ?? null),
    forms: [
      { kind: "qkv", module: "self_attn.qkv_proj", roles: ["q", "k", "v"], bias: false },
      { kind: "o", module: "self_attn.o_proj", roles: ["o"], bias: false },
      { kind: "gate_up", module: "mlp.gate_up_proj", roles: ["gate", "up"], bias: false },
      { kind: "down", module: "mlp.down_proj", roles: ["down"], bias: false },
    ],
  }),
);
