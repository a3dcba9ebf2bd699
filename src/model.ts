//
//   The shape of a language model, read from a Hugging Face config.json. Shapes only: the machine's time does not depend
//   on the values of the weights.
//
//     embedding ─► layers x [ norm ─► q k v ─► attention ─► o ─► norm ─► gate up ─► SiLU ─► down ] ─► norm ─► lm_head
//
//   Supported: LlamaForCausalLM (grouped-query attention, SwiGLU, tied or untied, head_dim free of hidden_size / heads).
//   RoPE scaling is accepted: it changes angles, not shapes. Left out, and refused: biases, mixtures of experts, other
//   architectures.
//

import { z } from "zod";
import { InputError } from "./errors.js";
import { readJson } from "./json.js";

/** The order of a layer's linears: the last axis of a trace, layer by layer. */
export const LINEAR_KINDS = ["q", "k", "v", "o", "gate", "up", "down"] as const;
export type LinearKind = (typeof LINEAR_KINDS)[number];

export interface Linear {
  /** As in the checkpoint, without `.weight`: `model.layers.0.self_attn.q_proj`. */
  readonly name: string;
  readonly layer: number;
  readonly kind: LinearKind;
  readonly in: number;
  readonly out: number;
}

export interface Model {
  readonly name: string;
  readonly layers: number;
  readonly hidden: number;
  readonly intermediate: number;
  readonly heads: number;
  readonly kvHeads: number;
  readonly headDim: number;
  readonly vocab: number;
  readonly maxPositions: number;
  /** The output matrix is the embedding. */
  readonly tied: boolean;
  /** Linear `layer * 7 + place in LINEAR_KINDS`. */
  readonly linears: readonly Linear[];
}

/** Weights that share one scale and zero point. */
export const GROUP = 128;

const size = z.int().min(1);
const never = z.literal(false, { error: "allowed false: linears with a bias are not supported" });

const Config = z.looseObject({
  architectures: z.tuple([z.literal("LlamaForCausalLM", { error: "allowed LlamaForCausalLM" })], {
    error: 'allowed ["LlamaForCausalLM"]',
  }),
  model_type: z.literal("llama", { error: "allowed llama" }).optional(),
  hidden_act: z.literal("silu", { error: "allowed silu (SwiGLU)" }).optional(),
  attention_bias: never.optional(),
  mlp_bias: never.optional(),
  num_hidden_layers: size,
  hidden_size: size,
  intermediate_size: size,
  num_attention_heads: size,
  num_key_value_heads: size.nullish(),
  head_dim: size.nullish(),
  vocab_size: size,
  max_position_embeddings: size.default(2048),
  tie_word_embeddings: z.boolean().default(false),
});

/** Keys that say "mixture of experts", whatever the architecture claims. */
const EXPERT_KEYS = ["num_local_experts", "num_experts", "n_routed_experts", "moe_intermediate_size"];

/** What config.json leaves out has the defaults of transformers' LlamaConfig. */
export function parseModel(configText: string, fileName: string, name: string): Model {
  const config = readJson(configText, fileName, Config);
  const experts = EXPERT_KEYS.find((key) => config[key] !== undefined && config[key] !== null);
  if (experts !== undefined) {
    throw new InputError(`${fileName}: ${experts} is given; allowed are dense models: experts are not supported`);
  }
  const heads = config.num_attention_heads;
  const kvHeads = config.num_key_value_heads ?? heads;
  if (heads % kvHeads !== 0) {
    const allowed = `allowed a divisor of num_attention_heads ${heads}`;
    throw new InputError(`${fileName}: num_key_value_heads is ${kvHeads}; ${allowed}`);
  }
  if (config.head_dim == null && config.hidden_size % heads !== 0) {
    const allowed = `allowed a multiple of num_attention_heads ${heads}, or give head_dim`;
    throw new InputError(`${fileName}: hidden_size is ${config.hidden_size}; ${allowed}`);
  }
  const shape = {
    name,
    layers: config.num_hidden_layers,
    hidden: config.hidden_size,
    intermediate: config.intermediate_size,
    heads,
    kvHeads,
    headDim: config.head_dim ?? config.hidden_size / heads,
    vocab: config.vocab_size,
    maxPositions: config.max_position_embeddings,
    tied: config.tie_word_embeddings,
  };
  return { ...shape, linears: linearsOf(shape) };
}

function linearsOf(shape: Omit<Model, "linears">): Linear[] {
  const { hidden, intermediate } = shape;
  const query = shape.heads * shape.headDim;
  const keyValue = shape.kvHeads * shape.headDim;
  const sizes: Record<LinearKind, [block: string, input: number, output: number]> = {
    q: ["self_attn", hidden, query],
    k: ["self_attn", hidden, keyValue],
    v: ["self_attn", hidden, keyValue],
    o: ["self_attn", query, hidden],
    gate: ["mlp", hidden, intermediate],
    up: ["mlp", hidden, intermediate],
    down: ["mlp", intermediate, hidden],
  };
  return Array.from({ length: shape.layers }, (_, layer) =>
    LINEAR_KINDS.map((kind) => {
      const [block, input, output] = sizes[kind];
      return { name: `model.layers.${layer}.${block}.${kind}_proj`, layer, kind, in: input, out: output };
    }),
  ).flat();
}

/** Weights of the block linears, the ones a router serves; padding is not counted. */
export function routedWeights(model: Model): number {
  return model.linears.reduce((sum, linear) => sum + linear.in * linear.out, 0);
}

/** Weights of the embedding; the output matrix has as many, and is the same one when `tied`. */
export function embeddingWeights(model: Model): number {
  return model.vocab * model.hidden;
}

/** Key and value bytes that one token leaves in the cache, over all layers. */
export function kvBytesPerToken(model: Model, bits: number): number {
  return (model.layers * 2 * model.kvHeads * model.headDim * bits) / 8;
}

/** Groups of a row of `inputs` weights; the last one is padded to a whole group in memory, and counts. */
export function groupsOf(inputs: number, group = GROUP): number {
  return Math.ceil(inputs / group);
}
