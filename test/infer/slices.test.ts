//
//   Slices of a linear as FP32, and the thresholds that a file of them carries.
//

import { suite } from "uvu";
import * as assert from "uvu/assert";
import { dequantize, parseThresholds, type SliceStack } from "../../src/infer/slices.js";
import { refusal } from "../support/refusal.js";

const slices = suite("slices of a linear");

slices("thresholds by budget; none where the metadata have none", () => {
  assert.equal(parseThresholds({}, "w.safetensors"), new Map());
  const metadata = { format: "pt", thresholds: '{"b3": 0.25, "b4": -1}' };
  assert.equal(
    [...parseThresholds(metadata, "w.safetensors")],
    [
      ["b3", 0.25],
      ["b4", -1],
    ],
  );
  assert.match(
    refusal(() => parseThresholds({ thresholds: '{"b3": "x"}' }, "w.safetensors")),
    /^w\.safetensors: thresholds/,
  );
});

slices("as FP32: base and scale of the row's group, and nothing behind the last row", () => {
  const [inputs, outputs, groups] = [130, 2, 2];
  const linear = { name: "w", in: inputs, out: outputs } as unknown as SliceStack["linear"];
  const codes = Uint8Array.from({ length: inputs * outputs }, (_, i) => (i * 37) % 256);
  const scale = Float32Array.of(0.5, 2, 1, 4);
  const base = Float32Array.of(-1, 0, 3, 8);
  for (const depth of [1, 2, 4]) {
    const into = new Float32Array(inputs * outputs + inputs).fill(7);
    dequantize({ linear, codes, scale, base }, depth, into);
    for (let at = 0; at < codes.length; at++) {
      const group = Math.floor(at / inputs) * groups + Math.floor((at % inputs) / 128);
      let level = codes[at] >> 6;
      for (let e = 2; e <= depth; e++) level += (((codes[at] >> (8 - 2 * e)) & 3) - 1.5) / 4 ** (e - 1);
      assert.is(into[at], base[group] + scale[group] * level, `weight ${at} of depth ${depth}`);
    }
    assert.ok(into.subarray(codes.length).every((value) => value === 7));
  }
});

slices.run();
