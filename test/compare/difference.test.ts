//
//   Two results side by side: the differences add up, and what differs is found.
//

import { spawnSync } from "node:child_process";
import { copyFileSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { suite } from "uvu";
import * as assert from "uvu/assert";
import { differenceOf } from "../../src/compare/difference.js";
import { differencePage } from "../../src/report/difference-page.js";
import { toJson } from "../../src/report/json.js";
import { renderPage } from "../../src/report/terminal.js";
import { simulate } from "../../src/simulate.js";
import { exampleDetail, exampleResult } from "../support/result.js";

const difference = suite("two results");
const base = { machine: "edge", model: "tiny-llama", trace: "decode16", batch: 2, steps: 2 };
const near = (found: number, wanted: number) =>
  assert.ok(Math.abs(found - wanted) <= 1e-9 * Math.abs(wanted), `${found}, not ${wanted}`);

difference("causes add up to the cycles, counters and powers to the energy", async () => {
  const options = { counterfactuals: false, detail: true };
  const a = await simulate({ ...base, sets: [], budget: 4 }, options);
  const b = await simulate({ ...base, sets: ["buffers.sliceKiB=256", "dram.channels=2"], budget: 3 }, options);
  const { causes, counters, powers, blocks, asked, ops } = differenceOf(a, b);
  const sum = (all: readonly { a: number; b: number }[]) => all.reduce((whole, one) => whole + one.b - one.a, 0);
  assert.is(sum(causes), b.cycles - a.cycles);
  assert.is(sum(ops), b.cycles - a.cycles);
  for (const end of ["low", "high"] as const) {
    const ends = (all: readonly { a: { low: number; high: number }; b: { low: number; high: number } }[]) =>
      sum(all.map((one) => ({ a: one.a[end], b: one.b[end] })));
    const whole = b.energyPj.total[end] - a.energyPj.total[end];
    near(ends([...counters.map(({ energyPj }) => energyPj), ...powers]), whole);
    near(ends(blocks), whole);
  }
  assert.equal(
    asked.filter(({ name }) => name.includes(".")).map(({ name, a, b }) => [name, a, b]),
    [
      ["buffers.sliceKiB", "512", "256"],
      ["dram.channels", "4", "2"],
    ],
  );
  const costs = counters.map(({ energyPj }) => Math.abs(energyPj.b.high - energyPj.a.high));
  assert.equal(
    costs,
    [...costs].sort((one, other) => other - one),
  );
});

difference("says what moved, in words", () => {
  const a = { ...exampleResult(), detail: exampleDetail() };
  const b = structuredClone(a);
  b.cycles -= 100_000;
  b.breakdown.dram -= 100_000;
  b.counters.PeActiveCycles = 500;
  b.inputs[0].sha256 = "f".repeat(64);
  const text = renderPage(differencePage(differenceOf(a, b)));
  assert.match(text, "B against A: -10.0 % cycles, most of it dram (-100,000)");
  assert.match(text, /hw-configs\/edge.yaml +0123456789abcdef +ffffffffffffffff/);
  assert.match(text, /PeActiveCycles +400 +500 +\+100 +\+25.0 % +\+250.0 uJ/);
  const other = structuredClone(a);
  other.config.dram.device = "hbm3-6400";
  const warning = /energy of different DRAM parts \(hbm3-6400, lpddr5-6400\) do not\s+compare/;
  assert.match(renderPage(differencePage(differenceOf(a, other))), warning);
  assert.not.match(text, warning);
  assert.match(renderPage(differencePage(differenceOf(a, a))), "B against A: the same run");
});

difference("mobisim compare A B, and what it refuses", () => {
  const folder = mkdtempSync(join(tmpdir(), "mobisim two "));
  const [a, b] = ["a.json", "b.json"].map((name) => join(folder, name));
  writeFileSync(a, toJson(exampleResult()));
  writeFileSync(b, toJson({ ...exampleResult(), cycles: 900_000, stateHash: "11" }));
  const shim = fileURLToPath(new URL("../../../bin/mobisim.js", import.meta.url));
  const compare = (...args: string[]) => spawnSync(process.execPath, [shim, "compare", ...args], { encoding: "utf8" });
  const refused = (line: string, ...args: string[]) => {
    const { status, stdout, stderr } = compare(...args);
    assert.equal([stderr.trim(), status, stdout], [line, 2, ""]);
  };
  mkdirSync(join(folder, "out"));
  copyFileSync(b, join(folder, "out", "result.json"));
  assert.is(compare(a, join(folder, "out")).stdout, compare(a, b).stdout);
  assert.match(compare(a, b, "--format", "md").stdout, "# B against A: -10.0 % cycles");
  const { a: one, b: other, causes } = JSON.parse(compare(a, b, "--json").stdout);
  assert.equal([one.cycles, other.cycles, causes.length], [1_000_000, 900_000, 7]);
  refused(`compare ${a}: allowed two results, or options only`, a);
  refused("--batch has no meaning between two results; allowed --format, --json", a, b, "--batch", "2");
  refused("--format csv has no meaning between two results; allowed terminal, md", a, b, "--format", "csv");
  rmSync(folder, { recursive: true });
});

difference.run();
