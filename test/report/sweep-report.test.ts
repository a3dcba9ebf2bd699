//
//   The report on a sweep: what is in it, and what a real browser makes of it.
//

import { spawnSync } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { suite } from "uvu";
import * as assert from "uvu/assert";
import { parseMachine } from "../../src/hardware/machine.js";
import { chartLibraries } from "../../src/io/chart-libraries.js";
import { htmlOf } from "../../src/report/html.js";
import { markdownOf } from "../../src/report/markdown.js";
import type { Figure } from "../../src/report/page.js";
import { svgOf } from "../../src/report/svg.js";
import { sweepReport } from "../../src/report/sweep-report.js";
import { type Findings, sweepPage } from "../../src/report/sweep-table.js";
import type { Result } from "../../src/result/result.js";
import { frontOf } from "../../src/sweep/aims.js";
import { configFile } from "../../src/sweep/config-file.js";
import type { Header } from "../../src/sweep/header.js";
import type { Answered } from "../../src/sweep/record.js";
import { browserThere, openBrowser, openPage } from "../support/browser.js";
import { exampleAnswers, exampleHeader } from "../support/sweep-example.js";

const report = suite("sweep report");
const inBrowser = browserThere() ? report : report.skip;
const shim = fileURLToPath(new URL("../../../bin/mobisim.js", import.meta.url));

async function drawsWithoutFault(path: string): Promise<void> {
  const browser = await openBrowser();
  const { page, faults } = await openPage(browser, path, 375);
  const charts = await page.locator(".chart svg").count();
  await browser.close();
  assert.equal([faults, charts], [[], 2]);
}

function example() {
  const [header, answers] = [exampleHeader(), exampleAnswers()];
  return sweepReport(findings(header, answers), [{ name: "a.yaml", text: "name: <a>\n" }]);
}

function findings(header: Header, answers: Answered[]): Findings {
  return { header, answers, front: frontOf(header, answers).items, parts: ["hbm2-2000", "lpddr5-6400"] };
}

report("says the front, the points, what knobs do, and where it comes from", () => {
  const text = markdownOf(example());
  assert.match(text, "| pruned: simulations saved by the bound | 1 |");
  assert.match(text, "pruned: even the best that the bound allows is dominated by a simulated one (1 point)\n");
  assert.match(text, /\*\*32100000\*\* \| \*\*front\*\* \| \*\*32\*\* \| \*\*hbm2-2000\*\* \| \*\*100,000\*\*/);
  assert.match(text, /64000000 \| breaks a constraint \| 64/);
  assert.match(text, "they explain 100.0 % of the variance");
  assert.match(text, /cycles, array\.rows \| 150\.0 % \| 16: \+100\.0 %; 32: 0\.0 %; 64: -50\.0 %/);
  assert.match(text, "```yaml\nname: <a>\n```");
  assert.match(text, /space file \| cdcdcdcdcdcdcdcd/);
});

report("says of how many points even the best is dominated, of how many it breaks a constraint", () => {
  const pruned = (reason: string): Answered => ({ id: reason, values: {}, status: "pruned", reason });
  const answers = [
    ...exampleAnswers(),
    pruned("areaMm2High is 9 at its best; constraint areaMm2 <= 3.5"),
    pruned("64 dominates the best"),
  ];
  assert.match(
    markdownOf(sweepReport(findings(exampleHeader(), answers), [])),
    "pruned: even the best that the bound allows is dominated by a simulated one (2 points), or breaks a constraint (1 point)\n",
  );
});

report("says that energy of different DRAM parts does not compare, where it is asked for", () => {
  const all = findings(exampleHeader(), exampleAnswers());
  const line = "energyPjHigh of different DRAM parts (hbm2-2000, lpddr5-6400) do not compare";
  const pages = (found: Findings) => [sweepReport(found, []), sweepPage(found)].map(markdownOf);
  for (const page of pages(all)) assert.match(page, line);
  const time = { ...all, header: { ...all.header, objectives: all.header.objectives.slice(0, 1) } };
  for (const quiet of [{ ...all, parts: ["hbm2-2000"] }, time])
    for (const page of pages(quiet)) assert.not.match(page, "do not compare");
});

report("a picture has whole names, and no prefix before a unit that has one", async () => {
  const header: Header = {
    ...exampleHeader(),
    objectives: ["tpotMs", "energyPjHigh"].map((measure) => ({ measure, goal: "min" })),
  };
  const answers = exampleAnswers().map((one) => ({
    ...one,
    measures: { ...one.measures, tpotMs: (one.measures?.cycles ?? 0) / 1e6 },
  }));
  const [, front] = sweepReport(findings(header, answers), []).sections;
  const svg = await svgOf(front.figures?.[0] as Figure);
  assert.match(svg, ">0.1<");
  assert.match(svg, ">1.2G<");
  assert.match(svg, ">breaks a constraint<");
  assert.not.match(svg, />[\d.]+m</);
});

report("names in files and points cannot become markup", () => {
  const text = htmlOf(example(), []);
  assert.match(text, "<pre>name: &lt;a&gt;\n</pre>");
  assert.match(text, 'href="data:text/plain;charset=utf-8,name%3A%20%3Ca%3E%0A"');
});

