//
//   When a Compute record runs: what it waits for, what it gives back and when, and what a drop does. Runs arrive one cycle
//   after their grant here; a pass of 2048 inputs takes 512 cycles.
//

import { suite } from "uvu";
import * as assert from "uvu/assert";
import { Counter, Pool, Release } from "../../../assembly/contract.js";
import {
  compute,
  demand,
  type Fields,
  fetch,
  firstCycle,
  route,
  simulate,
  store,
  vector,
} from "../../support/build.js";

const gate = suite("array");
const PASS = 512;
const VISIBLE = 6 + 11;
const TOKEN = 1033;
const knobs = { IdealDram: 1 };
const tight = { ...knobs, SliceBufferBytes: 64, ResidualReserveBytes: 0 }; // room for one run

const starts = (program: Int32Array[], setting = { knobs }) => firstCycle(Counter.CyclesBusy, 1, program, setting);
const routed = (slice: number, fields: Fields = {}) =>
  compute(2048, { ComputeRoute: 1, ComputeSlice: slice, ...fields });

const routedGather = (fields: Fields) => compute(0, { ComputeRoute: 1, ComputeSlice: 2, ...fields });

gate("starts one cycle after its dispatch, ends after its passes", async () => {
  assert.is(await starts([compute(2048)]), 1);
  assert.is(await firstCycle(Counter.ComputesDone, 1, [compute(2048)]), 1 + PASS);
});

gate("the next record starts in the cycle in which one ends", async () => {
  const three = [compute(2048), compute(2048), compute(2048)];
  assert.is(await firstCycle(Counter.ComputesDone, 3, three), 1 + 3 * PASS);
  assert.is((await simulate(three)).cycles, 1 + 3 * PASS + VISIBLE);
});

gate("waits for each of its three runs", async () => {
  for (const field of ["ComputeRun", "ComputeScaleRun", "ComputeInputRun"] as const) {
    const program = [fetch(64), fetch(64), compute(2048, { [field]: 1 })];
    assert.is(await starts(program), 3, field); // granted in 2
    assert.is(await starts([fetch(64), fetch(64), compute(2048, { [field]: 2 })]), 2, field);
  }
});

gate("a gather waits for its run, takes one cycle and lets the next record begin", async () => {
  const program = [fetch(64), compute(0, { ComputeRun: 1 }), compute(2048)];
  assert.is(await starts(program), 2);
  assert.is(await firstCycle(Counter.ComputesDone, 1, program, { knobs }), 3);
  assert.is(await firstCycle(Counter.ComputesDone, 2, program, { knobs }), 3 + PASS);
  const second = { ComputeRun: 1, ComputeRelease: Release.Run | Release.Route };
  const unwanted = [route(1), demand(64, { FetchRoute: 1, FetchSlice: 2 }), routedGather(second)];
  assert.is((await simulate(unwanted)).of(Counter.CyclesBusy), 0);
  assert.is((await simulate(unwanted, { depths: [2] })).of(Counter.CyclesBusy), 1);
});

gate("what it releases can be granted in the cycle of its end", async () => {
  const named = [
    ["ComputeRun", Release.Run],
    ["ComputeScaleRun", Release.ScaleRun],
    ["ComputeInputRun", Release.InputRun],
  ] as const;
  for (const [field, bit] of named) {
    const program = [fetch(64), compute(2048, { [field]: 1, ComputeRelease: bit }), fetch(64)];
    assert.is(await firstCycle(Counter.RunsGranted, 2, program, { knobs: tight }), 2 + PASS, field);
  }
});

gate("releases nothing that it is not told to", async () => {
  for (const release of [0, Release.ScaleRun, Release.InputRun, Release.Route]) {
    const program = [fetch(64), compute(2048, { ComputeRun: 1, ComputeRelease: release }), fetch(64)];
    assert.is((await simulate(program, { knobs: tight })).status, "stuck");
  }
});

