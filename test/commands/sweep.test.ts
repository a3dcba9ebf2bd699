//
//   mobisim sweep: the same bytes with one worker and many, after a kill at any moment, in shards; tables that are read
//   back; bad input in one line.
//

import { spawn, spawnSync } from "node:child_process";
import { existsSync, mkdirSync, readFileSync, truncateSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { text } from "node:stream/consumers";
import { parquetReadObjects } from "hyparquet";
import { suite } from "uvu";
import * as assert from "uvu/assert";
import { readAnswers, readSweep } from "../../src/commands/sweep/folder.js";
import type { RunRequest } from "../../src/request.js";
import { simulate } from "../../src/simulate.js";
import { frontOf } from "../../src/sweep/aims.js";
import type { Answered } from "../../src/sweep/record.js";
import { file, goHome, good, mobisim, SHIM } from "../support/sweep.js";

const test = suite("commands/sweep");

const home = goHome();

const bytes = (...path: string[]) => readFileSync(join(home, ...path));
const answersIn = (folder: string) => readAnswers(join(home, folder)).answers;
const idsOf = (answers: Iterable<Answered>) => [...answers].map(({ id }) => id).sort();

test.before(() => {
  good("space.yaml", "--out", "reference", "--workers", "1");
});

test("a point's figures are those of the run alone", async () => {
  const answers = answersIn("reference");
  const count = (status: string) => answers.filter((one) => one.status === status).length;
  assert.is(answers.length, 28);
  assert.is(count("invalid"), 4);
  assert.ok(count("pruned") >= 1);
  const { values, measures, stateHash } = answers.find(({ status }) => status === "ok") as Answered;
  const sets = [
    `array.rows=${values["array.rows"]}`,
    `dram.channels=${values["dram.channels"]}`,
    `vector.lanes=${values["vector.lanes"]}`,
  ];
  const request: RunRequest = { machine: "edge", model: "./mini", batch: 1, steps: 1, sets };
  const alone = await simulate({ ...request, slices: Number(values.slices) }, { counterfactuals: false });
  assert.is(stateHash, alone.stateHash);
  assert.is(measures?.cycles, alone.cycles);
  assert.is(measures?.powerWHigh, alone.energyPj.total.high / 1e12 / alone.seconds);
  assert.match(
    answers.find(({ status }) => status === "invalid")?.reason ?? "",
    /^array\.rows: fetch\.residual.* allowed/,
  );
});

test("energy of machines with different DRAM parts is shown with a warning, of one part without", () => {
  const warning = "energyPjHigh of different DRAM parts (hbm3-6400, lpddr5-6400) do not compare";
  const space =
    "run: {model: ./mini, batch: 1, slices: 1}\nobjectives: [cycles, energyPj]\nvary: {machine: [edge, MORE]}\n";
  file("parts.yaml", space.replace("MORE", "cloud"));
  assert.match(good("parts.yaml", "--format", "md"), warning);
  assert.is(spawnSync(process.execPath, [SHIM, "report", "parts.sweep", "--out", "parts.md"]).status, 0);
  assert.match(readFileSync("parts.md", "utf8"), warning);
  file("part.yaml", space.replace("MORE", "bit-parallel"));
  assert.not.match(good("part.yaml", "--format", "md"), "do not compare");
});

test("one worker and three write the same files", () => {
  good("space.yaml", "--out", "three", "--workers", "3");
  for (const name of ["sweep.json", "points.ndjson", "results.ndjson", "results.csv", "results.parquet", "front.csv"]) {
    assert.ok(bytes("three", name).equals(bytes("reference", name)), name);
  }
});

test("a sweep that was cut anywhere goes on to the same bytes", () => {
  const whole = bytes("reference", "shards", "1-of-1.ndjson");
  const lines = whole.toString().split("\n");
  for (const size of [lines[0].length, whole.length - 30]) {
    good("plan", "space.yaml", "--out", `cut ${size}`);
    mkdirSync(join(home, `cut ${size}`, "shards"));
    writeFileSync(join(home, `cut ${size}`, "shards", "1-of-1.ndjson"), whole);
    truncateSync(join(home, `cut ${size}`, "shards", "1-of-1.ndjson"), size);
    good("run", `cut ${size}`);
    assert.ok(bytes(`cut ${size}`, "shards", "1-of-1.ndjson").equals(whole), `${size} bytes were left`);
  }
});

test("kill -9 loses nothing that was answered, and computes nothing twice", async () => {
  const shard = join(home, "killed", "shards", "1-of-1.ndjson");
  const linesNow = () => (existsSync(shard) ? readFileSync(shard, "utf8").split("\n").length - 1 : 0);
  const whole = bytes("reference", "shards", "1-of-1.ndjson");
  let kills = 0;
  for (const least of [1, 7]) {
    const child = spawn(process.execPath, [SHIM, "sweep", "space.yaml", "--out", "killed", "--workers", "2"], {
      cwd: home,
    });
    const ended = new Promise((resolve) => child.once("exit", (_, signal) => resolve(signal)));
    const timer = setInterval(() => {
      if (linesNow() >= least) child.kill("SIGKILL");
    }, 1);
    if ((await ended) === "SIGKILL") kills++;
    clearInterval(timer);
    const kept = readFileSync(shard);
    assert.ok(whole.subarray(0, kept.length).equals(kept), "what was written is the begin of the whole");
  }
  assert.ok(kills > 0, "nothing was killed");
  good("space.yaml", "--out", "killed");
  assert.ok(readFileSync(shard).equals(whole));
});

test("Ctrl-C leaves with what is answered", async () => {
  good("plan", "space.yaml", "--out", "left");
  const child = spawn(process.execPath, [SHIM, "sweep", "run", "left", "--workers", "1"]);
  const said = text(child.stderr);
  const timer = setInterval(() => {
    if (!existsSync("left/shards/1-of-1.ndjson") || readFileSync("left/shards/1-of-1.ndjson").length === 0) return;
    clearInterval(timer);
    child.kill("SIGINT");
  }, 1);
  const code = await new Promise((resolve) => child.once("exit", resolve));
  assert.is(code, 130);
  assert.match(await said, /^interrupted: \d+ of 28 points are answered; the same command goes on from there\n$/);
});

test("a plan says how many of its points cannot run, and why", () => {
  assert.match(
    good("plan", "space.yaml", "--out", "said"),
    /^said: 28 points, 4 of them cannot run, the first because array\.rows: fetch\.residual.*\n$/,
  );
});

test("shards join to the same front; without pruning to the same bytes", () => {
  good("space.yaml", "--out", "all", "--no-prune");
  assert.is(answersIn("all").filter(({ status }) => status === "pruned").length, 0);
  for (const [folder, option] of [
    ["parts", []],
    ["all parts", ["--no-prune"]],
  ] as const) {
    good("plan", "space.yaml", "--out", folder, ...option);
    for (const shard of ["2/2", "1/2"]) good("run", folder, "--shard", shard);
    good("merge", folder);
  }
  assert.ok(bytes("all parts", "results.ndjson").equals(bytes("all", "results.ndjson")));
  const { header } = readSweep(join(home, "all"));
  const front = (folder: string) => idsOf(frontOf(header, answersIn(folder)).items);
  assert.ok(front("all").length > 2);
  for (const folder of ["reference", "parts"]) assert.equal(front(folder), front("all"), folder);
});

test("the script of a batch system runs every shard", () => {
  good("plan", "space.yaml", "--out", "batch 'n'", "--for", "slurm", "--shards", "2");
  const script = good("plan", "space.yaml", "--out", "batch 'n'", "--for", "slurm", "--shards", "2");
  const bin = join(home, "bin");
  mkdirSync(bin);
  writeFileSync(join(bin, "mobisim"), `#!/bin/sh\nexec "${process.execPath}" "${SHIM}" "$@"\n`, { mode: 0o755 });
  assert.match(script, /^#SBATCH --array=1-2$/m);
  for (const task of ["1", "2"]) {
    const env = { ...process.env, PATH: `${bin}:${process.env.PATH}`, SLURM_ARRAY_TASK_ID: task };
    const { status, stderr } = spawnSync("bash", ["-c", script], { cwd: home, env, encoding: "utf8" });
    assert.equal([status, stderr], [0, ""]);
  }
  good("merge", "batch 'n'");
  const line = good("plan", "space.yaml", "--out", "reference", "--for", "parallel", "--shards", "4");
  assert.match(
    line,
    /^parallel mobisim sweep run 'reference' .* --shard \{\}\/4 ::: \$\(seq 4\) && mobisim sweep merge 'ref/,
  );
});

test("what another sweep ran is not run again: the same answers", () => {
  const before = readFileSync("reference/results.ndjson", "utf8");
  const marked = before.replace(/"stateHash":"[0-9a-f]+"/g, '"stateHash":"known"');
  good("plan", "space.yaml", "--out", "known");
  writeFileSync("known/results.ndjson", marked);
  good("space.yaml", "--out", "reused", "--reuse", "known");
  assert.is(readFileSync("reused/results.ndjson", "utf8"), marked);
  assert.is(mobisim("space.yaml", "--out", "reused", "--reuse", "nowhere").status, 2);
});

test("an evolution under a seed is the same again, also after a cut", () => {
  const options = ["--search", "evolution", "--points", "20", "--seed", "3"];
  good("space.yaml", ...options, "--out", "evolved");
  const whole = bytes("evolved", "results.ndjson");
  truncateSync(join(home, "evolved", "shards", "1-of-1.ndjson"), Math.floor(whole.length / 2));
  good("space.yaml", ...options, "--out", "evolved", "--workers", "1");
  assert.ok(bytes("evolved", "results.ndjson").equals(whole));
  const { header } = readSweep(join(home, "evolved"));
  good("space.yaml", ...options, "--no-prune", "--out", "evolved all");
  const front = (folder: string) => idsOf(frontOf(header, answersIn(folder)).items);
  assert.equal(front("evolved"), front("evolved all"));
});

test("an independent reader finds the answers in the Parquet file, and CSV says the same", async () => {
  const { buffer, byteOffset, byteLength } = bytes("reference", "results.parquet");
  const rows = await parquetReadObjects({ file: buffer.slice(byteOffset, byteOffset + byteLength) as ArrayBuffer });
  const answers = answersIn("reference");
  const [head, ...lines] = bytes("reference", "results.csv").toString().trimEnd().split("\n");
  assert.equal(Object.keys(rows[0]), head.split(","));
  assert.is(lines.length, answers.length);
  for (const [i, { id, status, values, measures }] of answers.entries()) {
    const row = rows[i];
    assert.equal([row.id, row.status, row["array.rows"]], [id, status, values["array.rows"]]);
    assert.is(row.energyPjHigh ?? null, measures?.energyPjHigh ?? null);
    assert.ok(lines[i].startsWith(`${id},${status},`));
  }
});

test.run();
