//
//   Weights that are not computed slice by slice: whole codes, gathered slices, FP16; attention and logits without savings.
//

import { suite } from "uvu";
import * as assert from "uvu/assert";
import { Counter, Field, Queue, Release, Stream, Work } from "../../assembly/contract.js";
import { channelVector } from "../../src/dram/device.js";
import { machineKnobs } from "../../src/hardware/machine.js";
import { codePass } from "../../src/schedule/codes.js";
import { Op } from "../../src/schedule/program.js";
import { codesPlan, constantPlan, type Plan } from "../../src/trace/plan.js";
import { Machine } from "../../src/wasm/machine.js";
import { shippedDevice } from "../support/dram-parts.js";
import { engine } from "../support/engine.js";
import { embeddedModel } from "../support/pack.js";
import { bytesOf, type Record, type Recorded, recorder, ref } from "../support/record.js";
import { emitTo, llama8b, machineOf, recordOf, routedPlan, type ScheduleCase } from "../support/schedule.js";

const test = suite("schedule: layouts");
const tiny = embeddedModel("tiny-llama");
const LINEARS = [Op.Q, Op.K, Op.V, Op.O, Op.GateUp, Op.Down];
const FP16 = {
  ...{ "array.bitsPerCycle": 16, "array.lanes": 1, "array.tileInputs": 512, "array.weightPortBits": 1024 },
  ...{ "weights.layout": "codes", "weights.codeBits": 16, "weights.scaleBytes": 0, "weights.dequants": 0 },
  ...{ "lmHead.codeBits": 16, "lmHead.scaleBytes": 0, "lmHead.dequants": 0, "kv.bits": 16, "kv.scaleBytes": 0 },
};
const GATHERED = {
  ...{ "weights.layout": "gathered", "array.bitsPerCycle": 16, "array.columns": 4 },
  ...{ "array.weightPortBits": 2048, "array.activationPortBits": 256, "fetch.residualReserveKiB": 96 },
};

const sum = (values: number[]) => values.reduce((total, value) => total + value, 0);

function run(sets: { [path: string]: number | string }, plan: Plan, changes: Partial<ScheduleCase> = {}): Recorded {
  const machine = machineOf(sets);
  return recordOf({ machine, model: tiny, plan, sequences: 1, counts: [[1]], context: 1, ...changes });
}

const bytesRead = ({ of }: Recorded, stream: Stream) =>
  sum(of[Work.Fetch].filter(({ words }) => words[Field.FetchStream] === stream).map(bytesOf));
const computesOf = ({ of }: Recorded, ...ops: Op[]) => of[Work.Compute].filter(({ op }) => ops.includes(op));
const macsOf = (records: Record[]) =>
  sum(records.map(({ words }) => words[Field.ComputeRowColumns] * words[Field.ComputeInputs]));
const tilesOf = (rows: number, inputs: number) =>
  sum(tiny.linears.map((linear) => Math.ceil(linear.out / rows) * Math.ceil(linear.in / inputs)));
const weights = sum(tiny.linears.map((linear) => linear.in * linear.out));

test("terms are cycles of a lane: whole bits, bitsPerCycle at a time", () => {
  const terms = (bitsPerCycle: number, ...bits: number[]) =>
    bits.map((each) => codePass(machineOf({ "array.bitsPerCycle": bitsPerCycle }), each, 0).terms);
  assert.equal(terms(2, 2, 3, 3.0625, 4, 4.0625, 6.0625, 8, 16), [1, 2, 2, 2, 2, 3, 4, 8]); // BitMoD
  assert.equal(terms(1, 2, 3.0625, 8), [2, 3, 8]); // Stripes
  assert.equal(terms(16, 2, 5.25, 8, 16), [1, 1, 1, 1]); // bit-parallel
});