report("a point's machine file is the point's machine", () => {
  const machine = parseMachine("name: edge", "edge.yaml", [
    "array.rows=32",
    "dram.mapping=row,bank,bankGroup,column,channel",
  ]);
  const request = {
    machine: "edge",
    sets: ["array.rows=32"],
    model: "tiny-llama",
    budget: 3,
    trace: "decode16",
    steps: 1,
  };
  const { name, text } = configFile(exampleHeader(), exampleAnswers()[2], request, machine);
  assert.is(name, "example-32000000.yaml");
  assert.equal(parseMachine(text, name), { ...machine, name: "example-32000000" });
  assert.match(
    text,
    "#   mobisim run --machine example-32000000.yaml --model tiny-llama --budget 3 --trace decode16 --steps 1\n",
  );
});

inBrowser("a brush selects the same points in every chart and in the table; heads sort", async () => {
  const folder = mkdtempSync(join(tmpdir(), "mobisim sweep page "));
  const path = join(folder, "sweep.html");
  const header = {
    ...exampleHeader(),
    objectives: [...exampleHeader().objectives, { measure: "areaMm2High", goal: "min" as const }],
  };
  const answers = exampleAnswers();
  writeFileSync(path, htmlOf(sweepReport(findings(header, answers), []), chartLibraries()));
  const browser = await openBrowser();
  try {
    const { page, faults } = await openPage(browser, path, 1100);
    const shown = () =>
      page.evaluate(
        `[...document.querySelectorAll("tr[data-id]")].filter((row) => !row.hidden).map((row) => row.cells[0].textContent)`,
      );
    const faint = (chart: string) =>
      page.evaluate(
        `[...document.querySelectorAll("#chart-${chart} .mark-symbol path")].filter((one) => Number(one.getAttribute("opacity")) < 0.5 && one.closest(".role-mark")).length`,
      );
    assert.is(((await shown()) as string[]).length, 6);
    const plot = page.locator("#chart-front-cycles-energyPjHigh svg");
    await plot.scrollIntoViewIfNeeded();
    const box = await plot.boundingBox();
    if (box === null) throw new Error("no chart");
    // The lower half: LPDDR5 costs 1.0e9 pJ, HBM 1.5e9.
    await page.mouse.move(box.x + 130, box.y + 160);
    await page.mouse.down();
    await page.mouse.move(box.x + box.width - 20, box.y + 285, { steps: 5 });
    await page.mouse.up();
    assert.equal(((await shown()) as string[]).sort(), ["16000000", "32000000", "64000000"]);
    assert.is(await faint("front-cycles-areaMm2High"), 3);
    await page.mouse.click(box.x + 140, box.y + 20);
    assert.is(((await shown()) as string[]).length, 6);
    const cycles = page.locator("table.sortable th button", { hasText: /^cycles$/ });
    await cycles.click();
    assert.is(((await shown()) as string[])[0], "64100000");
    await cycles.click();
    assert.is(((await shown()) as string[])[0], "16000000");
    assert.equal(faults, []);
    await page.emulateMedia({ media: "print" });
    await page.setViewportSize({ width: 700, height: 900 });
    assert.is(await page.evaluate("document.documentElement.scrollWidth - innerWidth"), 0);
  } finally {
    await browser.close();
    rmSync(folder, { recursive: true });
  }
});

report("of a real sweep: the best machine file runs to the figures of its point, the page draws", async () => {
  const folder = mkdtempSync(join(tmpdir(), "mobisim sweep report "));
  const mobisim = (...args: string[]) =>
    spawnSync(process.execPath, [shim, ...args], { encoding: "utf8", cwd: folder });
  const space = {
    run: { batch: 1, steps: 1, budget: 3 },
    vary: { "array.rows": [32, 64], "buffers.sliceKiB": [256] },
    objectives: ["cycles"],
  };
  writeFileSync(join(folder, "space.yaml"), JSON.stringify(space));
  assert.is(mobisim("sweep", "space.yaml", "--out", "study", "--workers", "1", "--quiet").status, 0);
  const { status, stderr } = mobisim("report", "study", "--out", "study.md");
  assert.equal([stderr, status], ["wrote study.md\n", 0]);
  const text = readFileSync(join(folder, "study.md"), "utf8");
  const [, config] = /```yaml\n(.*?)```/s.exec(text) ?? [];
  const [, , figure, command] = /^# Point (\w+) of sweep \w+: cycles (\d+)\n# {3}mobisim (.*)\n/.exec(config) ?? [];
  const [file] = /\S+\.yaml/.exec(command) ?? [];
  writeFileSync(join(folder, file as string), config);
  const run = mobisim(...command.split(" "), "--json");
  assert.is((JSON.parse(run.stdout) as Result).cycles, Number(figure));
  assert.is(mobisim("report", "study", "--out", "study.html").status, 0);
  if (browserThere()) await drawsWithoutFault(join(folder, "study.html"));
  const other = mobisim("report", folder, "--out", "never.html");
  assert.equal([other.status, other.stdout], [2, ""]);
  rmSync(folder, { recursive: true });
});

report.run();
