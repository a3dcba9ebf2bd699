//
//   A channel that remembers is the channel that simulates every clock: completions, counters and states at every stop, on
//   traffic that repeats itself at other rows, at other distances in time, beside refreshes, with all of the memo or hardly any.
//

import fc from "fast-check";
import { suite } from "uvu";
import * as assert from "uvu/assert";
import { Dram, MemoCount } from "../../../assembly/contract.js";
import { deviceArbitrary } from "../../support/arbitrary-device.js";
import { BareChannel, type Completion, type PartRequest, withWords } from "../../support/dram-channel.js";
import { dramExports } from "../../support/dram-driver.js";
import { SHIPPED, shippedVector } from "../../support/dram-parts.js";

const SEED = Number(process.env.MOBISIM_SEED ?? 4712);
const RUNS = Number(process.env.MOBISIM_RUNS ?? 0);
const SIZES = [1, 64, 1 << 14];
const memo = suite("memo channel");

interface Motif {
  /** Shapes of parts: first transaction inside a row of every bank, transactions, direction. */
  shapes: { at: number; count: number; write: boolean }[];
  /** Rows that they come at. */
  rows: number[];
  /** One part after the other: shape, row, clocks since the part before. */
  beats: { shape: number; row: number; gap: number }[];
  times: number;
  /** Rows by which a repetition lies higher than the one before. */
  climb: number;
}

const gap = fc.oneof(
  { weight: 6, arbitrary: fc.constant(0) },
  { weight: 3, arbitrary: fc.integer({ min: 0, max: 60 }) },
  { weight: 1, arbitrary: fc.integer({ min: 0, max: 2500 }) },
);

const motifs: fc.Arbitrary<Motif> = fc.record({
  shapes: fc.array(
    fc.record({
      at: fc.nat(1 << 20),
      count: fc.oneof(fc.integer({ min: 1, max: 8 }), fc.integer({ min: 1, max: 300 })),
      write: fc.integer({ min: 0, max: 3 }).map((one) => one === 3),
    }),
    { minLength: 1, maxLength: 4 },
  ),
  rows: fc.array(fc.nat(1 << 20), { minLength: 1, maxLength: 3 }),
  beats: fc.array(fc.record({ shape: fc.nat(3), row: fc.nat(2), gap }), { minLength: 1, maxLength: 12 }),
  times: fc.integer({ min: 4, max: 16 }),
  climb: fc.nat(3),
});

/** The parts of a motif on a device whose rows lie on top of the address, as most do. */
function partsOf({ shapes, rows, beats, times, climb }: Motif, device: Int32Array): PartRequest[] {
  const { PseudoChannels, Sids, BankGroups, BanksPerGroup, ColumnBits, RowBits } = Dram;
  const banks = [PseudoChannels, Sids, BankGroups, BanksPerGroup].reduce((all, word) => all * device[word], 1);
  const inRow = banks * 2 ** device[ColumnBits];
  const rowCount = 2 ** device[RowBits];
  let arrive = 0;
  return Array.from({ length: times }, (_, time) => time).flatMap((time) =>
    beats.map((beat) => {
      const { at, count, write } = shapes[beat.shape % shapes.length];
      const row = (rows[beat.row % rows.length] + time * climb) % rowCount;
      arrive += beat.gap;
      return { local: row * inRow + (at % inRow), count, write, arrive };
    }),
  );
}

interface Story {
  completions: Completion[][];
  counters: number[][];
  states: number[][];
}

/** Pushes each part shortly before its clock and goes on by steps; looks at everything at some of the stops. */
function tell(channel: BareChannel, parts: readonly PartRequest[], step: number, looks: number): Story {
  const story: Story = { completions: [], counters: [], states: [] };
  let [pushed, done] = [0, 0];
  for (let until = 0, stop = 0; done < parts.length; until += step, stop++) {
    const completions = channel.advance(until);
    done += completions.length;
    story.completions.push(completions);
    while (pushed < parts.length && parts[pushed].arrive < until + step) {
      channel.push({ ...parts[pushed], arrive: Math.max(until, parts[pushed].arrive) }, pushed++);
    }
    if (stop % looks !== looks - 1) continue;
    story.counters.push(channel.counters());
    story.states.push(channel.state());
  }
  story.counters.push(channel.counters());
  story.states.push(channel.state());
  return story;
}

/** The same at every stop; of two long stories only the first difference is shown. */
function isSameStory(one: Story, other: Story) {
  for (const part of ["completions", "counters", "states"] as const) {
    const [own, its] = [one[part], other[part]];
    assert.is(own.length, its.length, part);
    const at = own.findIndex((what, i) => JSON.stringify(what) !== JSON.stringify(its[i]));
    assert.ok(at < 0, `${part} differ at look ${at}: ${JSON.stringify(own[at])} instead of ${JSON.stringify(its[at])}`);
  }
}

const pace = fc.record({ step: fc.constantFrom(7, 20, 333), looks: fc.constantFrom(3, 50, 1000) });

function isTheSame(
  device: Int32Array,
  motif: Motif,
  step: number,
  looks: number,
  kib: number,
  build: "debug" | "release",
) {
  const dram = dramExports(build);
  const parts = partsOf(motif, device);
  const [plain, remembering] = [0, kib].map((size) => {
    const channel = new BareChannel(device, dram);
    if (size > 0) channel.remember(size);
    return tell(channel, parts, step, looks);
  });
  isSameStory(remembering, plain);
}

