//
//   Transplanted plans: which layer and which linears of the source a target linear takes, and what is refused.
//

import { suite } from "uvu";
import * as assert from "uvu/assert";
import { parseModel } from "../../src/model/config.js";
import { linearsOf, type Model, type Role } from "../../src/model/model.js";
import { recordedAccuracy } from "../../src/result/accuracy.js";
import { planFromTrace } from "../../src/trace/plan.js";
import { replay, stepOf, tokensOf } from "../../src/trace/replay.js";
import { checkTraceAgainstModel } from "../../src/trace/trace.js";
import { sourcesOf, transplantedPlan } from "../../src/trace/transplant.js";
import { embeddedModel, embeddedTrace, parsePack, SMALL_CONFIG, smallModel, smallPack } from "../support/pack.js";
import { refusal } from "../support/refusal.js";

const test = suite("transplant");
const decode16 = embeddedTrace("decode16");
const tiny = embeddedModel("tiny-llama");
const llama = embeddedModel("llama-3-8b");

/** What the parts of a linear do, by its kind. */
const ROLES: Record<string, Role[]> = {
  q: ["q"],
  v: ["v"],
  o: ["o"],
  gate: ["gate"],
  qkv: ["q", "k", "v"],
  gate_up: ["gate", "up"],
  dense: ["o"],
  out_proj: ["o"],
  fc1: ["up"],
  fc2: ["down"],
};

/** A model of so many layers with linears of these kinds in each; their sizes are of no interest. */
function modelWith(layers: number, ...kinds: string[]): Model {
  const forms = kinds.map((kind) => ({ kind, module: kind, roles: ROLES[kind], bias: false }));
  const sizes = { layers, hidden: 8, intermediate: 8, heads: 1, kvHeads: 1, headDim: 8 };
  return { ...smallModel(), name: "target", layers, linears: linearsOf(sizes, "layers", forms) };
}

/** A trace of one layer whose linears have these names. */
function traceWith(...names: string[]) {
  const pack = smallPack();
  const linears = pack.json.linears as { name: string }[];
  for (const [i, name] of names.entries()) linears[i].name = name;
  return parsePack(pack);
}

const layerOf = (place: number) => Math.floor(place / 7);
const kindOf = (place: number) => ["q", "k", "v", "o", "gate", "up", "down"][place % 7];

test("32 layers from 8: four each; kinds by name", () => {
  const sources = sourcesOf(decode16, llama);
  assert.is(sources.length, 224);
  for (const [place, [source, ...more]] of sources.entries()) {
    assert.equal(more, []);
    assert.is(layerOf(source), Math.floor(layerOf(place) / 4));
    assert.is(kindOf(source), llama.linears[place].kind);
  }
});

test("the source layer is the one that the middle of the target's falls into", () => {
  const layers = (count: number) => sourcesOf(decode16, modelWith(count, "q")).map(([place]) => layerOf(place));
  assert.equal(layers(8), [0, 1, 2, 3, 4, 5, 6, 7]);
  assert.equal(layers(1), [4]);
  assert.equal(layers(2), [2, 6]);
  assert.equal(layers(3), [1, 4, 6]);
  assert.equal(layers(5), [0, 2, 4, 5, 7]);
  assert.equal(layers(12), [0, 1, 1, 2, 3, 3, 4, 5, 5, 6, 7, 7]);
});

test("linears by what they do: renamed ones, and fused ones from all of their parts", () => {
  const first = (...kinds: string[]) => sourcesOf(decode16, modelWith(8, ...kinds)).slice(0, kinds.length);
  const kinds = (...names: string[]) => first(...names).map((places) => places.map(kindOf));
  assert.equal(kinds("q", "v", "o", "gate"), [["q"], ["v"], ["o"], ["gate"]]);
  assert.equal(kinds("dense", "out_proj", "fc1", "fc2"), [["o"], ["o"], ["up"], ["down"]]);
  assert.equal(kinds("qkv", "gate_up"), [
    ["q", "k", "v"],
    ["gate", "up"],
  ]);
});

test("a source's own fused and renamed linears are taken as they are", () => {
  const names = ["self_attn.qkv_proj", "self_attn.out_proj", "fc1", "fc2", "a", "b", "c"];
  const source = traceWith(...names.map((name) => `model.decoder.layers.0.${name}`));
  assert.equal(sourcesOf(source, modelWith(1, "qkv", "dense", "fc1", "fc2")), [[0], [1], [2], [3]]);
});

