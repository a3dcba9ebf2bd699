//
//   Laws of one channel: it does what the oracle does, everything completes, jumping over clocks changes nothing, and a
//   channel loaded from a canonical state goes on like the one that wrote it.
//

import fc from "fast-check";
import { suite } from "uvu";
import * as assert from "uvu/assert";
import { Counter, Dram, DramKind } from "../../../assembly/contract.js";
import { Channel as Oracle, Part } from "../../oracle/dram.js";
import { BareChannel, type Completion, type PartRequest, withWords } from "../../support/dram-channel.js";
import { dramExports } from "../../support/dram-driver.js";
import { SHIPPED, scattered, shippedVector, traffic } from "../../support/dram-parts.js";

const SEED = 4711;
const LIMIT = 200_000;
const channels = suite("DRAM channel");

interface Story {
  completions: Completion[];
  counters: number[];
  state: number[];
}

/** Pushes each part when its clock comes and stops at clocks `stops`, then every 64 clocks, until all is done. */
function tell(channel: BareChannel, parts: readonly PartRequest[], stops: readonly number[] = []): Story {
  const completions: Completion[] = [];
  let pushed = 0;
  for (const until of [...stops, ...later(stops.at(-1) ?? 0)]) {
    while (pushed < parts.length && parts[pushed].arrive <= until) channel.push(parts[pushed], pushed++);
    completions.push(...channel.advance(until));
    if (pushed === parts.length && channel.wake() < 0) break;
  }
  return { completions, counters: channel.counters(), state: channel.state() };
}

function* later(from: number): Generator<number> {
  for (let until = from + 64; until < LIMIT; until += 64) yield until;
}

const sorted = (completions: readonly Completion[]) => [...completions].sort((a, b) => a.slot - b.slot);

const PARTS = [...SHIPPED.map((name) => [name, "all-bank"] as const), ["lpddr5-6400", "per-bank"] as const];

/** Completions and counters. */
function sameAsOracle(device: Int32Array, parts: readonly PartRequest[], index = 0): void {
  const counters = new Float64Array(Counter.Count);
  const oracle = new Oracle(device, index, counters);
  const expected: Completion[] = [];
  for (const [slot, { local, count, write, arrive }] of parts.entries()) {
    const transactions = Array.from({ length: count }, (_, i) => local + i);
    oracle.fifo.push(new Part(transactions, write, arrive, (clock) => expected.push({ slot, write, clock })));
  }
  const story = tell(new BareChannel(device, dramExports(), index), parts);
  for (let clock = 0; expected.length < parts.length; clock++) oracle.tick(clock);
  assert.equal(sorted(story.completions), sorted(expected));
  // Refreshes may go on behind the last completion.
  const { DramPre, DramPreAll, DramRefresh, DramRefreshBank } = Counter;
  const late = device[Dram.RefreshPerBank] === 1 ? [DramPre, DramRefreshBank] : [DramPreAll, DramRefresh];
  for (const counter of late) story.counters[counter] = counters[counter];
  assert.equal(story.counters, [...counters]);
}

