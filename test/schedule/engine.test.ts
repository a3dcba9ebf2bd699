//
//   Programs of the schedule run to their end on the engine: random small models on small machines, and what they count.
//

import fc from "fast-check";
import { suite } from "uvu";
import * as assert from "uvu/assert";
import { Counter, Field, Status, Stream, Work } from "../../assembly/contract.js";
import { channelVector } from "../../src/dram/device.js";
import { machineKnobs } from "../../src/hardware/machine.js";
import { constantPlan } from "../../src/trace/plan.js";
import { Machine } from "../../src/wasm/machine.js";
import { shippedDevice } from "../support/dram-parts.js";
import { type Build, engine } from "../support/engine.js";
import { bytesOf, recorder } from "../support/record.js";
import { describeCase, emitTo, llama8b, machineOf, type ScheduleCase, scheduleCases } from "../support/schedule.js";

const test = suite("schedule: engine");
const SEED = Number(process.env.MOBISIM_SEED ?? 20261122);
const RUNS = Number(process.env.MOBISIM_RUNS ?? 400) / 20;
/** Cycles after which a case runs in circles. */
const LIMIT = 1e9;
const device = shippedDevice("lpddr5-6400");

/** Runs a case; its counters, and its records. */
async function runCase(one: ScheduleCase, build: Build) {
  const channels = channelVector(device, one.machine.dram);
  const machine = new Machine(await engine(build), machineKnobs(one.machine, device, 4), channels);
  const { recorded, sink } = recorder();
  const expect = (wanted: Status) => {
    const status = machine.run(LIMIT);
    assert.is(status, wanted, `${Status[status]}: ${machine.blocked()}; ${describeCase(one)}`);
  };
  emitTo(one, (supply) => {
    sink(supply);
    machine.supply(supply);
    expect(Status.NeedsWork);
  });
  machine.end();
  expect(Status.Quiet);
  return { cycles: machine.cycle, counters: machine.counters(), recorded };
}

function checkCounts(counters: number[], { of }: Awaited<ReturnType<typeof runCase>>["recorded"]): void {
  assert.is(counters[Counter.RunsGranted] + counters[Counter.RunsDropped], of[Work.Fetch].length);
  assert.is(counters[Counter.ComputesDone] + counters[Counter.ComputesDropped], of[Work.Compute].length);
  assert.is(counters[Counter.VectorOps], of[Work.Vector].length);
  assert.is(counters[Counter.RoutesDone], of[Work.Route].length);
  const written = of[Work.Store].filter(({ words }) => words[Field.StoreStream] === Stream.Kv).map(bytesOf);
  assert.is(
    counters[Counter.BytesWrittenKv],
    written.reduce((total, bytes) => total + bytes, 0),
  );
}

test(`random cases end, seed ${SEED}`, async () => {
  let refused = 0;
  await fc.assert(
    fc.asyncProperty(scheduleCases, async (one) => {
      try {
        const { counters, recorded } = await runCase(one, "debug");
        checkCounts(counters, recorded);
      } catch (error) {
        if ((error as Error).name !== "InputError") throw error;
        refused++;
      }
    }),
    { seed: SEED, numRuns: RUNS },
  );
  assert.ok(refused < RUNS / 2, `${refused} of ${RUNS} cases are refused`);
});

test("LLaMA-3-8B shapes with one layer: the least slice buffer, the widest batch, a prefill over two blocks", async () => {
  const model = { ...llama8b(1), vocab: 1000 };
  const common = { model, plan: constantPlan(1), context: 0 };
  const smallest = machineOf({ "buffers.sliceKiB": 161, "router.sliceOneLead": 8 });
  const small = { ...common, machine: smallest, plan: constantPlan(2), sequences: 1, counts: [[1]], context: 3000 };
  const wide = { ...common, machine: machineOf(), sequences: 64, counts: [new Array<number>(64).fill(1)] };
  const long = { ...common, machine: machineOf(), sequences: 1, counts: [[96]] };
  for (const one of [small, wide, long]) {
    const { counters, recorded } = await runCase(one, "release");
    checkCounts(counters, recorded);
  }
});

test.run();
