//
//   safetensors: what is refused, in one line each; views without a copy where aligned.
//

import fc from "fast-check";
import { suite } from "uvu";
import * as assert from "uvu/assert";
import { f32, i32, parseSafetensors, u8 } from "../../src/basics/safetensors.js";
import { buildSafetensors, rawSafetensors, readBytes, tensorOf } from "../support/pack.js";
import { refusal } from "../support/refusal.js";

const test = suite("safetensors");
const floats = { dtype: "F32", shape: [2], values: Float32Array.of(1.5, -2) };

function refused(header: unknown, dataBytes: number): string {
  const text = typeof header === "string" ? header : JSON.stringify(header);
  return refusal(() => parseSafetensors(rawSafetensors(text, new Uint8Array(dataBytes)), "w.safetensors"));
}

function tensor(dtype: unknown, shape: unknown, data_offsets: unknown) {
  return { dtype, shape, data_offsets };
}

test("reads tensors, metadata and typed values", () => {
  const bytes = buildSafetensors(
    {
      a: floats,
      b: { dtype: "I32", shape: [1, 2], values: Int32Array.of(-7, 8) },
      c: { dtype: "U8", shape: [3], values: Uint8Array.of(1, 2, 3) },
      d: { dtype: "F32", shape: [0], values: new Float32Array(0) },
    },
    { schema: "x" },
  );
  const file = parseSafetensors(bytes, "w.safetensors");
  assert.equal(file.metadata, { schema: "x" });
  assert.equal([...file.tensors.keys()], ["a", "b", "c", "d"]);
  assert.equal([...f32(tensorOf(file, "a"))], [1.5, -2]);
  assert.equal([...i32(tensorOf(file, "b"))], [-7, 8]);
  assert.equal([...u8(tensorOf(file, "c"))], [1, 2, 3]);
  assert.is(f32(tensorOf(file, "d")).length, 0);
  assert.equal(tensorOf(file, "b").shape, [1, 2]);
});

test("an aligned view is not a copy, an unaligned one is", () => {
  for (const [skew, shared] of [
    [0, true],
    [1, false],
  ] as const) {
    const bytes = buildSafetensors({ a: floats }, undefined, skew);
    const values = f32(tensorOf(parseSafetensors(bytes, "w"), "a"));
    assert.equal([...values], [1.5, -2]);
    assert.is(values.buffer === bytes.buffer, shared);
  }
});

test("a file that is a view at an odd offset of a larger buffer reads the same", () => {
  const bytes = buildSafetensors({ a: floats });
  const larger = new Uint8Array(bytes.length + 3);
  larger.set(bytes, 3);
  const file = parseSafetensors(larger.subarray(3), "w");
  assert.equal([...f32(tensorOf(file, "a"))], [1.5, -2]);
});

test("refuses a truncated file and a header beyond its end", () => {
  const parse = (bytes: Uint8Array) => refusal(() => parseSafetensors(bytes, "w.safetensors"));
  assert.is(
    parse(new Uint8Array(5)),
    "w.safetensors: the file is 5 bytes long; allowed 8 or more (the header's length)",
  );
  assert.is(
    parse(Uint8Array.of(100, 0, 0, 0, 0, 0, 0, 0, 1, 2, 3)),
    "w.safetensors: the header's length is 100; allowed 2..3 (what follows in the file)",
  );
  assert.is(
    parse(new Uint8Array(8).fill(255)),
    "w.safetensors: the header's length is 18446744073709551615; allowed 2..0 (what follows in the file)",
  );
  const whole = buildSafetensors({ a: floats });
  assert.is(
    parse(whole.subarray(0, whole.length - 3)),
    "w.safetensors: tensor a: data_offsets is [0,8]; allowed 0..5 (the data in the file)",
  );
});

test("refuses a header that is not one JSON object", () => {
  assert.match(refused('{"a":', 0), /^w\.safetensors: the header: is not JSON \(.+\); allowed is one JSON document$/);
  assert.is(refused("[1]", 0), "w.safetensors: the header is [1]; allowed is one JSON object");
  const bytes = rawSafetensors("{}");
  bytes[8] = 255;
  assert.is(
    refusal(() => parseSafetensors(bytes, "w.safetensors")),
    "w.safetensors: the header is not UTF-8; allowed is one JSON object",
  );
  assert.is(
    refused({ __metadata__: { a: 1 } }, 0),
    'w.safetensors: __metadata__ is {"a":1}; allowed is an object of texts',
  );
});

