//
//   Bytes of models in the machine's formats, against numbers worked out by hand.
//

import { suite } from "uvu";
import * as assert from "uvu/assert";
import { linearBytes, modelSizes } from "../../src/schedule/model-sizes.js";
import { embeddedModel } from "../support/pack.js";
import { machineOf } from "../support/schedule.js";

const test = suite("model sizes");
const edge = machineOf();

test("LLaMA-3-8B: blocks of 1.963, 3.708, 5.453, 7.197 GB, KV of 131,072 bytes in FP16", () => {
  const sizes = modelSizes(embeddedModel("llama-3-8b"), edge);
  const scales = (6_979_321_856 / 128) * 4;
  assert.equal(
    sizes.linearBytes,
    [1, 2, 3, 4].map((k) => (6_979_321_856 * k) / 4 + scales),
  );
  assert.equal(
    sizes.linearBytes.map((bytes) => Math.round(bytes / 1e6)),
    [1963, 3708, 5453, 7197],
  );
  assert.is(sizes.lmHeadBytes, 128256 * (4096 + 2));
  assert.is(sizes.embeddingBytes, 128256 * 4096 * 2);
  assert.equal(sizes.kvBytesPerToken, { coded: 65536 + 32 * 8 * 4, fp16: 131072 });
});

test("phi-2: biases of every linear and of lm_head count", () => {
  const sizes = modelSizes(embeddedModel("phi-2"), edge);
  const biases = 32 * (4 * 2560 + 10240 + 2560) * 2;
  assert.is(sizes.linearBytes[0], 2_516_582_400 / 4 + (2_516_582_400 / 128) * 4 + biases);
  assert.is(sizes.lmHeadBytes, 51200 * (2560 + 2 + 2));
});

test("OPT-1.3B: the table of positions counts with the embedding", () => {
  const sizes = modelSizes(embeddedModel("opt-1.3b"), edge);
  assert.is(sizes.embeddingBytes, (50272 + 2050) * 2048 * 2);
});

test("stories260K: groups of 64 and 172 inputs are padded to one and two", () => {
  const rows = 5 * (64 + 32 + 32 + 64 + 172 + 172 + 2 * 64);
  assert.is(modelSizes(embeddedModel("stories260k"), edge).linearBytes[1], 226_560 / 2 + rows * 4);
});

test("another machine's formats: whole codes of 4 bits without scales", () => {
  const machine = machineOf({ "weights.layout": "codes", "weights.codeBits": 4, "weights.scaleBytes": 0 });
  assert.is(linearBytes(embeddedModel("llama-3-8b"), machine, 1), 6_979_321_856 / 2);
});

test.run();
