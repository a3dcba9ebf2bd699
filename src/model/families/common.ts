//
//   What the families of dense models share: keys, traits, and the names of linears.
//
//     keys of a config class (zod), its defaults ──► Family.read ──► Traits ──► config.ts puts the Model together
//
//   A file beside this one holds one family, or those that differ little: the keys of its class in Hugging Face
//   transformers and what they mean. A key that a class takes and this simulator cannot honour has its one allowed value.
//

import { z } from "zod";
import { readValue } from "../../basics/json.js";
import type { Activation, LinearForm, Model } from "../model.js";

/** A model but for what follows from the rest. */
export interface Traits extends Omit<Model, "name" | "family" | "linears" | "rotaryDims" | "kvHeads" | "headDim"> {
  readonly kvHeads: number | null;
  readonly headDim: number | null;
  /** Of a head's dims, the fraction that RoPE turns. */
  readonly rotary: number;
  /** The list of layers in the checkpoint, and the linears of a layer. */
  readonly prefix: string;
  readonly forms: readonly LinearForm[];
}

/** Throws the line "KEY is FOUND; allowed ALLOWED". */
export type Refuse = (key: string, found: unknown, allowed: string) => never;

export interface Family {
  readonly name: string;
  readonly modelType: string;
  read(config: unknown, label: string, refuse: Refuse): Traits;
}

// ---- keys

export const ACTIVATIONS: Record<string, Activation> = {
  silu: "silu",
  swish: "silu",
  gelu: "gelu",
  gelu_new: "gelu",
  gelu_fast: "gelu",
  gelu_pytorch_tanh: "gelu",
  relu: "relu",
};
export const activation = z.enum(Object.keys(ACTIVATIONS) as [string, ...string[]]);
/** Any size of a model; far above all that exist, and small enough that sums over them stay exact and lists short. */
const LARGEST_SIZE = 2 ** 24;
const LARGEST_LAYERS = 1024;
export const size = z.int().min(1).max(LARGEST_SIZE);

/** A key with one value that can be honoured; left out, it has that value. */
export function only<const V extends string | number | boolean>(value: V, why: string) {
  return z.literal(value, { error: `allowed ${value}: ${why}` }).nullish();
}

export const SIZES = {
  num_hidden_layers: z.int().min(1).max(LARGEST_LAYERS),
  hidden_size: size,
  num_attention_heads: size,
  vocab_size: size,
};
/** RoPE over the whole head, of the classes that cannot turn a part of it. */
export const WHOLE_HEAD = { partial_rotary_factor: only(1, "RoPE turns whole heads in this family") };
export const layerTypes = z.array(z.enum(["full_attention", "sliding_attention"])).nullish();

export function family<S extends z.ZodRawShape>(
  name: string,
  modelType: string,
  keys: S,
  traits: (config: z.output<z.ZodObject<S>>, refuse: Refuse) => Traits,
): Family {
  const own = { model_type: z.literal(modelType, { error: `allowed ${modelType}` }).optional() };
  const schema = z.looseObject({ ...own, ...keys });
  const read = (config: unknown, label: string, refuse: Refuse) =>
    traits(readValue(config, label, schema) as z.output<z.ZodObject<S>>, refuse);
  return { name, modelType, read };
}

// ---- what families have in common

/** What most of them are: LLaMA. */
export const PLAIN = {
  norm: { type: "rms", post: false },
  parallel: false,
  qkNorm: false,
  rotary: 1,
  positionRows: 0,
  softcaps: { attention: null, logits: null },
  lmHeadBias: false,
  prefix: "model.layers",
} as const;

interface Sized {
  num_hidden_layers: number;
  hidden_size: number;
  num_attention_heads: number;
  vocab_size: number;
  max_position_embeddings: number;
  tie_word_embeddings: boolean;
}

export function sizes(config: Sized) {
  return {
    layers: config.num_hidden_layers,
    hidden: config.hidden_size,
    heads: config.num_attention_heads,
    vocab: config.vocab_size,
    maxPositions: config.max_position_embeddings,
    tied: config.tie_word_embeddings,
    windows: everywhere(config.num_hidden_layers, null),
  };
}

export function everywhere(layers: number, window: number | null): (number | null)[] {
  return new Array<number | null>(layers).fill(window);
}

export function separate(bias: { qkv: boolean; o: boolean }): LinearForm[] {
  const form = (role: "q" | "k" | "v" | "o", own: boolean): LinearForm => {
    return { kind: role, module: `self_attn.${role}_proj`, roles: [role], bias: own };
  };
  return [form("q", bias.qkv), form("k", bias.qkv), form("v", bias.qkv), form("o", bias.o)];
}

export function gated(bias = false): LinearForm[] {
  return (["gate", "up", "down"] as const).map((role) => {
    return { kind: role, module: `mlp.${role}_proj`, roles: [role], bias };
  });
}

/** layer_types where it is given; else `sliding` says which layers have the window. */
export function windowsOf(
  config: { num_hidden_layers: number; layer_types?: string[] | null | undefined },
  window: number | null,
  sliding: (layer: number) => boolean,
  refuse: Refuse,
): (number | null)[] {
  const { num_hidden_layers: layers, layer_types: types } = config;
  if (types != null && types.length !== layers) {
    refuse("layer_types", `a list of ${types.length}`, `one entry for each of the ${layers} num_hidden_layers`);
  }
  const slides = (layer: number) => (types == null ? sliding(layer) : types[layer] === "sliding_attention");
  return everywhere(layers, null).map((_, layer) => (slides(layer) ? window : null));
}