test("codes: one run and one pass a tile, no router, scales inside a fractional code", () => {
  const sets = {
    "weights.layout": "codes",
    "weights.codeBits": 6.0625,
    "weights.scaleBytes": 0,
    "weights.dequants": 1,
  };
  const recorded = run(sets, codesPlan(6.0625));
  const passes = computesOf(recorded, ...LINEARS);
  assert.is(bytesRead(recorded, Stream.Slice1), (weights * 6.0625) / 8);
  for (const stream of [Stream.Slice2, Stream.Scales, Stream.Router]) assert.is(bytesRead(recorded, stream), 0);
  assert.is(passes.length, tilesOf(64, 2048));
  assert.is(macsOf(passes), weights);
  for (const { words } of passes) {
    assert.equal(
      [Field.ComputeTerms, Field.ComputeCodeBits, Field.ComputeGroup, Field.ComputeDequants].map((f) => words[f]),
      [3, 6, 128, 1],
    );
    assert.is(words[Field.ComputeSumAdds], 0, "no zero point, no sum(x)");
  }
  const zeroPoint = run({ ...sets, "weights.scaleBytes": 4, "weights.dequants": 2 }, codesPlan(6.0625));
  assert.is(bytesRead(zeroPoint, Stream.Scales), (weights / 128) * 4);
  assert.ok(computesOf(zeroPoint, Op.Q).some(({ words }) => words[Field.ComputeSumAdds] === 1));
});

test("FP16: no scales of weights, lm_head or KV, no dequantization, no quantisation", () => {
  const [context, tokens] = [100, 1];
  const recorded = run(FP16, codesPlan(16), { context });
  const { vocab, hidden, layers, kvHeads, headDim, heads } = tiny;
  assert.is(bytesRead(recorded, Stream.Slice1), weights * 2);
  assert.is(bytesRead(recorded, Stream.LmHead), vocab * hidden * 2);
  assert.is(bytesRead(recorded, Stream.Kv), layers * kvHeads * context * 2 * headDim * 2);
  assert.is(bytesRead(recorded, Stream.Scales), 0);
  const stored = recorded.of[Work.Store].filter(({ words }) => words[Field.StoreStream] === Stream.Kv);
  assert.is(sum(stored.map(bytesOf)), layers * kvHeads * tokens * 2 * headDim * 2);
  for (const { words } of recorded.of[Work.Compute]) {
    assert.equal([words[Field.ComputeTerms], words[Field.ComputeCodeBits], words[Field.ComputeDequants]], [1, 16, 0]);
  }
  const elements = (op: Op) =>
    sum(
      recorded.of[Work.Vector]
        .filter((record) => record.op === op)
        .map(({ words }) => words[Field.VectorElements] * words[Field.VectorPasses]),
    );
  assert.is(elements(Op.Attention), layers * heads * (context + 1) * 3);
  assert.is(elements(Op.V), layers * kvHeads * headDim);
});

test("an lm_head in groups brings the scales of each tile, and dequantizes in each", () => {
  const sets = { "lmHead.group": 128, "lmHead.scaleBytes": 1, "lmHead.codeBits": 4, "array.tileInputs": 128 };
  const recorded = run(sets, constantPlan(1));
  const { vocab, hidden } = tiny;
  assert.is(bytesRead(recorded, Stream.LmHead), (vocab * hidden) / 2 + vocab * Math.ceil(hidden / 128));
  for (const { words } of computesOf(recorded, Op.LmHead)) {
    assert.equal([words[Field.ComputeGroup], words[Field.ComputeDequants], words[Field.ComputeTerms]], [128, 1, 2]);
  }
  const rows = run({ "array.tileInputs": 128 }, constantPlan(1)); // two K tiles
  const dequants = computesOf(rows, Op.LmHead).map(({ words }) => words[Field.ComputeDequants]);
  assert.equal(dequants.slice(0, 4), [0, 1, 0, 1]);
});

