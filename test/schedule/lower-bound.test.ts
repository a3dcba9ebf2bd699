//
//   The closed-form bound: hand-checked, and never above the engine.
//

import { readFileSync } from "node:fs";
import fc from "fast-check";
import { suite } from "uvu";
import * as assert from "uvu/assert";
import { Status } from "../../assembly/contract.js";
import { channelVector, parseDevice } from "../../src/dram/device.js";
import { machineKnobs, parseMachine } from "../../src/hardware/machine.js";
import { assetPath } from "../../src/io/files.js";
import { prepare } from "../../src/job.js";
import type { RunRequest } from "../../src/request.js";
import type { Result } from "../../src/result/result.js";
import { bound } from "../../src/schedule/lower-bound.js";
import { simulate } from "../../src/simulate.js";
import { constantPlan } from "../../src/trace/plan.js";
import { replay } from "../../src/trace/replay.js";
import { Machine } from "../../src/wasm/machine.js";
import { engine } from "../support/engine.js";
import { embeddedModel } from "../support/pack.js";
import { describeCase, emitTo, type ScheduleCase, scheduleCases, stepsOf } from "../support/schedule.js";

const test = suite("formula");
const SEED = Number(process.env.MOBISIM_SEED ?? 20261122);
const RUNS_OF_LAW = Number(process.env.MOBISIM_RUNS ?? 400) / 10;

const edge = (...sets: string[]) =>
  parseMachine(readFileSync(assetPath("hw-configs", "edge.yaml"), "utf8"), "edge.yaml", sets);
const lpddr5 = parseDevice(readFileSync(assetPath("hw-configs", "dram", "lpddr5-6400.yaml"), "utf8"), "lpddr5");

test("LLaMA-3-8B, two slices, batch 1: 54.5 ms of array, 82.7 ms of DRAM at peak, 91.6 ms with refresh", () => {
  const llama = embeddedModel("llama-3-8b");
  const { arrayCycles, dramCycles, refreshCycles, cycles } = bound(
    edge(),
    lpddr5,
    llama,
    constantPlan(2),
    replay(null, llama, {}),
  );
  // 53,248 K tiles x 2 slices x 512 cycles, and 2,004 x 2 K tiles of lm_head x 2,048 cycles
  assert.is(arrayCycles, 53248 * 2 * 512 + 2004 * 2 * 2048);
  // (3,489,660,928 + 218,103,808 + 525,336,576) bytes at 51.2 bytes a cycle
  assert.is(dramCycles, Math.ceil(4233101312 / 51.2));
  // a 32 Gb die is closed for 304 of 3,125 clocks; two refreshes of 304 clocks of 1.25 cycles need not be over
  assert.is(cycles, Math.floor((dramCycles - 2 * 304 * 1.25) / (1 - 304 / 3125)));
  assert.is(refreshCycles, cycles - dramCycles);
  const without = bound(edge("dram.refresh=off"), lpddr5, llama, constantPlan(2), replay(null, llama, {}));
  assert.is(without.cycles, dramCycles);
});

const RUNS: Partial<RunRequest>[] = [
  { budget: 4, batch: 16, steps: 2 },
  { budget: 2.5, batch: 3, steps: 2 },
  { slices: 1, batch: 1, steps: 2 },
  { slices: 4, batch: 20, steps: 1 },
  { slices: 1, trace: "prefill2k", chunk: 16, steps: 1 },
  { slices: 2, steps: 1, sets: ["array.rows=16", "dram.channels=8"] },
  { budget: 4, batch: 1, trace: "prefill2k", phase: "prefill" },
  { budget: 3, batch: 2, steps: 1, sets: ["router.weights=resident"] },
  { budget: 6, steps: 1, sets: ["array.columns=8", "array.lanes=8", "array.activationPortBits=2048"] },
];

/** Cycles of 1 GHz that all weights take at peak: what a step cannot avoid. */
function cyclesAtPeak({ bytes, peakGBps }: Result["dram"]): number {
  const { kv: _, activations: __, embedding: ___, ...weights } = bytes;
  return Object.values(weights).reduce((sum, one) => sum + one, 0) / peakGBps;
}

for (const run of RUNS) {
  test(`the engine is never faster: ${JSON.stringify(run)}`, async () => {
    const request = { machine: "edge", model: "tiny-llama", trace: "decode16", sets: [], ...run };
    const { inputs, plan, played } = prepare(request);
    const least = bound(inputs.machine, inputs.device, inputs.model, plan, played);
    const { cycles, breakdown, dram } = await simulate(request);
    assert.ok(breakdown.busy >= least.arrayCycles, `busy ${breakdown.busy}, bound ${least.arrayCycles}`);
    assert.ok(cycles >= least.cycles, `cycles ${cycles}, bound ${least.cycles}`);
    const share = least.dramCycles / Math.ceil(cyclesAtPeak(dram));
    assert.ok(
      share <= 1 && share > 0.99,
      `DRAM bound / weights at peak is ${share}: only the scales of lm_head are left out`,
    );
    assert.ok(cycles < 8 * least.cycles, `a bound this far off helps nobody: ${cycles}, ${least.cycles}`);
  });
}

/** Cycles of a case on the engine. */
async function cyclesOf(one: ScheduleCase): Promise<number> {
  const channels = channelVector(lpddr5, one.machine.dram);
  const machine = new Machine(await engine("release"), machineKnobs(one.machine, lpddr5, 4), channels);
  emitTo(one, (supply) => {
    machine.supply(supply);
    assert.is(machine.run(1e9), Status.NeedsWork);
  });
  machine.end();
  assert.is(machine.run(1e9), Status.Quiet);
  return machine.cycle;
}

test(`no random machine is faster on any random model, seed ${SEED}`, async () => {
  let refused = 0;
  const law = fc.asyncProperty(scheduleCases, async (one) => {
    try {
      const { machine, model, plan } = one;
      const steps = stepsOf(one);
      const played = { ...replay(null, model, {}), stepCount: steps.length, step: (index: number) => steps[index] };
      const least = bound(machine, lpddr5, model, plan, played);
      const cycles = await cyclesOf(one);
      assert.ok(cycles >= least.cycles, `cycles ${cycles}, bound ${least.cycles}: ${describeCase(one)}`);
    } catch (error) {
      if ((error as Error).name !== "InputError") throw error;
      refused++;
    }
  });
  await fc.assert(law, { seed: SEED, numRuns: RUNS_OF_LAW });
  assert.ok(refused < RUNS_OF_LAW / 2, `${refused} of ${RUNS_OF_LAW} cases are refused`);
});

test.run();
