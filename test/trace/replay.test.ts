//
//   Replays: every token once, in order, with as many KV entries as lie before it; copies rotated; options refused.
//

import fc from "fast-check";
import { suite } from "uvu";
import * as assert from "uvu/assert";
import { firstSteps, replay, tokensOf } from "../../src/trace/replay.js";
import type { ReplayOptions } from "../../src/trace/replay-options.js";
import { embeddedModel, embeddedTrace, parsePack, smallModel, smallPack } from "../support/pack.js";
import { refusal } from "../support/refusal.js";

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
  assert.equal(last.entries[3], { sequence: 3, firstPosition: 255, count: 1, firstToken: 3, samples: true });
  assert.is(last.rows[3], decode16.row(3, 255));
  assert.is(tokensOf(last, decode16, tiny.vocab)[3], decode16.token(3, 255));
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
  assert.equal(whole.step(0).entries, [{ sequence: 0, firstPosition: 0, count: 2048, firstToken: 0, samples: true }]);
  assert.equal(
    whole.step(0).rows,
    Int32Array.from({ length: 2048 }, (_, row) => row),
  );
  const windows = replay(decode16, tiny, { phase: "prefill", batch: 2 }).step(0);
  assert.equal(windows.entries[1], { sequence: 1, firstPosition: 0, count: 256, firstToken: 256, samples: true });
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

test("a prefill in chunks: the window in order, one sampled token at its end", () => {
  const chunks = replay(prefill2k, tiny, { chunk: 600 });
  assert.equal([chunks.phase, chunks.stepCount, chunks.chunk, chunks.tokens], ["prefill", 4, 600, 2048]);
  assert.equal([chunks.mostTokens, chunks.positions], [600, 2048]);
  const steps = [0, 1, 2, 3].map(chunks.step);
  const entry = (firstPosition: number, count: number, samples: boolean) => [
    { sequence: 0, firstPosition, count, firstToken: 0, samples },
  ];
  assert.equal(
    steps.map(({ entries }) => entries),
    [entry(0, 600, false), entry(600, 600, false), entry(1200, 600, false), entry(1800, 248, true)],
  );
  assert.equal(
    steps.flatMap(({ rows }) => [...rows]),
    [...replay(prefill2k, tiny, {}).step(0).rows],
  );
  const first = replay(prefill2k, tiny, { chunk: 600, steps: 2 });
  assert.equal([first.stepCount, first.tokens, first.positions], [2, 1200, 1200]);
  assert.not(first.step(1).entries[0].samples, "its window has not ended");
  assert.is(replay(prefill2k, tiny, { chunk: 5000 }).chunk, undefined);
});

test("chunks of several sequences go side by side, copies rotated within their window", () => {
  const chunks = replay(decode16, tiny, { phase: "prefill", batch: 17, chunk: 100 });
  assert.equal([chunks.stepCount, chunks.tokensIn(0), chunks.tokensIn(2)], [3, 1700, 17 * 56]);
  const last = chunks.step(2);
  assert.equal(last.entries[16], { sequence: 16, firstPosition: 200, count: 56, firstToken: 16 * 56, samples: true });
  const copied = [...last.rows.subarray(16 * 56)];
  assert.equal(
    copied,
    Array.from({ length: 56 }, (_, j) => (200 + j + 37) % 256),
  );
});

test("mixed: the last sequence prefills from position 0 while the others decode", () => {
  const mixed = replay(decode16, tiny, { phase: "mixed", batch: 3, chunk: 100 });
  assert.equal([mixed.phase, mixed.batch, mixed.stepCount, mixed.context], ["mixed", 3, 3, 1]);
  assert.equal([mixed.tokens, mixed.mostTokens, mixed.positions], [256 + 2 * 3, 102, 256]);
  const { entries, rows, sequences, positions } = mixed.step(2);
  assert.equal(entries, [
    { sequence: 0, firstPosition: 3, count: 1, firstToken: 0, samples: true },
    { sequence: 1, firstPosition: 3, count: 1, firstToken: 1, samples: true },
    { sequence: 2, firstPosition: 200, count: 56, firstToken: 2, samples: true },
  ]);
  assert.equal([...rows.subarray(0, 3)], [decode16.row(0, 3), decode16.row(1, 3), decode16.row(2, 200)]);
  assert.equal([...sequences.subarray(0, 4)], [0, 1, 2, 2]);
  assert.equal([...positions.subarray(0, 4)], [3, 3, 200, 201]);
  assert.equal(
    mixed.step(1).entries.map(({ samples }) => samples),
    [true, true, false],
  );
});

