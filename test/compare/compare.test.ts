//
//   Comparisons: every combination once, in order; what run says alone; a point that cannot run says why.
//

import { spawnSync } from "node:child_process";
import { fileURLToPath } from "node:url";
import { suite } from "uvu";
import * as assert from "uvu/assert";
import { InputError } from "../../src/basics/errors.js";
import { compare } from "../../src/compare/compare.js";
import { type Point, pointsOf, varied } from "../../src/compare/points.js";
import { COLUMNS } from "../../src/report/compare-columns.js";
import { compareCsv, compareJson, comparePage } from "../../src/report/compare-table.js";
import type { RunRequest } from "../../src/request.js";
import { simulate } from "../../src/simulate.js";

const test = suite("compare");

const axes = [
  { name: "machine", values: ["edge"] },
  { name: "budget", values: ["3", "4.2"] },
  { name: "batch", values: ["1", "2"] },
];

function requestAt({ budget, batch }: Point): RunRequest {
  const about = { machine: "edge", model: "tiny-llama", trace: "decode16", sets: [], steps: 1 };
  return { ...about, budget: Number(budget), batch: Number(batch) };
}

test("points are all combinations, the last axis fastest", () => {
  const points = pointsOf(axes);
  assert.equal(
    points.map(({ budget, batch }) => [budget, batch]),
    [
      ["3", "1"],
      ["3", "2"],
      ["4.2", "1"],
      ["4.2", "2"],
    ],
  );
  assert.equal(
    varied(axes).map(({ name }) => name),
    ["budget", "batch"],
  );
  assert.equal(pointsOf([]), [{}]);
});

test("each answer is the answer of the run alone; a refused point has its reason", async () => {
  const comparison = await compare(axes, requestAt);
  const [first, second, third] = comparison.answers;
  for (const { point, result } of [first, second]) {
    const { exposed, ...alone } = await simulate(requestAt(point));
    if (result === undefined) throw new Error("refused");
    const { exposed: unknown, ...found } = result;
    assert.equal(found, alone);
    assert.equal(unknown.dram, null);
    assert.ok(exposed.dram !== null);
  }
  assert.is(third.result, undefined);
  assert.match(third.refused ?? "", /^--budget 4.2 is not recorded in trace decode16; recorded: 2.5, 3,/);
});

test("the three formats say the same figures", async () => {
  const comparison = await compare(axes, requestAt);
  const [head, first, , refused] = compareCsv(comparison).trimEnd().split("\n");
  assert.is(head, ["machine,budget,batch", ...COLUMNS.map(({ name }) => name), "refused"].join(","));
  const { result } = comparison.answers[0];
  assert.ok(first.startsWith(`edge,3,1,${result?.cycles},${result?.seconds},`), first);
  assert.match(refused, /^edge,4.2,1,,.*,"--budget 4.2 is not recorded/);
  assert.is(JSON.parse(compareJson(comparison)).runs[0].result.stateHash, result?.stateHash);
  const { title, sections } = comparePage(comparison);
  assert.is(title, "Comparison: machine edge");
  assert.equal(sections[0].columns?.slice(0, 3), ["budget", "batch", "cycles"]);
  assert.equal(
    sections.map(({ rows }) => rows.length),
    [4, 4, 4],
  );
  assert.is(sections[0].rows[0].label, "3");
});

test("machines with different DRAM parts are compared with a warning", async () => {
  const machines = { name: "machine", values: ["edge", "cloud"] };
  const at = ({ machine = "edge" }: Point) => ({
    machine,
    model: "tiny-llama",
    sets: [],
    slices: 1,
    batch: 1,
    steps: 1,
  });
  const notes = (values: string[]) =>
    compare([{ ...machines, values }], at).then((one) => comparePage(one).sections[0].notes);
  assert.match(
    (await notes(["edge", "cloud"]))[0],
    /^J\/token of different DRAM parts \(hbm3-6400, lpddr5-6400\) do not/,
  );
  assert.equal(await notes(["edge", "bit-parallel"]), []);
});

test("the command takes lists, and refuses what no run would take", () => {
  const shim = fileURLToPath(new URL("../../../bin/mobisim.js", import.meta.url));
  const mobisim = (...args: string[]) => spawnSync(process.execPath, [shim, "compare", ...args], { encoding: "utf8" });
  const { stdout } = mobisim("--budget", "3", "--batch", "1,2", "--steps", "1", "--format", "csv");
  assert.is(stdout.trimEnd().split("\n").length, 3);
  for (const [args, line] of [
    [["--batch", "1,x"], "--batch is x; allowed an integer >= 1"],
    [["--batch", "1,,2"], "--batch 1,,2: a value is empty; allowed a list like a,b,c"],
    [["--batch", "2,2"], "--batch 2,2: a value is there twice"],
    [["--machine", "edge,egde"], /^egde: no such file and no name in hw-configs\/ .*did you mean edge\?$/],
    [["--model", "tiny-llama,llama-4"], /^llama-4: no such folder and no model of that name/],
    [["--format", "pdf"], "--format is pdf; allowed terminal, md, csv"],
  ] as const) {
    const { status, stdout: out, stderr } = mobisim(...args);
    assert.equal([status, out, stderr.split("\n").length], [2, "", 2]);
    if (typeof line === "string") assert.is(stderr, `${line}\n`);
    else assert.match(stderr.trimEnd(), line);
  }
});

test("nothing that can run is bad input", async () => {
  const none = [{ name: "budget", values: ["4.2", "4.3"] }];
  const about = { machine: "edge", model: "tiny-llama", trace: "decode16", sets: [] };
  const said = await compare(none, ({ budget }) => ({ ...about, budget: Number(budget) })).catch((error) => error);
  assert.instance(said, InputError);
  assert.match(said.message, /^--budget 4.2 is not recorded/);
});

test.run();
