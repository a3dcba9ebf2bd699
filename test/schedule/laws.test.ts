//
//   How programs compare: slices, depths, batch, context, chunking.
//

import fc from "fast-check";
import { suite } from "uvu";
import * as assert from "uvu/assert";
import { Field, Stream, Work } from "../../assembly/contract.js";
import { Op } from "../../src/schedule/program.js";
import { constantPlan, type Plan } from "../../src/trace/plan.js";
import { embeddedModel } from "../support/pack.js";
import { bytesOf, type Record, type Recorded, ref } from "../support/record.js";
import { llama8b, machineOf, recordOf, routedPlan, type ScheduleCase } from "../support/schedule.js";

const test = suite("schedule: laws");
const SEED = Number(process.env.MOBISIM_SEED ?? 20261122);
const edge = machineOf();
const tiny = embeddedModel("tiny-llama");
const SLICES = [Stream.Slice1, Stream.Slice2, Stream.Slice3, Stream.Slice4];

const sum = (values: number[]) => values.reduce((total, value) => total + value, 0);

function run(plan: Plan, changes: Partial<ScheduleCase> = {}): Recorded {
  return recordOf({ machine: edge, model: tiny, plan, sequences: 1, counts: [[1]], context: 0, ...changes });
}

/** What is fetched when the routers have decided: a routed run only if a token is that deep. */
function fetched({ of }: Recorded, ...streams: Stream[]): number {
  const wanted = (record: Record) => {
    const route = ref(record, Field.FetchRoute);
    return route < 0 || of[Work.Route][route].depths.some((depth) => depth >= record.words[Field.FetchSlice]);
  };
  const runs = of[Work.Fetch].filter(({ words }) => streams.includes(words[Field.FetchStream]));
  return sum(runs.filter(wanted).map(bytesOf));
}

/** MACs of the block linears that are wanted. */
function linearMacs({ of }: Recorded): number {
  const records = of[Work.Compute].filter(({ words }) => words[Field.ComputeRoutedWeights] === 1);
  return sum(
    records.map((record) => {
      const { words } = record;
      const route = ref(record, Field.ComputeRoute);
      if (route < 0) return words[Field.ComputeRowColumns] * words[Field.ComputeInputs];
      const deep = of[Work.Route][route].depths.filter((depth) => depth >= words[Field.ComputeSlice]).length;
      return words[Field.ComputeRows] * deep * words[Field.ComputeInputs];
    }),
  );
}

test("more slices never fetch fewer bytes, and each adds the same", () => {
  const bytes = [1, 2, 3, 4].map((slices) => fetched(run(constantPlan(slices)), ...SLICES));
  assert.equal(
    bytes,
    [1, 2, 3, 4].map((slices) => slices * bytes[0]),
  );
});

test("a routed plan fetches no less than its shallowest and no more than its deepest token", () => {
  fc.assert(
    fc.property(fc.array(fc.integer({ min: 1, max: 4 }), { minLength: 1, maxLength: 9 }), (depths) => {
      const sequences = depths.length;
      const step = { sequences, counts: [depths.map(() => 1)] };
      const routed = run(
        routedPlan((token) => depths[token]),
        step,
      );
      const least = run(constantPlan(Math.min(...depths)), step);
      const most = run(constantPlan(Math.max(...depths)), step);
      assert.ok(fetched(routed, ...SLICES) >= fetched(least, ...SLICES));
      assert.is(fetched(routed, ...SLICES), fetched(most, ...SLICES), "the union");
      assert.is(linearMacs(routed), (linearMacs(run(constantPlan(1), step)) * sum(depths)) / sequences, "each its own");
    }),
    { seed: SEED, numRuns: 12 },
  );
});

test("up to a token block, weights do not depend on the batch; KV, MACs and embeddings grow with it", () => {
  const one = run(constantPlan(2), { context: 40 });
  for (const sequences of [2, 16, 64]) {
    const batch = run(constantPlan(2), { sequences, counts: [new Array<number>(sequences).fill(1)], context: 40 });
    for (const stream of [...SLICES, Stream.Scales, Stream.LmHead]) {
      assert.is(fetched(batch, stream), fetched(one, stream), Stream[stream]);
    }
    for (const stream of [Stream.Kv, Stream.Embedding]) {
      assert.is(fetched(batch, stream), sequences * fetched(one, stream), Stream[stream]);
    }
    assert.is(linearMacs(batch), sequences * linearMacs(one));
  }
});

