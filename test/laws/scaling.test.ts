//
//   How runs scale: KV bytes with the context, weight bytes with the batch; LLaMA-3-8B on edge against sizes worked out by
//   hand (docs/model.md, "Sizes to expect").
//

import { suite } from "uvu";
import * as assert from "uvu/assert";
import { execute, prepare } from "../../src/job.js";
import type { RunRequest } from "../../src/request.js";
import { namedCounters } from "../../src/result/counters.js";
import { simulate } from "../../src/simulate.js";

const test = suite("laws: scaling");

const llama: RunRequest = { machine: "edge", model: "llama-3-8b", sets: [], slices: 2, batch: 1, context: 0 };

/** Bytes by what they carry; DRAM time does not matter for them. */
async function bytes(request: RunRequest) {
  const { engines } = await execute(prepare(request), [{ idealDram: true }], () => {});
  return namedCounters(engines[0].counters());
}

test("KV bytes are linear in the context and in the batch", async () => {
  // Codes of 8 bits, 4 bytes of scales a position, K and V of every layer and KV head; the step's own are not read.
  const perPosition = 32 * 8 * (2 * 128 + 4);
  for (const [batch, context] of [
    [1, 1],
    [1, 63],
    [1, 1000],
    [1, 4096],
    [4, 1000],
  ]) {
    const { BytesReadKv, BytesWrittenKv } = await bytes({ ...llama, batch, context });
    assert.is(BytesReadKv, batch * context * perPosition, `batch ${batch}, context ${context}`);
    assert.is(BytesWrittenKv, batch * perPosition, `batch ${batch}, context ${context}`);
  }
});

test("weights are read once a step, whatever the batch, until an op takes more than one token block", async () => {
  const one = await bytes(llama);
  for (const batch of [4, 16]) {
    const { BytesReadSlice1, BytesReadSlice2, BytesReadScales, BytesReadLmHead } = await bytes({ ...llama, batch });
    assert.equal(
      [BytesReadSlice1, BytesReadSlice2, BytesReadScales, BytesReadLmHead],
      [one.BytesReadSlice1, one.BytesReadSlice2, one.BytesReadScales, one.BytesReadLmHead],
    );
  }
  // 17 tokens: 14,336 inputs of two bytes fit the activation buffer 16 times only, so down_proj is read twice.
  const { BytesReadSlice1 } = await bytes({ ...llama, batch: 17 });
  assert.is(BytesReadSlice1 - one.BytesReadSlice1, (32 * 14336 * 4096 * 2) / 8);
});

/** Milliseconds at 1 GHz. */
async function milliseconds(request: Partial<RunRequest>): Promise<number> {
  const { cycles } = await simulate({ ...llama, ...request }, { counterfactuals: false });
  return cycles / 1e6;
}

/** Bytes at the rate LPDDR5 sustains on streams, and 15 % for what streams do not have. */
function isNear(ms: number, gigabytes: number): void {
  const least = (gigabytes / 51.2) * 1000;
  const most = (gigabytes / 46.9) * 1000 * 1.15;
  assert.ok(ms >= least && ms <= most, `${ms} ms, expected ${least} to ${most}`);
}

const LM_HEAD_GB = 0.526;

test("LLaMA-3-8B on edge takes the time of its bytes", async () => {
  for (const [slices, blocks] of [
    [1, 1.963],
    [2, 3.708],
    [3, 5.453],
    [4, 7.197],
  ])
    isNear(await milliseconds({ slices }), blocks + LM_HEAD_GB);
  isNear(await milliseconds({ batch: 16 }), 3.708 + LM_HEAD_GB);
  // 8,191 earlier positions: 0.54 GB of codes and 8.4 MB of scales.
  isNear(await milliseconds({ context: 8191 }), 3.708 + LM_HEAD_GB + 0.545);
});

test.run();
