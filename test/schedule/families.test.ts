//
//   What programs of the other families ask for, against formulas of their shapes: every dense model of the table, windows,
//   fused linears, a parallel block, learned positions.
//

import { suite } from "uvu";
import * as assert from "uvu/assert";
import { Field, Stream, Work } from "../../assembly/contract.js";
import { modelOf as readConfig } from "../../src/model/config.js";
import type { Model } from "../../src/model/model.js";
import { ModelTable } from "../../src/model/table.js";
import { linearBytes, modelSizes } from "../../src/schedule/model-sizes.js";
import { Op } from "../../src/schedule/program.js";
import { turnedRows } from "../../src/schedule/projections.js";
import { constantPlan } from "../../src/trace/plan.js";
import { readText } from "../support/pack.js";
import { addressOf, bytesOf, faultsOf, type Recorded, ref } from "../support/record.js";
import { machineOf, modelOf, placementOf, recordOf, type ScheduleCase } from "../support/schedule.js";

const test = suite("schedule: families");
const edge = machineOf();
const ROWS = edge.array.rows;
const table = ModelTable.parse(readText("models/shapes.json"), "models/shapes.json");

const sum = (values: number[]) => values.reduce((total, value) => total + value, 0);

function caseOf(model: Model, changes: Partial<ScheduleCase> = {}): ScheduleCase {
  return { machine: edge, model, plan: constantPlan(1), sequences: 1, counts: [[1]], context: 0, ...changes };
}

function bytesRead({ of }: Recorded, ...streams: Stream[]): number {
  return sum(of[Work.Fetch].filter(({ words }) => streams.includes(words[Field.FetchStream])).map(bytesOf));
}

function macs({ of }: Recorded, ...ops: Op[]): number {
  const records = of[Work.Compute].filter(({ op }) => ops.includes(op));
  return sum(records.map(({ words }) => words[Field.ComputeRowColumns] * words[Field.ComputeInputs]));
}

function elementPasses({ of }: Recorded, ...ops: Op[]): number {
  const records = of[Work.Vector].filter(({ op }) => ops.includes(op));
  return sum(records.map(({ words }) => words[Field.VectorElements] * words[Field.VectorPasses]));
}

const LINEARS = [Op.Q, Op.K, Op.V, Op.Qkv, Op.O, Op.GateUp, Op.Down];

/** The model of an entry with fewer layers: two where they differ. */
function thin(name: string): Model | undefined {
  try {
    const { windows } = table.model(name)!;
    const layers = new Set(windows).size;
    return readConfig({ ...table.entry(name)!.config, num_hidden_layers: layers }, name, name);
  } catch {
    return undefined;
  }
}

/** Positions that a layer's query at `position` sees, and those in memory that it runs: from a whole row tile on. */
function seen(model: Model, layer: number, position: number): { pairs: number; first: number } {
  const start = Math.max(0, position - (model.windows[layer] ?? Number.POSITIVE_INFINITY) + 1);
  return { pairs: position + 1 - start, first: Math.floor(start / ROWS) * ROWS };
}

/** Passes of the vector unit over what one token makes, op by op, as docs/machine.md states them. */
function passesOf(model: Model): Record<string, number> {
  const { heads, kvHeads, headDim, hidden, intermediate, layers, vocab, mlp, norm, rotaryDims } = model;
  const normPasses = norm.type === "rms" ? 2 : 3;
  const head = (model.qkNorm ? normPasses * headDim : 0) + 2 * rotaryDims;
  const still = model.qkNorm ? 0 : headDim - rotaryDims;
  const queries = heads * (head + still);
  const keysAndValues = kvHeads * (head + 4 * headDim);
  const activation = (mlp.activation === "relu" ? 1 : 2) + (mlp.gated ? 1 : 0);
  const added = 2 * hidden * (1 + (norm.post ? normPasses : 0));
  return {
    embedding: hidden * (model.positionRows > 0 ? 2 : 1),
    norms: layers * (model.parallel ? 1 : 2) * normPasses * hidden,
    finalNorm: normPasses * hidden,
    projections: layers * (queries + keysAndValues),
    mlp: layers * activation * intermediate,
    added: layers * added,
    logits: vocab * (model.softcaps.logits === null ? 1 : 2),
  };
}

