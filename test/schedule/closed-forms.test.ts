//
//   What a program asks for, against formulas of the shapes: tiles, bytes, MACs, vector elements.
//

import { suite } from "uvu";
import * as assert from "uvu/assert";
import { Field, Stream, Work } from "../../assembly/contract.js";
import type { Machine } from "../../src/hardware/machine.js";
import type { Model } from "../../src/model/model.js";
import { Op } from "../../src/schedule/program.js";
import { stepTokens } from "../../src/schedule/step.js";
import { blockTokens, limitsOf } from "../../src/schedule/tiles.js";
import { constantPlan } from "../../src/trace/plan.js";
import { embeddedModel } from "../support/pack.js";
import { bytesOf, type Recorded, ref } from "../support/record.js";
import { llama8b, machineOf, recordOf, type ScheduleCase } from "../support/schedule.js";

const test = suite("schedule: closed forms");
const edge = machineOf();
const tiny = embeddedModel("tiny-llama");

interface Shape {
  slices: number;
  machine?: Machine;
  sequences?: number;
  counts?: number[][];
  context?: number;
}

function run(model: Model, { slices, machine = edge, sequences = 1, counts = [[1]], context = 1 }: Shape): Recorded {
  const one: ScheduleCase = { machine, model, plan: constantPlan(slices), sequences, counts, context };
  return recordOf(one);
}

const sum = (values: number[]) => values.reduce((total, value) => total + value, 0);
const weights = (model: Model) => sum(model.linears.map((linear) => linear.in * linear.out));
const groups = (model: Model) => sum(model.linears.map((linear) => Math.ceil(linear.in / 128) * linear.out));

function bytesRead({ of }: Recorded, stream: Stream): number {
  return sum(of[Work.Fetch].filter(({ words }) => words[Field.FetchStream] === stream).map(bytesOf));
}

function bytesWritten({ of }: Recorded, stream: Stream): number {
  return sum(of[Work.Store].filter(({ words }) => words[Field.StoreStream] === stream).map(bytesOf));
}

/** MACs of the unrouted compute records of these ops. */
function macs({ of }: Recorded, ...ops: Op[]): number {
  const records = of[Work.Compute].filter(({ op }) => ops.includes(op));
  return sum(records.map(({ words }) => words[Field.ComputeRowColumns] * words[Field.ComputeInputs]));
}

function elementPasses({ of }: Recorded, ...ops: Op[]): number {
  const records = of[Work.Vector].filter(({ op }) => ops.includes(op));
  return sum(records.map(({ words }) => words[Field.VectorElements] * words[Field.VectorPasses]));
}

const LINEARS = [Op.Q, Op.K, Op.V, Op.O, Op.GateUp, Op.Down];

test("edge: 48 tokens at 4096 inputs, 16 at 14336", () => {
  const limits = limitsOf(edge);
  assert.equal(
    [4096, 14336].map((inputs) => blockTokens(edge, limits, inputs)),
    [48, 16],
  );
  assert.is(stepTokens(edge, llama8b(1)), 48);
});

test("LLaMA-3-8B: row tiles, K tiles and bytes of a decode step at two slices", () => {
  const recorded = run(llama8b(32), { slices: 2 });
  const fetches = recorded.of[Work.Fetch];
  const ofStream = (stream: Stream) => fetches.filter(({ words }) => words[Field.FetchStream] === stream);
  assert.equal(
    [Stream.Slice1, Stream.Slice2, Stream.Slice3].map((s) => ofStream(s).length),
    [53248, 53248, 0],
  );
  const outputs = recorded.of[Work.Vector].filter(({ op }) => [Op.Q, Op.K, Op.V, Op.O, Op.Down].includes(op));
  const pairs = recorded.of[Work.Vector].filter(({ op }) => op === Op.GateUp);
  assert.is(outputs.length + 2 * pairs.length, 21504);
  assert.is((outputs.length + 2 * pairs.length) / 32, 672);
  assert.is(recorded.of[Work.Vector].filter(({ op }) => op === Op.LmHead).length, 2004);
  assert.is(bytesRead(recorded, Stream.Slice1) + bytesRead(recorded, Stream.Slice2), 3_489_660_928);
  assert.is(bytesRead(recorded, Stream.Scales), 218_103_808);
  assert.is(bytesRead(recorded, Stream.LmHead), 128256 * 4096 + 128256 * 2);
  assert.is(bytesRead(recorded, Stream.Embedding), 8192);
  assert.is(bytesRead(recorded, Stream.Activations), 0);
});

