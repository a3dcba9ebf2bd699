//
//   load(canonical(state)) then continue == continue, at random cuts, also at another cycle of the same clock phase; and a
//   cut leaves no trace.
//

import fc from "fast-check";
import { suite } from "uvu";
import * as assert from "uvu/assert";
import { Knob, Pool, Release } from "../../assembly/contract.js";
import type { Machine } from "../../src/wasm/machine.js";
import { type MachineCase, stuckCaseArbitrary } from "../support/arbitraries.js";
import {
  ANSWERED_LATE,
  compute,
  demand,
  device,
  everyCase,
  fetch,
  knobs,
  machineOf,
  route,
  SEED,
  store,
  vector,
} from "../support/build.js";
import { differences, runToEnd } from "../support/engine.js";

const law = suite("canonical state");
const AT = 1_000_000;

const twoCuts = fc.tuple(fc.nat(AT), fc.nat(AT)).map((cuts) => cuts.sort((a, b) => a - b));
/** Memory periods between cycle 0 and the first cycle of the cut's phase that the loaded machine calls now. */
const shift = fc.oneof(fc.constant(0), fc.nat(1000), fc.constant(1_000_000_007));

/** A machine on its way through a case whose records before `from` are behind it. */
class Journey {
  private fed: number;

  constructor(
    readonly machine: Machine,
    private readonly one: MachineCase,
    private readonly from = 0,
  ) {
    this.fed = from;
  }

  /** Records of the program that the sequencer has taken. */
  get taken(): number {
    return this.from + this.machine.taken;
  }

  stopAt(limit: number): void {
    const { machine, one, fed } = this;
    this.fed = runToEnd(machine, one.program, one.depths, { from: fed, limit }).fed;
  }

  finish() {
    const { machine, one, fed } = this;
    const { cycles, counters, status } = runToEnd(machine, one.program, one.depths, { from: fed });
    return { cycles, counters, status, state: machine.canonical() };
  }
}

const begin = async (one: MachineCase) => new Journey(await machineOf(one), one);

function sum(first: readonly number[], second: readonly number[]): number[] {
  return first.map((value, counter) => value + second[counter]);
}

async function continues(one: MachineCase, cuts: readonly number[], periods: number): Promise<void> {
  const whole = (await begin(one)).finish();
  const [cut, later] = cuts.map((at) => Math.floor((at * whole.cycles) / AT + 1e-6));
  const original = await begin(one);
  original.stopAt(cut);
  const [before, state] = [original.machine.counters(), original.machine.canonical()];

  const memoryPeriod = one.knobs[Knob.MemoryPeriod];
  const now = (cut % memoryPeriod) + periods * memoryPeriod;
  const loaded = new Journey(await machineOf(one), one, original.taken);
  loaded.machine.load(state, now);
  assert.equal(loaded.machine.canonical(), state, "the state is what was loaded");
  assert.is(loaded.machine.cycle, now);

  original.stopAt(later);
  loaded.stopAt(now + later - cut);
  assert.is(loaded.taken, original.taken, "both have taken the same records");
  assert.equal(loaded.machine.canonical(), original.machine.canonical(), "the states at a later cut are equal");

  const end = loaded.finish();
  assert.is(end.status, whole.status);
  if (whole.status === "stuck") return;
  assert.equal(differences(sum(before, end.counters), whole.counters), [], "counters of the halves add up");
  assert.equal(end.state, whole.state, "the final states are equal");
  assert.is(end.cycles - now, whole.cycles - cut, "the same cycles are left");
}

law(`a machine loaded from a cut goes on like the original, seed ${SEED}`, async () => {
  await everyCase(fc.tuple(twoCuts, shift), (one, [cuts, periods]) => continues(one, cuts, periods));
});

law(`also when it gets stuck, seed ${SEED}`, async () => {
  await everyCase(
    fc.tuple(twoCuts, shift),
    (one, [cuts, periods]) => continues(one, cuts, periods),
    stuckCaseArbitrary(),
  );
});

