//
//   Store unit: grants, acknowledgements, and what they free. One write, granted at c, is offered at c + 13, issues 23 clocks
//   later (ACT, tRCD, WR) and is acknowledged at c + 13 + 23 + 10.
//

import { suite } from "uvu";
import * as assert from "uvu/assert";
import { Counter, Pool } from "../../../assembly/contract.js";
import { compute, device, firstCycle, type Knobs, simulate, store, vector } from "../../support/build.js";

const gate = suite("store");
const WRITE = 13 + 23 + 10;
const at = (address: number) => ({ StoreAddressLow: address });

const granted = (stores: number, program: Int32Array[], knobs: Knobs = {}) =>
  firstCycle(Counter.StoresGranted, stores, program, { knobs });

gate("one grant a cycle", async () => {
  const program = [store(), store(64, at(64)), store(64, at(128))];
  for (const stores of [1, 2, 3]) assert.is(await granted(stores, program), stores);
});

gate("is acknowledged when its last write has issued", async () => {
  const acknowledged = async (bytes: number) =>
    (await firstCycle(Counter.VectorOps, 1, [store(bytes), vector(16, { AfterStore: 1 })])) - 13;
  assert.is(await acknowledged(64), 1 + WRITE);
  assert.is(await acknowledged(4 * 64), 1 + WRITE + 3 * 8); // tCCD_L apart
  assert.is((await simulate([store()])).cycles, 1 + WRITE);
  assert.is((await simulate([store()], { knobs: { IdealDram: 1 } })).cycles, 2);
});

gate("as many are outstanding as the knob says; an acknowledgement makes room in its cycle", async () => {
  const program = [store(), store(64, at(64)), store(64, at(128))];
  assert.is(await granted(2, program, { OutstandingStores: 1 }), 1 + WRITE);
  assert.is(await granted(3, program, { OutstandingStores: 2 }), 1 + WRITE);
  assert.is(await granted(3, program, { OutstandingStores: 3 }), 3);
});

// The first store has ten writes for channel 0, the second one write for channel 1.
const twoChannels = device({ Channels: 2, ChannelShift: 7 });
const LONG = 1 + WRITE + 9 * 8;

gate("stores are done in order: a later one that is acknowledged first waits", async () => {
  const program = [store(640), store(64, at(8192))];
  const waiting = (distance: number) => [...program, vector(16, { AfterStore: distance })];
  const setting = { device: twoChannels };
  assert.is(await firstCycle(Counter.VectorOps, 1, waiting(1), setting), LONG + 13);
  assert.is(await firstCycle(Counter.VectorOps, 1, waiting(2), setting), LONG + 13);
  const third = [...program, store(64, at(64))];
  assert.is(await firstCycle(Counter.StoresGranted, 3, third, { ...setting, knobs: { OutstandingStores: 2 } }), LONG);
});

gate("but its own acknowledgement frees its staging bytes", async () => {
  const staged = vector(16, { VectorStagingBytes: 128 });
  const second = store(128, { ...at(8192), StorePool: Pool.Vector });
  const program = [staged, staged, store(640, { AfterVector: 1 }), second, staged];
  const both = 1 + 13 + 13; // both ops are over: the first store goes now, the second one in the next cycle
  assert.is((await simulate(program.slice(0, 3), { device: twoChannels })).cycles, both + WRITE + 9 * 8);
  const third = await firstCycle(Counter.VectorOps, 3, program, { device: twoChannels });
  assert.is(third, both + 1 + WRITE + 8 + 13);
});

gate("waits for its op, and sees its end in the same cycle", async () => {
  assert.is(await granted(1, [vector(16), store(64, { AfterVector: 1 })]), 1 + 13);
  assert.is(await granted(1, [compute(2048), store(64, { AfterCompute: 1 })]), 1 + 512 + 17);
  assert.is(await granted(2, [store(), store(64, { ...at(64), AfterStore: 1 })]), 1 + WRITE);
});

gate("frees the bytes of its pool and of no other", async () => {
  for (const [pool, status] of [
    [Pool.None, "stuck"],
    [Pool.Array, "stuck"],
    [Pool.Vector, "quiet"],
  ] as const) {
    const full = vector(16, { VectorStagingBytes: 256 });
    const program = [full, store(256, { AfterVector: 1, StorePool: pool }), full];
    assert.is((await simulate(program, { knobs: { IdealDram: 1 } })).status, status, Pool[pool]);
  }
});

gate("counts bytes, transactions and padding at the grant", async () => {
  const { of } = await simulate([store(100, at(60))]); // bytes 60..159 lie in transactions 0, 1 and 2
  assert.is(of(Counter.TransactionsWritten), 3);
  assert.is(of(Counter.BytesWrittenPadding), 3 * 64 - 100);
  assert.is(of(Counter.BytesWrittenKv), 100);
});

gate.run();
