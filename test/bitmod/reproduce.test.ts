//
//   The published comparison: the data file says what the artifact says, and the table comes out as published.
//

import { readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { suite } from "uvu";
import * as assert from "uvu/assert";
import { parseComparison } from "../../src/bitmod/data-file.js";
import { type Estimate, estimate } from "../../src/bitmod/estimate.js";
import { reproduce } from "../../src/bitmod/reproduce.js";
import { type FormulaStep, REVISIONS, type Revision } from "../../src/bitmod/tables.js";
import { readBitmodFile } from "../../src/check/bitmod-file.js";
import { assetPath } from "../../src/io/files.js";
import { readModel } from "../../src/io/models.js";
import { refusal } from "../support/refusal.js";

const test = suite("the BitMoD table");
const text = readFileSync(assetPath("hw-configs", "formula", "bitmod.yaml"), "utf8");
const goldenPath = fileURLToPath(new URL("../../../test/golden/bitmod.json", import.meta.url));
const golden = JSON.parse(readFileSync(goldenPath, "utf8"));
const comparison = parseComparison(text, "bitmod.yaml", (name) => readModel(name).model);
const published = reproduce(comparison, { revision: "paper", batch: 1, context: 256 });

/** Every model of the artifact on every machine of it, as the golden file has them. */
function theirs() {
  const [row] = golden.head_rows;
  const accels = comparison.machines.map(({ name }) => name);
  const rows = Object.keys(golden.model_shapes).flatMap((model) => accels.map((accel) => ({ ...row, model, accel })));
  return readBitmodFile(JSON.stringify({ ...golden, head_rows: rows, paper_rows: [] }), "golden").headRows;
}

function figures({ cycles, tiles, linear, attention, layers, energyPj }: Estimate): string {
  const energies = Object.values(energyPj).map((value) => value.toPrecision(12));
  return JSON.stringify([cycles, tiles, linear, attention, layers, energies]);
}

test("the data file says what the artifact says, of every model and machine", () => {
  const subjects = theirs();
  assert.is(subjects.length, comparison.models.length * comparison.machines.length);
  for (const { row, model, machine } of subjects) {
    const ourModel = comparison.models.find(({ name }) => name === row.model);
    const ourMachine = comparison.machines.find(({ name }) => name === row.accel);
    assert.ok(ourModel && ourMachine, `${row.model} ${row.accel}`);
    for (const revision of REVISIONS)
      for (const phase of ["decode", "prefill"] as const) {
        const step: FormulaStep = { revision, phase, batch: 1, context: 320 };
        const [got, want] = [estimate(ourModel, ourMachine, step), estimate(model, machine, step)].map(figures);
        assert.is(got, want, `${row.model} ${row.accel} ${revision} ${phase}`);
      }
  }
  assert.equal(comparison.headline.over, golden.paper_headline);
});

test("every row of the artifact's table is there, to the cycle and the uJ", () => {
  assert.is(published.rows.length, 6 * 2 * 5);
  const phases: Record<string, string> = { prefill: "discriminative", decode: "generative" };
  for (const want of golden.paper_rows) {
    const got = published.rows.find(
      ({ model, phase, machine }) => model === want.model && phases[phase] === want.mode && machine === want.accel,
    );
    assert.is(got?.cycles, want.total_cycles);
    assert.is(Math.round((got?.energyPj.total ?? 0) / 1e6), want.total_uJ);
  }
});

test("speed-ups are over FP16, and seconds at 1 GHz", () => {
  const cycles = (machine: string) => published.rows.find((row) => row.machine === machine)?.cycles ?? 0;
  for (const { machine, model, phase, speedup, seconds } of published.rows.slice(0, 5)) {
    assert.equal([model, phase], ["opt-1.3b", "prefill"]);
    assert.is(speedup, cycles("fp16") / cycles(machine));
    assert.is(seconds, cycles(machine) / 1e9);
  }
});

test("the headline: 1.69x and 1.48x as published, and what each revision gives", () => {
  const means = (revision: Revision, batch: number, context: number) =>
    reproduce(comparison, { revision, batch, context }).headlines.map(({ over, geometricMean, arithmeticMean }) =>
      [over, geometricMean.toFixed(4), arithmeticMean.toFixed(4)].join(" "),
    );
  assert.equal(means("paper", 1, 256), ["ant 1.6885 1.6914", "olive 1.4685 1.4739"]);
  assert.equal(means("head", 1, 256), ["ant 1.7234 1.7268", "olive 1.5155 1.5185"]);
  assert.equal(means("head", 8, 2048), ["ant 1.9289 1.9296", "olive 1.8758 1.8779"]);
  const points = published.headlines.map(({ machine, points, cited }) => [machine, points, cited]);
  assert.equal(points, [
    ["bitmod_lossy", 12, 1.69],
    ["bitmod_lossy", 12, 1.48],
  ]);
});

test("a data file that is wrong is one line", () => {
  const bad = (from: string, to: string) =>
    refusal(() => parseComparison(text.replace(from, to), "f.yaml", (name) => readModel(name).model));
  assert.match(
    bad("lanes: 1", "lanes: 0"),
    /^f\.yaml:\d+: machines\.fp16\.lanes is 0; allowed an integer of 1 or more$/,
  );
  assert.match(bad("lanes: 1", "lane: 1"), /^f\.yaml:\d+: unknown key machines\.fp16\.lane; did you mean/);
  assert.match(bad("decode: 3.0625", "decode: 0.5"), /machines\.bitmod_lossy\.weightBits\.head\.decode/);
  assert.match(bad("machine: bitmod_lossy", "machine: bitmod"), "allowed are names in machines");
  assert.match(bad("phi-2: phi-2", "phi-2: phi-9"), "phi-9: no such folder and no model of that name");
});

test.run();
