//
//   A Hugging Face config.json as a Model, whatever its family.
//
//     config.json, or an entry of models/shapes.json ──► experts, MLA? ──► family by architectures ──► Traits ──► Model
//
//   What a family cannot honour is refused in one line: key, value, what is allowed. Keys that change values and not shapes
//   (RoPE base and scaling, eps, dropout, initialisation) are ignored, as are keys that the family's class ignores.
//   Left out, and refused: mixtures of experts, latent attention, architectures that are not listed here.
//

import { z } from "zod";
import { InputError } from "../basics/errors.js";
import { parseJson, readValue } from "../basics/json.js";
import type { Family, Refuse, Traits } from "./families/common.js";
import { gemma, gemma2 } from "./families/gemma.js";
import { llama, mistral } from "./families/llama.js";
import { opt } from "./families/opt.js";
import { phi, phi3 } from "./families/phi.js";
import { qwen2, qwen3 } from "./families/qwen.js";
import { linearsOf, type Model } from "./model.js";

const FAMILIES: Record<string, Family> = {
  LlamaForCausalLM: llama,
  MistralForCausalLM: mistral,
  Qwen2ForCausalLM: qwen2,
  Qwen3ForCausalLM: qwen3,
  PhiForCausalLM: phi,
  Phi3ForCausalLM: phi3,
  GemmaForCausalLM: gemma,
  Gemma2ForCausalLM: gemma2,
  OPTForCausalLM: opt,
};

/** Keys that say what no family has, whatever the architecture claims. */
const EXPERTS = "mixture of experts is not supported";
const UNSUPPORTED: Record<string, string> = {
  kv_lora_rank: "multi-head latent attention (MLA) is not supported",
  num_local_experts: EXPERTS,
  num_experts: EXPERTS,
  n_routed_experts: EXPERTS,
  moe_intermediate_size: EXPERTS,
};

const known = z.enum(Object.keys(FAMILIES));
const Head = z.looseObject({
  architectures: z.tuple([known], { error: 'allowed a list of one, ["LlamaForCausalLM"]' }),
});

/** The model of a config.json. */
export function parseModel(configText: string, fileName: string, name: string): Model {
  return modelOf(parseJson(configText, fileName), fileName, name);
}

/** The same from a parsed config; `label` is how messages call it. */
export function modelOf(config: unknown, label: string, name: string): Model {
  const refuse: Refuse = (key, found, allowed) => {
    throw new InputError(`${label}: ${key} is ${found}; allowed ${allowed}`);
  };
  refuseUnsupported(config, refuse);
  const [architecture] = readValue(config, label, Head).architectures;
  const family = FAMILIES[architecture];
  return assemble(name, family.name, family.read(config, label, refuse), refuse);
}

function refuseUnsupported(config: unknown, refuse: Refuse): void {
  for (const [key, why] of Object.entries(UNSUPPORTED)) {
    const value = (config as Record<string, unknown> | null)?.[key];
    if (value !== undefined && value !== null) refuse(key, JSON.stringify(value), `none: ${why}`);
  }
}

function assemble(name: string, family: string, traits: Traits, refuse: Refuse): Model {
  const { rotary, prefix, forms, ...rest } = traits;
  const { heads, hidden } = traits;
  const kvHeads = traits.kvHeads ?? heads;
  if (heads % kvHeads !== 0) refuse("num_key_value_heads", kvHeads, `a divisor of num_attention_heads ${heads}`);
  if (traits.headDim === null && hidden % heads !== 0) {
    refuse("hidden_size", hidden, `a multiple of num_attention_heads ${heads}, or give head_dim`);
  }
  const headDim = traits.headDim ?? hidden / heads;
  const shape = { ...rest, kvHeads, headDim };
  const linears = linearsOf(shape, prefix, forms);
  return { ...shape, name, family, rotaryDims: Math.trunc(headDim * rotary), linears };
}
