//
//   Whole runs: an interrupted one answers for the steps it finished; what a plan wants of a batch is what is fetched; another
//   model's trace runs to the end; chunks sample once.
//

import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { suite } from "uvu";
import * as assert from "uvu/assert";
import { Interrupted } from "../src/basics/errors.js";
import { prepare } from "../src/job.js";
import type { RunRequest } from "../src/request.js";
import { simulate } from "../src/simulate.js";

const test = suite("simulate");
const tiny = { machine: "edge", model: "tiny-llama", trace: "decode16", sets: [] };

/** Runs until `enough` parts of the work are done, and interrupts. */
function interrupted(request: RunRequest, enough: number) {
  const controller = new AbortController();
  const onProgress = (done: number) => {
    if (done >= enough) controller.abort();
  };
  return simulate(request, { onProgress, signal: controller.signal });
}

test("an interrupted run is the run of the steps it finished", async () => {
  const request = { ...tiny, budget: 4, batch: 2, steps: 200 };
  const { partial, stepsAsked, exposed, ...known } = await interrupted(request, 40);
  assert.ok(known.steps >= 1 && known.steps < 200, `${known.steps} steps`);
  assert.equal([partial, stepsAsked], [true, 200]);
  const { exposed: whole, ...wanted } = await simulate({ ...request, steps: known.steps });
  assert.equal(known, wanted);
  // Where the array never waited there is nothing to know.
  const unknown = (cycles: number) => (cycles > 0 ? null : 0);
  const { route, vector } = known.breakdown;
  assert.equal(exposed, { route: unknown(route), dram: whole.dram, vector: unknown(vector) });
});

test("interrupted in the first step there is no result", async () => {
  const request = { ...tiny, trace: "prefill2k", budget: 4 };
  const error = await interrupted(request, 0).catch((thrown: unknown) => thrown);
  assert.instance(error, Interrupted);
});

test("what is fetched of a synthetic plan is the deepest of the batch", async () => {
  const request = { ...tiny, synthetic: "independent" as const, budget: 3, batch: 4, steps: 3 };
  const { plan, played, inputs } = prepare(request);
  let [bits, weights] = [0, 0];
  for (let index = 0; index < 3; index++) {
    const step = played.step(index);
    for (const [place, linear] of inputs.model.linears.entries()) {
      const size = linear.in * linear.out;
      bits += 2 * size * Math.max(...plan.depths(step, { start: 0, size: 4 }, place));
      weights += size;
    }
  }
  const result = await simulate(request);
  assert.ok(Math.abs(result.bits.fetched - bits / weights) < 1e-9, `${result.bits.fetched}, wanted ${bits / weights}`);
  assert.ok(result.bits.wanted < result.bits.fetched);
  assert.equal([result.plan.source, result.plan.budget, result.trace], ["synthetic", 3, "decode16"]);
  assert.is(result.accuracy.source, "none");
  assert.ok((result.counters.RouterTokens ?? 0) > 0, "the router is charged");
});

test("a model without a trace runs on another one's", async () => {
  const folder = join(mkdtempSync(join(tmpdir(), "mobisim ")), "narrow");
  mkdirSync(folder);
  const config = {
    architectures: ["LlamaForCausalLM"],
    num_hidden_layers: 3,
    hidden_size: 64,
    intermediate_size: 96,
    num_attention_heads: 2,
    vocab_size: 50,
  };
  writeFileSync(join(folder, "config.json"), JSON.stringify(config));
  const result = await simulate({ ...tiny, model: folder, budget: 4, batch: 2, steps: 2 });
  assert.equal([result.model, result.plan.source, result.plan.budget], ["narrow", "transplanted", 4]);
  assert.match(result.plan.text, "recorded from tiny-llama");
  const { source, perplexity, sourceModel } = result.accuracy;
  assert.equal([source, perplexity, sourceModel?.name, sourceModel?.tokens], ["none", null, "tiny-llama", 4]);
  assert.ok(result.cycles > 0 && result.bits.wanted > 2);
  rmSync(join(folder, ".."), { recursive: true });
});

test("chunks of a window sample once, and read the cache of the chunks before", async () => {
  const window = { machine: "edge", model: "tiny-llama", sets: [], slices: 1, phase: "prefill" as const, tokens: 96 };
  const [whole, chunks] = [await simulate(window), await simulate({ ...window, chunk: 40 })];
  assert.equal([chunks.steps, chunks.chunk, chunks.tokens], [3, 40, 96]);
  assert.is(chunks.dram.bytes.lmHead, whole.dram.bytes.lmHead);
  assert.is(chunks.counters.BytesWrittenKv, whole.counters.BytesWrittenKv);
  assert.ok((chunks.counters.BytesReadKv ?? 0) > (whole.counters.BytesReadKv ?? 0));
  const begun = await simulate({ ...window, chunk: 40, steps: 2 });
  assert.is(begun.dram.bytes.lmHead, 0);
});

test("the cache has room for every position that a run reaches, or the run is refused", async () => {
  const full = /^model tiny-llama with its KV cache takes \d+ bytes of DRAM; the machine has \d+/;
  const small = { ...tiny, slices: 1, steps: 1, sets: ["dram.channels=1", "dram.dieGb=16"] };
  for (const change of [{}, { phase: "mixed" as const, chunk: 8 }]) {
    const wide = { ...small, ...change, batch: 1200, context: 2000 };
    const message = await simulate(wide).then(
      () => "accepted",
      (error: Error) => error.message,
    );
    assert.match(message, full);
  }
});

test("a mixed step decodes beside the chunk: one lm_head for all that sample", async () => {
  const request = { ...tiny, phase: "mixed" as const, budget: 4, batch: 3, chunk: 16, steps: 2 };
  const mixed = await simulate(request);
  const decode = await simulate({ ...tiny, budget: 4, batch: 2, steps: 2 });
  assert.equal([mixed.phase, mixed.chunk, mixed.steps, mixed.tokens], ["mixed", 16, 2, 36]);
  assert.is(mixed.dram.bytes.lmHead, decode.dram.bytes.lmHead);
  assert.equal([mixed.accuracy.source, mixed.accuracy.tokens], ["recorded", 4 + 31]);
});

test.run();
