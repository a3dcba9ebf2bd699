//
//   Recording: the embedded model on the tokens of an embedded pack gives that pack again; made-up text is reproducible.
//

import { suite } from "uvu";
import * as assert from "uvu/assert";
import { Reader } from "../../src/infer/reader.js";
import { record } from "../../src/infer/record.js";
import { sample } from "../../src/infer/sampling.js";
import { openKernels, readLanguageModel } from "../../src/io/language-model.js";
import { checkTraceAgainstModel, parseTrace, type Trace } from "../../src/trace/trace.js";
import { embeddedTrace } from "../support/pack.js";

const test = suite("recording a trace");
const LENGTH = 40;
const folder = readLanguageModel("tiny-llama");
const decode16 = embeddedTrace("decode16");
const reader = new Reader(await openKernels(), folder, LENGTH, { arithmetic: "fp32", kv: "exact" });
const budgets = decode16.about.budgets
  .filter(({ bits }) => bits === 3 || bits === 4)
  .map(({ name, threshold }) => ({ name, threshold }));

function recorded(scores: boolean): Trace {
  const sequences = [0, 5].map((one) => decode16.tokens.slice(decode16.row(one, 0), decode16.row(one, LENGTH)));
  const about = { name: "again", source: "test", licence: "MIT", phase: "decode" as const, promptLength: 1 };
  const work = record(reader, sequences, budgets, { ...about, modelSha256: folder.weightsSha256, scores });
  let next = work.next();
  while (!next.done) next = work.next();
  return parseTrace(next.value.json, "trace.json", next.value.tensors, "trace.safetensors");
}

test("tokens, slices, scores and NLL of the pack, within FP32 rounding", () => {
  const again = recorded(true);
  checkTraceAgainstModel(again, folder.model, folder.weightsSha256);
  assert.equal(again.about.linears, decode16.about.linears);
  for (const [own, sequence] of [0, 5].entries()) {
    const [from, to] = [again.row(own, 0), decode16.row(sequence, 0)];
    for (const { name } of budgets) {
      const size = LENGTH * 56;
      const slices = decode16.slices(name).subarray(to * 56, to * 56 + size);
      assert.equal([...again.slices(name).subarray(from * 56, from * 56 + size)], [...slices]);
      near(again.scores(name), from * 168, decode16.scores(name), to * 168, size * 3, 2e-5);
    }
    for (const config of ["fp", "k1", "k4", "b3", "b4"]) {
      near(again.nll(config), from, decode16.nll(config), to, LENGTH, 1e-4);
    }
  }
  assert.ok(again.about.budgets.every(({ bits, measuredBits }) => Math.abs(bits - measuredBits) < 0.5));
});

test("without scores the pack has none", () => {
  const again = recorded(false);
  assert.is(again.scores("b3"), undefined);
  assert.equal(again.about.nll, ["fp", "k1", "k2", "k3", "k4", "b3", "b4"]);
});

test("made-up text: the same for the same seed and sequence, of the vocabulary, and likely", () => {
  const sampling = { temperature: 0.9, topP: 0.95, seed: 7 };
  const text = reader.generate(0, LENGTH, sampling, 1);
  assert.equal(reader.generate(0, LENGTH, sampling, 1), text);
  assert.not.equal(reader.generate(0, LENGTH, sampling, 2), text);
  assert.ok(text[0] === 0 && text.every((token) => token >= 0 && token < folder.model.vocab));
  const { nll } = reader.expectations(
    text,
    () => (_l, _x, count) => new Uint8Array(count).fill(4),
    reader.reference(text),
  );
  assert.ok(nll.reduce((sum, one) => sum + one, 0) / (LENGTH - 1) < 5, "far below log(4096) = 8.3");
});

test("sampling: chance picks in proportion, and nothing outside the share", () => {
  const logits = Float32Array.of(2, 1, 0, -9);
  const counts = [0, 0, 0, 0];
  for (let i = 0; i < 4000; i++) counts[sample(logits, { temperature: 1, topP: 0.95, seed: 3 }, 0, i)]++;
  const powers = [0, 1, 2].map((i) => Math.exp(2 - i));
  const whole = powers.reduce((sum, one) => sum + one, 0);
  for (const [i, power] of powers.entries()) assert.ok(Math.abs(counts[i] / 4000 - power / whole) < 0.03);
  assert.is(counts[3], 0);
  assert.is(sample(logits, { temperature: 1, topP: 1e-9, seed: 3 }, 0, 1), 0);
});

function near(
  a: Float32Array | undefined,
  from: number,
  b: Float32Array | undefined,
  to: number,
  count: number,
  tolerance: number,
): void {
  assert.is(a === undefined, b === undefined);
  if (a === undefined || b === undefined) return;
  for (let i = 0; i < count; i++) assert.ok(Math.abs(a[from + i] - b[to + i]) <= tolerance, `place ${i}`);
}

test.run();
