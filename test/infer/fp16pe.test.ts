//
//   A whole model on FP16 PEs, linears, attention and lm_head: logits bit for bit those of the oracle.
//

import fc from "fast-check";
import { suite } from "uvu";
import * as assert from "uvu/assert";
import type { CodedBits } from "../../src/infer/coded-kv-cache.js";
import type { LanguageModel } from "../../src/infer/language-model.js";
import { quantizeRows } from "../../src/infer/linear.js";
import { type OracleModel, peLogits } from "../oracle/transformer.js";
import { RUNS, SEED } from "../support/build.js";
import { Bench, kernels } from "../support/infer.js";
import { madeUp, sines, TINY } from "../support/made-up.js";
import { BUILDS } from "../support/numeric.js";

const pe = suite("fp16pe");

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

pe.run();
