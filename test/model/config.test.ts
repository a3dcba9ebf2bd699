//
//   config.json of every family: what it means, its defaults, and what is refused, in one line each.
//

import { suite } from "uvu";
import * as assert from "uvu/assert";
import { parseModel } from "../../src/model/config.js";
import { SMALL_CONFIG } from "../support/pack.js";
import { refusal } from "../support/refusal.js";

const test = suite("model config");

function parse(change: Record<string, unknown>) {
  return parseModel(JSON.stringify({ ...SMALL_CONFIG, ...change }), "config.json", "m");
}

function of(architecture: string, change: Record<string, unknown> = {}) {
  return parse({ architectures: [`${architecture}ForCausalLM`], num_key_value_heads: 1, ...change });
}

function refused(change: Record<string, unknown>): string {
  return refusal(() => parse(change)).replace("config.json: ", "");
}

const refusedOf = (architecture: string, change: Record<string, unknown>) =>
  refused({ architectures: [`${architecture}ForCausalLM`], ...change });

const OPT = { architectures: ["OPTForCausalLM"], ffn_dim: 32 };

// ---- what a config means

test("what is left out has the defaults of LlamaConfig", () => {
  const model = parse({ num_key_value_heads: null, max_position_embeddings: undefined });
  assert.equal([model.kvHeads, model.headDim, model.maxPositions, model.tied], [2, 4, 2048, false]);
  assert.equal([model.norm, model.parallel, model.qkNorm], [{ type: "rms", post: false }, false, false]);
  assert.equal([model.rotaryDims, model.positionRows, model.windows], [4, 0, [null]]);
  assert.equal(model.mlp, { gated: true, activation: "silu" });
  assert.equal(model.softcaps, { attention: null, logits: null });
  assert.not.ok(model.linears.some((linear) => linear.bias) || model.lmHeadBias);
});

test("head_dim is free of hidden_size / heads, and RoPE scaling is accepted", () => {
  const model = parse({ hidden_size: 9, head_dim: 6, rope_scaling: { rope_type: "llama3", factor: 8 } });
  assert.equal(
    model.linears.slice(0, 4).map((linear) => [linear.in, linear.out]),
    [
      [9, 12],
      [9, 6],
      [9, 6],
      [12, 9],
    ],
  );
});

const biased = (model: ReturnType<typeof parse>) => model.linears.filter(({ bias }) => bias).map(({ kind }) => kind);

test("biases: LLaMA as its flags say, Qwen2 on q, k, v, Qwen3 as its flag says, Mistral none", () => {
  assert.equal(biased(of("Llama", { attention_bias: true })), ["q", "k", "v", "o"]);
  assert.equal(biased(of("Llama", { mlp_bias: true })), ["gate", "up", "down"]);
  assert.equal(biased(of("Qwen2")), ["q", "k", "v"]);
  assert.equal(biased(of("Qwen3")), []);
  assert.equal(biased(of("Qwen3", { attention_bias: true })), ["q", "k", "v", "o"]);
  assert.equal(biased(of("Mistral")), []);
});

test("windows: Mistral and Phi-3 everywhere, Qwen2 where asked, Gemma-2 in every other layer, or as layer_types says", () => {
  const layers = { num_hidden_layers: 3 };
  assert.equal(of("Mistral", layers).windows, [4096, 4096, 4096]);
  assert.equal(of("Mistral", { ...layers, sliding_window: null }).windows, [null, null, null]);
  assert.equal(of("Phi3", { ...layers, sliding_window: 2047 }).windows, [2047, 2047, 2047]);
  assert.equal(of("Phi3", layers).windows, [null, null, null]);
  assert.equal(of("Qwen2", { ...layers, sliding_window: 9, max_window_layers: 1 }).windows, [null, null, null]);
  const asked = { ...layers, use_sliding_window: true, sliding_window: 9, max_window_layers: 1 };
  assert.equal(of("Qwen2", asked).windows, [null, 9, 9]);
  assert.equal(of("Gemma2", layers).windows, [4096, null, 4096]);
  const types = ["full_attention", "sliding_attention", "full_attention"];
  assert.equal(of("Gemma2", { ...layers, layer_types: types }).windows, [null, 4096, null]);
  assert.equal(of("Qwen3", { ...asked, layer_types: types }).windows, [null, 9, null]);
});

test("Phi: LayerNorm, parallel, biases everywhere, a part of RoPE", () => {
  const model = of("Phi", { hidden_size: 160, num_key_value_heads: null, partial_rotary_factor: 0.4 });
  assert.equal([model.norm.type, model.parallel, model.lmHeadBias, model.qkNorm], ["layer", true, true, false]);
  assert.equal([model.headDim, model.rotaryDims], [80, 32]);
  assert.equal(model.mlp, { gated: false, activation: "gelu" });
  assert.equal(biased(model), ["q", "k", "v", "dense", "fc1", "fc2"]);
  assert.is(of("Phi", { hidden_size: 160 }).rotaryDims, 40);
  assert.is(of("Phi", { hidden_size: 160, rope_parameters: { partial_rotary_factor: 0.25 } }).rotaryDims, 20);
});

