//
//   The HTML report: what is in the file, and what a real browser makes of it.
//

import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { suite } from "uvu";
import * as assert from "uvu/assert";
import { chartLibraries } from "../../src/io/chart-libraries.js";
import { fullPageOf } from "../../src/report/full-page.js";
import { htmlOf } from "../../src/report/html.js";
import type { Page } from "../../src/report/page.js";
import { simulate } from "../../src/simulate.js";
import { browserThere, openBrowser, openPage } from "../support/browser.js";
import { exampleDetail, exampleResult } from "../support/result.js";

const html = suite("html report");
const inBrowser = browserThere() ? html : html.skip;

html("names cannot become markup", () => {
  const text = htmlOf(fullPageOf({ ...exampleResult(), model: "</script><b>&", machine: 'x" onload="y' }), []);
  assert.not.match(text, /<b>|onload="/);
  assert.match(text, "&lt;/script&gt;&lt;b&gt;&amp; on x&quot; onload=&quot;y");
});

html("every figure of the run and every source of a number is there", () => {
  const page = fullPageOf(exampleResult());
  const figures = page.sections.flatMap(({ figures = [] }) => figures.map(({ name }) => name));
  assert.equal(figures, ["machine", "cycles", "roofline", "dram-bytes", "energy", "bits"]);
  const text = htmlOf(page, []);
  for (const found of ["a synthesis", "scaled from 45 nm", "estimated", "0123456789abcdef", "lpddr5-6400"]) {
    assert.match(text, found);
  }
  assert.match(text, /PE array 64 x 16/);
});

html("an observed run has its ops, its time and its depths; another says how to get them", () => {
  const names = (page: Page) => page.sections.flatMap(({ figures = [] }) => figures.map(({ name }) => name));
  const more = ["ops", "layers", "stalls", "bandwidth", "depths"];
  const observed = fullPageOf({ ...exampleResult(), detail: exampleDetail() });
  assert.equal(
    more.filter((name) => !names(observed).includes(name)),
    [],
  );
  const plain = fullPageOf(exampleResult());
  assert.equal(
    more.filter((name) => names(plain).includes(name)),
    [],
  );
  assert.match(htmlOf(plain, []), "not in this result; run with --detail");
});

html("the page allows itself no network", () => {
  const text = htmlOf(fullPageOf(exampleResult()), chartLibraries());
  assert.match(text, /http-equiv="Content-Security-Policy" content="default-src 'none';/);
  assert.not.match(text, /sourceMappingURL/);
});

inBrowser("chromium draws every chart of the embedded run, wide and narrow, and asks for nothing", async () => {
  const folder = mkdtempSync(join(tmpdir(), "mobisim page "));
  const path = join(folder, "report.html");
  const request = { machine: "edge", model: "tiny-llama", trace: "decode16", budget: 4, batch: 4, steps: 3, sets: [] };
  writeFileSync(path, htmlOf(fullPageOf(await simulate(request, { detail: true })), chartLibraries()));
  const browser = await openBrowser();
  try {
    for (const width of [1200, 375]) {
      const { page, faults } = await openPage(browser, path, width);
      const seen = await page.evaluate(`({
        marks: [...document.querySelectorAll(".chart")].map((one) => one.querySelectorAll(".mark-rect path, .mark-symbol path, .mark-line path").length),
        overflow: document.documentElement.scrollWidth - innerWidth,
        wide: [...document.querySelectorAll("figure svg")].filter((one) => one.getBoundingClientRect().right > innerWidth).length,
      })`);
      const { marks, overflow, wide } = seen as { marks: number[]; overflow: number; wide: number };
      assert.is(marks.length, 10);
      assert.ok(Math.min(...marks) > 0, `marks of each chart at ${width} pixels: ${marks.join(", ")}`);
      assert.equal([overflow, wide, faults], [0, 0, []], `${width} pixels`);
      await page.close();
    }
  } finally {
    await browser.close();
    rmSync(folder, { recursive: true });
  }
});

html.run();