test("mixed with a context: of those that decode; without a trace: two sequences", () => {
  const later = replay(decode16, tiny, { phase: "mixed", chunk: 64, context: 1000 });
  assert.equal([later.contextChanged, later.positions, later.stepCount], [true, 1004, 4]);
  assert.equal([later.step(0).entries[0].firstPosition, later.step(0).entries[15].firstPosition], [1000, 0]);
  const synthetic = replay(null, tiny, { phase: "mixed", chunk: 8, window: 20, context: 5 });
  assert.equal([synthetic.batch, synthetic.stepCount, synthetic.tokens, synthetic.positions], [2, 3, 23, 20]);
  assert.equal([...synthetic.step(2).rows], [-1, -1, -1, -1, -1]);
});

test("tokens and the widest step are those of the steps, however they are cut", () => {
  fc.assert(
    fc.property(
      fc.constantFrom("decode" as const, "prefill" as const, "mixed" as const),
      fc.integer({ min: 2, max: 20 }),
      fc.integer({ min: 2, max: 300 }),
      fc.integer({ min: 1, max: 5 }),
      (phase, batch, chunk, steps) => {
        const cut = phase === "decode" ? {} : { chunk };
        const most = phase === "decode" ? 255 : Math.ceil(256 / chunk);
        const one = replay(decode16, tiny, { phase, batch, steps: Math.min(steps, most), ...cut });
        const all = Array.from({ length: one.stepCount }, (_, index) => one.step(index));
        const sizes = all.map(({ rows }) => rows.length);
        assert.equal(
          sizes,
          all.map(({ index }) => one.tokensIn(index)),
        );
        assert.is(
          one.tokens,
          sizes.reduce((sum, size) => sum + size, 0),
        );
        assert.is(one.mostTokens, Math.max(...sizes));
        const ends = all.flatMap(({ entries }) => entries.map(({ firstPosition, count }) => firstPosition + count));
        assert.is(one.positions, Math.max(...ends));
        const part = firstSteps(one, 1);
        assert.equal([part.stepCount, part.tokens, part.batch], [1, sizes[0], batch]);
      },
    ),
    { seed: 20261122, numRuns: 60 },
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
  assert.equal(many.step(7).entries[3], { sequence: 3, firstPosition: 1031, count: 1, firstToken: 3, samples: true });
  assert.equal([...many.step(7).rows], [-1, -1, -1, -1]);
  assert.equal([...tokensOf(many.step(7), null, llama.vocab)], [-1, -1, -1, -1]);
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
  const prefills = "allowed with --phase prefill or mixed; the phase is decode";
  assert.is(of({ chunk: 8 }), `--chunk 8: ${prefills}`);
  assert.is(of({ window: 8 }), `--tokens 8: ${prefills}`);
  assert.is(of({ phase: "prefill", chunk: 0 }), "--chunk 0: allowed an integer of 1 or more");
  assert.is(
    of({ phase: "prefill", chunk: 100, steps: 4 }),
    "--steps 4: allowed 1..3 (a window of 256 tokens in chunks of 100)",
  );
  assert.is(
    of({ phase: "mixed" }),
    "--phase mixed needs --chunk: tokens of the prefill in one step, an integer of 1 or more",
  );
  assert.is(
    of({ phase: "mixed", chunk: 8, batch: 1 }),
    "--batch 1: allowed 2 or more with --phase mixed (the last one prefills, others decode)",
  );
  assert.is(
    of({ phase: "mixed", chunk: 1 }),
    "--chunk 1: the prefill takes 256 steps, trace decode16 decodes for 255; allowed a larger chunk, or --steps 1..255",
  );
  assert.is(of({ phase: "mixed", chunk: 8 }, prefill2k).split(";")[1], " allowed --phase prefill");
  assert.is(
    of({ phase: "decode" }, prefill2k),
    "--phase decode: trace prefill2k has no token after its prompt of 2048; allowed --phase prefill",
  );
});

test.run();