law(`a run cut at random limits ends like the uncut one, seed ${SEED}`, async () => {
  await everyCase(fc.array(fc.nat(AT), { minLength: 1, maxLength: 8 }), async (one, cuts) => {
    const whole = (await begin(one)).finish();
    const journey = await begin(one);
    for (const at of cuts.sort((a, b) => a - b)) {
      const limit = Math.floor((at * whole.cycles) / AT);
      journey.stopAt(limit);
      assert.is(journey.machine.cycle, limit, "a limit stops exactly there");
      journey.machine.canonical();
    }
    assert.equal(journey.finish(), whole);
  });
});

// Two channels, a small array: drops that become visible together with the pass before them, stores out of order, a run and
// a store in two parts, a dropped run that is retired while its record waits, a route that a queued run keeps, records of
// every kind waiting, all within some hundred cycles.
const routed = (slice: number) => ({ ComputeRoute: 1, ComputeSlice: slice, ComputeRows: 60 });
const everything: MachineCase = {
  knobs: knobs({ ArrayColumns: 2, RouterMacs: 4096, QueueDepth: 3, RunTableEntries: 6, RouteTableEntries: 2 }),
  device: device({ Channels: 2, ChannelShift: 0, RefreshClocks: 700, RefreshStagger: 50, WriteHigh: 2, WriteLow: 1 }),
  depths: Uint8Array.from([1, 2, 1, 1, 2]),
  program: [
    ...[fetch(300), fetch(64, { FetchAddressLow: 900 }), route(5, { RouteRun: 1 })],
    demand(200, { FetchRoute: 1, FetchSlice: 2, FetchAddressLow: 4000 }),
    demand(200, { FetchRoute: 1, FetchSlice: 3, FetchAddressLow: 5000 }),
    compute(64, { ...routed(1), ComputeRun: 4, ComputeRelease: Release.Run, ComputeStagingBytes: 200 }),
    compute(64, { ...routed(2), ComputeRun: 2, ComputeRelease: Release.Run }),
    ...[compute(400), fetch(64, { FetchAddressLow: 700 }), vector(200, { VectorRun: 1, AfterCompute: 2 })],
    ...[compute(64, { ...routed(3), ComputeRun: 2 }), compute(64, routed(4))],
    compute(64, { ...routed(4), ComputeRelease: Release.Route }),
    ...[vector(100, { AfterCompute: 1, VectorStagingBytes: 128 }), vector(50, { VectorStagingBytes: 128 })],
    store(640, { AfterCompute: 4, StoreAddressLow: 128 }),
    store(256, { AfterVector: 1, StorePool: Pool.Vector, StoreAddressLow: 900 }),
    ...[vector(20, { AfterStore: 2 }), route(1), fetch(500, { AfterStore: 1 })],
    compute(64, { ...routed(1), ComputeRun: 1, ComputeRelease: Release.Run | Release.Route }),
  ],
};

/** A run whose second part is answered from the write queue, after its first one was read and before that arrives. */
const forwarded: MachineCase = { ...everything, ...ANSWERED_LATE, depths: Uint8Array.from([1]) };

/** A record that nobody wants gives back the only credit: its scales are there at 73, the route is complete at 1 + 75. */
const dropped: MachineCase = {
  ...everything,
  knobs: knobs({ RouterMacs: 1000, SliceBufferBytes: 64, ResidualReserveBytes: 0 }),
  program: [
    ...[fetch(64), route(1)],
    compute(64, { ...routed(2), ComputeScaleRun: 1, ComputeRelease: Release.ScaleRun | Release.Route }),
    ...[fetch(64), compute(64, { ComputeRun: 1, ComputeRelease: Release.Run })],
  ],
};

for (const [name, one, step] of [
  ["a bit of everything", everything, 3],
  ["a run that is answered from the write queue", forwarded, 3],
  ["a drop that gives credit back", dropped, 1],
] as const) {
  law(`all along a program with ${name}`, async () => {
    const { cycles, status } = (await begin(one)).finish();
    assert.is(status, "quiet");
    for (let cut = 0; cut <= cycles; cut += step) {
      await continues(one, [(cut * AT) / cycles, (Math.min(cut + 40, cycles) * AT) / cycles], cut % 4);
    }
  });
}

law.run();