gate("reserves staging at its start; a store's acknowledgement frees it", async () => {
  const stored = store(200, { AfterCompute: 1, StorePool: Pool.Array });
  const second = (bytes: number) => [
    compute(2048, { ComputeStagingBytes: 200 }),
    stored,
    compute(2048, { ComputeStagingBytes: bytes }),
  ];
  const fits = await simulate(second(56), { knobs }); // 200 + 56 = 256
  assert.is(fits.of(Counter.CyclesStore), 0);
  const short = await simulate(second(57), { knobs });
  assert.is(short.of(Counter.CyclesStore), VISIBLE + 1); // stored when visible, acknowledged one cycle later
  assert.is(short.cycles, fits.cycles + VISIBLE + 1);
  const real = await simulate(second(57)); // four writes: 13 over, ACT, tRCD and WR 23, 3 * 8 more, 10 back
  assert.is(real.of(Counter.CyclesStore), VISIBLE + 13 + 23 + 3 * 8 + 10);
});

gate("waits for results of the vector unit and for stores", async () => {
  assert.is(await starts([vector(16), compute(2048, { AfterVector: 1 })]), 1 + 13);
  assert.is(await starts([store(64), compute(2048, { AfterStore: 1 })]), 2);
});

// ---- drops -----------------------------------------------------------------------------------------------------------

gate("drops what no token wants, without a cycle, when the route is complete", async () => {
  const program = [route(1), routed(2), routed(3), compute(2048)];
  assert.is(await firstCycle(Counter.ComputesDropped, 2, program), 1 + TOKEN);
  assert.is(await starts(program), 1 + TOKEN);
});

gate("a dropped record is visible one cycle later", async () => {
  const program = [route(1), routed(2), vector(16, { AfterCompute: 1 })];
  assert.is(await firstCycle(Counter.VectorOps, 1, program), 1 + TOKEN + 1 + 13);
  assert.is((await simulate([route(1), routed(2)])).cycles, 1 + TOKEN + 1);
});

gate("but not before the record in front of it", async () => {
  const program = [route(1), routed(1), routed(2), vector(16, { AfterCompute: 1 })];
  assert.is(await firstCycle(Counter.ComputesDropped, 1, program), 1 + TOKEN + PASS);
  assert.is(await firstCycle(Counter.VectorOps, 1, program), 1 + TOKEN + PASS + VISIBLE + 13);
});

gate("credit that a drop gives back can be granted one cycle later", async () => {
  const named = [
    ["ComputeScaleRun", Release.ScaleRun],
    ["ComputeInputRun", Release.InputRun],
  ] as const;
  for (const [field, bit] of named) {
    const program = [fetch(64), route(1), routed(2, { [field]: 1, ComputeRelease: bit }), fetch(64)];
    for (const StepOrder of [0, 119]) {
      const setting = { knobs: { ...tight, StepOrder } };
      assert.is(await firstCycle(Counter.RunsGranted, 2, program, setting), 1 + TOKEN + 1, field);
    }
    // So it is where nothing else comes due before a vector op ends, last of all.
    const lanes = { ...tight, VectorLanes: 16 };
    assert.is((await simulate([vector(16 * 2000), ...program], { knobs: lanes })).cycles, 1 + 2000 + 12, field);
  }
});

gate("its own run was dropped before it came, and a dropped record releases its route", async () => {
  const program = [
    ...[route(1), demand(64, { FetchRoute: 1, FetchSlice: 2 })],
    ...[routed(2, { ComputeRun: 1, ComputeRelease: Release.Run | Release.Route }), route(1)],
  ];
  const { of, cycles } = await simulate(program, { knobs: { RouteTableEntries: 1 } });
  assert.is(of(Counter.RunsDropped), 1);
  assert.is(of(Counter.ComputesDropped), 1);
  assert.is(cycles, 1 + TOKEN + 1 + TOKEN); // dispatched in the cycle of the drop, started in the next
});

gate.run();