for (const [model, shape] of [
  [
    tiny,
    {
      slices: 3,
      sequences: 5,
      counts: [
        [1, 1, 1, 1, 1],
        [1, 0, 1, 0, 1],
      ],
      context: 200,
    },
  ],
  [tiny, { slices: 1, machine: machineOf({ "kv.bits": 3 }), context: 700 }],
  [llama8b(2), { slices: 2, context: 1000 }],
] as const) {
  test(`decode of ${model.name}, ${JSON.stringify({ ...shape, machine: undefined })}: every op`, () => {
    const { slices, context } = shape;
    const counts: readonly (readonly number[])[] = "counts" in shape ? shape.counts : [[1]];
    const machine = "machine" in shape ? shape.machine : edge;
    const recorded = run(model, shape as Shape);
    const { layers, hidden, intermediate, heads, kvHeads, headDim, vocab } = model;
    // Keys that each token sees, itself included; who is in a step was in all steps before.
    const seen = counts.flatMap((step, index) => step.flatMap((one) => (one > 0 ? [context + index + 1] : [])));
    const tokens = seen.length;
    const keys = sum(seen);
    assert.is(macs(recorded, ...LINEARS), slices * tokens * weights(model));
    assert.is(macs(recorded, Op.LmHead), tokens * vocab * hidden);
    assert.is(macs(recorded, Op.Attention), layers * 2 * heads * headDim * keys);
    const position = 2 * Math.ceil((headDim * machine.kv.bits) / 8) + 4;
    assert.is(bytesRead(recorded, Stream.Kv), layers * kvHeads * position * (keys - tokens));
    assert.is(bytesWritten(recorded, Stream.Kv), layers * kvHeads * position * tokens);
    const steps = counts.length;
    const sliceBytes = [Stream.Slice1, Stream.Slice2, Stream.Slice3, Stream.Slice4].map((s) => bytesRead(recorded, s));
    assert.equal(
      sliceBytes,
      [1, 2, 3, 4].map((slice) => (slice <= slices ? (steps * weights(model)) / 4 : 0)),
    );
    assert.is(bytesRead(recorded, Stream.Scales), steps * groups(model) * 4);
    assert.is(bytesRead(recorded, Stream.LmHead), steps * vocab * (hidden + 2));
    assert.is(bytesRead(recorded, Stream.Embedding), tokens * hidden * 2);
    assert.is(elementPasses(recorded, Op.Embedding), tokens * hidden);
    assert.is(elementPasses(recorded, Op.AttentionNorm, Op.MlpNorm), layers * 2 * 2 * tokens * hidden);
    assert.is(elementPasses(recorded, Op.FinalNorm), 2 * tokens * hidden);
    assert.is(elementPasses(recorded, Op.Q), layers * tokens * heads * headDim * 2);
    assert.is(elementPasses(recorded, Op.K), layers * tokens * kvHeads * headDim * 4);
    assert.is(elementPasses(recorded, Op.V), layers * tokens * kvHeads * headDim * 2);
    assert.is(elementPasses(recorded, Op.Attention), layers * heads * keys * (3 + 1));
    assert.is(elementPasses(recorded, Op.GateUp), layers * tokens * intermediate * 3);
    assert.is(elementPasses(recorded, Op.O, Op.Down), layers * tokens * 2 * hidden);
    assert.is(elementPasses(recorded, Op.LmHead), tokens * vocab);
  });
}

test("sum(x) is tapped once an input: q, k and v share theirs, gate and up theirs", () => {
  const tokens = 5;
  const { of } = run(tiny, { slices: 2, counts: [[tokens]] });
  const tapped = of[Work.Compute].filter(({ words }) => words[Field.ComputeSumAdds] === 1);
  const adds = sum(tapped.map(({ words }) => words[Field.ComputePassColumns] * words[Field.ComputeInputs]));
  const { hidden, heads, headDim, intermediate, layers } = tiny;
  assert.is(adds, tokens * layers * (hidden + heads * headDim + hidden + intermediate));
});

test("KV at 8k context: 1.07, 0.54, 0.27, 0.13 GB a sequence and step at 16, 8, 4, 2 bits", () => {
  for (const bits of [16, 8, 4, 2]) {
    const recorded = run(llama8b(1), { slices: 1, machine: machineOf({ "kv.bits": bits }), context: 8191 });
    const [scales, codes] = [8 * 8191 * 4, (2 * 8 * 128 * 8191 * bits) / 8];
    assert.is(bytesRead(recorded, Stream.Kv), codes + scales);
  }
});

