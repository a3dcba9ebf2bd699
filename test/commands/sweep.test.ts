//
//   mobisim sweep: the same bytes with one worker and many, after a kill at any moment, in shards; tables that are read
//   back; bad input in one line.
//

import { spawn, spawnSync } from "node:child_process";
import { existsSync, mkdirSync, mkdtempSync, readFileSync, truncateSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { parquetReadObjects } from "hyparquet";
import { suite } from "uvu";
import * as assert from "uvu/assert";
import { planSweep } from "../../src/commands/sweep-work.js";
import { readAnswers, readSweep } from "../../src/io/sweep-folder.js";
import type { RunRequest } from "../../src/request.js";
import { simulate } from "../../src/simulate.js";
import { frontOf } from "../../src/sweep/aims.js";
import type { Answered } from "../../src/sweep/record.js";
import { refusal } from "../support/refusal.js";

const test = suite("commands/sweep");

process.chdir(mkdtempSync(join(tmpdir(), "mobisim sweep ")));
const shim = fileURLToPath(new URL("../../../bin/mobisim.js", import.meta.url));
const home = process.cwd();

/** A model of two layers: a point takes milliseconds. */
const MODEL = {
  architectures: ["LlamaForCausalLM"],
  model_type: "llama",
  hidden_act: "silu",
  hidden_size: 256,
  intermediate_size: 512,
  num_attention_heads: 4,
  num_key_value_heads: 2,
  num_hidden_layers: 2,
  vocab_size: 1024,
  max_position_embeddings: 512,
  rms_norm_eps: 1e-5,
  rope_theta: 10000,
  tie_word_embeddings: false,
  torch_dtype: "float16",
};

/** 28 points of which 4 cannot run, and some cannot be part of the front. */
const SPACE = `
run: {model: ./mini, batch: 1, memoMib: 0}
vary:
  array.rows: [32, 64, 256]
  dram.channels: [1, 2, 4]
  slices: [1, 4]
  vector.lanes: [8, 16]
where: [array.rows * dram.channels < 512]
objectives: [cycles, energyPj, areaMm2]
constraints: [areaMm2 <= 6]
`;

function mobisim(...args: string[]) {
  const { status, stdout, stderr } = spawnSync(process.execPath, [shim, "sweep", ...args], {
    encoding: "utf8",
    cwd: home,
  });
  return { status, stdout, stderr };
}

function good(...args: string[]): string {
  const { status, stdout, stderr } = mobisim(...args);
  assert.equal([status, stderr], [0, ""], args.join(" "));
  return stdout;
}

function file(name: string, text: string): string {
  writeFileSync(join(home, name), text);
  return name;
}

const bytes = (...path: string[]) => readFileSync(join(home, ...path));
const answersIn = (folder: string) => readAnswers(join(home, folder)).answers;
const idsOf = (answers: Iterable<Answered>) => [...answers].map(({ id }) => id).sort();

test.before(() => {
  mkdirSync("mini");
  file("mini/config.json", JSON.stringify(MODEL));
  file("space.yaml", SPACE);
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

test("one worker and three write the same files", () => {
  good("space.yaml", "--out", "three", "--workers", "3");
  for (const name of ["sweep.json", "points.ndjson", "results.ndjson", "results.csv", "results.parquet", "front.csv"]) {
    assert.ok(bytes("three", name).equals(bytes("reference", name)), name);
  }
});

test("a sweep that was cut anywhere goes on to the same bytes", () => {
  const whole = bytes("reference", "shards", "1-of-1.ndjson");
  const lines = whole.toString().split("\n");
  for (const size of [0, lines[0].length, lines[0].length + 1, whole.length - 30]) {
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
    const child = spawn(process.execPath, [shim, "sweep", "space.yaml", "--out", "killed", "--workers", "2"], {
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

test("shards join to the same front; without pruning to the same bytes", () => {
  good("space.yaml", "--out", "all", "--no-prune");
  assert.is(answersIn("all").filter(({ status }) => status === "pruned").length, 0);
  for (const [folder, option] of [
    ["parts", []],
    ["all parts", ["--no-prune"]],
  ] as const) {
    good("plan", "space.yaml", "--out", folder, ...option);
    for (const shard of ["2/3", "1/3", "3/3"]) good("run", folder, "--shard", shard);
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
  writeFileSync(join(bin, "mobisim"), `#!/bin/sh\nexec "${process.execPath}" "${shim}" "$@"\n`, { mode: 0o755 });
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
  const header = join(home, "old", "sweep.json");
  writeFileSync(header, readFileSync(header, "utf8").replace(/"version": "[^"]*"/, '"version": "0.0.9"'));
  good("plan", "space.yaml", "--out", "begun");
  const cases: [string[], RegExp][] = [
    [["run", "reference", "--shard", "5/4"], /^--shard is 5\/4; allowed I\/N with 1 <= I <= N$/],
    [["run", "nowhere"], /^nowhere: holds no sweep; allowed a folder that mobisim sweep made \(sweep\.json\)$/],
    [["run", "old"], /^old: is of version 0\.0\.9; this is .*; make a new sweep with this one$/],
    [["merge", "old"], /^old: is of version 0\.0\.9; /],
    [["space.yaml", "--out", "old"], /^old: is of version 0\.0\.9; /],
    [["space.yaml", "--out", "begun", "--no-prune"], /^begun: holds another sweep; allowed a new folder/],
    [["merge", "begun"], /^begun: no shard was run; allowed shards of one count, or --shards N to choose$/],
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