test("Gemma-2: norms after each branch, soft-caps, a head size of its own, tied", () => {
  const model = of("Gemma2");
  assert.equal([model.norm, model.tied, model.headDim], [{ type: "rms", post: true }, true, 256]);
  assert.equal(model.softcaps, { attention: 50, logits: 30 });
  assert.equal(model.mlp, { gated: true, activation: "gelu" });
  assert.equal(of("Gemma2", { final_logit_softcapping: null }).softcaps, { attention: 50, logits: null });
  assert.equal([of("Gemma").norm.post, of("Gemma").softcaps.attention], [false, null]);
  assert.is(of("Gemma", { hidden_act: "relu", hidden_activation: "gelu" }).mlp.activation, "gelu");
});

test("OPT: learned positions, no RoPE, its own names", () => {
  const model = parse(OPT);
  assert.equal([model.positionRows, model.rotaryDims, model.norm.type, model.tied], [18, 0, "layer", true]);
  assert.equal(biased(model), ["q", "k", "v", "out_proj", "fc1", "fc2"]);
  assert.is(model.linears[4].name, "model.decoder.layers.0.fc1");
  assert.equal([model.linears[4].in, model.linears[4].out, model.intermediate], [8, 32, 32]);
  assert.equal(biased(parse({ ...OPT, enable_bias: false })), []);
});

// ---- what is refused

test("refuses sizes that cannot be", () => {
  assert.is(refused({ hidden_size: -4 }), "hidden_size is -4; allowed 1..16777216");
  assert.is(refused({ num_hidden_layers: 0 }), "num_hidden_layers is 0; allowed 1..1024");
  assert.is(refused({ num_hidden_layers: 1e9 }), "num_hidden_layers is 1000000000; allowed 1..1024");
  assert.is(refused({ vocab_size: 1e15 }), "vocab_size is 1000000000000000; allowed 1..16777216");
  assert.is(refused({ vocab_size: undefined }), "vocab_size is missing; allowed 1..16777216");
  assert.is(
    refused({ num_attention_heads: 4, num_key_value_heads: 3 }),
    "num_key_value_heads is 3; allowed a divisor of num_attention_heads 4",
  );
  assert.is(
    refused({ hidden_size: 9 }),
    "hidden_size is 9; allowed a multiple of num_attention_heads 2, or give head_dim",
  );
  assert.is(
    refusedOf("Gemma2", { layer_types: ["full_attention", "full_attention"] }),
    "layer_types is a list of 2; allowed one entry for each of the 1 num_hidden_layers",
  );
});

test("refuses architectures that it does not know", () => {
  const all = ["Llama", "Mistral", "Qwen2", "Qwen3", "Phi", "Phi3", "Gemma", "Gemma2", "OPT"];
  const known = all.map((name) => `${name}ForCausalLM`).join(", ");
  assert.is(refusedOf("Bloom", {}), `architectures.0 is "BloomForCausalLM"; allowed ${known}`);
  const list = 'allowed a list of one, ["LlamaForCausalLM"]';
  assert.is(refused({ architectures: undefined }), `architectures is missing; ${list}`);
  assert.is(refused({ model_type: "qwen2" }), 'model_type is "qwen2"; allowed llama');
});

test("refuses mixtures of experts and latent attention, whatever the architecture", () => {
  const experts = "allowed none: mixture of experts is not supported";
  assert.is(refusedOf("Mixtral", { num_local_experts: 8 }), `num_local_experts is 8; ${experts}`);
  assert.is(refused({ num_experts: 128 }), `num_experts is 128; ${experts}`);
  assert.is(
    refusedOf("DeepseekV2", { kv_lora_rank: 512, n_routed_experts: 64 }),
    "kv_lora_rank is 512; allowed none: multi-head latent attention (MLA) is not supported",
  );
});

test("refuses what a family's class cannot do, and what cannot be honoured", () => {
  const activations = "allowed silu, swish, gelu, gelu_new, gelu_fast, gelu_pytorch_tanh, relu";
  assert.is(refused({ hidden_act: "tanh" }), `hidden_act is "tanh"; ${activations}`);
  assert.is(
    refused({ partial_rotary_factor: 0.5 }),
    "partial_rotary_factor is 0.5; allowed 1: RoPE turns whole heads in this family",
  );
  assert.is(
    refusedOf("Mistral", { attention_bias: true }),
    "attention_bias is true; allowed false: this family has no biases",
  );
  assert.is(
    refusedOf("Qwen2", { attention_bias: false }),
    "attention_bias is false; allowed true: q, k and v have a bias in this family, o has none",
  );
  assert.is(
    refusedOf("Phi3", { lm_head_bias: true }),
    "lm_head_bias is true; allowed false: this family has no biases",
  );
  assert.is(
    refusedOf("Gemma2", { use_bidirectional_attention: true }),
    "use_bidirectional_attention is true; allowed false: attention is causal",
  );
  assert.is(
    refused({ ...OPT, word_embed_proj_dim: 4 }),
    "word_embed_proj_dim is 4; allowed hidden_size 8: a projection of embeddings is not supported",
  );
  assert.is(
    refused({ ...OPT, do_layer_norm_before: false }),
    "do_layer_norm_before is false; allowed true: a norm after the addition is not supported",
  );
});

test("refuses what is not a JSON object", () => {
  const text = (content: string) => refusal(() => parseModel(content, "config.json", "m"));
  assert.match(text("{"), /^config\.json: is not JSON \(.+\); allowed is one JSON document$/);
  assert.is(text("[]"), "config.json: the document is []; allowed a mapping of keys");
});

test.run();
