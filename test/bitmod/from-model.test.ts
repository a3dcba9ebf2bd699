//
//   A model as the formula sees it: the artifact's shape of LLaMA-3-8B, and ours.
//

import { readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { suite } from "uvu";
import * as assert from "uvu/assert";
import { formulaModel } from "../../src/bitmod/from-model.js";
import { readBitmodFile } from "../../src/check/bitmod-file.js";
import { embeddedModel } from "../support/pack.js";

const test = suite("models of the BitMoD formula");
const goldenPath = fileURLToPath(new URL("../../../test/golden/bitmod.json", import.meta.url));

test("LLaMA-3-8B is the artifact's, but for the names of its linears", () => {
  const { headRows } = readBitmodFile(readFileSync(goldenPath, "utf8"), "golden");
  const theirs = headRows.find(({ row }) => row.model === "llama-3-8b")?.model;
  const ours = formulaModel(embeddedModel("llama-3-8b"));
  assert.ok(theirs);
  const sizes = (linears: typeof ours.linears) => linears.map(({ in: inputs, out, count }) => [inputs, out, count]);
  assert.equal(sizes(ours.linears), sizes(theirs.linears));
  assert.equal({ ...ours, linears: [] }, { ...theirs, linears: [] });
});

test("linears of one kind and another size are not one", () => {
  const model = embeddedModel("tiny-llama");
  const [first, ...others] = model.linears;
  const { linears } = formulaModel({ ...model, linears: [{ ...first, out: 512 }, ...others] });
  const queries = linears.filter(({ name }) => name === "q");
  assert.equal(queries, [
    { name: "q", in: 256, out: 512, count: 1 },
    { name: "q", in: 256, out: 256, count: 7 },
  ]);
  assert.equal(linears.at(-1), { name: "lm_head", in: 256, out: 4096, count: 1 });
});

test.run();