for (const name of table.names) {
  const model = thin(name);
  if (model === undefined) continue;
  test(`${name}: a decode step of two sequences is well-formed, and every byte, MAC and pass is where it belongs`, () => {
    const [tokens, context] = [2, Math.min(5000, model.maxPositions - 1)];
    const one = caseOf(model, { sequences: tokens, counts: [[1, 1]], context });
    const placement = placementOf(one);
    const recorded = recordOf(one, placement);
    assert.equal(faultsOf(recorded, edge, placement).slice(0, 3), []);

    const { layers, heads, kvHeads, headDim, hidden, vocab } = model;
    const sizes = modelSizes(model, edge);
    assert.is(bytesRead(recorded, Stream.Slice1, Stream.Scales), linearBytes(model, edge, 1));
    assert.is(bytesRead(recorded, Stream.LmHead), sizes.lmHeadBytes);
    assert.is(bytesRead(recorded, Stream.Embedding), tokens * hidden * 2 * (model.positionRows > 0 ? 2 : 1));
    assert.is(macs(recorded, ...LINEARS), tokens * sizes.linearWeights);
    assert.is(macs(recorded, Op.LmHead), tokens * vocab * hidden);

    const views = Array.from({ length: layers }, (_, layer) => seen(model, layer, context));
    const fetched = sum(views.map(({ first }) => context - first));
    assert.is(bytesRead(recorded, Stream.Kv), tokens * fetched * kvHeads * (2 * headDim + 4));
    assert.is(macs(recorded, Op.Attention), tokens * 2 * heads * headDim * (fetched + layers));

    const passes = passesOf(model);
    const softmax = model.softcaps.attention === null ? 3 : 4;
    const pairs = sum(views.map((view) => view.pairs));
    assert.is(elementPasses(recorded, Op.Attention), tokens * heads * pairs * (softmax + 1));
    assert.is(elementPasses(recorded, Op.Embedding), tokens * passes.embedding);
    assert.is(elementPasses(recorded, Op.AttentionNorm, Op.MlpNorm), tokens * passes.norms);
    assert.is(elementPasses(recorded, Op.FinalNorm), tokens * passes.finalNorm);
    assert.is(elementPasses(recorded, Op.Q, Op.K, Op.V, Op.Qkv), tokens * passes.projections);
    assert.is(elementPasses(recorded, Op.GateUp), tokens * passes.mlp);
    assert.is(elementPasses(recorded, Op.O, Op.Down, Op.PostNorm), tokens * passes.added);
    assert.is(elementPasses(recorded, Op.LmHead), tokens * passes.logits);
  });
}

// ---- small models of one family each

const SIZES = {
  num_hidden_layers: 1,
  hidden_size: 96,
  intermediate_size: 200,
  num_attention_heads: 4,
  num_key_value_heads: 2,
  vocab_size: 100,
  max_position_embeddings: 20000,
};

function small(architecture: string, changes: Record<string, unknown> = {}): Model {
  return modelOf({ ...SIZES, ffn_dim: 200, architectures: [`${architecture}ForCausalLM`], ...changes });
}

test("KV bytes are linear in the context up to the window, then the same but for the tile where it begins", () => {
  const model = small("Mistral", { sliding_window: 256 });
  const perPosition = 2 * (2 * 24 + 4);
  const kv = (context: number) => bytesRead(recordOf(caseOf(model, { context })), Stream.Kv) / perPosition;
  assert.equal([1, 100, 255].map(kv), [1, 100, 255]);
  // A query at position p sees p - 255 .. p, and the tile of 64 that p - 255 lies in comes whole.
  assert.equal([256, 300, 319, 1000, 10047].map(kv), [256, 300, 255, 1000 - 704, 10047 - 9792]);
});

test("a window wider than the context is no window", () => {
  const windowed = recordOf(caseOf(small("Mistral", { sliding_window: 5000 }), { context: 4998 }));
  const full = recordOf(caseOf(small("Mistral", { sliding_window: null }), { context: 4998 }));
  assert.equal(
    windowed.all.map(({ words }) => [...words]),
    full.all.map(({ words }) => [...words]),
  );
});

