//
//   mobisim trace from the outside: show, record, and a run on what was recorded.
//

import { spawnSync } from "node:child_process";
import { existsSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { suite } from "uvu";
import * as assert from "uvu/assert";
import type { TraceReport } from "../../src/report/trace-page.js";

const command = suite("mobisim trace");
const shim = fileURLToPath(new URL("../../../bin/mobisim.js", import.meta.url));
const folder = mkdtempSync(join(tmpdir(), "mobisim trace "));

command.after(() => rmSync(folder, { recursive: true }));

function mobisim(...args: string[]) {
  const { status, stdout, stderr } = spawnSync(process.execPath, [shim, ...args], { encoding: "utf8" });
  return { status, stdout, stderr };
}

command("show: the pack as a page, or as JSON", () => {
  const page = mobisim("trace", "show", "decode16");
  assert.equal([page.status, page.stderr], [0, ""]);
  assert.match(page.stdout, /^trace decode16 of tiny-llama: 16 sequences of 256 tokens, decode\n/);
  const report = JSON.parse(mobisim("trace", "show", "decode16", "--json").stdout) as TraceReport;
  assert.equal([report.linears, report.budgets.length], [56, 6]);
  assert.ok(Math.abs(report.perplexity.fp - 14.41) < 0.01);
});

command("a text is recorded, and a run replays the pack", () => {
  const [text, pack] = [join(folder, "a text.txt"), join(folder, "mine")];
  writeFileSync(text, "The river ran past the mill and the old stone bridge into the valley. ".repeat(6));
  const args = ["--text", text, "--length", "24", "--budget", "3", "--out", pack];
  const recorded = mobisim("trace", "record", ...args);
  assert.is(recorded.status, 0, recorded.stderr);
  assert.match(recorded.stderr, /^wrote \d+ x 24 tokens to .*mine\n$/);
  const run = mobisim("run", "--trace", pack, "--budget", "3", "--steps", "2", "--batch", "2", "--json");
  assert.is(run.status, 0, run.stderr);
  const result = JSON.parse(run.stdout);
  assert.equal([result.trace, result.accuracy.source, result.accuracy.tokens], ["mine", "recorded", 4]);
  const { status, stderr } = mobisim("run", "--trace", pack);
  assert.equal([status, stderr], [2, "--budget is missing; recorded in trace mine: 3\n"]);
});

command("what cannot be recorded is refused in one line, and nothing is written", () => {
  const pack = join(folder, "none");
  for (const [args, wanted] of [
    [[], /^give --text FILE or --generate N: one of them\n$/],
    [["--generate", "1", "--length", "4000"], /^a sequence is 4000 tokens long; allowed 2048 .*\n$/],
    [["--generate", "1", "--length", "8", "--prompt", "9"], /^--prompt 9: allowed 1\.\.8 \(--length\)\n$/],
    [["--generate", "1", "--top-p", "0"], /^--top-p is 0; allowed a number above 0\n$/],
    [
      ["--generate", "1", "--budget", "3.3"],
      /^--budget 3\.3: the slices of tiny-llama have no threshold for it; .*\n$/,
    ],
  ] as const) {
    const { status, stdout, stderr } = mobisim("trace", "record", ...args, "--out", pack);
    assert.match(stderr, wanted);
    assert.equal([status, stdout, existsSync(pack)], [2, "", false]);
  }
  writeFileSync(join(folder, "file"), "");
  const { stderr } = mobisim("trace", "record", "--generate", "1", "--out", join(folder, "file"));
  assert.is(stderr, `--out ${join(folder, "file")} is a file; allowed a folder\n`);
  assert.match(mobisim("trace").stdout, /mobisim trace record --text my\.txt/);
});

command.run();
