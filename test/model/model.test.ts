//
//   Sizes that follow from a shape.
//

import { suite } from "uvu";
import * as assert from "uvu/assert";
import { parseSafetensors } from "../../src/basics/safetensors.js";
import {
  embeddingWeights,
  groupsOf,
  kvBytesPerToken,
  linearsWith,
  parameters,
  routedWeights,
} from "../../src/model/model.js";
import { embeddedModel, readBytes } from "../support/pack.js";

const test = suite("model");

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

test("the last group of a row is padded, and counts", () => {
  assert.equal(
    [1, 127, 128, 129, 768].map((inputs) => groupsOf(inputs)),
    [1, 1, 1, 2, 6],
  );
  assert.is(groupsOf(768, 64), 12);
});

test("a layer's linears are found by what their rows make", () => {
  const names = (model: string, ...roles: Parameters<typeof linearsWith>[2][]) => {
    const shape = embeddedModel(model);
    return linearsWith(shape, 1, ...roles).map((index) => shape.linears[index].name.replace("model.", ""));
  };
  assert.equal(names("llama-3-8b", "gate", "up"), ["layers.1.mlp.gate_proj", "layers.1.mlp.up_proj"]);
  assert.equal(names("phi-3-mini-4k-instruct", "gate", "up"), ["layers.1.mlp.gate_up_proj"]);
  assert.equal(names("phi-3-mini-4k-instruct", "k"), ["layers.1.self_attn.qkv_proj"]);
  assert.equal(names("phi-2", "gate", "up"), ["layers.1.mlp.fc1"]);
  assert.equal(names("opt-125m", "o"), ["decoder.layers.1.self_attn.out_proj"]);
});

test("a fused linear says which rows are whose", () => {
  const [qkv, , gateUp] = embeddedModel("phi-3-mini-4k-instruct").linears;
  assert.equal(qkv.parts, [
    { role: "q", start: 0, size: 3072 },
    { role: "k", start: 3072, size: 3072 },
    { role: "v", start: 6144, size: 3072 },
  ]);
  assert.equal([qkv.kind, qkv.out, gateUp.kind, gateUp.out], ["qkv", 9216, "gate_up", 16384]);
});

// Parameters as keras-team/keras-hub publishes them (keras_hub/src/models/*/*_presets.py); its OPT leaves out the two
// rows of positions that nothing uses.
for (const [name, published] of Object.entries({
  "llama-3-8b": 8_030_261_248,
  "mistral-7b-v0.1": 7_241_732_096,
  "qwen2.5-0.5b": 494_032_768,
  "qwen2.5-3b": 3_085_938_688,
  "qwen2.5-32b": 32_763_876_352,
  "qwen2.5-72b": 72_706_203_648,
  "qwen3-0.6b": 596_049_920,
  "qwen3-1.7b": 1_720_574_976,
  "qwen3-4b": 4_022_468_096,
  "qwen3-8b": 8_190_735_360,
  "qwen3-14b": 14_768_307_200,
  "qwen3-32b": 32_762_123_264,
  "phi-3-mini-4k-instruct": 3_821_079_552,
  "gemma-2-2b": 2_614_341_888,
  "gemma-2-9b": 9_241_705_984,
  "gemma-2-27b": 27_227_128_320,
  "opt-125m": 125_237_760 + 2 * 768,
  "opt-1.3b": 1_315_753_984 + 2 * 2048,
})) {
  test(`${name} has its published parameters, norms, biases and tables included`, () => {
    assert.is(parameters(embeddedModel(name)), published);
  });
}

test.run();