test("OPT, Phi-2 and Phi-3 take every linear from the embedded model", () => {
  const kinds = (name: string) => {
    const model = embeddedModel(name);
    const sources = sourcesOf(decode16, model);
    assert.is(sources.length, model.linears.length);
    const last = model.linears.findIndex(({ layer }) => layer === model.layers - 1);
    assert.ok(sources.slice(last).every((places) => places.every((place) => layerOf(place) === 7)));
    return sources.slice(last).map((places, i) => `${model.linears[last + i].kind} ${places.map(kindOf)}`);
  };
  assert.equal(kinds("opt-1.3b"), ["q q", "k k", "v v", "out_proj o", "fc1 up", "fc2 down"]);
  assert.equal(kinds("phi-2"), ["q q", "k k", "v v", "dense o", "fc1 up", "fc2 down"]);
  assert.equal(kinds("phi-3-mini-4k-instruct"), ["qkv q,k,v", "o o", "gate_up gate,up", "down down"]);
});

test("depths are the source's; a fused linear takes the deepest of its parts", () => {
  const plan = transplantedPlan(decode16, 4, modelWith(4, "qkv", "fc1"));
  const rows = [3, 4000, 17];
  const entries = rows.map((_, i) => ({ sequence: i, firstPosition: 0, count: 1, firstToken: i, samples: true }));
  const step = stepOf(0, entries, ({ sequence }) => rows[sequence]);
  const slices = decode16.slices("b4");
  const at = (row: number, linear: number) => slices[row * decode16.linears.length + linear];
  // Layer 2 of 4 takes source layer 5, whose linears are 35..41.
  const deepest = rows.map((row) => Math.max(at(row, 35), at(row, 36), at(row, 37)));
  assert.equal([...plan.depths(step, { start: 0, size: 3 }, 4)], deepest);
  assert.equal(
    [...plan.depths(step, { start: 1, size: 2 }, 5)],
    rows.slice(1).map((row) => at(row, 40)),
  );
  assert.ok(
    decode16.linears.some((_, linear) => at(rows[0], linear) !== at(rows[1], linear)),
    "the rows can be told apart",
  );
});

test("a model of the trace's own shape keeps every depth", () => {
  const twin = { ...tiny, name: "twin" };
  const [own, other] = [planFromTrace(decode16, 3), transplantedPlan(decode16, 3, twin)];
  const step = replay(decode16, tiny, {}).step(40);
  for (let linear = 0; linear < tiny.linears.length; linear++) {
    const all = { start: 0, size: 16 };
    assert.equal(other.depths(step, all, linear), own.depths(step, all, linear));
  }
});

test("tokens beyond the target's vocabulary wrap around", () => {
  const step = replay(decode16, tiny, {}).step(7);
  const ids = [...tokensOf(step, decode16, tiny.vocab)];
  assert.ok(Math.max(...ids) >= 100);
  assert.equal(
    [...tokensOf(step, decode16, 100)],
    ids.map((id) => id % 100),
  );
});

test("says where the depths are from, and is routed like any trace plan", () => {
  const { source, budget, routed, text } = transplantedPlan(decode16, 4, llama);
  assert.equal([source, budget, routed], ["transplanted", 4, true]);
  const origin = "recorded from tiny-llama and transplanted by relative layer depth";
  assert.is(text, `budget 4 of trace decode16, ${origin}`);
});

test("no accuracy, but the source's own figure with its name", () => {
  const whole = replay(decode16, llama, {});
  const found = recordedAccuracy(decode16, llama, transplantedPlan(decode16, 4, llama), whole);
  const own = recordedAccuracy(decode16, tiny, planFromTrace(decode16, 4), replay(decode16, tiny, {}));
  assert.equal([found.source, found.perplexity, found.reference, found.tokens], ["none", null, null, 0]);
  const { perplexity, reference, tokens } = own;
  assert.equal(found.sourceModel, { name: "tiny-llama", perplexity, reference, tokens });
});

test("refuses what cannot be transplanted, and a trace that claims to be of the model but is not", () => {
  assert.is(
    refusal(() => transplantedPlan(decode16, 4.5, llama)),
    "--budget 4.5 is not recorded in trace decode16; recorded: 2.5, 3, 3.5, 4, 5, 6",
  );
  assert.is(
    refusal(() => sourcesOf(traceWith("layers.0.x"), modelWith(1, "v", "qkv"))),
    "trace.json: linears has no q in layer 0; layers.0.qkv cannot be transplanted from it",
  );
  assert.is(
    refusal(() => sourcesOf(traceWith("q_proj"), modelWith(1, "q"))),
    'trace.json: linears.0.name is "q_proj"; ' +
      "allowed a layer's number and a kind, as in model.layers.0.self_attn.q_proj, to be transplanted",
  );
  const trace = parsePack(smallPack());
  const wider = parseModel(JSON.stringify({ ...SMALL_CONFIG, hidden_size: 16 }), "config.json", "small");
  assert.ok(trace.isOf(wider));
  assert.match(
    refusal(() => checkTraceAgainstModel(trace, wider)),
    "linears.0.in",
  );
});

test.run();
