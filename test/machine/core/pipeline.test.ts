//
//   The array's output pipeline: a result is visible a fixed number of cycles after the last term, in order.
//

import { suite } from "uvu";
import * as assert from "uvu/assert";
import { Counter } from "../../../assembly/contract.js";
import { compute, firstCycle, type Knobs, route, simulate, vector } from "../../support/build.js";

const gate = suite("pipeline");

/** When a vector op that waits for a pass of 512 cycles begins. */
async function visible(knobs: Knobs): Promise<number> {
  const program = [compute(2048), vector(16, { AfterCompute: 1 })];
  return (await firstCycle(Counter.VectorOps, 1, program, { knobs })) - 13;
}

gate("visible after the pipeline and one dequantization", async () => {
  assert.is(await visible({}), 1 + 512 + 6 + 11);
  assert.is(await visible({ ArrayPipelineCycles: 7 }), 1 + 512 + 7 + 11);
  assert.is(await visible({ DequantCycles: 12 }), 1 + 512 + 6 + 12);
  assert.is(await visible({ ArrayPipelineCycles: 0, DequantCycles: 1 }), 1 + 512 + 1);
});

gate("without latency a result is visible in the cycle in which its record ends", async () => {
  assert.is(await visible({ ArrayPipelineCycles: 0, DequantCycles: 0 }), 1 + 512);
});

gate("the run is over when the last result is visible", async () => {
  assert.is((await simulate([compute(2048)])).cycles, 1 + 512 + 17);
});

gate("holds as many results as it has cycles", async () => {
  const program = Array.from({ length: 40 }, () => compute(4));
  assert.is((await simulate(program)).cycles, 1 + 40 + 17);
  for (const distance of [1, 17, 18, 40]) {
    const waiting = [...program, vector(16, { AfterCompute: distance })];
    const cycle = await firstCycle(Counter.VectorOps, 1, waiting);
    assert.is(cycle, 1 + (41 - distance) + 17 + 13, `the record ${distance} back`);
  }
});

gate("any number of drops become visible in one cycle, also with the pass before them", async () => {
  const dropped = Array.from({ length: 100 }, () => compute(4, { ComputeRoute: 1, ComputeSlice: 2 }));
  const routed = 1 + 1033;
  const program = [route(1), ...dropped, vector(16, { AfterCompute: 1 })];
  assert.is(await firstCycle(Counter.VectorOps, 1, program), routed + 1 + 13);
  const behind = [route(1), compute(4), compute(4, { ComputeRoute: 1, ComputeSlice: 1 }), ...dropped.slice(1)];
  const last = [...behind.slice(0, 2), route(1), ...behind.slice(2), vector(16, { AfterCompute: 1 })];
  assert.is(await firstCycle(Counter.VectorOps, 1, last), routed + 1033 + 1 + 17 + 13);
});

gate.run();