test("KV bytes are linear in the context", () => {
  const bytes = [0, 1, 255, 256, 257, 2000].map((context) => fetched(run(constantPlan(1), { context }), Stream.Kv));
  assert.equal(
    bytes,
    [0, 1, 255, 256, 257, 2000].map((context) => context * bytes[1]),
  );
});

test("a prefill at once, in chunks, and token by token: the same linear MACs, the same cache", () => {
  const routed = routedPlan((token, linear) => 1 + ((token * 31 + linear) % 4));
  const stored = ({ of }: Recorded) => {
    const kv = of[Work.Store].filter(({ words }) => words[Field.StoreStream] === Stream.Kv);
    return sum(kv.map(bytesOf));
  };
  const runs = [[[30]], [[7], [13], [10]], new Array<number[]>(30).fill([1])].map((counts) => run(routed, { counts }));
  assert.equal(
    runs.map(linearMacs),
    runs.map(() => linearMacs(runs[0])),
  );
  assert.equal(
    runs.map(stored),
    runs.map(() => stored(runs[0])),
  );
});

test("a step over several token blocks routes every token by its own depth, in order", () => {
  const depth = (token: number, linear: number) => 1 + (((token * 31 + linear * 7) % 97) % 4);
  const { of } = run(routedPlan(depth), { counts: [[150]] });
  const perBlock = tiny.linears.length;
  const routes = of[Work.Route];
  assert.is(routes.length % perBlock, 0);
  assert.ok(routes.length >= 2 * perBlock, "several blocks");
  for (const linear of [0, 5, perBlock - 1]) {
    const own = routes.filter((_, i) => i % perBlock === linear).flatMap(({ depths }) => [...depths]);
    assert.equal(
      own,
      Array.from({ length: 150 }, (_, token) => depth(token, linear)),
    );
  }
});

test("sequences do not see each other: a mixed step computes the attention of its parts", () => {
  const attention = ({ of }: Recorded) => {
    const records = of[Work.Compute].filter(({ op }) => op === Op.Attention);
    return sum(records.map(({ words }) => words[Field.ComputeRowColumns] * words[Field.ComputeInputs]));
  };
  const alone = [12, 1, 5].map((count) => attention(run(constantPlan(1), { counts: [[count]], context: 9 })));
  const mixed = run(constantPlan(1), { sequences: 3, counts: [[12, 1, 5]], context: 9 });
  assert.is(attention(mixed), sum(alone));
});

/** First slices of an op that run before its first residual one. */
function firstSlices({ of }: Recorded, op: Op): number {
  return of[Work.Compute]
    .filter((record) => record.op === op)
    .findIndex(({ words }) => words[Field.ComputeSlice] === 2);
}

test("first slices run ahead of the residual ones by the lead", () => {
  for (const lead of [0, 1, 2, 3, 8]) {
    const machine = machineOf({ "router.sliceOneLead": lead });
    assert.is(firstSlices(run(constantPlan(2), { machine }), Op.GateUp), Math.max(1, lead), `lead ${lead}`);
  }
});

test("a small slice buffer cuts the lead to the scales it holds beside a run", () => {
  const model = { ...llama8b(1), vocab: 64 };
  const leadOf = (sliceKiB: number, op: Op) => {
    const machine = machineOf({ "buffers.sliceKiB": sliceKiB, "router.sliceOneLead": 8 });
    return firstSlices(run(constantPlan(2), { model, machine }), op);
  };
  // Scales take 4 KiB a tile, a run 32 KiB, the reserve 32 KiB; an op has 2 K tiles, down_proj 7.
  assert.equal(
    [161, 512].map((sliceKiB) => leadOf(sliceKiB, Op.Q)),
    [2 * 8, 2 * 8],
  );
  assert.equal(
    [161, 512].map((sliceKiB) => leadOf(sliceKiB, Op.Down)),
    [7 * 3, 7 * 8],
  );
});

test.run();
