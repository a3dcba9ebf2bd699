//
//   The closed-form bound: hand-checked, and never above the engine.
//

import { readFileSync } from "node:fs";
import { suite } from "uvu";
import * as assert from "uvu/assert";
import { parseDevice } from "../src/device.js";
import { bound } from "../src/formula.js";
import { parseMachine } from "../src/hardware.js";
import { assetPath } from "../src/io/files.js";
import { prepare } from "../src/job.js";
import { constantPlan } from "../src/plan.js";
import { replay } from "../src/replay.js";
import type { RunRequest } from "../src/request.js";
import { simulate } from "../src/simulate.js";
import { embeddedModel } from "./support/pack.js";

const test = suite("formula");

const edge = (...sets: string[]) =>
  parseMachine(readFileSync(assetPath("hw-configs", "edge.yaml"), "utf8"), "edge.yaml", sets);
const lpddr5 = parseDevice(readFileSync(assetPath("hw-configs", "dram", "lpddr5-6400.yaml"), "utf8"), "lpddr5");

test("LLaMA-3-8B, two slices, batch 1: 54.5 ms of array, 82.7 ms of DRAM at peak", () => {
  const llama = embeddedModel("llama-3-8b");
  const { arrayCycles, dramCycles, cycles } = bound(edge(), lpddr5, llama, constantPlan(2), replay(null, llama, {}));
  // 53,248 K tiles x 2 slices x 512 cycles, and 2,004 x 2 K tiles of lm_head x 2,048 cycles
  assert.is(arrayCycles, 53248 * 2 * 512 + 2004 * 2 * 2048);
  // (3,489,660,928 + 218,103,808 + 525,336,576) bytes at 51.2 bytes a cycle
  assert.is(dramCycles, Math.ceil(4233101312 / 51.2));
  assert.is(cycles, dramCycles);
});

const RUNS: Partial<RunRequest>[] = [
  { budget: 4, batch: 16, steps: 2 },
  { budget: 2.5, batch: 3, steps: 2 },
  { slices: 1, batch: 1, steps: 2 },
  { slices: 4, batch: 20, steps: 1 },
  { slices: 2, steps: 1, sets: ["array.rows=16", "dram.channels=8"] },
  { budget: 6, steps: 1, sets: ["array.columns=8", "array.lanes=8", "array.activationPortBits=2048"] },
];

for (const run of RUNS) {
  test(`the engine is never faster: ${JSON.stringify(run)}`, async () => {
    const request = { machine: "edge", model: "tiny-llama", trace: "decode16", sets: [], ...run };
    const { inputs, plan, played } = prepare(request);
    const least = bound(inputs.machine, inputs.device, inputs.model, plan, played);
    const { cycles, breakdown } = await simulate(request);
    assert.ok(breakdown.busy >= least.arrayCycles, `busy ${breakdown.busy}, bound ${least.arrayCycles}`);
    assert.ok(cycles >= least.cycles, `cycles ${cycles}, bound ${least.cycles}`);
    assert.ok(cycles < 8 * least.cycles, `a bound this far off helps nobody: ${cycles}, ${least.cycles}`);
  });
}

test.run();
