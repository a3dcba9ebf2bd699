//
//   A checkpoint's tensors as FP32: three formats, several shards, and what is refused.
//

import { suite } from "uvu";
import * as assert from "uvu/assert";
import { parseSafetensors } from "../../src/basics/safetensors.js";
import { Checkpoint, parseShardIndex } from "../../src/infer/weights.js";
import { buildSafetensors, type Spec } from "../support/pack.js";
import { refusal } from "../support/refusal.js";

const weights = suite("weights");
const refuses = (act: () => unknown, line: string) => assert.is(refusal(act), line);
const checkpoint = (...shards: Record<string, Spec>[]) =>
  new Checkpoint(
    "shard 0",
    shards.map((specs, i) => parseSafetensors(buildSafetensors(specs), `shard ${i}`)),
  );
const f32 = (...values: number[]): Spec => ({
  dtype: "F32",
  shape: [values.length],
  values: Float32Array.from(values),
});

weights("F32, F16 and BF16 come out exactly, whatever their alignment", () => {
  const file = checkpoint({
    odd: { dtype: "U8", shape: [1], values: Uint8Array.of(7) },
    bf16: { dtype: "BF16", shape: [2, 2], values: Uint16Array.of(0x3f80, 0xc040, 0x0001, 0x7f7f) },
    f16: { dtype: "F16", shape: [3], values: Uint16Array.of(0x3c00, 0x8001, 0x7bff) },
    f32: f32(0.1, -2),
  });
  assert.equal([...file.floats("bf16", [2, 2])], [1, -3, 2 ** -133, (2 - 2 ** -7) * 2 ** 127]);
  assert.equal([...file.floats("f16", [3])], [1, -(2 ** -24), 65504]);
  assert.equal([...file.floats("f32", [2])], [Math.fround(0.1), -2]);
});

weights("tensors of all shards are there; one that is in two of them is refused", () => {
  const file = checkpoint({ a: f32(1) }, { b: f32(2) });
  assert.equal([file.floats("a", [1])[0], file.floats("b", [1])[0], file.has("c")], [1, 2, false]);
  refuses(() => checkpoint({ a: f32(1) }, { a: f32(2) }), "shard 1: tensor a is in shard 0 too; allowed in one shard");
});

weights("a missing tensor, another shape, another dtype, NaN and infinity are refused", () => {
  const file = checkpoint({
    a: f32(1, Number.NaN),
    b: f32(1, 2, Number.POSITIVE_INFINITY),
    c: { dtype: "I32", shape: [1], values: Int32Array.of(1) },
  });
  refuses(() => file.floats("x", [1]), "shard 0: tensor x is missing");
  refuses(() => file.floats("a", [1, 2]), "shard 0: tensor a: shape is [2]; allowed [1,2] (the model's)");
  refuses(() => file.floats("a", [2]), "shard 0: tensor a: value 1 is NaN; allowed finite numbers");
  refuses(() => file.floats("b", [3]), "shard 0: tensor b: value 2 is Infinity; allowed finite numbers");
  refuses(() => file.floats("c", [1]), 'shard 0: tensor c: dtype is "I32"; allowed F32, F16, BF16');
});

weights("an index names shards of its own folder", () => {
  const index = JSON.stringify({ metadata: {}, weight_map: { a: "model-1.safetensors", b: "model-2.safetensors" } });
  assert.equal(
    [...parseShardIndex(index, "i.json")],
    [
      ["a", "model-1.safetensors"],
      ["b", "model-2.safetensors"],
    ],
  );
  const outside = JSON.stringify({ weight_map: { a: "../x" } });
  refuses(
    () => parseShardIndex(outside, "i.json"),
    'i.json: weight_map names "../x"; allowed files of the same folder',
  );
});

weights.run();
