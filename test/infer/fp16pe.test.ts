//
//   A whole model on FP16 PEs, linears, attention and lm_head: logits bit for bit those of the oracle.
//

import fc from "fast-check";
import { suite } from "uvu";
import * as assert from "uvu/assert";
import type { CodedBits } from "../../src/infer/coded-kv-cache.js";
import { roundToHalf } from "../../src/infer/half.js";
import type { LanguageModel } from "../../src/infer/language-model.js";
import { quantizeRows } from "../../src/infer/linear.js";
import { parseConstants } from "../../src/infer/rope.js";
import type { SlicedWeights } from "../../src/infer/slices.js";
import { Checkpoint } from "../../src/infer/weights.js";
import { parseModel } from "../../src/model-config.js";
import { parseSafetensors } from "../../src/safetensors.js";
import { type OracleModel, peLogits } from "../oracle/transformer.js";
import { RUNS, SEED } from "../support/build.js";
import { Bench, kernels } from "../support/infer.js";
import { BUILDS } from "../support/numeric.js";
import { buildSafetensors, type Spec } from "../support/pack.js";

const pe = suite("fp16pe");

const CONFIG = {
  architectures: ["LlamaForCausalLM"],
  model_type: "llama",
  hidden_size: 24,
  intermediate_size: 36,
  num_hidden_layers: 2,
  num_attention_heads: 4,
  num_key_value_heads: 2,
  head_dim: 10,
  vocab_size: 40,
  max_position_embeddings: 160,
  rms_norm_eps: 1e-5,
  tie_word_embeddings: true,
  hidden_act: "silu",
};

/** A model of numbers that `draw` gives, one after the other, within -1..1. */
function madeUp(draw: () => number, sizes: Partial<typeof CONFIG> = {}): LanguageModel {
  const text = JSON.stringify({ ...CONFIG, ...sizes });
  const model = parseModel(text, "config.json", "made-up");
  const { hidden, vocab, layers } = model;
  const many = (count: number, scale: number, middle = 0) =>
    Float32Array.from({ length: count }, () => roundToHalf(middle + scale * draw()));
  const tensors: Record<string, Spec> = {
    "model.embed_tokens.weight": { dtype: "F32", shape: [vocab, hidden], values: many(vocab * hidden, 1) },
    "model.norm.weight": { dtype: "F32", shape: [hidden], values: many(hidden, 0.3, 1) },
  };
  for (let layer = 0; layer < layers; layer++) {
    for (const name of ["input_layernorm", "post_attention_layernorm"]) {
      const values = many(hidden, 0.3, 1);
      tensors[`model.layers.${layer}.${name}.weight`] = { dtype: "F32", shape: [hidden], values };
    }
  }
  const slices = model.linears.map((linear): SlicedWeights => {
    const codes = Uint8Array.from({ length: linear.in * linear.out }, () => Math.floor((draw() + 1) * 127.9));
    const scale = many(linear.out, 0.05, 0.15);
    const base = scale.map((s) => roundToHalf(s * (-1.5 + 0.4 * draw())));
    return { linear, codes, scale, base } as unknown as SlicedWeights;
  });
  const checkpoint = new Checkpoint("made-up", [parseSafetensors(buildSafetensors(tensors), "made-up")]);
  return {
    model,
    constants: parseConstants(text, "config.json", model.headDim),
    checkpoint,
    slices,
    thresholds: new Map(),
  };
}

function oracleOf({ model, constants, checkpoint, slices }: LanguageModel, kvBits: number): OracleModel {
  const norm = (name: string) => checkpoint.floats(name, [model.hidden]);
  const norms = (name: string) =>
    Array.from({ length: model.layers }, (_, layer) => norm(`model.layers.${layer}.${name}.weight`));
  const embedding = checkpoint.floats("model.embed_tokens.weight", [model.vocab, model.hidden]);
  const { codes, scales } = quantizeRows(embedding, model.hidden);
  return {
    ...{ heads: model.heads, kvHeads: model.kvHeads, headDim: model.headDim, kvBits },
    epsilon: constants.normEpsilon,
    frequencies: constants.frequencies,
    embedding,
    attentionNorms: norms("input_layernorm"),
    mlpNorms: norms("post_attention_layernorm"),
    lastNorm: norm("model.norm.weight"),
    linears: (slices ?? []).map(({ linear, ...rest }) => ({ ...rest, inputs: linear.in, outputs: linear.out })),
    head: { integers: Array.from(codes), scale: scales },
  };
}

const TINY = { hidden_size: 8, intermediate_size: 8, num_attention_heads: 1, num_key_value_heads: 1, head_dim: 4 };
const depth = (position: number, linear: number) => 1 + ((position * 5 + linear * 3) % 4);

for (const build of BUILDS) {
  pe(
    `${build}: logits of a model are the oracle's, bit for bit, however its tokens come in blocks, seed ${SEED}`,
    async () => {
      const length = 7;
      const law = fc.asyncProperty(
        fc.infiniteStream(fc.double({ min: -1, max: 1, noNaN: true })),
        fc.constantFrom<CodedBits>(2, 3, 4, 8),
        fc.integer({ min: 1, max: length }),
        async (stream, kvBits, block) => {
          const from = madeUp(() => stream.next().value);
          const { vocab } = from.model;
          const tokens = Int32Array.from({ length }, () => Math.floor((stream.next().value + 1) * 19.9));
          const bench = new Bench(await kernels(build), from);
          const [model, cache] = [bench.sliced("fp16pe"), bench.cache(kvBits, "fp16pe", length)];
          const wanted = peLogits(oracleOf(from, kvBits), [...tokens], depth);
          for (let position = 0; position < length; position += block) {
            const own = tokens.subarray(position, position + block);
            const depths = (linear: number, _x: unknown, count: number) =>
              Uint8Array.from({ length: count }, (_, place) => depth(position + place, linear));
            const found = model.forward({ tokens: own, position }, cache, depths);
            for (let place = 0; place < own.length; place++) {
              const row = found.subarray(place * vocab, (place + 1) * vocab);
              assert.equal([...row], [...wanted[position + place]], `position ${position + place}`);
            }
          }
        },
      );
      await fc.assert(law, { seed: SEED, numRuns: Math.ceil(RUNS / 12) });
    },
  );
}

pe("sums over more positions than a group: 133 tokens, in blocks of 37", async () => {
  const from = madeUp(sines(), { ...TINY, num_hidden_layers: 1, vocab_size: 10 });
  const { vocab } = from.model;
  const length = 133;
  const tokens = Int32Array.from({ length }, (_, i) => (i * i * 7) % vocab);
  const bench = new Bench(await kernels(), from);
  const [model, cache] = [bench.sliced("fp16pe"), bench.cache(8, "fp16pe", length)];
  const wanted = peLogits(oracleOf(from, 8), [...tokens], () => 2);
  for (let position = 0; position < length; position += 37) {
    const own = tokens.subarray(position, position + 37);
    const found = model.forward({ tokens: own, position }, cache, (_l, _x, count) => new Uint8Array(count).fill(2));
    const all = wanted.slice(position, position + own.length).flatMap((row) => [...row]);
    assert.equal([...found], all, `from position ${position}`);
  }
});

/** Numbers within -1..1 that are the same every time. */
function sines(): () => number {
  let i = 0;
  return () => Math.sin((i++) ** 2);
}

pe.run();