test("refuses an entry with a wrong dtype, shape or offsets", () => {
  const of = (entry: unknown) => refused({ a: entry }, 8).replace("w.safetensors: tensor a: ", "");
  const dtypes = "BOOL, U8, I8, F8_E5M2, F8_E4M3, I16, U16, F16, BF16, I32, U32, F32, I64, U64, F64";
  assert.is(of(7), "entry is 7; allowed is an object with dtype, shape and data_offsets");
  assert.is(of(tensor("F12", [2], [0, 8])), `dtype is "F12"; allowed ${dtypes}`);
  assert.is(of(tensor("toString", [2], [0, 8])), `dtype is "toString"; allowed ${dtypes}`);
  assert.is(of(tensor("F32", [-2], [0, 8])), "shape is [-2]; allowed is a list of integers of 0 or more");
  assert.is(of(tensor("F32", undefined, [0, 8])), "shape is missing; allowed is a list of integers of 0 or more");
  const range = "allowed is [begin, end] with 0 <= begin <= end";
  assert.is(of(tensor("F32", [2], [8, 0])), `data_offsets is [8,0]; ${range}`);
  assert.is(of(tensor("F32", [2], [0])), `data_offsets is [0]; ${range}`);
  assert.is(of(tensor("F32", [2], [0, 16])), "data_offsets is [0,16]; allowed 0..8 (the data in the file)");
  assert.is(of(tensor("F32", [3], [0, 8])), "data_offsets is [0,8]; allowed 12 bytes (F32 x [3])");
});

test("refuses overlaps, gaps and bytes after the last tensor", () => {
  const a = tensor("F32", [2], [0, 8]);
  assert.is(
    refused({ a, b: tensor("F32", [2], [4, 12]) }, 12),
    "w.safetensors: tensor b: data_offsets is [4,12], which overlaps tensor a; allowed begin 8",
  );
  assert.is(
    refused({ a, b: tensor("F32", [1], [12, 16]) }, 16),
    "w.safetensors: tensor b: data_offsets is [12,16], which leaves a gap after tensor a; allowed begin 8",
  );
  assert.is(refused({ a }, 9), "w.safetensors: 1 bytes lie after the last tensor; allowed 0");
});

test("refuses another dtype than asked for", () => {
  const file = parseSafetensors(buildSafetensors({ a: floats }), "w.safetensors");
  for (const [read, dtype] of [
    [u8, "U8"],
    [i32, "I32"],
  ] as const) {
    assert.is(
      refusal(() => read(tensorOf(file, "a"))),
      `w.safetensors: tensor a: dtype is "F32"; allowed ${dtype}`,
    );
  }
});

test("every laid-out file reads back, and no cut of it is accepted", () => {
  const shape = fc.array(fc.nat(4), { maxLength: 3 });
  fc.assert(
    fc.property(fc.dictionary(fc.string({ minLength: 1 }), shape), fc.nat(7), (shapes, skew) => {
      const specs = Object.fromEntries(
        Object.entries(shapes).map(([name, sizes]) => {
          const count = sizes.reduce((product, one) => product * one, 1);
          return [name, { dtype: "F32", shape: sizes, values: Float32Array.from({ length: count }, (_, i) => i) }];
        }),
      );
      const bytes = buildSafetensors(specs, undefined, skew);
      const file = parseSafetensors(bytes, "w");
      for (const [name, spec] of Object.entries(specs)) {
        assert.equal([...f32(tensorOf(file, name))], [...spec.values]);
      }
      if (bytes.length > 8) refusal(() => parseSafetensors(bytes.subarray(0, bytes.length - 1), "w"));
    }),
    { seed: 20261121, numRuns: 200 },
  );
});

test("the embedded model: weights and slices", () => {
  const weights = parseSafetensors(readBytes("models/tiny-llama/model.safetensors"), "model.safetensors");
  const slices = parseSafetensors(readBytes("models/tiny-llama/slices.safetensors"), "slices.safetensors");
  const embedding = tensorOf(weights, "model.embed_tokens.weight");
  assert.equal(embedding.shape, [4096, 256]);
  assert.is(embedding.dtype, "F16");
  assert.is(embedding.bytes().length, 4096 * 256 * 2);
  assert.is(u8(tensorOf(slices, "model.layers.0.mlp.down_proj.codes")).length, 256 * 768);
});

test.run();
