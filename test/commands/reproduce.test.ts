//
//   mobisim reproduce from the outside: what lands on stdout and on stderr, and how it ends.
//

import { spawnSync } from "node:child_process";
import { fileURLToPath } from "node:url";
import { suite } from "uvu";
import * as assert from "uvu/assert";
import type { BitmodReport } from "../../src/report/bitmod-page.js";

const test = suite("mobisim reproduce");
const shim = fileURLToPath(new URL("../../../bin/mobisim.js", import.meta.url));

function mobisim(...args: string[]) {
  return spawnSync(process.execPath, [shim, "reproduce", ...args], { encoding: "utf8" });
}

function output(...args: string[]): string {
  const { status, stdout, stderr } = mobisim(...args);
  assert.equal([stderr, status], ["", 0]);
  return stdout;
}

function refuses(args: string[], line: string | RegExp): void {
  const { status, stdout, stderr } = mobisim(...args);
  assert.match(stderr, line);
  assert.is(stderr.trimEnd().split("\n").length, 1);
  assert.equal([stdout, status], ["", 2]);
}

test("the published table: a line a machine, and the headline beside what was published", () => {
  const page = output("bitmod");
  assert.match(page, /^BitMoD's cost formula, revision paper, batch 1, context 256\n/);
  assert.match(page, /\n {2}llama-2-7b {2}FP16 +3,156,574,208 +1\.000x +2\.929 J +12\.58 J +15\.51 J\n/);
  assert.match(page, /\n {2}llama-3-8b {2}BitMoD lossy +90,099,088 +5\.212x +59\.75 mJ +432\.2 mJ +492\.0 mJ\n/);
  assert.match(page, /\n {2}BitMoD lossy over ANT +1\.6885x +1\.6914x +1\.69x\n/);
  assert.match(page, /\n {2}BitMoD lossy over OliVe +1\.4685x +1\.4739x +1\.48x\n/);
  assert.match(page, "12 points: prefill, and prefill + 20 decode steps, of 6 models");
});

test("--json is one document with everything that was asked", () => {
  const report = JSON.parse(output("bitmod", "--revision", "head", "--batch", "8", "--context", "2048", "--json"));
  const { revision, batch, context, rows, headlines, inputs } = report as BitmodReport;
  assert.equal([revision, batch, context, rows.length], ["head", 8, 2048, 60]);
  assert.equal(
    headlines.map(({ over, geometricMean, cited }) => [over, geometricMean.toFixed(3), cited]),
    [
      ["ant", "1.929", 1.69],
      ["olive", "1.876", 1.48],
    ],
  );
  assert.is(inputs[0].name, "hw-configs/formula/bitmod.yaml");
});

test("--format csv and md", () => {
  const [head, ...lines] = output("bitmod", "--format", "csv").trimEnd().split("\n");
  assert.is(lines.length, 60);
  assert.match(head, /^revision,batch,context,model,phase,machine,cycles,speedup,.*,total_pj$/);
  assert.match(lines[0], /^paper,1,256,opt-1\.3b,prefill,fp16,669255680,1,/);
  for (const line of lines) assert.is(line.split(",").length, head.split(",").length);
  assert.match(output("bitmod", "--format", "md"), "| phi-2  OliVe | 41,655,712 | 3.981x | 46.84 mJ |");
});

test("what cannot be asked is one line", () => {
  refuses(
    ["bitmod", "--batch", "8"],
    "--batch is 8; allowed 1 with --revision paper, which knows no other (head does)",
  );
  refuses(["bitmod", "--batch", "0"], "--batch is 0; allowed an integer >= 1");
  refuses(["bitmod", "--revision", "tail"], "--revision is tail; allowed paper, head");
  refuses(["bitmod", "--format", "pdf"], "--format is pdf; allowed terminal, md, csv");
  refuses(["ant"], "reproduce ant: unknown kind; allowed bitmod");
  refuses([], "missing required argument 'kind'");
  const huge = ["--revision", "head", "--batch", "2000000000", "--context", "2000000000"];
  refuses(["bitmod", ...huge], "batch 2000000000 and context 2000000000 make counts beyond 2^53");
});

test.run();
