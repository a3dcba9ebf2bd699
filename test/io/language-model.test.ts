//
//   Model folders on disk: one file of weights or several shards, with or without slices, and what is refused.
//

import { cpSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { suite } from "uvu";
import * as assert from "uvu/assert";
import { parseSafetensors } from "../../src/basics/safetensors.js";
import { type TensorToWrite, writeSafetensors } from "../../src/basics/safetensors-writer.js";
import { canRun, readLanguageModel } from "../../src/io/language-model.js";
import { refusal } from "../support/refusal.js";

const folders = suite("model folders");
const tiny = fileURLToPath(new URL("../../../models/tiny-llama", import.meta.url));
const root = mkdtempSync(join(tmpdir(), "mobisim models "));

folders.after(() => rmSync(root, { recursive: true }));

/** A copy of the embedded model's small files; `rest` says what else lies there. */
function folder(name: string, rest: Record<string, Uint8Array | string>): string {
  const path = join(root, name);
  cpSync(join(tiny, "config.json"), join(path, "config.json"));
  for (const [file, data] of Object.entries(rest)) writeFileSync(join(path, file), data);
  return path;
}

/** The embedded weights in two shards with their index. */
function sharded(): Record<string, Uint8Array | string> {
  const { tensors } = parseSafetensors(readFileSync(join(tiny, "model.safetensors")), "model.safetensors");
  const shards: Record<string, TensorToWrite>[] = [{}, {}];
  const weight_map: Record<string, string> = {};
  for (const [i, [name, { dtype, shape, bytes }]] of [...tensors].entries()) {
    shards[i % 2][name] = { dtype, shape, values: bytes() };
    weight_map[name] = `model-${i % 2}.safetensors`;
  }
  const [first, second] = shards.map(writeSafetensors);
  const index = JSON.stringify({ metadata: {}, weight_map });
  return { "model-0.safetensors": first, "model-1.safetensors": second, "model.safetensors.index.json": index };
}

folders("shards hold what the one file holds; without slices there are none", () => {
  const path = folder("shards", sharded());
  const [whole, parts] = [readLanguageModel("tiny-llama"), readLanguageModel(path)];
  for (const { name, in: inputs, out } of whole.model.linears.slice(0, 9)) {
    const of = (one: typeof whole) => one.checkpoint.floats(`${name}.weight`, [out, inputs]);
    assert.equal(of(parts), of(whole));
  }
  assert.equal([parts.slices, parts.thresholds.size, whole.slices?.length, whole.thresholds.size], [null, 0, 56, 6]);
  assert.equal([canRun(path), canRun("tiny-llama"), canRun("llama-3-8b")], [false, true, false]);
  assert.equal(parts.constants.firstToken, 0);
});

folders("no weights, and files that are no weights, are refused in one line", () => {
  const none = folder("none", {});
  assert.is(
    refusal(() => readLanguageModel(none)),
    `${none}: has no weights; allowed model.safetensors, or model.safetensors.index.json with its shards`,
  );
  assert.is(
    refusal(() => readLanguageModel("llama-3-8b")),
    "llama-3-8b: is a shape without weights; allowed tiny-llama, or a folder with config.json and model.safetensors",
  );
  const huge = new Uint8Array(16);
  new DataView(huge.buffer).setBigUint64(0, 20n * 2n ** 30n, true);
  const broken = folder("broken", { "model.safetensors": huge });
  assert.match(
    refusal(() => readLanguageModel(broken)),
    /model\.safetensors: the header's length is 21474836480; allowed 2\.\.8 \(what follows in the file\)$/,
  );
  const missing = folder("missing", { "model.safetensors.index.json": '{"weight_map":{"a":"gone.safetensors"}}' });
  assert.match(
    refusal(() => readLanguageModel(missing)),
    /gone\.safetensors: cannot be read: there is no such file$/,
  );
});

folders("other families have shapes only", () => {
  const path = folder("phi", { "model.safetensors": new Uint8Array(0) });
  const config = JSON.parse(readFileSync(join(tiny, "config.json"), "utf8"));
  writeFileSync(join(path, "config.json"), JSON.stringify({ ...config, attention_bias: true }));
  assert.match(
    refusal(() => readLanguageModel(path)),
    /has a bias; allowed none where weights are run$/,
  );
});

folders.run();
