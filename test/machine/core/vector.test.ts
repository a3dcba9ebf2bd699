//
//   Vector unit: the length of an op, what it waits for and what it gives back.
//

import { suite } from "uvu";
import * as assert from "uvu/assert";
import { Counter, Pool } from "../../../assembly/contract.js";
import { compute, fetch, firstCycle, type Knobs, simulate, store, vector } from "../../support/build.js";

const gate = suite("vector unit");
const done = (program: Int32Array[], knobs: Knobs = {}) => firstCycle(Counter.VectorOps, 1, program, { knobs });

gate("an op takes ceil(elements / lanes) * passes + 12 cycles", async () => {
  assert.is(await done([vector(100, { VectorPasses: 3 })]), 1 + 7 * 3 + 12);
  assert.is(await done([vector(96, { VectorPasses: 3 })]), 1 + 6 * 3 + 12);
  assert.is(await done([vector(97, { VectorPasses: 1 })]), 1 + 7 + 12);
  assert.is(await done([vector(96)], { VectorLanes: 5 }), 1 + 20 + 12);
  assert.is(await done([vector(96)], { VectorStartupCycles: 0 }), 1 + 6);
  const { of } = await simulate([vector(100, { VectorPasses: 3 })]);
  assert.is(of(Counter.VectorBusyCycles), 33);
});

gate("an ideal op takes one cycle", async () => {
  assert.is(await done([vector(100, { VectorPasses: 3 })], { IdealVector: 1 }), 2);
});

gate("one op at a time: the next one starts in the cycle in which one ends", async () => {
  assert.is(await firstCycle(Counter.VectorOps, 3, [vector(16), vector(32), vector(48)]), 1 + 13 + 14 + 15);
});

gate("waits for its run, and releases it at its end", async () => {
  const knobs = { IdealDram: 1, SliceBufferBytes: 64, ResidualReserveBytes: 0 };
  const program = [fetch(64), vector(16, { VectorRun: 1 }), fetch(64)];
  assert.is(await done(program, knobs), 2 + 13);
  assert.is(await firstCycle(Counter.RunsGranted, 2, program, { knobs }), 2 + 13);
});

gate("ends are seen by waits in the same cycle", async () => {
  const program = [vector(16), vector(32), compute(4, { AfterVector: 2 }), compute(4, { AfterVector: 1 })];
  assert.is(await firstCycle(Counter.CyclesBusy, 1, program), 1 + 13);
  assert.is(await firstCycle(Counter.CyclesBusy, 2, program), 1 + 13 + 14);
});

gate("reserves staging at its start; a store's acknowledgement frees it", async () => {
  const second = (bytes: number) => [
    vector(16, { VectorStagingBytes: 200 }),
    store(200, { AfterVector: 1, StorePool: Pool.Vector }),
    vector(16, { VectorStagingBytes: bytes }),
  ];
  const ends = (bytes: number) => firstCycle(Counter.VectorOps, 2, second(bytes), { knobs: { IdealDram: 1 } });
  assert.is(await ends(56), 1 + 13 + 13); // 200 + 56 = 256
  assert.is(await ends(57), 1 + 13 + 1 + 13); // stored at 14, acknowledged at 15
});

gate("the staging pools are two", async () => {
  const program = [
    ...[vector(16, { VectorStagingBytes: 256 }), compute(4, { ComputeStagingBytes: 256 })],
    store(256, { AfterCompute: 1, StorePool: Pool.Array }),
    vector(16, { VectorStagingBytes: 1 }),
  ];
  assert.is((await simulate(program, { knobs: { IdealDram: 1 } })).status, "stuck");
});

gate.run();
