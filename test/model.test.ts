//
//   Shapes from config.json: sizes that must come out, and what is refused, in one line each.
//

import { suite } from "uvu";
import * as assert from "uvu/assert";
import { embeddingWeights, groupsOf, kvBytesPerToken, parseModel, routedWeights } from "../src/model.js";
import { parseSafetensors } from "../src/safetensors.js";
import { embeddedModel, readBytes, SMALL_CONFIG } from "./support/pack.js";
import { refusal } from "./support/refusal.js";

const test = suite("model");

function parse(change: Record<string, unknown>) {
  return parseModel(JSON.stringify({ ...SMALL_CONFIG, ...change }), "config.json", "m");
}

function refused(change: Record<string, unknown>): string {
  return refusal(() => parse(change)).replace("config.json: ", "");
}

test("Llama-3-8B has the published sizes", () => {
  const model = embeddedModel("llama-3-8b");
  assert.is(routedWeights(model), 6_979_321_856);
  assert.is(embeddingWeights(model), 525_336_576);
  assert.is(kvBytesPerToken(model, 16), 131_072);
  assert.is(model.linears.length, 224);
  assert.is(model.tied, false);
  assert.is(model.maxPositions, 8192);
  const sizes = model.linears.slice(-7).map((linear) => [linear.kind, linear.in, linear.out]);
  assert.equal(sizes, [
    ["q", 4096, 4096],
    ["k", 4096, 1024],
    ["v", 4096, 1024],
    ["o", 4096, 4096],
    ["gate", 4096, 14336],
    ["up", 4096, 14336],
    ["down", 14336, 4096],
  ]);
});

test("tiny-llama: every linear is in its checkpoint with its shape", () => {
  const model = embeddedModel("tiny-llama");
  const weights = parseSafetensors(readBytes("models/tiny-llama/model.safetensors"), "model.safetensors");
  for (const linear of model.linears) {
    assert.equal(weights.tensors.get(`${linear.name}.weight`)?.shape, [linear.out, linear.in]);
  }
  assert.is(model.linears[8].name, "model.layers.1.self_attn.k_proj");
  assert.is(model.tied, true);
  assert.is(model.headDim, 64);
});

test("what is left out has the defaults of LlamaConfig", () => {
  const model = parse({ num_key_value_heads: null, max_position_embeddings: undefined });
  assert.equal([model.kvHeads, model.headDim, model.maxPositions, model.tied], [2, 4, 2048, false]);
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

test("the last group of a row is padded, and counts", () => {
  assert.equal(
    [1, 127, 128, 129, 768].map((inputs) => groupsOf(inputs)),
    [1, 1, 1, 2, 6],
  );
  assert.is(groupsOf(768, 64), 12);
});

test("refuses sizes that cannot be", () => {
  assert.is(refused({ hidden_size: -4 }), "hidden_size is -4; allowed an integer of 1 or more");
  assert.is(refused({ num_hidden_layers: 0 }), "num_hidden_layers is 0; allowed an integer of 1 or more");
  assert.is(refused({ vocab_size: undefined }), "vocab_size is missing; allowed an integer of 1 or more");
  assert.is(
    refused({ num_attention_heads: 4, num_key_value_heads: 3 }),
    "num_key_value_heads is 3; allowed a divisor of num_attention_heads 4",
  );
  assert.is(
    refused({ hidden_size: 9 }),
    "hidden_size is 9; allowed a multiple of num_attention_heads 2, or give head_dim",
  );
});

test("refuses architectures, experts, biases and activations that are not supported", () => {
  assert.is(
    refused({ architectures: ["MixtralForCausalLM"] }),
    'architectures.0 is "MixtralForCausalLM"; allowed LlamaForCausalLM',
  );
  assert.is(refused({ architectures: undefined }), 'architectures is missing; allowed ["LlamaForCausalLM"]');
  assert.is(refused({ model_type: "qwen2" }), 'model_type is "qwen2"; allowed llama');
  assert.is(refused({ hidden_act: "gelu" }), 'hidden_act is "gelu"; allowed silu (SwiGLU)');
  assert.is(
    refused({ num_local_experts: 8 }),
    "num_local_experts is given; allowed are dense models: experts are not supported",
  );
  for (const key of ["attention_bias", "mlp_bias"]) {
    assert.is(refused({ [key]: true }), `${key} is true; allowed false: linears with a bias are not supported`);
  }
});

test("refuses what is not a JSON object", () => {
  const of = (text: string) => refusal(() => parseModel(text, "config.json", "m"));
  assert.match(of("{"), /^config\.json: is not JSON \(.+\); allowed is one JSON document$/);
  assert.is(of("[]"), "config.json: the document is []; allowed a mapping of keys");
});

test.run();
