//
//   A folder with a small space and a small model in it, and the command to sweep it.
//

import { spawnSync } from "node:child_process";
import { mkdirSync, mkdtempSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import * as assert from "uvu/assert";

export const SHIM = fileURLToPath(new URL("../../../bin/mobisim.js", import.meta.url));

/** A model of two layers: a point takes milliseconds. */
const MODEL = {
  architectures: ["LlamaForCausalLM"],
  model_type: "llama",
  hidden_act: "silu",
  hidden_size: 256,
  intermediate_size: 512,
  num_attention_heads: 4,
  num_key_value_heads: 2,
  num_hidden_layers: 2,
  vocab_size: 1024,
  max_position_embeddings: 512,
  rms_norm_eps: 1e-5,
  rope_theta: 10000,
  tie_word_embeddings: false,
  torch_dtype: "float16",
};

/** 28 points of which 4 cannot run, and some cannot be part of the front. */
const SPACE = `
run: {model: ./mini, batch: 1, memoMib: 0}
vary:
  array.rows: [32, 64, 256]
  dram.channels: [1, 2, 4]
  slices: [1, 4]
  vector.lanes: [8, 16]
where: [array.rows * dram.channels < 512]
objectives: [cycles, energyPj, areaMm2]
constraints: [areaMm2 <= 6]
`;

/** Makes the folder and goes there. */
export function goHome(): string {
  process.chdir(mkdtempSync(join(tmpdir(), "mobisim sweep ")));
  mkdirSync("mini");
  file("mini/config.json", JSON.stringify(MODEL));
  file("space.yaml", SPACE);
  return process.cwd();
}

export function mobisim(...args: string[]) {
  const { status, stdout, stderr } = spawnSync(process.execPath, [SHIM, "sweep", ...args], {
    encoding: "utf8",
  });
  return { status, stdout, stderr };
}

/** What it prints where it has nothing to complain about. */
export function good(...args: string[]): string {
  const { status, stdout, stderr } = mobisim(...args);
  assert.equal([status, stderr], [0, ""], args.join(" "));
  return stdout;
}

export function file(name: string, text: string): string {
  writeFileSync(name, text);
  return name;
}