test("the linears of a step read slice 1 once a token block, whatever the tokens", () => {
  for (const tokens of [1, 16, 48, 96]) {
    const model = llama8b(1);
    const recorded = run(model, { slices: 1, counts: [[tokens]], context: 0 });
    const blocks = (inputs: number) =>
      sum(
        [48, 48].map((most, i) => {
          const size = Math.min(most, Math.max(0, tokens - 48 * i));
          return Math.ceil(size / (inputs === 14336 ? 16 : 48));
        }),
      );
    const expected = sum(model.linears.map((linear) => (blocks(linear.in) * linear.in * linear.out) / 4));
    assert.is(bytesRead(recorded, Stream.Slice1), expected);
  }
});

test("a batch of 16 at LLaMA-3-8B spills the residual stream and the MLP, nothing else", () => {
  const layers = 2;
  const counts = [new Array<number>(16).fill(1)];
  const recorded = run(llama8b(layers), { slices: 1, sequences: 16, counts, context: 100 });
  const [residual, mlp] = [16 * 4096 * 2, 16 * 14336 * 2];
  // Read by two norms and two additions a layer, and by the final norm; written by the embedding and the additions.
  assert.is(bytesRead(recorded, Stream.Activations), layers * (4 * residual + mlp) + residual);
  assert.is(bytesWritten(recorded, Stream.Activations), layers * (2 * residual + mlp) + residual);
});

test("a prefill of 96 tokens at LLaMA-3-8B: two blocks, every tensor spilled, K and V come back from the cache", () => {
  const layers = 1;
  const recorded = run(llama8b(layers), { slices: 1, counts: [[96]], context: 0 });
  const [hidden, mlp] = [48 * 4096 * 2, 48 * 14336 * 2];
  // A block: residual 4 times, query and attention output once each, MLP once; the last one also has the final norm.
  assert.is(bytesRead(recorded, Stream.Activations), 2 * layers * (6 * hidden + mlp) + hidden);
  assert.is(bytesWritten(recorded, Stream.Activations), 2 * (layers * (4 * hidden + mlp) + hidden));
  // Queries go through attention 32 and 16 at a time: the accumulators of PV hold 32 x 4 heads x 128 dims.
  const position = 8 * (2 * 128 + 4);
  assert.is(bytesRead(recorded, Stream.Kv), layers * position * (32 + 48 + 80 + 96));
  assert.is(bytesWritten(recorded, Stream.Kv), layers * position * 96);
  assert.is(bytesRead(recorded, Stream.LmHead), 128256 * (4096 + 2));
});

test("causal attention runs a tile of positions for a column group iff one of its pairs is allowed", () => {
  const { heads, headDim } = tiny;
  const tokens = 150;
  const recorded = run(tiny, { slices: 1, counts: [[tokens]], context: 0 });
  // 16 columns are 8 positions of 2 heads; 8 divides the block of 64 tokens and the tile of 64 positions.
  let pairs = 0;
  for (let first = 0; first < tokens; first += 8) {
    const size = Math.min(8, tokens - first);
    const block = Math.min(tokens, 64 * (Math.floor(first / 64) + 1));
    pairs += size * Math.min(block, 64 * (Math.floor((first + size - 1) / 64) + 1));
  }
  assert.is(macs(recorded, Op.Attention), tiny.layers * 2 * heads * headDim * pairs);
  const allowed = (tokens * (tokens + 1)) / 2;
  assert.is(elementPasses(recorded, Op.Attention), tiny.layers * heads * allowed * 4);
});

test("a step that is cut into blocks samples each sequence once, after its last token", () => {
  const counts = [[100, 1, 30]];
  const recorded = run(tiny, { slices: 1, sequences: 3, counts, context: 0 });
  assert.is(macs(recorded, Op.LmHead), 3 * tiny.vocab * tiny.hidden);
  assert.is(macs(recorded, ...LINEARS), 131 * weights(tiny));
});

test("the row of a sampled token is not fetched before it is sampled", () => {
  const recorded = run(tiny, {
    slices: 1,
    sequences: 2,
    counts: [
      [3, 1],
      [1, 1],
    ],
    context: 0,
  });
  const rows = recorded.of[Work.Fetch].filter(({ op }) => op === Op.Embedding);
  const argmax = recorded.of[Work.Vector].filter(({ op }) => op === Op.LmHead);
  const first = argmax[argmax.length / 2 - 1].number;
  assert.equal(
    rows.map((row) => ref(row, Field.AfterVector)),
    [-1, -1, -1, -1, first, first],
  );
});

test.run();
