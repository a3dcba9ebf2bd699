//
//   mobisim report from the outside: what lands in the file, and how bad input ends.
//

import { spawnSync } from "node:child_process";
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { suite } from "uvu";
import * as assert from "uvu/assert";
import { toJson } from "../../src/report/json.js";
import type { Result } from "../../src/result/result.js";
import { exampleResult } from "../support/result.js";

const report = suite("mobisim report");
const shim = fileURLToPath(new URL("../../../bin/mobisim.js", import.meta.url));
const folder = mkdtempSync(join(tmpdir(), "mobisim report "));
const result = join(folder, "result.json");
writeFileSync(result, toJson(exampleResult()));

function mobisim(...args: string[]) {
  return spawnSync(process.execPath, [shim, "report", ...args], { encoding: "utf8", maxBuffer: 2 ** 26 });
}

function refused(args: string[], line: RegExp): void {
  const { status, stdout, stderr } = mobisim(...args);
  assert.match(stderr, line);
  assert.is(stderr.trim().split("\n").length, 1);
  assert.equal([status, stdout], [2, ""]);
}

report.after(() => rmSync(folder, { recursive: true }));

report("one HTML file, the same every time", () => {
  const out = join(folder, "report.html");
  const { status, stdout, stderr } = mobisim(result, "--out", out);
  assert.equal([status, stdout, stderr], [0, "", `wrote ${out}\n`]);
  const html = readFileSync(out, "utf8");
  assert.match(html, "<title>tiny-llama on edge</title>");
  assert.not.match(html, /<(?:script|img|link|iframe)[^>]+(?:src|href)=/);
  mobisim(result, "--out", out, "--quiet");
  assert.is(readFileSync(out, "utf8"), html);
});

report("takes the folder that run --out wrote", () => {
  const run = join(folder, "run");
  mkdirSync(run);
  writeFileSync(join(run, "result.json"), toJson(exampleResult()));
  const out = join(folder, "folder.md");
  assert.is(mobisim(run, "--out", out).status, 0);
  assert.match(readFileSync(out, "utf8"), "# tiny-llama on edge");
});

report("figures as SVG, a file each, the same every time", () => {
  const out = join(folder, "figures");
  assert.is(mobisim(result, "--format", "svg", "--out", out).status, 0);
  const files = readdirSync(out).sort();
  assert.equal(files, ["bits.svg", "cycles.svg", "dram-bytes.svg", "energy.svg", "machine.svg", "roofline.svg"]);
  const texts = files.map((name) => readFileSync(join(out, name), "utf8"));
  for (const text of texts) assert.match(text, /^<svg .*<\/svg>\n$/s);
  mobisim(result, "--format", "svg", "--out", out);
  assert.equal(
    files.map((name) => readFileSync(join(out, name), "utf8")),
    texts,
  );
});

report("bad input is one line, and no file", () => {
  const other = (change: (result: Result) => object) => {
    const path = join(folder, "bad.json");
    writeFileSync(path, JSON.stringify(change(exampleResult())));
    return path;
  };
  const out = join(folder, "never.html");
  refused([join(folder, "nothing.json"), "--out", out], /nothing\.json: .*there is no such file/);
  refused([result], /^--out is missing; allowed a file, or a folder for svg$/m);
  refused([result, "--out", out, "--format", "pdf"], /^--format is pdf; allowed html, md, svg$/m);
  refused(
    [result, "--out", join(folder, "never.pdf")],
    /never\.pdf: \.pdf is no format; allowed \.html, \.md, a folder/,
  );
  refused([other((one) => ({ ...one, version: "0.0.1" })), "--out", out], /version is 0\.0\.1; allowed 0\.1\.0/);
  refused(
    [other(({ counters: _, ...rest }) => rest), "--out", out],
    /bad\.json: counters: .*; allowed what mobisim run --json/,
  );
  refused([other((one) => [one]), "--out", out], /bad\.json: the document: /);
  writeFileSync(join(folder, "bad.json"), "{");
  refused([join(folder, "bad.json"), "--out", out], /bad\.json: no JSON \(.*\); allowed/);
  refused([result, "--out", folder, "--format", "html"], / is a folder; allowed a file$/m);
  refused([result, "--out", result, "--format", "svg"], / is a file; allowed a folder$/m);
  assert.equal(
    readdirSync(folder).filter((name) => name.startsWith("never")),
    [],
  );
});

report.run();
