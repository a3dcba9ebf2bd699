//
//   OPT: LayerNorm, biases, learned positions in place of RoPE, an MLP without a gate. Not its 350m, which norms after the
//   addition and has narrower embeddings.
//

import { z } from "zod";
import { ACTIVATIONS, activation, family, only, PLAIN, SIZES, separate, size, sizes } from "./common.js";

/** The table of positions begins with rows that no position uses. */
const POSITION_OFFSET = 2;

export const opt = family(
  "OPT",
  "opt",
  {
    ...SIZES,
    ffn_dim: size,
    max_position_embeddings: size.default(2048),
    tie_word_embeddings: z.boolean().default(true),
    activation_function: activation.default("relu"),
    word_embed_proj_dim: size.nullish(),
    enable_bias: z.boolean().default(true),
    do_layer_norm_before: only(true, "a norm after the addition is not supported"),
    layer_norm_elementwise_affine: only(true, "norms have weights and biases"),
    _remove_final_layer_norm: only(false, "the final norm is there"),
  },
  (config, refuse) => {
    const { hidden_size: hidden, word_embed_proj_dim: width, enable_bias: bias } = config;
    if (width != null && width !== hidden) {
      refuse("word_embed_proj_dim", width, `hidden_size ${hidden}: a projection of embeddings is not supported`);
    }
    return {
      ...PLAIN,
      ...sizes(config),
      intermediate: config.ffn_dim,
      kvHeads: null,
      headDim: null,
      norm: { type: "layer", post: false },
      rotary: 0,
      positionRows: config.max_position_embeddings + POSITION_OFFSET,
      mlp: { gated: false, activation: ACTIVATIONS[config.activation_function] },
      prefix: "model.decoder.layers",
      forms: [
        ...separate({ qkv: bias, o: bias }).filter(({ kind }) => kind !== "o"),
        { kind: "out_proj", module: "self_attn.out_proj", roles: ["o"], bias },
        { kind: "fc1", module: "fc1", roles: ["up"], bias },
        { kind: "fc2", module: "fc2", roles: ["down"], bias },
      ],
    };
  },
);
