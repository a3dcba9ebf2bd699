//
//   Remembering changes no answer: the whole result of real jobs (cycles, counters, energy, state hash) is that of the run that
//   simulates every clock. Every shipped DRAM part, its refresh kinds and mappings, machines, layouts, phases.
//

import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { suite } from "uvu";
import * as assert from "uvu/assert";
import { DEFAULT_MEMO_MIB, type RunRequest } from "../../src/request.js";
import { simulate } from "../../src/simulate.js";
import { SHIPPED } from "../support/dram-parts.js";

const law = suite("memo on real models");
const folder = mkdtempSync(join(tmpdir(), "mobisim "));

/** A layer of LLaMA-3-8B, and of its vocabulary a part. */
const LAYER = modelFolder("llama-3-8b-layer", {
  architectures: ["LlamaForCausalLM"],
  num_hidden_layers: 1,
  hidden_size: 4096,
  intermediate_size: 14336,
  num_attention_heads: 32,
  num_key_value_heads: 8,
  vocab_size: 2048,
});

function modelFolder(name: string, config: Record<string, unknown>): string {
  const path = join(folder, name);
  mkdirSync(path);
  writeFileSync(join(path, "config.json"), JSON.stringify(config));
  return path;
}

/** Requests of more clocks of acceptance than writes are set aside beside (assembly/machine/memory/shelf.ts). */
const LONG_QUEUES = join(folder, "long-queues.yaml");
writeFileSync(
  LONG_QUEUES,
  readFileSync("hw-configs/dram/lpddr5-6400.yaml", "utf8").replace(
    /^queues: .*$/m,
    "queues: { read: 200, write: 150, writeHigh: 140, writeLow: 20 }",
  ),
);

const DIE_GB: Record<(typeof SHIPPED)[number], number> = {
  "ddr4-3200": 16,
  "lpddr5-6400": 32,
  "hbm2-2000": 8,
  "hbm3-6400": 16,
  "gddr6-14000": 8,
};

const on = (part: (typeof SHIPPED)[number]) => [`dram.device=${part}`, `dram.dieGb=${DIE_GB[part]}`];

const REQUESTS: Partial<RunRequest>[] = [
  ...SHIPPED.flatMap((part) => [
    { sets: on(part), batch: 2, steps: 2 },
    { sets: [...on(part), "dram.mapping=A", "dram.refreshStaggerClocks=100"], batch: 1, steps: 2 },
    { model: LAYER, sets: on(part), batch: 1, steps: 2 },
  ]),
  { model: LAYER, sets: ["dram.refresh=per-bank"], batch: 1, steps: 1 },
  { sets: [`dram.device=${LONG_QUEUES}`], batch: 8, steps: 3 },
  { machine: "cloud", model: LAYER, batch: 2, steps: 2, context: 300 },
  { machine: "bit-parallel", batch: 1, steps: 2 },
  { machine: "fp16", batch: 1, steps: 1 },
  { trace: "prefill2k", phase: "prefill", batch: 1, chunk: 64, steps: 2, budget: 3 },
  { phase: "mixed", batch: 3, chunk: 16, steps: 2, budget: 2.5 },
];

/** All of the answer but what the memo did. */
async function answer(request: Partial<RunRequest>, memoMib: number) {
  const whole = { machine: "edge", model: "tiny-llama", trace: "decode16", sets: [], ...request, memoMib };
  const { memo, ...rest } = await simulate(whole, { counterfactuals: false });
  return { memo, rest };
}

for (const request of REQUESTS) {
  law(JSON.stringify(request).replace(folder, ""), async () => {
    const [on, off] = [await answer(request, DEFAULT_MEMO_MIB), await answer(request, 0)];
    assert.equal(on.rest, off.rest);
    assert.is(off.memo, undefined);
    assert.ok(on.memo !== undefined && on.memo.remembered > 0, "something was remembered");
  });
}

law("a memo of which hardly anything fits changes nothing either", async () => {
  const request = { batch: 4, steps: 2 };
  const [ample, small] = [await answer(request, DEFAULT_MEMO_MIB), await answer(request, 1)];
  assert.equal(small.rest, ample.rest);
  assert.ok((small.memo?.forgotten ?? 0) > 0, "something was forgotten");
});

law.after(() => rmSync(folder, { recursive: true }));

law.run();