for (const [window, context, tokens] of [
  [1, 0, 70],
  [30, 0, 150],
  [64, 70, 150],
  [57, 0, 150],
  [100, 333, 90],
]) {
  test(`a prefill of ${tokens} tokens after ${context} with a window of ${window} runs the tiles with an allowed pair`, () => {
    const model = small("Mistral", { sliding_window: window });
    const recorded = recordOf(caseOf(model, { counts: [[tokens]], context }));
    const allowed = (query: number, key: number) => key <= query && key > query - window;
    // 16 columns are 8 positions of 2 heads; a token block has 64 tokens.
    let pairs = 0;
    let scores = 0;
    for (let start = 0; start < tokens; start += 8) {
      const queries = Array.from({ length: Math.min(8, tokens - start) }, (_, i) => context + start + i);
      const known = context + Math.min(tokens, 64 * (Math.floor(start / 64) + 1));
      for (let tile = 0; tile < known; tile += ROWS) {
        const keys = Array.from({ length: Math.min(ROWS, known - tile) }, (_, i) => tile + i);
        const count = sum(queries.map((query) => keys.filter((key) => allowed(query, key)).length));
        if (count > 0) pairs += queries.length * keys.length;
        scores += count;
      }
    }
    assert.is(macs(recorded, Op.Attention), 2 * 4 * 24 * pairs);
    assert.is(elementPasses(recorded, Op.Attention), 4 * scores * 4);
  });
}

for (const rows of [64, 40, 5]) {
  test(`fused linears on ${rows} rows do what separate ones do`, () => {
    const machine = machineOf({ "array.rows": rows });
    const run = (model: Model) => recordOf(caseOf(model, { machine, sequences: 3, counts: [[9, 1, 2]], context: 30 }));
    const [fused, separate] = [run(small("Phi3")), run(small("Llama"))];
    for (const stream of [Stream.Slice1, Stream.Scales, Stream.Kv]) {
      assert.is(bytesRead(fused, stream), bytesRead(separate, stream), Stream[stream]);
    }
    const stored = ({ of }: Recorded) => sum(of[Work.Store].map(bytesOf));
    assert.is(stored(fused), stored(separate));
    for (const ops of [[Op.Q, Op.K, Op.V, Op.Qkv], [Op.GateUp], [Op.Down], [Op.Attention]]) {
      assert.is(macs(fused, ...ops), macs(separate, ...ops));
      assert.is(elementPasses(fused, ...ops), elementPasses(separate, ...ops));
    }
  });
}

test("a parallel block norms once, taps sum(x) once for q, k, v and fc1, and runs fc1 before attention", () => {
  const recorded = recordOf(caseOf(small("Phi", { hidden_size: 96 }), { counts: [[3]] }));
  const tapped = recorded.of[Work.Compute].filter(({ words }) => words[Field.ComputeSumAdds] === 1);
  assert.equal([...new Set(tapped.map(({ op }) => op))], [Op.Q, Op.O, Op.Down]);
  const order = recorded.all.map(({ op }) => op).filter((op, i, all) => op !== all[i - 1]);
  const { Embedding, AttentionNorm, Q, K, V, GateUp, Attention, O, Down, FinalNorm, LmHead } = Op;
  assert.equal(order, [Embedding, AttentionNorm, Q, K, V, GateUp, Attention, O, Down, FinalNorm, LmHead]);
});

test("positions are looked up without waiting for the sampled token", () => {
  const model = small("OPT");
  const one = caseOf(model, { counts: [[1], [1]], context: 7 });
  const placement = placementOf(one);
  const recorded = recordOf(one, placement);
  const rows = recorded.of[Work.Fetch].filter(({ op }) => op === Op.Embedding);
  assert.equal(
    rows.map((row) => ref(row, Field.AfterVector) >= 0),
    [false, false, false, true],
  );
  assert.is(addressOf(rows[0]), placement.positionRow(7));
  assert.is(addressOf(rows[2]) - addressOf(rows[0]), placement.embeddingPitch);
});

test("the last position has the last row of the table of positions", () => {
  const placement = placementOf(caseOf(small("OPT")));
  const { start, bytes } = placement.regions.filter(({ stream }) => stream === "embedding")[1];
  assert.is(placement.positionRow(SIZES.max_position_embeddings - 1), start + bytes - placement.embeddingPitch);
});

test("RoPE turns the leading dims of each head, whatever rows a tile has", () => {
  const model = { ...small("Phi"), headDim: 80, rotaryDims: 32 };
  const turned = (start: number, size: number) => turnedRows(model, { start, size });
  assert.equal([turned(0, 64), turned(64, 64), turned(128, 64), turned(0, 2560)], [32, 32, 32, 1024]);
  assert.equal([turned(30, 4), turned(33, 40), turned(79, 2)], [2, 0, 1]);
});

test.run();
