//
//   What an observed run tells beyond its totals: it adds up to them, and it changes nothing.
//

import { suite } from "uvu";
import * as assert from "uvu/assert";
import { Counter } from "../../assembly/contract.js";
import { EVENT_WORDS, Event, Seen } from "../../assembly/events.js";
import { tell } from "../../src/observe/reader.js";
import { Windows } from "../../src/observe/windows.js";
import type { RunRequest } from "../../src/request.js";
import type { Breakdown, Detail, Result } from "../../src/result/result.js";
import { layerOfTag, opOfTag, placeBits, stepOfTag, withoutStep } from "../../src/schedule/tags.js";
import { simulate } from "../../src/simulate.js";

const detail = suite("detail");
const base: RunRequest = { machine: "edge", model: "tiny-llama", trace: "decode16", sets: [] };
const total = (values: readonly number[]) => values.reduce((sum, one) => sum + one, 0);

const REQUESTS: Partial<RunRequest>[] = [
  { budget: 4, batch: 3, steps: 3 },
  { slices: 2, batch: 1, steps: 2, sets: ["router.sliceOneLead=0"] },
  { trace: "prefill2k", phase: "prefill", budget: 3, batch: 1, steps: 1, sets: ["buffers.activationKiB=256"] },
];

/** The run, and what is seen of it. */
async function seen(request: Partial<RunRequest>): Promise<{ plain: Result; result: Result; detail: Detail }> {
  const options = { counterfactuals: false };
  // An observed machine stops more often, so it may remember more or less.
  const { memo: _, ...plain } = await simulate({ ...base, ...request }, options);
  const { memo, detail: found, ...result } = await simulate({ ...base, ...request }, { ...options, detail: true });
  assert.ok(memo !== undefined);
  if (found === undefined) throw new Error("no detail");
  return { plain, result, detail: found };
}

for (const request of REQUESTS) {
  detail(`adds up to the run, which is the same: ${JSON.stringify(request)}`, async () => {
    const { plain, result, detail } = await seen(request);
    assert.equal(result, plain);
    for (const cause of Object.keys(result.breakdown) as (keyof Breakdown)[]) {
      assert.is(total(detail.ops.map((op) => op.breakdown[cause])), result.breakdown[cause], `ops, ${cause}`);
      assert.is(total(detail.time.breakdown[cause]), result.breakdown[cause], `windows, ${cause}`);
    }
    const { counters, dram } = result;
    assert.is(total(detail.ops.map((op) => op.peActiveCycles)), counters.PeActiveCycles);
    assert.is(total(detail.ops.map((op) => op.peGatedCycles)), counters.PeGatedCycles);
    assert.is(total(detail.ops.map((op) => op.vectorCycles)), counters.VectorBusyCycles);
    assert.is(total(detail.ops.map((op) => op.routerCycles)), counters.RouterBusyCycles);
    const bytes = total(Object.values(dram.bytes));
    assert.is(total(detail.ops.map((op) => op.bytesRead + op.bytesWritten)), bytes);
    assert.is(total(detail.time.bytesRead) + total(detail.time.bytesWritten), bytes);
  });
}

detail("every linear of every layer has its row, and depths are those of the plan", async () => {
  const { detail, result } = await seen({ budget: 4, batch: 2, steps: 3 });
  const layers = new Set(detail.ops.map(({ layer }) => layer));
  const names = detail.ops.filter(({ layer }) => layer === 0).map(({ op }) => op);
  assert.equal(names.sort(), ["attention", "attentionNorm", "down", "gateUp", "k", "mlpNorm", "o", "q", "v"].sort());
  assert.ok(layers.has(null));
  assert.is(detail.depths?.slices.length, layers.size - 1);
  assert.equal([detail.depths?.tokens, detail.depths?.tokensPerColumn], [3, 1]);
  const depths = detail.depths?.slices.flat() ?? [];
  assert.ok(Math.min(...depths) >= 1 && Math.max(...depths) <= 4 && new Set(depths).size > 1);
  assert.ok(Math.abs(2 * (total(depths) / depths.length) - result.bits.wanted) < 1);
});

detail("a plan without a router has no depths to show", async () => {
  const { detail } = await seen({ slices: 2, batch: 1, steps: 1 });
  assert.is(detail.depths, null);
});

detail("tags hold op, layer and step", () => {
  const tag = 13 | placeBits(65_535, 1000);
  assert.equal([opOfTag(tag), layerOfTag(tag), stepOfTag(tag)], [13, 1000, 65_535]);
  assert.equal([opOfTag(3), layerOfTag(3), layerOfTag(3 | placeBits(7, -1))], [3, -1, -1]);
  assert.is(withoutStep(tag), 13 | placeBits(0, 1000));
});

detail("windows grow with the run and lose nothing", () => {
  const windows = new Windows();
  const observer = tell([windows.listener]);
  const event = (kind: Event, start: number, cycles: number, more: [Seen, number][] = []) => {
    const words = new Int32Array(EVENT_WORDS);
    words.set([kind, 0, start | 0, Math.floor(start / 2 ** 32), cycles]);
    for (const [field, value] of more) words[field] = value;
    observer(words);
  };
  event(Event.Cycles, 0, 100, [[Seen.Cause, Counter.CyclesBusy]]);
  event(Event.Grant, 10, 0, [
    [Seen.Number, 5],
    [Seen.Bytes, 64],
  ]);
  event(Event.Cycles, 100, 1_000_000, [[Seen.Cause, Counter.CyclesDram]]);
  event(Event.Arrival, 1_000_050, 0, [[Seen.Number, 5]]);
  const { windowCycles, breakdown, bytesRead } = windows.detail();
  assert.is(windowCycles, 4096);
  assert.equal([total(breakdown.busy), total(breakdown.dram), breakdown.busy[0]], [100, 1_000_000, 100]);
  assert.is(bytesRead[Math.floor(1_000_050 / 4096)], 64);
  assert.is(breakdown.dram[1], 4096);
});

detail.run();
