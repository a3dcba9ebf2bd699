//
//   mobisim models: the list, one model, and what is refused.
//

import { spawnSync } from "node:child_process";
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { suite } from "uvu";
import * as assert from "uvu/assert";
import { SMALL_CONFIG } from "../support/pack.js";

const test = suite("mobisim models");
const shim = fileURLToPath(new URL("../../../bin/mobisim.js", import.meta.url));

function models(...args: string[]) {
  return spawnSync(process.execPath, [shim, "models", ...args], {
    encoding: "utf8",
    env: { ...process.env, LANG: "C" },
  });
}

test("lists all, those that do not run with the reason", () => {
  const { status, stdout } = models();
  assert.is(status, 0);
  assert.match(stdout, /^38 models\n/);
  assert.match(
    stdout,
    /llama-3-8b +LLaMA +8,030,261,248 +1\.963 +3\.708 +5\.453 +7\.197 +1\.051 +0\.5256 +66,560 +131,072\n/,
  );
  assert.match(stdout, /mixtral-8x7b-v0\.1 .*mixture of experts is not supported\n/);
});

test("--json is one document with every model", () => {
  const document = JSON.parse(models("--json").stdout) as { models: Record<string, unknown>[] };
  assert.is(document.models.length, 38);
  assert.is(document.models.filter(({ supported }) => supported).length, 34);
  const phi = document.models.find(({ name }) => name === "phi-2");
  assert.equal([phi?.family, phi?.hfRepo, phi?.parameters], ["Phi", "microsoft/phi-2", 2_779_683_840]);
  const deepseek = document.models.find(({ name }) => name === "deepseek-v3");
  assert.match(String(deepseek?.why), "multi-head latent attention (MLA) is not supported");
});

test("one model: its linears, where its shape was read, what is recalled", () => {
  const { stdout } = models("Phi-3-mini-4k-instruct");
  assert.match(stdout, /qkv +3,072 +9,216 +no +3,072 q, 3,072 k, 3,072 v\n/);
  assert.match(stdout, "2,047 positions in 32 of 32 layers");
  assert.match(stdout, "recalled, unverified: tie_word_embeddings");
  const one = JSON.parse(models("phi-2", "--json").stdout) as { source: string[]; shape: { linears: unknown[] } };
  assert.equal([one.source.length, one.shape.linears.length], [3, 192]);
});

test("a folder is a model", () => {
  const folder = mkdtempSync(join(tmpdir(), "mobisim-models-"));
  writeFileSync(join(folder, "config.json"), JSON.stringify({ ...SMALL_CONFIG, architectures: ["Qwen2ForCausalLM"] }));
  assert.match(models(folder).stdout, /family +Qwen2\n/);
  writeFileSync(join(folder, "config.json"), JSON.stringify({ ...SMALL_CONFIG, num_experts: 4 }));
  const { status, stdout, stderr } = models(folder);
  assert.equal([status, stdout], [2, ""]);
  assert.is(
    stderr,
    `${join(folder, "config.json")}: num_experts is 4; allowed none: mixture of experts is not supported\n`,
  );
  rmSync(folder, { recursive: true });
});

test("the config of a folder is answered with the folder", () => {
  const folder = mkdtempSync(join(tmpdir(), "mobisim-models-"));
  writeFileSync(join(folder, "config.json"), "{}");
  const { status, stderr } = models(join(folder, "config.json"));
  const config = join(folder, "config.json");
  assert.equal([status, stderr], [2, `${config}: is a file; allowed the folder that holds it: ${folder}\n`]);
  rmSync(folder, { recursive: true });
});

test("suggests the name that is near, of a repository the shape that was read there", () => {
  for (const wrong of ["lama-3-8b", "meta-llama/Meta-Llama-3-8B"]) {
    const { status, stderr } = models(wrong);
    assert.match(stderr, new RegExp(`^${wrong}: no such folder.*; did you mean llama-3-8b\\?\n$`));
    assert.is(status, 2);
  }
  const { status, stderr } = models("nobody/nothing");
  assert.is(stderr, `${join("nobody", "nothing", "config.json")}: cannot be read: there is no such file\n`);
  assert.is(status, 2);
});

test("an empty folder does not hide the model of its name", () => {
  const folder = mkdtempSync(join(tmpdir(), "mobisim-models-"));
  for (const name of ["llama-3-8b", "tiny-llama", "mine"]) mkdirSync(join(folder, name));
  const inFolder = (name: string) =>
    spawnSync(process.execPath, [shim, "models", name], { encoding: "utf8", cwd: folder });
  assert.match(inFolder("llama-3-8b").stdout, "8,030,261,248");
  assert.is(inFolder("tiny-llama").status, 0);
  const { stdout, stderr, status } = inFolder("mine");
  assert.equal([status, stdout], [2, ""]);
  assert.is(stderr, "mine: the folder has no config.json and no model of that name; mobisim models lists the names\n");
  rmSync(folder, { recursive: true });
});

test.run();
