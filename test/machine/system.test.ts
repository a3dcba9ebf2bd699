//
//   The whole machine: when a run is over, which cause a cycle has, what the ideal flags leave out, what stuck says.
//

import { suite } from "uvu";
import * as assert from "uvu/assert";
import { Counter, Pool, Release, Status } from "../../assembly/contract.js";
import {
  compute,
  demand,
  device,
  fetch,
  type Knobs,
  knobs,
  machineOf,
  route,
  simulate,
  store,
  vector,
} from "../support/build.js";
import { supplyOf } from "../support/engine.js";

const gate = suite("system");
const TOKEN = 1033;
const PASS = 512;
const VISIBLE = 17;
const IDEAL = { IdealDram: 1 };

/** Cycles of every cause that has any. */
async function causes(program: Int32Array[], changes: Knobs = {}, depths: number[] = [1]) {
  const { of, cycles } = await simulate(program, { knobs: changes, depths });
  const { CyclesBusy, CyclesRoute, CyclesDram, CyclesBuffer, CyclesVector, CyclesStore, CyclesDrain } = Counter;
  const all = { CyclesBusy, CyclesRoute, CyclesDram, CyclesBuffer, CyclesVector, CyclesStore, CyclesDrain };
  const named = Object.entries(all).map(([name, counter]) => [name.replace("Cycles", "").toLowerCase(), of(counter)]);
  return { ...Object.fromEntries(named.filter(([, value]) => value !== 0)), cycles };
}

const use = (inputs: number) => compute(inputs, { ComputeRun: 1, ComputeRelease: Release.Run });

// ---- where the cycles went -------------------------------------------------------------------------------------------

gate("busy while the array executes, drain when it has no record", async () => {
  assert.equal(await causes([compute(2048)]), { busy: PASS, drain: 1 + VISIBLE, cycles: 1 + PASS + VISIBLE });
  assert.equal(await causes([vector(16)]), { drain: 14, cycles: 14 });
});

gate("route until the route of the head is complete", async () => {
  const routed = compute(2048, { ComputeRoute: 1, ComputeSlice: 1, ComputeRelease: Release.Route });
  const end = 1 + TOKEN + PASS + VISIBLE;
  assert.equal(await causes([route(1), routed]), { busy: PASS, route: TOKEN, drain: 1 + VISIBLE, cycles: end });
});

gate("dram until the run of the head has arrived, from the cycle of its dispatch on", async () => {
  const end = 73 + PASS + VISIBLE;
  assert.equal(await causes([fetch(), use(2048)]), { busy: PASS, dram: 72, drain: 1 + VISIBLE, cycles: end });
});

gate("buffer while the run of the head lacks credit and nothing else", async () => {
  // the op holds all credit from its run's grant in 1 until 2 + 1012; the cycle of the next grant is dram again
  const program = [fetch(3072), vector(16_000, { VectorRun: 1 }), fetch(), use(2048)];
  const end = 1014 + 1 + PASS + VISIBLE;
  const expected = { busy: PASS, dram: 1, buffer: 1013, drain: 1 + VISIBLE, cycles: end };
  assert.equal(await causes(program, IDEAL), expected);
});

gate("dram while a wait of it does not hold either", async () => {
  // the router holds all credit until 2 + 1033, the wait holds from 1 + 512 on
  const holder = [fetch(3072), route(1, { RouteRun: 1 }), vector(8000)];
  const { of } = await simulate([...holder, fetch(64, { AfterVector: 1 }), use(4)], { knobs: IDEAL });
  assert.is(of(Counter.CyclesDram), 512 + 1);
  assert.is(of(Counter.CyclesBuffer), 2 + TOKEN - 513);
});

gate("dram while it lacks an outstanding place too", async () => {
  const program = [fetch(3072, { FetchCredit: 3072 }), fetch(), use(2048)];
  const { of } = await simulate(program, { knobs: { OutstandingRuns: 1 }, limit: 73 });
  assert.is(of(Counter.CyclesDram), 72);
});

gate("buffer for a demand run that lacks credit, dram while it is not decided", async () => {
  const holder = [fetch(3072), vector(16_000, { VectorRun: 1 })];
  const program = [...holder, demand(2000, { AfterVector: 1 }), use(4)];
  assert.is((await simulate(program, { knobs: IDEAL })).of(Counter.CyclesBuffer), 0);
  const decided = [...holder, demand(2000), use(4)];
  assert.is((await simulate(decided, { knobs: IDEAL })).of(Counter.CyclesBuffer), 1013);
});

gate("vector while a wait of the head does not hold, store while staging is short", async () => {
  const waits = await causes([vector(16), compute(2048, { AfterVector: 1 })]);
  assert.equal(waits, { busy: PASS, vector: 13, drain: 1 + VISIBLE, cycles: 14 + PASS + VISIBLE });
  const staged = compute(2048, { ComputeStagingBytes: 200 });
  const program = [staged, store(200, { AfterCompute: 1, StorePool: Pool.Array }), staged];
  const short = await causes(program, IDEAL);
  assert.equal(short, { busy: 2 * PASS, store: 18, drain: 18, cycles: 1 + PASS + 18 + PASS + VISIBLE });
});

