//
//   Embedded models and packs for tests, and small files built in memory that a test then spoils.
//

import { readFileSync } from "node:fs";
import type { Safetensors, Tensor } from "../../src/basics/safetensors.js";
import { readModel } from "../../src/io/models.js";
import { parseModel } from "../../src/model/config.js";
import { parseTrace, type Trace } from "../../src/trace/trace.js";

const ROOT = new URL("../../../", import.meta.url);

export function readText(path: string): string {
  return readFileSync(new URL(path, ROOT), "utf8");
}

export function readBytes(path: string): Uint8Array {
  return readFileSync(new URL(path, ROOT));
}

export function embeddedModel(name: string) {
  return readModel(name).model;
}

export function embeddedTrace(name: string): Trace {
  const [json, tensors] = [`traces/${name}/trace.json`, `traces/${name}/trace.safetensors`];
  return parseTrace(readText(json), json, readBytes(tensors), tensors);
}

// ---- safetensors

/** A tensor that is there. */
export function tensorOf(file: Safetensors, name: string): Tensor {
  const tensor = file.tensors.get(name);
  if (tensor === undefined) throw new Error(`tensor ${name} is missing`);
  return tensor;
}

type Values = Uint8Array | Uint16Array | Int32Array | Float32Array;
export interface Spec {
  dtype: string;
  shape: number[];
  values: Values;
}

/** Lays the tensors out in the given order. `skew` spaces in front of the header's end move them off alignment. */
export function buildSafetensors(specs: Record<string, Spec>, metadata?: Record<string, string>, skew = 0): Uint8Array {
  const header: Record<string, unknown> = metadata === undefined ? {} : { __metadata__: metadata };
  const parts: Uint8Array[] = [];
  let begin = 0;
  for (const [name, { dtype, shape, values }] of Object.entries(specs)) {
    const end = begin + values.byteLength;
    header[name] = { dtype, shape, data_offsets: [begin, end] };
    parts.push(new Uint8Array(values.buffer, values.byteOffset, values.byteLength));
    begin = end;
  }
  const text = JSON.stringify(header);
  const pad = (8 - (text.length % 8)) % 8;
  return rawSafetensors(text + " ".repeat(pad + skew), ...parts);
}

export function rawSafetensors(header: string, ...data: Uint8Array[]): Uint8Array {
  const text = new TextEncoder().encode(header);
  const length = new Uint8Array(8);
  new DataView(length.buffer).setBigUint64(0, BigInt(text.length), true);
  return concat([length, text, ...data]);
}

function concat(parts: Uint8Array[]): Uint8Array {
  const whole = new Uint8Array(parts.reduce((sum, part) => sum + part.length, 0));
  let at = 0;
  for (const part of parts) {
    whole.set(part, at);
    at += part.length;
  }
  return whole;
}

// ---- a pack of 2 sequences x 4 tokens for a model of one layer

export const SMALL_SHA256 = "ab".repeat(32);

export const SMALL_CONFIG = {
  architectures: ["LlamaForCausalLM"],
  num_hidden_layers: 1,
  hidden_size: 8,
  intermediate_size: 12,
  num_attention_heads: 2,
  num_key_value_heads: 1,
  vocab_size: 10,
  max_position_embeddings: 16,
};

export function smallModel() {
  return parseModel(JSON.stringify(SMALL_CONFIG), "small/config.json", "small");
}

export interface SmallPack {
  json: Record<string, unknown>;
  tensors: Record<string, Spec>;
}

/** Budgets 3 (with scores) and 6; slices, scores and NLL are simple functions of the index. */
export function smallPack(): SmallPack {
  const [sequences, sequenceLength] = [2, 4];
  const rows = [sequences, sequenceLength];
  const linears = smallModel().linears.map(({ name, in: input, out }) => ({ name, in: input, out }));
  const depths = [...rows, linears.length];
  const count = 8 * linears.length;
  const slices = Uint8Array.from({ length: count }, (_, i) => 1 + (i % 4));
  const scores = Float32Array.from({ length: count * 3 }, (_, i) => (i % 3 < slices[Math.floor(i / 3)] - 1 ? 1 : -1));
  const nll = (base: number) => Float32Array.from({ length: 8 }, (_, row) => (row % 4 === 0 ? 0 : base + row / 8));
  const budget = { threshold: 0.1, measuredBits: 5 };
  return {
    json: {
      schema: "mobi-trace-1",
      name: "small",
      model: "small",
      modelSha256: SMALL_SHA256,
      sequences,
      sequenceLength,
      promptLength: 1,
      phase: "decode",
      source: "made up",
      licence: "MIT",
      sliceBits: [2, 2, 2, 2],
      group: 128,
      linears,
      budgets: [
        { name: "b3", bits: 3, scores: true, ...budget },
        { name: "b6", bits: 6, scores: false, ...budget },
      ],
      nll: ["b3", "fp", "k2"],
    },
    tensors: {
      tokens: { dtype: "I32", shape: rows, values: Int32Array.of(0, 1, 2, 3, 4, 5, 6, 7) },
      "b3/slices": { dtype: "U8", shape: depths, values: slices },
      "b3/scores": { dtype: "F32", shape: [...depths, 3], values: scores },
      "b6/slices": { dtype: "U8", shape: depths, values: slices.map((depth) => 5 - depth) },
      "b3/nll": { dtype: "F32", shape: rows, values: nll(2) },
      "fp/nll": { dtype: "F32", shape: rows, values: nll(1) },
      "k2/nll": { dtype: "F32", shape: rows, values: nll(3) },
    },
  };
}

export function parsePack(pack: SmallPack): Trace {
  return parseTrace(JSON.stringify(pack.json), "trace.json", buildSafetensors(pack.tensors), "trace.safetensors");
}
