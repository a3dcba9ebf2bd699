//
//   The published table simulated: the causes add up to the difference, each stands for what it says.
//

import { suite } from "uvu";
import * as assert from "uvu/assert";
import { formulaModel } from "../../src/bitmod/from-model.js";
import { compareFormula, type FormulaComparison, type Grid } from "../../src/compare/formula.js";
import { CAUSES, type Missed } from "../../src/compare/missed.js";
import { readComparison } from "../../src/io/bitmod.js";
import { readModel } from "../../src/io/models.js";
import { missedCsv, missedJson, missedPage } from "../../src/report/missed-table.js";

const test = suite("compare --formula");

/** The published machines on the embedded model, which takes a second and not a minute. */
const { comparison: published } = readComparison();
const tiny = { ...formulaModel(readModel("tiny-llama").model), name: "llama-3-8b", shape: "tiny-llama" };
const small = { ...published, models: [tiny] };

function compare(machines: string[], phases: string[], sets: string[] = [], context = 64): Promise<FormulaComparison> {
  const grid: Grid = { models: undefined, machines, phases, batches: undefined, contexts: [`${context}`], sets };
  return compareFormula(small, grid);
}

async function missed(machine: string, phase: string, sets: string[] = [], context = 64): Promise<Missed> {
  const [{ missed: found, refused }] = (await compare([machine], [phase], sets, context)).rows;
  if (found === undefined) throw new Error(refused);
  return found;
}

test("the causes add up to the difference", async () => {
  const { rows } = await compare(["fp16", "bitmod_lossy"], ["prefill", "decode"]);
  assert.is(rows.length, 4);
  for (const { missed: found } of rows) {
    if (found === undefined) throw new Error("refused");
    const { formulaCycles, simulatedCycles, causes } = found;
    const added = CAUSES.reduce((sum, cause) => sum + causes[cause], 0);
    assert.is(formulaCycles + added, simulatedCycles);
  }
});

test("a cause that is taken away adds nothing", async () => {
  const real = await missed("bitmod_lossy", "decode");
  for (const cause of ["refresh", "bandwidth", "kvAppend", "dram", "vector"] as const)
    assert.ok(real.causes[cause] > 0, cause);
  assert.is((await missed("bitmod_lossy", "decode", ["dram.refresh=off"])).causes.refresh, 0);
  // 4 LPDDR5 channels are 51.2 GB/s: more than the formula's 32.
  assert.ok((await missed("bitmod_lossy", "decode", ["dram.channels=4"])).causes.bandwidth < 0);
});

test("all tokens and all positions: the array works as long as the formula computes", async () => {
  // One token block, since a block sees no later one's keys; compute-bound, so that work is what the array does.
  const oneBlock = ["buffers.activationKiB=8192", "buffers.activationReserveKiB=1024"];
  const sets = [...oneBlock, "schedule.causalSkip=off", "schedule.lmHeadTokens=all"];
  const { causes } = await missed("fp16", "prefill", sets, 512);
  assert.is(causes.work, 0);
  const { causes: skipped } = await missed("fp16", "prefill", oneBlock, 512);
  assert.ok(skipped.work < 0);
});

test("the formats say the same, refused rows say why", async () => {
  const found = await compare(["ant", "fp16"], ["decode"], ["buffers.sliceKiB=128"]);
  const [head, ...lines] = missedCsv(found).trimEnd().split("\n");
  assert.match(head, /^model,phase,machine,batch,context,formula_cycles,simulated_cycles,barriers_cycles,.*,refused$/);
  assert.is(lines.length, 2);
  assert.is(JSON.parse(missedJson(found)).rows.length, 2);
  assert.is(missedPage(found).sections[0].rows.length, 2);
});

test("names are those of the published table", async () => {
  for (const [grid, line] of [
    [{ models: ["llama"] }, /^--model llama: allowed with --formula opt-1.3b, phi-2, /],
    [{ machines: ["edge"] }, /^--machine edge: allowed with --formula fp16, ant, olive, bitmod_lossless, bitmod_lossy/],
    [{ phases: ["mixed"] }, /^--phase mixed: allowed with --formula prefill, decode/],
  ] as const) {
    const all = { models: undefined, machines: undefined, phases: undefined, batches: undefined, contexts: undefined };
    const error = await compareFormula(published, { ...all, sets: [], ...grid }).catch((one) => one);
    assert.match(error.message, line);
  }
});

test.run();