// ---- the end ---------------------------------------------------------------------------------------------------------

gate("is over when everything is done, visible and acknowledged", async () => {
  assert.is((await simulate([fetch()])).cycles, 73); // a run that nobody uses is on its way
  assert.is((await simulate([compute(4)])).cycles, 1 + 1 + VISIBLE);
  assert.is((await simulate([store()])).cycles, 47);
  assert.is((await simulate([route(1)])).cycles, 1 + TOKEN);
  assert.is((await simulate([vector(16)])).cycles, 14);
});

gate("a limit stops exactly there, and no cycle is lost", async () => {
  const program = [fetch(), use(2048), vector(16, { AfterCompute: 1 })];
  for (const limit of [0, 1, 2, 72, 73, 74, 584, 585]) {
    const { cycles, status, counters } = await simulate(program, { limit });
    assert.is(status, "limit");
    assert.is(cycles, limit);
    const attributed = counters.slice(Counter.CyclesBusy, Counter.CyclesDrain + 1).reduce((all, each) => all + each);
    assert.is(attributed, limit);
  }
});

// ---- ideal flags -----------------------------------------------------------------------------------------------------

gate(
  "ideal DRAM: runs arrive and stores are acknowledged one cycle after the grant; the channels see nothing",
  async () => {
    const { cycles, of } = await simulate([fetch(), use(4), store()], { knobs: IDEAL });
    assert.is(cycles, 1 + 1 + 1 + VISIBLE);
    assert.is((await simulate([fetch()], { knobs: IDEAL })).cycles, 2);
    assert.is((await simulate([store()], { knobs: IDEAL })).cycles, 2);
    assert.is(of(Counter.TransactionsRead), 1);
    assert.is(of(Counter.TransactionsWritten), 1);
    for (const counter of [Counter.DramAct, Counter.DramRead, Counter.DramWrite]) assert.is(of(counter), 0);
  },
);

gate("the channels of a run are the bits above ChannelShift", async () => {
  const memory = device({ Channels: 4, ChannelShift: 2 });
  // transactions 2 .. 6 of 64 bytes: two for channel 0, three for channel 1; the last read of channel 1 is the last
  const { cycles } = await simulate([fetch(320, { FetchAddressLow: 128 })], { device: memory });
  assert.is(cycles, 73 + 2 * 8);
  const even = await simulate([fetch(1024)], { device: memory });
  assert.is(even.cycles, 73 + 3 * 8);
});

// ---- stuck -----------------------------------------------------------------------------------------------------------

gate("stuck names every unit that waits, and for what", async () => {
  const full = vector(16, { VectorStagingBytes: 257 });
  const told: [RegExp, Int32Array[]][] = [
    [/fetch waits for 5000 bytes of slice buffer/, [fetch(5000)]],
    [/array waits for staging bytes/, [compute(4, { ComputeStagingBytes: 257 })]],
    [/vector waits for staging bytes/, [vector(16, { VectorStagingBytes: 257 })]],
    [/array waits for a run .*; store waits for the array/, [fetch(5000), use(4), store(64, { AfterCompute: 1 })]],
    [/router waits for a run/, [fetch(5000), route(1, { RouteRun: 1 })]],
    [/vector waits for a run/, [fetch(5000), vector(16, { VectorRun: 1 })]],
    [/fetch waits for 5000 bytes of slice buffer/, [fetch(3000), demand(5000)]],
    [/fetch waits for 4000 bytes of slice buffer/, [full, demand(5000, { AfterVector: 1 }), fetch(4000)]],
    [/^fetch waits for 5000 bytes of slice buffer$/, [vector(16), store(), compute(4), route(1), fetch(5000)]],
  ];
  for (const [words, program] of told) {
    const machine = await machineOf({ knobs: knobs(IDEAL), device: device(), program, depths: Uint8Array.from([1]) });
    machine.supply(supplyOf(program, Uint8Array.from([1]), 0, program.length));
    machine.end();
    assert.is(machine.run(), Status.Stuck);
    assert.match(machine.blocked(), words);
  }
});

gate("asked on the way, a fetch says that as many runs are outstanding as may be", async () => {
  const program = [fetch(), fetch()];
  const words = /fetch waits for an outstanding run to arrive/;
  for (const [OutstandingRuns, waits] of [
    [1, true],
    [2, false],
  ] as const) {
    const one = { knobs: knobs({ OutstandingRuns }), device: device(), program, depths: Uint8Array.from([1]) };
    const machine = await machineOf(one);
    machine.supply(supplyOf(program, Uint8Array.from([1]), 0, program.length));
    machine.end();
    assert.is(machine.run(10), Status.Limit);
    assert.is(words.test(machine.blocked()), waits);
  }
});

gate.run();
