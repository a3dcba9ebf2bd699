//
//   No logit knows of other tokens than those before it, or of other rows: blocks of any size, sequences in any order, the
//   vocabulary in any order give the same numbers, bit for bit, in every arithmetic, on slices and on codes.
//

import fc from "fast-check";
import { suite } from "uvu";
import * as assert from "uvu/assert";
import { parseSafetensors } from "../../src/basics/safetensors.js";
import type { LanguageModel } from "../../src/infer/language-model.js";
import { ARITHMETICS, type Arithmetic } from "../../src/infer/linear.js";
import type { Transformer } from "../../src/infer/transformer.js";
import { Checkpoint } from "../../src/infer/weights.js";
import { RUNS, SEED } from "../support/build.js";
import { shipped } from "../support/formats.js";
import { Bench, kernels } from "../support/infer.js";
import { madeUp, sines } from "../support/made-up.js";
import { buildSafetensors } from "../support/pack.js";

const law = suite("permutations");
const LENGTH = 9;
const EMBEDDING = "model.embed_tokens.weight";

/** Logits of a sequence read in blocks of so many tokens. */
function read(
  bench: Bench,
  model: Transformer,
  arithmetic: Arithmetic,
  tokens: Int32Array,
  block: number,
): Float32Array[] {
  const cache = bench.cache(arithmetic === "fp32" ? "exact" : 4, arithmetic, tokens.length);
  const rows: Float32Array[] = [];
  for (let position = 0; position < tokens.length; position += block) {
    const own = tokens.subarray(position, position + block);
    const depths = (linear: number, _x: unknown, count: number) =>
      Uint8Array.from({ length: count }, (_, place) => 1 + ((7 * (position + place) + linear) % 4));
    const found = model.forward({ tokens: own, position }, cache, depths);
    const vocab = found.length / own.length;
    for (let place = 0; place < own.length; place++) rows.push(found.slice(place * vocab, (place + 1) * vocab));
  }
  return rows;
}

/** The same model with its vocabulary in another order: token i is called order[i]. */
function renamed(from: LanguageModel, order: readonly number[]): LanguageModel {
  const { vocab, hidden } = from.model;
  const table = from.checkpoint.floats(EMBEDDING, [vocab, hidden]);
  const turned = new Float32Array(table.length);
  for (const [token, name] of order.entries())
    turned.set(table.subarray(token * hidden, (token + 1) * hidden), name * hidden);
  const other = buildSafetensors({ [EMBEDDING]: { dtype: "F32", shape: [vocab, hidden], values: turned } });
  const embedding = new Checkpoint("renamed", [parseSafetensors(other, "renamed")]);
  const checkpoint = {
    floats: (name: string, shape: readonly number[]) =>
      (name === EMBEDDING ? embedding : from.checkpoint).floats(name, shape),
  } as Checkpoint;
  return { ...from, checkpoint };
}

const variants = ARITHMETICS.flatMap((arithmetic) =>
  (["slices", "uint4"] as const).map((weights) => ({ arithmetic, weights })),
);

for (const { arithmetic, weights } of variants) {
  law(
    `${arithmetic}, ${weights}: blocks, sequences before it and names of tokens change no logit, seed ${SEED}`,
    async () => {
      const from = madeUp(sines());
      const { vocab } = from.model;
      const order = Array.from({ length: vocab }, (_, token) => (token * 7 + 3) % vocab);
      const [plain, other] = await Promise.all(
        [from, renamed(from, order)].map(async (one) => new Bench(await kernels(), one)),
      );
      const modelOf = (bench: Bench) =>
        weights === "slices" ? bench.sliced(arithmetic) : bench.coded(arithmetic, shipped(weights));
      const [model, turned] = [modelOf(plain), modelOf(other)];
      const text = fc
        .array(fc.nat(vocab - 1), { minLength: LENGTH, maxLength: LENGTH })
        .map((list) => Int32Array.from(list));
      const property = fc.property(text, text, fc.integer({ min: 1, max: LENGTH }), (tokens, before, block) => {
        const whole = read(plain, model, arithmetic, tokens, LENGTH);
        read(plain, model, arithmetic, before, LENGTH);
        assert.equal(read(plain, model, arithmetic, tokens, block), whole);
        const names = tokens.map((token) => order[token]);
        const found = read(other, turned, arithmetic, names, LENGTH).map((row) => order.map((name) => row[name]));
        assert.equal(
          found,
          whole.map((row) => [...row]),
        );
      });
      fc.assert(property, { seed: SEED, numRuns: Math.ceil(RUNS / 10) });
    },
  );
}

law.run();
