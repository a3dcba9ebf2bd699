//
//   Two clocks: a request crosses to the memory and its answer back, for several ratios of the periods. A closed bank answers
//   49 clocks after the offer (ACT one clock later, tRCD 22, CL 22, burst 4).
//

import { suite } from "uvu";
import * as assert from "uvu/assert";
import { Counter } from "../../assembly/contract.js";
import { device, fetch, firstCycle, type Knobs, simulate, vector } from "../support/build.js";

const gate = suite("clock");

/** When a run that is granted in cycle 1 is in the buffer. */
async function arrives(knobs: Knobs): Promise<number> {
  const program = [fetch(64), vector(16, { VectorRun: 1 })];
  return (await firstCycle(Counter.VectorOps, 1, program, { knobs })) - 13;
}

const ratio = (CorePeriod: number, MemoryPeriod: number): Knobs => ({ CorePeriod, MemoryPeriod });

gate(
  "equal clocks: 10 cycles of request, 1 + 2 clocks over, 49 clocks, 1 + 2 cycles back, 7 cycles of return",
  async () => {
    assert.is(await arrives({}), 1 + 10 + 3 + 49 + 3 + 7);
  },
);

gate("each latency counts once", async () => {
  assert.is(await arrives({ RequestLatencyCycles: 11 }), 74);
  assert.is(await arrives({ ReturnLatencyCycles: 8 }), 74);
  assert.is(await arrives({ SyncCycles: 3 }), 75); // there and back
  assert.is(await arrives({ SyncCycles: 0, RequestLatencyCycles: 0, ReturnLatencyCycles: 0 }), 1 + 1 + 49 + 1);
});

gate("other ratios: floor there, floor back, the first edge that is strictly later", async () => {
  // offered at floor(11 * P / Q) + 3, answered 49 later, seen at floor(t * Q / P) + 3 + 7
  assert.is(await arrives(ratio(4, 5)), 85); //  8 + 3 = 11,  60, 75 + 10
  assert.is(await arrives(ratio(5, 4)), 62); // 13 + 3 = 16,  65, 52 + 10
  assert.is(await arrives(ratio(3, 7)), 140); // 4 + 3 = 7,   56, 130 + 10
  assert.is(await arrives(ratio(7, 3)), 43); // 25 + 3 = 28,  77, 33 + 10
  assert.is(await arrives(ratio(1, 2)), 124); // 5 + 3 = 8,   57, 114 + 10
  assert.is(await arrives(ratio(2, 1)), 47); // 22 + 3 = 25,  74, 37 + 10
  assert.is(await arrives(ratio(15, 32)), 131); // 5 + 3 = 8,   57, 121 + 10
});

gate("an edge on an edge is not strictly later", async () => {
  // granted at 1, a request latency of 9: cycle 10 lies on clock 8 at 4 : 5
  assert.is(await arrives({ ...ratio(4, 5), RequestLatencyCycles: 9, SyncCycles: 0 }), 72 + 1 + 7); // 9, 58, 72.5
});

/** REF commands of an idle channel by the time core cycle `limit` is reached; one is due at clock 1000. */
async function refreshes(limit: number, knobs: Knobs): Promise<number> {
  const memory = device({ RefreshClocks: 1000 });
  return (await simulate([vector(16 * 5000)], { knobs, device: memory, limit })).of(Counter.DramRefresh);
}

gate("at core cycle E the memory clocks before E have been done, and no other", async () => {
  const told: [number, number, number][] = [
    [1, 1, 1000], // the controller's clock 1000 belongs to memory clock 999, which is done once E > 999
    [4, 5, 1249], // 999 * 5 / 4 = 1248.75
    [5, 4, 800], // 999 * 4 / 5 = 799.2
    [1, 2, 1999],
  ];
  for (const [core, memory, cycle] of told) {
    assert.is(await refreshes(cycle - 1, ratio(core, memory)), 0, `${core} : ${memory}, one cycle early`);
    assert.is(await refreshes(cycle, ratio(core, memory)), 1, `${core} : ${memory}`);
  }
});

gate.run();
