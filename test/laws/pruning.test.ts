//
//   Pruning is exact: what a point can reach at most is never worse than what it reaches, in any measure; so the front of a
//   sweep with pruning is the front without.
//

import fc from "fast-check";
import { suite } from "uvu";
import * as assert from "uvu/assert";
import { requestOfPoint } from "../../src/commands/sweep/options.js";
import { Shelf } from "../../src/io/inputs.js";
import { prepare } from "../../src/job.js";
import type { RunRequest } from "../../src/request.js";
import { simulate } from "../../src/simulate.js";
import type { Aims } from "../../src/sweep/aims.js";
import { reachOf } from "../../src/sweep/bounds.js";
import { MEASURES, measured } from "../../src/sweep/measures.js";
import { planOf } from "../../src/sweep/plan.js";
import { Session } from "../../src/sweep/session.js";
import { parseSpace } from "../../src/sweep/space.js";

const test = suite("laws/pruning");
const SEED = Number(process.env.MOBISIM_SEED ?? 20261122);
const RUNS = Number(process.env.MOBISIM_RUNS ?? 400) / 20;

const shelf = new Shelf();
const TINY: RunRequest = { machine: "edge", model: "tiny-llama", trace: "decode16", sets: [], steps: 1, memoMib: 8 };

async function checkBest(request: RunRequest): Promise<void> {
  const reach = reachOf(prepare(request, shelf));
  const result = await simulate(request, { counterfactuals: false, shelf });
  for (const { name, goal, value, best } of MEASURES) {
    if (best === undefined || value === undefined) continue;
    const [reached, bound] = [value(result), best(reach)];
    const about = `${name} is ${reached}, at best ${bound}: ${JSON.stringify(request)}`;
    if (reached === null || bound === null) assert.is(reached, bound, about);
    else assert.ok(goal === "min" ? bound <= reached : bound >= reached, about);
  }
}

const REQUESTS: Partial<RunRequest>[] = [
  { budget: 4, batch: 16 },
  { slices: 1, batch: 1 },
  { budget: 3, batch: 4, sets: ["router.weights=resident", "dram.channels=1"] },
  { budget: 4, batch: 1, trace: "prefill2k", chunk: 64 },
  { slices: 2, sets: ["dram.device=hbm2-2000", "dram.dieGb=8", "dram.channels=8"] },
  { machine: "fp16", batch: 2 },
  { machine: "bit-parallel", budget: 3, batch: 2 },
  { machine: "bitmod-lossy", batch: 2 },
];

for (const request of REQUESTS) {
  test(`no run beats its bound in any measure: ${JSON.stringify(request)}`, () => checkBest({ ...TINY, ...request }));
}

test(`nor on random machines, seed ${SEED}`, async () => {
  const sets = fc.record({
    rows: fc.constantFrom(8, 16, 32, 64),
    columns: fc.constantFrom(1, 4, 8, 16),
    lanes: fc.constantFrom(2, 4, 8),
    channels: fc.constantFrom(1, 2, 4, 8),
    part: fc.constantFrom(["lpddr5-6400", 32] as const, ["ddr4-3200", 8] as const, ["gddr6-14000", 8] as const),
    mhz: fc.constantFrom(250, 800, 1600),
    batch: fc.integer({ min: 1, max: 8 }),
    budget: fc.constantFrom(2.5, 3, 4, 6),
  });
  const law = fc.asyncProperty(sets, ({ rows, columns, lanes, channels, part, mhz, batch, budget }) => {
    const written = { "array.rows": rows, "array.columns": columns, "array.lanes": lanes, "clock.coreMHz": mhz };
    const dram = { "dram.channels": channels, "dram.device": part[0], "dram.dieGb": part[1] };
    const set = Object.entries({ ...written, ...dram }).map(([path, value]) => `${path}=${value}`);
    return checkBest({ ...TINY, batch, budget, sets: set });
  });
  await fc.assert(law, { seed: SEED, numRuns: RUNS });
});

const SPACE = `
run: {model: tiny-llama, batch: 1, memoMib: 0}
vary:
  array.rows: [16, 32, 64]
  array.columns: [4, 8]
  dram.channels: [1, 2, 4]
  budget: [3, 4]
objectives: [cycles, energyPj, areaMm2, perplexity]
constraints: [areaMm2 <= 5]
`;

/** Front and pruned points of the space under other aims. */
async function frontOf(aims: Partial<Aims>, prune: boolean) {
  const text = SPACE;
  const space = {
    ...parseSpace(text, "space.yaml", { budget: () => {}, model: () => {}, batch: () => {}, memoMib: () => {} }),
    ...aims,
  };
  const requestOf = (values: Readonly<Record<string, number | string>>) => requestOfPoint(space, values);
  const planner = { space, maker: { version: "0", engine: "0" }, requestOf, machineValue: () => undefined, shelf };
  const { points } = planOf(planner);
  const session = new Session({
    aims: space,
    prune,
    recorded: [],
    evaluate: async ({ id, values }) => cached(id, requestOf(values)),
    append: () => {},
  });
  await session.run(points);
  const pruned = session.answers.filter(({ status }) => status === "pruned").length;
  return { front: session.front.items.map(({ id }) => id).sort(), pruned };
}

const cache = new Map<string, Awaited<ReturnType<typeof run>>>();

async function cached(id: string, request: RunRequest) {
  const found = cache.get(id) ?? (await run(request));
  cache.set(id, found);
  return found;
}

async function run(request: RunRequest) {
  const result = await simulate(request, { counterfactuals: false, shelf });
  return { measures: measured(result), stateHash: result.stateHash };
}

const min = (measure: string) => ({ measure, goal: "min" as const });
const AIMS: Partial<Aims>[] = [
  {},
  { objectives: [min("cycles"), min("areaMm2High")] },
  { objectives: [min("energyPjLow"), { measure: "tokensPerSecond", goal: "max" }], constraints: [] },
  { objectives: [min("edpJsHigh"), { measure: "wantedBits", goal: "max" }] },
];

for (const aims of AIMS) {
  test(`front with pruning == front without: ${JSON.stringify(aims.objectives ?? "as the space says")}`, async () => {
    const [all, some] = [await frontOf(aims, false), await frontOf(aims, true)];
    assert.equal(some.front, all.front);
    assert.is(all.pruned, 0);
    assert.ok(some.pruned > 0, "nothing was pruned: the law says nothing here");
  });
}

test.run();