for (const [part, refresh] of PARTS) {
  const name = refresh === "all-bank" ? part : `${part} ${refresh}`;
  // Short intervals and small queues meet more in less time.
  const device = withWords(shippedVector(part, { refresh, refreshStaggerClocks: 37 }), {
    ...{ RefreshClocks: 1500, ReadQueue: 8, WriteQueue: 8, WriteHigh: 6, WriteLow: 2 },
  });

  channels(`${name}: does what the oracle does, clock by clock`, () => {
    const check = (parts: PartRequest[], index: number) => sameAsOracle(device, parts, index);
    fc.assert(fc.property(traffic(device, 40), fc.integer({ min: 0, max: 3 }), check), { seed: SEED, numRuns: 60 });
  });

  channels(`${name}: everything completes once, and the counters add up`, () => {
    const check = (parts: PartRequest[]) => {
      const { completions, counters } = tell(new BareChannel(device), parts);
      assert.equal(
        sorted(completions).map(({ slot, write }) => ({ slot, write })),
        parts.map(({ write }, slot) => ({ slot, write })),
      );
      const transactions = (write: boolean) =>
        parts.filter((part) => part.write === write).reduce((sum, { count }) => sum + count, 0);
      assert.is(counters[Counter.DramRead] + counters[Counter.DramForwarded], transactions(false));
      assert.is(counters[Counter.DramWrite] + counters[Counter.DramMerged], transactions(true));
      const { DramRowHits, DramRowMisses, DramRowConflicts, DramRead, DramWrite, DramAct } = Counter;
      const classified = counters[DramRowHits] + counters[DramRowMisses] + counters[DramRowConflicts];
      assert.is(classified, counters[DramRead] + counters[DramWrite]);
      assert.ok(counters[DramAct] <= counters[DramRowMisses] + counters[DramRowConflicts]);
      const { DramAct2, DramCasRead, DramCasWrite } = Counter;
      const isTwoStep = device[Dram.Kind] === DramKind.Lpddr5;
      assert.is(counters[DramAct2], isTwoStep ? counters[DramAct] : 0);
      assert.ok(counters[DramCasRead] <= counters[DramRead] && counters[DramCasWrite] <= counters[Counter.DramWrite]);
      assert.is(counters[DramCasRead] > 0 || counters[DramCasWrite] > 0, isTwoStep && classified > 0);
    };
    fc.assert(fc.property(traffic(device, 40), check), { seed: SEED, numRuns: 60 });
  });

  channels(`${name}: where advance stops changes nothing`, () => {
    const stops = fc.array(fc.integer({ min: 0, max: 3000 }), { maxLength: 20 });
    const check = (parts: PartRequest[], cuts: number[]) => {
      const end = LIMIT / 2;
      const ordered = [...cuts].sort((a, b) => a - b);
      const [often, once] = [ordered, []].map((some) => {
        const channel = new BareChannel(device);
        parts.forEach((part, slot) => {
          channel.push(part, slot);
        });
        const completions = [...some, end].flatMap((until) => channel.advance(until));
        return { completions, counters: channel.counters(), state: channel.state() };
      });
      assert.equal(often, once);
    };
    fc.assert(fc.property(traffic(device, 30), stops, check), { seed: SEED, numRuns: 40 });
  });

  channels(`${name}: a loaded channel goes on like the original, at any cut and any clock`, () => {
    const check = (parts: PartRequest[], cut: number, shift: number) => {
      const dram = dramExports();
      const original = new BareChannel(device, dram);
      parts.forEach((part, slot) => {
        original.push(part, slot);
      });
      original.advance(cut);
      const state = original.state();
      const copy = new BareChannel(device, dram, 3);
      copy.load(state, cut + shift);
      assert.equal(copy.state(), state, "what is written is what was read");
      const before = original.counters();
      const end = LIMIT / 2;
      const expected = original.advance(end).map((one) => ({ ...one, clock: one.clock + shift }));
      assert.equal(copy.advance(end + shift), expected);
      assert.equal(
        copy.counters(),
        original.counters().map((value, i) => value - before[i]),
      );
      assert.equal(copy.state(), original.state());
    };
    const cut = fc.integer({ min: 0, max: 4000 });
    const shift = fc.integer({ min: 0, max: 1_000_000 });
    fc.assert(fc.property(traffic(device, 40), cut, shift, check), { seed: SEED, numRuns: 150 });
  });

  channels(`${name}: an idle channel sleeps, and its refreshes come lazily`, () => {
    const channel = new BareChannel(device);
    assert.is(channel.wake(), -1);
    channel.advance(1500 * 10 + 700);
    const counters = channel.counters();
    const refreshes = counters[Counter.DramRefresh] + counters[Counter.DramRefreshBank];
    assert.is(refreshes, 10 * device[Dram.PseudoChannels]);
    channel.push({ local: 0, count: 1, write: false, arrive: 20000 }, 0);
    assert.is(channel.wake() <= 20000, true);
  });
}

/** What the shipped parts hardly ever do: commands that hold a bus for longer, a data clock that stops at once. */
const UNUSUAL: [what: string, part: (typeof SHIPPED)[number], words: Record<string, number>][] = [
  ["columns of three clocks", "hbm2-2000", { ReadTicks: 3, WriteTicks: 2 }],
  ["columns of three clocks", "hbm3-6400", { ReadTicks: 6, WriteTicks: 4 }],
  ["an access when the second half of an ACT is due", "lpddr5-6400", { Act2Deadline: 2, WckRead: 1, WckWrite: 1 }],
  ["an access just before that", "lpddr5-6400", { Act2Deadline: 3, WckRead: 1, WckWrite: 1 }],
];

for (const [what, part, words] of UNUSUAL) {
  channels(`${part}, ${what}: does what the oracle does, conflicts in every bank`, () => {
    const device = withWords(shippedVector(part), {
      ...words,
      RefreshClocks: 3000,
      ReadQueue: 24,
      WriteQueue: 8,
      WriteHigh: 6,
      WriteLow: 2,
    });
    const check = (parts: PartRequest[]) => sameAsOracle(device, parts);
    const conflicts = fc.oneof(scattered(device, 150), traffic(device, 40));
    fc.assert(fc.property(conflicts, check), { seed: SEED, numRuns: 24 });
  });
}

channels("an idle closed bank answers after 1 + nRCD + nCL + nBL clocks, an open row after 1 + nCL + nBL", () => {
  const channel = new BareChannel(shippedVector("ddr4-3200", { refresh: "off" }));
  channel.push({ local: 0, count: 1, write: false, arrive: 0 }, 0);
  channel.push({ local: 0, count: 1, write: false, arrive: 1000 }, 1);
  assert.equal(channel.advance(2000), [
    { slot: 0, write: false, clock: 49 },
    { slot: 1, write: false, clock: 1027 },
  ]);
});

channels("the debug build, with its assertions, tells the same story", () => {
  const device = shippedVector("lpddr5-6400", { dieGb: 32 });
  for (const parts of fc.sample(traffic(device, 40), { seed: SEED, numRuns: 10 })) {
    assert.equal(tell(new BareChannel(device, dramExports("debug")), parts), tell(new BareChannel(device), parts));
  }
});

channels.run();
