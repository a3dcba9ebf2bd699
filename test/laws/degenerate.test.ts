//
//   Machines so simple that a formula says their cycles: one tile, an array that never waits, a stream that only waits.
//

import fc from "fast-check";
import { suite } from "uvu";
import * as assert from "uvu/assert";
import { Counter, Release } from "../../assembly/contract.js";
import { compute, DDR4, device, fetch, RUNS, SEED, simulate } from "../support/build.js";

const law = suite(`degenerate machines, seed ${SEED}`);
const LANES = 4;
const FILL = 2; // dispatched in cycle 0, granted in 1, arrived in 2
const VISIBLE = 6 + 11;

const shape = fc.record({
  inputs: fc.integer({ min: 1, max: 4096 }),
  terms: fc.integer({ min: 1, max: 4 }),
  passes: fc.integer({ min: 1, max: 4 }),
  bytes: fc.integer({ min: 1, max: 256 }),
});
type Shape = typeof shape extends fc.Arbitrary<infer T> ? T : never;

const tile = ({ inputs, terms, passes, bytes }: Shape) => [
  fetch(bytes),
  compute(inputs, { ComputeRun: 1, ComputeRelease: Release.Run, ComputeTerms: terms, ComputePasses: passes }),
];
const cyclesOf = ({ inputs, terms, passes }: Shape) => passes * Math.ceil(inputs / LANES) * terms;

function holds(property: fc.IAsyncProperty<[Shape[]]>): Promise<void> {
  return fc.assert(property, { seed: SEED, numRuns: RUNS, includeErrorInReport: true });
}

law("infinite DRAM, no router, one tile: fill + passes + drain", async () => {
  await holds(
    fc.asyncProperty(fc.array(shape, { minLength: 1, maxLength: 1 }), async ([one]) => {
      const { cycles } = await simulate(tile(one), { knobs: { IdealDram: 1 } });
      assert.is(cycles, FILL + cyclesOf(one) + VISIBLE);
    }),
  );
});

law("bound by the array, any number of tiles: the passes, and one fill and one drain", async () => {
  await holds(
    fc.asyncProperty(fc.array(shape, { minLength: 1, maxLength: 60 }), async (tiles) => {
      const { cycles, of } = await simulate(tiles.flatMap(tile), { knobs: { IdealDram: 1 } });
      const passes = tiles.reduce((sum, one) => sum + cyclesOf(one), 0);
      assert.is(cycles, FILL + passes + VISIBLE);
      assert.is(of(Counter.CyclesBusy), passes);
    }),
  );
});

// Consecutive transactions go round the four bank groups: every tCCD_S a burst, tCCD_L apart in each group.
const stream = device({}, ["bankGroup", "column", "bank", "row"]);
const TO_MEMORY = 1 + 10 + 1 + 2; // granted in 1, request latency, crossing
const TO_CORE = 1 + 2 + 7;
const FIRST_READ = 1 + DDR4.RCD;
const LAST_DATA = DDR4.CL + DDR4.BL;

/** Rows of a stream: one in each group, 512 transactions in the four. */
const rows = (transactions: number) => 4 * Math.floor(transactions / 512) + Math.min(transactions % 512, 4);

law("bound by DRAM: one long read stream is a burst every tCCD_S", async () => {
  for (const transactions of [1, 2, 5, 32, 33, 100, 512, 513, 4096]) {
    const { cycles, of } = await simulate([fetch(transactions * 64, { FetchCredit: 0 })], { device: stream });
    const reads = FIRST_READ + (transactions - 1) * DDR4.CCDS + LAST_DATA;
    assert.is(cycles, TO_MEMORY + reads + TO_CORE, `${transactions} transactions`);
    assert.is(of(Counter.DramAct), rows(transactions));
    assert.is(of(Counter.DramRowHits), transactions - rows(transactions));
  }
});

law("bound by DRAM: so are many runs in a row, with the last tile's passes behind them", async () => {
  const runs = Array.from({ length: 16 }, (_, i) => fetch(2048, { FetchAddressLow: i * 2048, FetchCredit: 0 }));
  const program = runs.flatMap((run) => [run, compute(64, { ComputeRun: 1, ComputeRelease: Release.Run })]);
  const { cycles } = await simulate(program, { device: stream });
  const reads = FIRST_READ + (16 * 32 - 1) * DDR4.CCDS + LAST_DATA;
  assert.is(cycles, TO_MEMORY + reads + TO_CORE + 16 + VISIBLE);
});

law.run();