const CASES = [
  ...SHIPPED.map((name) => [name, {}] as const),
  ["lpddr5-6400", { refresh: "per-bank" }] as const,
  ["lpddr5-6400", { mapping: "B" }] as const,
  ["ddr4-3200", { mapping: "B" }] as const,
];

for (const [name, options] of CASES) {
  memo(`${name} ${JSON.stringify(options)}: as if every clock were simulated`, () => {
    const device = withWords(shippedVector(name, options), { RefreshClocks: 1500 });
    const check = (motif: Motif, { step, looks }: { step: number; looks: number }, kib: number) =>
      isTheSame(device, motif, step, looks, kib, "release");
    const property = fc.property(motifs, pace, fc.constantFrom(...SIZES), check);
    fc.assert(property, { seed: SEED, numRuns: RUNS || 12 });
  });
}

// Writes are set aside beside so many clocks of acceptance at most (shelf.ts); here there are more.
memo("long queues: as if every clock were simulated", () => {
  const queues = { ReadQueue: 200, WriteQueue: 150, WriteHigh: 140, WriteLow: 20 };
  const device = withWords(shippedVector("lpddr5-6400", { mapping: "B" }), { RefreshClocks: 1500, ...queues });
  const parts = Array.from({ length: 240 }, (_, i): PartRequest[] => {
    const arrive = 3000 * (i >> 2);
    const read = { local: ((i >> 2) * 7 + (i & 3) * 3) * 4096 + (i & 3) * 37, count: 256, write: false, arrive };
    return [read, { local: ((i >> 2) * 5 + (i & 3) + 1000) * 4096 + (i & 3) * 11, count: 3, write: true, arrive }];
  }).flat();
  const [plain, remembering] = [0, 1 << 14].map((size) => {
    const channel = new BareChannel(device, dramExports("release"));
    if (size > 0) channel.remember(size);
    return tell(channel, parts, 100, 3);
  });
  isSameStory(remembering, plain);
});

// Few reads come between writes, so reads older than writes set aside still wait when somebody looks.
memo("writes between reads keep their age, set aside or not", () => {
  const device = withWords(shippedVector("lpddr5-6400", { mapping: "B" }), { RefreshClocks: 1500 });
  const parts = Array.from({ length: 300 }, (_, i): PartRequest[] => {
    const [row, arrive] = [4096 * (i % 50), 90 * i];
    const read = (at: number, count: number) => ({ local: row * 8 + at, count, write: false, arrive });
    const write = (at: number) => ({ local: row + 16384 * 400 + at, count: 1, write: true, arrive });
    return [read(0, 48), write(i % 64), read(9000, 4), write(5000), read(17000, 3), read(23000, 6)];
  }).flat();
  const [plain, remembering] = [0, 1 << 14].map((size) => {
    const channel = new BareChannel(device, dramExports("release"));
    if (size > 0) channel.remember(size);
    return tell(channel, parts, 10, 1);
  });
  isSameStory(remembering, plain);
});

memo("random devices: as if every clock were simulated", () => {
  const check = (device: Int32Array, motif: Motif, { step, looks }: { step: number; looks: number }, kib: number) =>
    isTheSame(device, motif, step, looks, kib, "debug");
  const property = fc.property(deviceArbitrary(), motifs, pace, fc.constantFrom(...SIZES), check);
  fc.assert(property, { seed: SEED, numRuns: RUNS || 60 });
});

// Bursts in one bank from a quiet channel: what only the rows of the waiting requests, or their addresses, tell apart.
for (const RefreshClocks of [0, 610])
  memo(`equal and other rows and addresses are told apart, refresh ${RefreshClocks}`, () => {
    const device = withWords(shippedVector("ddr4-3200"), { RefreshClocks });
    const inRow = 16 * 2 ** device[Dram.ColumnBits];
    const request = fc.record({ row: fc.nat(2), column: fc.nat(1), write: fc.boolean() });
    const bursts = fc.array(fc.array(request, { minLength: 3, maxLength: 5 }), { minLength: 150, maxLength: 150 });
    const check = (drawn: { row: number; column: number; write: boolean }[][]) => {
      const parts = drawn.flatMap((burst, i) =>
        burst.map(({ row, column, write }) => ({ local: row * inRow + column * 64, count: 1, write, arrive: i * 600 })),
      );
      const [plain, remembering] = [0, 1 << 14].map((size) => {
        const channel = new BareChannel(device);
        if (size > 0) channel.remember(size);
        return tell(channel, parts, 60, 1000);
      });
      assert.equal(remembering, plain);
    };
    fc.assert(fc.property(bursts, check), { seed: SEED, numRuns: RUNS || 10 });
  });

memo("what repeats itself is remembered, and a small memo forgets it", () => {
  const device = shippedVector("lpddr5-6400", { mapping: "B" });
  const count = (i: number) => 256 - (i % 10) * 24;
  const parts = Array.from({ length: 400 }, (_, i) => ({ local: i * 256, count: count(i), write: false, arrive: 0 }));
  const [ample, small] = [1 << 14, 64].map((kib) => {
    const channel = new BareChannel(device);
    channel.remember(kib);
    tell(channel, parts, 1000, 10_000);
    return channel.memo();
  });
  const all = parts.reduce((sum, part) => sum + part.count, 0);
  assert.is(ample[MemoCount.Remembered] + ample[MemoCount.Simulated], all);
  assert.ok(ample[MemoCount.Remembered] > 0.7 * all, `${ample} of ${all}`);
  assert.is(ample[MemoCount.Forgotten], 0);
  assert.ok(small[MemoCount.Forgotten] > 0 && small[MemoCount.Remembered] < ample[MemoCount.Remembered]);
});

memo.run();
