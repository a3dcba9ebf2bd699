//
//   A job streams: what it needs does not grow with its length. Linear memory, supplies and what lives in the heap are the same
//   after n steps and after 4 n.
//

import { setFlagsFromString } from "node:v8";
import { runInNewContext } from "node:vm";
import { suite } from "uvu";
import * as assert from "uvu/assert";
import { RECORD_WORDS } from "../assembly/contract.js";
import { type Job, machineVectors, prepare, programOf } from "../src/job.js";
import { Machine, type Supply } from "../src/wasm/machine.js";
import { engine } from "./support/engine.js";

const test = suite("job");
const MIB = 2 ** 20;
/** What a heap may differ by without anything being kept: code that was compiled meanwhile, caches of the runtime. */
const HEAP_NOISE_MIB = 2;

setFlagsFromString("--expose-gc");
const collect = runInNewContext("gc") as () => void;

const jobOf = (steps: number) =>
  prepare({ machine: "edge", model: "tiny-llama", trace: "decode16", budget: 4, batch: 1, steps, sets: [] });
// All of them are read before anything is measured: what they hold is no difference.
const [first, short, long] = [2, 8, 32].map(jobOf);

/** What a run of a job holds when its last supply has been simulated. */
async function held(job: Job, memoMiB: number) {
  const { knobs, device } = machineVectors(job.inputs, { memoMiB });
  const machine = new Machine(await engine("release"), knobs, device);
  const { records, depths } = machine.supplyLimit;
  let [supplies, longest, heapMiB] = [0, 0, 0];
  const sink = (supply: Supply) => {
    supplies++;
    longest = Math.max(longest, supply.records.length / RECORD_WORDS);
    assert.ok(supply.records.length <= records * RECORD_WORDS && supply.depths.length <= depths);
    machine.supply(supply);
    machine.run();
  };
  for (const { done, total } of programOf(job, machine.supplyLimit, sink)) {
    if (done < total) continue;
    collect();
    const { heapUsed, arrayBuffers } = process.memoryUsage();
    heapMiB = (heapUsed + arrayBuffers) / MIB;
  }
  return { supplies, longest, heapMiB, linearBytes: machine.memoryBytes };
}

for (const memoMiB of [0, 8]) {
  test(`four times the steps take no more memory, memo ${memoMiB} MiB`, async () => {
    await held(first, memoMiB); // what is compiled and cached once
    const [few, many] = [await held(short, memoMiB), await held(long, memoMiB)];
    assert.ok(many.supplies >= 3 * few.supplies, `${few.supplies} and ${many.supplies} supplies`);
    assert.is(many.linearBytes, few.linearBytes);
    assert.is(many.longest, few.longest);
    assert.ok(many.heapMiB < few.heapMiB + HEAP_NOISE_MIB, `heap ${few.heapMiB} and ${many.heapMiB} MiB`);
  });
}

test.run();
