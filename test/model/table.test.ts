//
//   models/shapes.json: every entry is read, or refused for a reason that holds; sizes agree with the reference material.
//

import { readFileSync } from "node:fs";
import { suite } from "uvu";
import * as assert from "uvu/assert";
import { embeddingWeights, kvBytesPerToken, type Linear, type Model, routedWeights } from "../../src/model/model.js";
import { ModelTable } from "../../src/model/table.js";
import { readText } from "../support/pack.js";
import { refusal } from "../support/refusal.js";
import { sharedPath } from "../support/shared.js";

const test = suite("model table");
const table = ModelTable.parse(readText("models/shapes.json"), "models/shapes.json");
const REFUSED = ["deepseek-v2-lite", "deepseek-v3", "mixtral-8x7b-v0.1", "qwen3-30b-a3b"];
const dense = table.names.filter((name) => !REFUSED.includes(name));

test("37 models: 33 dense ones, and 4 that are refused in one line", () => {
  assert.is(table.names.length, 37);
  assert.equal(
    dense.map((name) => table.model(name)?.name),
    dense,
  );
  for (const name of REFUSED) {
    assert.match(
      refusal(() => table.model(name)),
      new RegExp(`^models/shapes\\.json: ${name}: \\w+ is \\d+; allowed none: .+ is not supported$`),
    );
  }
});

test("names are found in whatever case, and unknown ones are not", () => {
  assert.is(table.model("Phi-2")?.name, "phi-2");
  assert.is(table.entry("phi-2")?.hfRepo, "microsoft/phi-2");
  for (const unknown of ["phi", "", "constructor", "__proto__"]) {
    assert.is(table.model(unknown), undefined);
    assert.is(table.entry(unknown), undefined);
  }
});

test("what is recalled is a key of the config", () => {
  for (const name of table.names) {
    const { recalled = [], config } = table.entry(name)!;
    for (const key of recalled) assert.ok(key === "all" || key in config, `${name}: ${key}`);
  }
});

test("refuses an entry without a source, and unknown keys", () => {
  const entry = { hfRepo: "a/b", source: ["c"], config: {} };
  const of = (change: object) =>
    refusal(() => ModelTable.parse(JSON.stringify({ note: "n", models: { m: { ...entry, ...change } } }), "t.json"));
  assert.is(of({ source: [] }), "t.json: models.m.source is []; allowed a list of 1 or more");
  assert.is(of({ sources: ["x"] }), "t.json: unknown key models.m.sources; did you mean models.m.source?");
});

// ---- the reference material

interface Reference {
  name: string;
  hf_repo: string;
  hidden_size: number;
  num_hidden_layers: number;
  head_dim?: number;
  context?: number;
  linears_per_layer?: { name: string; in: number; out: number }[];
  derived: Record<"block_linear_params" | "embedding_params" | "kv_cache_bytes_per_token_fp16", number>;
}

/** A linear's parts under the names of separate ones, as the reference lists them. */
function separate({ kind, in: inputs, parts }: Linear): [string, number, number][] {
  const names: Record<string, string> = { dense: "o_proj", out_proj: "o_proj", fc1: "fc1", fc2: "fc2" };
  return parts.map(({ role, size }) => [names[kind] ?? `${role}_proj`, inputs, size]);
}

function compare(model: Model, { name, derived, linears_per_layer: linears = [], ...reference }: Reference): void {
  assert.is(routedWeights(model), derived.block_linear_params, name);
  assert.is(embeddingWeights(model), derived.embedding_params, name);
  assert.is(kvBytesPerToken(model, 16), derived.kv_cache_bytes_per_token_fp16, name);
  assert.equal(
    [model.layers, model.hidden, model.headDim],
    [reference.num_hidden_layers, reference.hidden_size, reference.head_dim],
    name,
  );
  const own = model.linears.filter(({ layer }) => layer === model.layers - 1).flatMap(separate);
  assert.equal(
    own,
    linears.map((linear) => [linear.name, linear.in, linear.out]),
    name,
  );
}

test("every shape is the reference's", () => {
  const path = sharedPath("reference", "model-shapes.json");
  if (path === null) return;
  const { models } = JSON.parse(readFileSync(path, "utf8")) as { models: Reference[] };
  assert.equal(
    models.map(({ name }) => name.toLowerCase()),
    [...table.names],
  );
  for (const reference of models) {
    const name = reference.name.toLowerCase();
    assert.is(table.entry(name)?.hfRepo, reference.hf_repo);
    if (dense.includes(name)) compare(table.model(name)!, reference);
  }
});

test.run();
