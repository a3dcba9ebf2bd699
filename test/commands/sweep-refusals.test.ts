//
//   mobisim sweep: what it refuses, in one line that says what is allowed.
//

import { existsSync, readFileSync, writeFileSync } from "node:fs";
import { suite } from "uvu";
import * as assert from "uvu/assert";
import { planSweep } from "../../src/commands/sweep/work.js";
import { refusal } from "../support/refusal.js";
import { file, goHome, good, mobisim } from "../support/sweep.js";

const test = suite("commands/sweep-refusals");

goHome();

test("bad input is one line", () => {
  const vary = (line: string, rest = "") => `vary:\n  ${line}\nobjectives: [cycles]\n${rest}`;
  const big = ["a", "b", "c"].map(
    (_, i) => `  ${["router.macs", "buffers.sliceKiB", "fetch.outstandingRuns"][i]}: {from: 1, to: 1000}`,
  );
  const cases: [string, RegExp][] = [
    [vary("array.row: [1]"), /^bad\.yaml:2: unknown knob array\.row; did you mean array\.rows\?$/],
    [vary("batsh: [1]"), /^bad\.yaml:2: unknown knob batsh; did you mean batch\?$/],
    [vary("array.rows: [0]"), /^bad\.yaml:2: array\.rows is 0; allowed 1\.\.1024$/],
    [vary("array.rows: []"), /^bad\.yaml:2: array\.rows has no values; allowed one or more$/],
    [vary("array.rows: {from: 9, to: 8}"), /^bad\.yaml:2: array\.rows: the range 9\.\.8 is empty; allowed from <= to$/],
    [
      vary("buffers.sliceKiB: [3 GHz]"),
      /^bad\.yaml:2: buffers\.sliceKiB is "3 GHz"; allowed a number, alone or in B, bytes, KiB/,
    ],
    [vary("machine: [edgy]"), /^bad\.yaml:2: edgy: no such file .*did you mean edge\?$/],
    [vary("memoMib: [1, 2]"), /^bad\.yaml: vary\.memoMib changes no result; allowed in run$/],
    ["vary: {}\nobjectives: [cycles]\n", /^bad\.yaml:1: vary has no axis: the space is empty; allowed one or more$/],
    [
      vary("array.rows: [8]", "where: [array.rows > 8]\n"),
      /^the space is empty: every place breaks a condition \(array\.rows > 8\)/,
    ],
    [
      vary("array.rows: [8]", "where: [array.rwos > 8]\n"),
      /^bad\.yaml:4: unknown knob array\.rwos; did you mean array\.rows\?$/,
    ],
    [vary("array.rows: [8]", "where: [array.rows >]\n"), /^bad\.yaml:4: array\.rows >: it ends too early$/],
    [vary("array.rows: [8]", "constraints: [area <= 3]\n"), /^bad\.yaml:4: area cannot be an objective; /],
    [
      vary("array.rows: [8]", "constraints: [areaMm2 <= 3 W]\n"),
      /^bad\.yaml:4: constraint areaMm2 <= 3 W: 3 W is no number of mm2$/,
    ],
    [
      "vary: {batch: [1]}\nobjectives: [cycels]\n",
      /^bad\.yaml:2: cycels cannot be an objective; did you mean cycles\?$/,
    ],
    [
      `vary:\n${big.join("\n")}\nobjectives: [cycles]\n`,
      /^bad\.yaml: the grid has 1000000000 points; allowed 100000, more with --limit/,
    ],
    [
      vary("budget: [4.2]"),
      /^no point of the space can run: budget 4\.2 is not recorded in trace decode16; recorded: /,
    ],
    [
      vary("model: [llama-3-8b]").replace("cycles", "perplexity"),
      /^no point of the space can run: objective perplexity is not known: budget 4 of trace/,
    ],
  ];
  for (const [text, line] of cases) {
    file("bad.yaml", text);
    const said = refusal(() => planSweep("bad.yaml", { out: "bad", prune: true, search: {} }));
    assert.match(said, line);
    assert.not(existsSync("bad"), said);
  }
});

test("folders that do not fit are one line", () => {
  good("plan", "space.yaml", "--out", "old");
  const header = "old/sweep.json";
  writeFileSync(header, readFileSync(header, "utf8").replace(/"version": "[^"]*"/, '"version": "0.0.9"'));
  good("plan", "space.yaml", "--out", "begun");
  good("plan", "space.yaml", "--out", "evolved", "--search", "evolution");
  good("plan", "space.yaml", "--out", "blocked");
  file("blocked/shards", "");
  const cases: [string[], RegExp][] = [
    [["run", "begun", "--shard", "5/4"], /^--shard is 5\/4; allowed I\/N with 1 <= I <= N$/],
    [["run", "nowhere"], /^nowhere: holds no sweep; allowed a folder that mobisim sweep made \(sweep\.json\)$/],
    [["run", "old"], /^old: is of version 0\.0\.9; this is .*; make a new sweep with this one$/],
    [["merge", "old"], /^old: is of version 0\.0\.9; /],
    [["space.yaml", "--out", "old"], /^old: is of version 0\.0\.9; /],
    [
      ["space.yaml", "--out", "begun", "--no-prune"],
      /^begun: holds another sweep; allowed a new folder \(--reuse begun takes/,
    ],
    [["merge", "begun"], /^begun: no shard was run; mobisim sweep run begun$/],
    [["run", "blocked"], /^blocked.shards.1-of-1\.ndjson: cannot be written: a file is in the way$/],
    [
      ["merge", "begun", "--shards", "2"],
      /^begun: shard 1\/2 has 0 of 14 points; allowed all of them: mobisim sweep run begun --sh/,
    ],
    [["run", "evolved", "--shard", "1/2"], /^--shard 1\/2: an evolution goes on from what it found; allowed 1\/1$/],
    [[], /^sweep wants a space file; /],
    [["missing.yaml"], /^missing\.yaml: cannot be read: there is no such file$/],
  ];
  for (const [args, line] of cases) {
    const { status, stdout, stderr } = mobisim(...args);
    assert.equal([status, stdout, stderr.split("\n").length], [2, "", 2], stderr);
    assert.match(stderr.trimEnd(), line);
  }
});

test.run();