for (const slices of [1, 2, 3, 4]) {
  test(`gathered, ${slices} slices: the bytes of slices, one pass over whole codes, runs held until its end`, () => {
    const [whole, sliced] = [run(GATHERED, constantPlan(slices)), run({}, constantPlan(slices))];
    for (const stream of [Stream.Slice1, Stream.Slice2, Stream.Slice4, Stream.Scales, Stream.LmHead]) {
      assert.is(bytesRead(whole, stream), bytesRead(sliced, stream), Stream[stream]);
    }
    const records = computesOf(whole, ...LINEARS);
    const passes = records.filter(({ words }) => words[Field.ComputeInputs] > 0);
    assert.is(passes.length, tilesOf(64, 2048));
    assert.is(records.length, passes.length * (1 + 2 * (slices - 1)));
    assert.is(macsOf(passes), weights);
    for (const { words } of passes) {
      assert.equal([words[Field.ComputeTerms], words[Field.ComputeCodeBits]], [1, 2 * slices]);
    }
    for (const { number } of whole.of[Work.Fetch].filter(({ op, words }) => isResidual(op, words))) {
      const uses = records.filter((record) => ref(record, Field.ComputeRun) === number);
      const [before, after] = uses.map((record) => record.number);
      assert.is(uses.length, 2);
      assert.ok(passes.some((pass) => before < pass.number && pass.number < after));
      assert.equal(
        uses.map(({ words }) => words[Field.ComputeRelease] & Release.Run),
        [0, Release.Run],
      );
    }
  });
}

function isResidual(op: Op, words: Int32Array): boolean {
  return LINEARS.includes(op) && words[Field.FetchQueue] === Queue.Demand;
}

async function counted(sets: { [path: string]: number | string }, plan: Plan, changes: Partial<ScheduleCase> = {}) {
  const device = shippedDevice("lpddr5-6400");
  const machine = machineOf(sets);
  const ideal = { idealDram: true, idealVector: true, idealRouter: true };
  const vector = machineKnobs(machine, device, 4, ideal);
  const whole = new Machine(await engine("release"), vector, channelVector(device, machine.dram));
  const { recorded, sink } = recorder();
  const one = { machine, model: tiny, plan, sequences: 1, counts: [[1]], context: 1, ...changes };
  emitTo(one, (supply) => {
    sink(supply);
    whole.supply(supply);
    whole.run();
  });
  whole.end();
  whole.run();
  return { counters: whole.counters(), recorded };
}

test("gathered, routed: every column group computes once, a gather for each slice that somebody wants", async () => {
  const deepest = 3;
  const plan = routedPlan((token) => 1 + (token % deepest));
  const counts = [new Array<number>(6).fill(1)];
  const { counters, recorded } = await counted(GATHERED, plan, { sequences: 6, counts });
  const groups = 2; // 6 tokens, 4 columns
  const tiles = tilesOf(64, 2048);
  const gathers = tiles * 2 * (deepest - 1);
  const others = computesOf(recorded, Op.Attention, Op.LmHead);
  const steps = (record: Record) =>
    record.words[Field.ComputePasses] * Math.ceil(record.words[Field.ComputeInputs] / 4);
  const linears = sum(tiny.linears.map(({ in: inputs, out }) => groups * Math.ceil(out / 64) * Math.ceil(inputs / 4)));
  assert.is(counters[Counter.CyclesBusy], linears + gathers + sum(others.map(steps)));
  assert.is(counters[Counter.ComputesDropped], tiles * 2 * (4 - deepest));
  assert.is(counters[Counter.RoutedWeightPasses], counters[Counter.RoutedWeights]);
});

test("without the causal skip every query of a block meets every position of it", () => {
  const tokens = 60;
  const { heads, headDim, layers } = tiny;
  const recorded = run({ "schedule.causalSkip": "off" }, constantPlan(1), { counts: [[tokens]], context: 5 });
  assert.is(macsOf(computesOf(recorded, Op.Attention)), layers * 2 * heads * headDim * tokens * (tokens + 5));
});

test("logits for all tokens, when perplexity is asked for", () => {
  const recorded = run({ "schedule.lmHeadTokens": "all" }, constantPlan(1), { sequences: 2, counts: [[100, 3]] });
  assert.is(macsOf(computesOf(recorded, Op.LmHead)), 103 * tiny.vocab * tiny.hidden);
});

test("further dies hold what one does not", () => {
  const plan = constantPlan(1);
  const model = { ...llama8b(1), vocab: 4_000_000 }; // 49 GB of embedding and lm_head
  assert.throws(() => run({ "dram.channels": 2 }, plan, { model }), /the machine has 8589934592 \(dram\.channels 2, /);
  run({ "dram.channels": 2, "dram.diesPerChannel": 8 }, plan, { model: { ...llama8b(1), vocab: 2_000_000 } });
});

test.run();
