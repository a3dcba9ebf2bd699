//
//   Replays: every token once, in order, with as many KV entries as lie before it; copies rotated; options refused.
//

import fc from "fast-check";
import { suite } from "uvu";
import * as assert from "uvu/assert";
import { type ReplayOptions, replay, tokensOf } from "../src/replay.js";
import { embeddedModel, embeddedTrace, parsePack, smallModel, smallPack } from "./support/pack.js";
import { refusal } from "./support/refusal.js";

const test = suite("replay");
const tiny = embeddedModel("tiny-llama");
const decode16 = embeddedTrace("decode16");
const prefill2k = embeddedTrace("prefill2k");

test("decode16: 255 steps of 16 sequences, after the prompt of one token", () => {
  const whole = replay(decode16, tiny, {});
  assert.equal(
    [whole.phase, whole.batch, whole.stepCount, whole.context, whole.tokens],
    ["decode", 16, 255, 1, 255 * 16],
  );
  assert.equal([whole.tokenSource, whole.repeated, whole.contextChanged], ["trace", false, false]);
  const last = whole.step(254);
  assert.equal(last.entries[3], { sequence: 3, firstPosition: 255, count: 1, firstToken: 3 });
  assert.is(last.rows[3], decode16.row(3, 255));
  assert.is(tokensOf(last, decode16)[3], decode16.token(3, 255));
});

test("a decode begins with the first token after the prompt", () => {
  const pack = smallPack();
  pack.json.promptLength = 3;
  const trace = parsePack(pack);
  const one = replay(trace, smallModel(), {});
  assert.equal([one.stepCount, one.context], [1, 3]);
  assert.equal([...one.step(0).rows], [trace.row(0, 3), trace.row(1, 3)]);
  assert.is(one.step(0).entries[1].firstPosition, 3);
});

test("a prefill is one step: the window of every sequence at once", () => {
  const whole = replay(prefill2k, tiny, {});
  assert.equal([whole.phase, whole.batch, whole.stepCount, whole.tokens], ["prefill", 1, 1, 2048]);
  assert.equal(whole.step(0).entries, [{ sequence: 0, firstPosition: 0, count: 2048, firstToken: 0 }]);
  assert.equal(
    whole.step(0).rows,
    Int32Array.from({ length: 2048 }, (_, row) => row),
  );
  const windows = replay(decode16, tiny, { phase: "prefill", batch: 2 }).step(0);
  assert.equal(windows.entries[1], { sequence: 1, firstPosition: 0, count: 256, firstToken: 256 });
  assert.equal(
    windows.rows,
    Int32Array.from({ length: 512 }, (_, row) => row),
  );
});

test("--batch and --steps take the first ones", () => {
  const part = replay(decode16, tiny, { batch: 3, steps: 10 });
  assert.equal([part.batch, part.stepCount, part.tokens, part.repeated], [3, 10, 30, false]);
  assert.equal([...part.step(9).rows], [10, 256 + 10, 512 + 10]);
});

test("a larger batch repeats the pack, rotated by 37 tokens each time within the replayed positions", () => {
  const repeated = replay(decode16, tiny, { batch: 50 });
  assert.is(repeated.repeated, true);
  const positions = (step: number, sequence: number) => repeated.step(step).rows[sequence] - 256 * (sequence % 16);
  assert.equal([positions(0, 2), positions(0, 18), positions(0, 34), positions(0, 49)], [1, 38, 75, 112]);
  assert.equal([positions(217, 18), positions(218, 18), positions(254, 18)], [255, 1, 37]);
  assert.is(repeated.step(254).entries[18].firstPosition, 255);
  const windows = replay(prefill2k, tiny, { batch: 2 }).step(0);
  assert.equal([windows.rows[2048], windows.rows[2048 + 2010], windows.rows[2048 + 2011]], [37, 2047, 0]);
});

test("over all steps every sequence goes over every replayed position once", () => {
  fc.assert(
    fc.property(fc.integer({ min: 1, max: 9 }), fc.integer({ min: 1, max: 3 }), (batch, promptLength) => {
      const pack = smallPack();
      pack.json.promptLength = promptLength;
      const trace = parsePack(pack);
      const all = replay(trace, smallModel(), { batch });
      const steps = Array.from({ length: all.stepCount }, (_, index) => all.step(index));
      for (let sequence = 0; sequence < batch; sequence++) {
        const rows = steps.map((step) => step.rows[sequence]).sort((a, b) => a - b);
        const first = trace.row(sequence % 2, promptLength);
        assert.equal(
          rows,
          Array.from({ length: 4 - promptLength }, (_, i) => first + i),
        );
      }
    }),
    { seed: 20261121, numRuns: 50 },
  );
});

test("--context moves the KV length, keeps the tokens, and says so", () => {
  const later = replay(decode16, tiny, { context: 1000, steps: 2 });
  assert.equal([later.context, later.contextChanged], [1000, true]);
  assert.equal([later.step(1).entries[5].firstPosition, later.step(1).rows[5]], [1001, decode16.row(5, 2)]);
  assert.is(replay(decode16, tiny, { context: 1 }).contextChanged, false);
});

test("without a trace the tokens are synthetic", () => {
  const llama = embeddedModel("llama-3-8b");
  const one = replay(null, llama, {});
  assert.equal([one.phase, one.batch, one.stepCount, one.context, one.tokens], ["decode", 1, 1, 0, 1]);
  assert.equal([one.tokenSource, one.repeated, one.contextChanged], ["synthetic", false, false]);
  const many = replay(null, llama, { batch: 4, steps: 8, context: 1024 });
  assert.equal(many.step(7).entries[3], { sequence: 3, firstPosition: 1031, count: 1, firstToken: 3 });
  assert.equal([...many.step(7).rows], [-1, -1, -1, -1]);
  assert.equal([...tokensOf(many.step(7), null)], [-1, -1, -1, -1]);
  assert.is(replay(null, llama, { phase: "prefill", window: 512 }).tokens, 512);
  assert.is(replay(null, llama, { phase: "prefill" }).tokens, 512);
});

test("refuses options that the pack or the model cannot serve", () => {
  const of = (options: ReplayOptions, trace: typeof decode16 | null = decode16) =>
    refusal(() => replay(trace, tiny, options));
  assert.is(of({ batch: 0 }), "--batch 0: allowed an integer of 1 or more");
  assert.is(of({ batch: 1.5 }), "--batch 1.5: allowed an integer of 1 or more");
  assert.is(of({ steps: 0 }), "--steps 0: allowed an integer of 1 or more");
  assert.is(of({ steps: 256 }), "--steps 256: allowed 1..255 (trace decode16)");
  assert.is(of({ context: -1 }), "--context -1: allowed an integer of 0 or more");
  assert.is(of({ phase: "prefill", steps: 2 }), "--steps 2: allowed 1 (a prefill is one step)");
  assert.is(of({ phase: "prefill", window: 9 }), "--tokens 9: allowed 256 (the window of trace decode16)");
  assert.is(of({ phase: "prefill", window: 0 }, null), "--tokens 0: allowed an integer of 1 or more");
  const fit = "more tokens must fit the 2048 positions of model tiny-llama";
  assert.is(of({ context: 2000 }), `--context 2000: allowed 0..1793 (255 ${fit})`);
  assert.is(of({ steps: 3000 }, null), `--context 0: allowed fewer tokens (3000 ${fit})`);
  assert.is(
    of({ phase: "decode" }, prefill2k),
    "--phase decode: trace prefill2k has no token after its prompt of 2048; allowed --phase prefill",
  );
});

test.run();
