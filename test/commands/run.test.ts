//
//   mobisim run from the outside: what lands on stdout, on stderr and on the disk, and how it ends.
//

import { spawn, spawnSync } from "node:child_process";
import { copyFileSync, existsSync, mkdtempSync, readdirSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { suite } from "uvu";
import * as assert from "uvu/assert";
import type { Result } from "../../src/result/result.js";

const run = suite("mobisim run");
const shim = fileURLToPath(new URL("../../../bin/mobisim.js", import.meta.url));

/** Short enough to run often. */
const SMALL = ["run", "--batch", "2", "--steps", "2"];

function mobisim(...args: string[]) {
  return spawnSync(process.execPath, [shim, ...args], { encoding: "utf8", maxBuffer: 2 ** 26 });
}

run("--json prints one document, the same every time, and nothing else", () => {
  const { status, stdout, stderr } = mobisim(...SMALL, "--json");
  assert.is(stderr, "");
  assert.is(status, 0);
  const { breakdown, cycles, batch, steps, stateHash, energyNotes } = JSON.parse(stdout) as Result;
  assert.is(
    Object.values(breakdown).reduce((sum, count) => sum + count, 0),
    cycles,
  );
  assert.equal([batch, steps], [2, 2]);
  assert.match(stateHash, /^[0-9a-f]+$/);
  assert.match(energyNotes.join("\n"), /estimates: .*macPj/);
  assert.is(mobisim(...SMALL, "--json", "--quiet").stdout, stdout);
});

run("--out writes both files, whole, and leaves nothing else behind", () => {
  const folder = join(mkdtempSync(join(tmpdir(), "mobisim out ")), "a/b");
  const { status, stdout, stderr } = mobisim(...SMALL, "--out", folder);
  assert.is(stderr, `wrote result.json and report.md to ${folder}\n`);
  assert.is(status, 0);
  assert.equal(readdirSync(folder).sort(), ["report.md", "result.json"]);
  const { cycles } = JSON.parse(readFileSync(join(folder, "result.json"), "utf8")) as Result;
  assert.ok(cycles > 0);
  assert.match(stdout, /^tiny-llama on edge\n/);
  assert.match(readFileSync(join(folder, "report.md"), "utf8"), "# tiny-llama on edge");
  rmSync(join(folder, "../.."), { recursive: true });
});

run("--explain prints the run top down, --detail adds to the document and changes nothing that is modelled", () => {
  const explained = mobisim(...SMALL, "--explain");
  assert.is(explained.status, 0);
  for (const part of ["top down", "Cycles by op", "Who waited", "Slowest ops", "layer 0 q"]) {
    assert.match(explained.stdout, part);
  }
  const { detail, memo: _, ...rest } = JSON.parse(mobisim(...SMALL, "--detail", "--json").stdout) as Result;
  // An observed machine stops more often, so it may remember more or less.
  const { memo, ...plain } = JSON.parse(mobisim(...SMALL, "--json").stdout) as Result;
  assert.equal(rest, plain);
  assert.ok(memo !== undefined);
  assert.is(detail?.depths?.tokens, 2);
});

run("--weights takes a number format: its knobs, its hash, and --set after it", () => {
  const { stdout, status } = mobisim(...SMALL, "--weights", "bitmod-4", "--set", "weights.terms=3", "--json");
  assert.is(status, 0);
  const { machine, inputs, bits } = JSON.parse(stdout) as Result;
  assert.is(machine, "edge (weights bitmod-4, weights.terms=3)");
  assert.is(bits.fetched, 4 + 10 / 128);
  assert.ok(inputs.some(({ name, sha256 }) => name === "formats/bitmod-4.yaml" && /^[0-9a-f]{64}$/.test(sha256)));
  const unknown = mobisim(...SMALL, "--weights", "bitmood-4");
  assert.match(unknown.stderr, /^bitmood-4: no such file and no name in formats\/ .*did you mean bitmod-4\?\n$/);
  assert.equal([unknown.status, unknown.stdout], [2, ""]);
});

run(
  "a copied machine file that still has the old name is told apart; a window after the end is said to be empty",
  () => {
    const folder = mkdtempSync(join(tmpdir(), "mobisim copy "));
    const copy = join(folder, "my chip.yaml");
    copyFileSync(fileURLToPath(new URL("../../../hw-configs/edge.yaml", import.meta.url)), copy);
    const vcd = join(folder, "units.vcd");
    const late = ["--waveform", vcd, "--timeline-window", "90000000..90000001"];
    const { stdout, stderr } = mobisim(...SMALL, "--machine", copy, ...late);
    assert.match(stdout, /^tiny-llama on edge \(my chip\.yaml\)\n/);
    assert.match(stderr, /^wrote .*units\.vcd \(empty: the run ends at cycle \d+, before 90000000\.\.90000001\)\n$/);
    rmSync(folder, { recursive: true });
  },
);

run("a machine with whole codes needs no plan, and takes none", () => {
  const codes = [...SMALL, "--set", "weights.layout=codes", "--set", "weights.codeBits=6.0625"];
  const { stdout, status } = mobisim(...codes, "--json");
  assert.is(status, 0);
  const { plan, bits, dram } = JSON.parse(stdout) as Result;
  assert.equal(plan, { source: "constant", text: "6.0625-bit codes" });
  assert.equal(bits, { wanted: 6.0625, fetched: 6.0625, computed: 6.0625 });
  assert.equal([dram.bytes.router, dram.bytes.slice2], [0, 0]);
  for (const [option, value] of [
    ["--budget", "4"],
    ["--slices", "2"],
  ]) {
    const refused = mobisim(...codes, option, value);
    assert.equal([refused.status, refused.stdout], [2, ""]);
    const line = `${option} ${value}: machine edge has 6.0625-bit codes, no slices to plan; allowed without --budget, --slices, --synthetic\n`;
    assert.is(refused.stderr, line);
  }
});

run("bad input is one line, and no file is written", () => {
  const folder = join(tmpdir(), `mobisim-none-${process.pid}`);
  const bad = [
    ["--machine", "egde"],
    ["--model", "tiny-lama", "--slices", "2"],
    ["--trace", "decode17"],
    ["--budget", "4.7"],
    ["--set", "array.rosw=3"],
    ["--set", "array.rows=-3"],
  ];
  for (const args of bad) {
    const { status, stdout, stderr } = mobisim("run", "--out", folder, ...args);
    assert.match(stderr, /^[^\n]+\n$/, args.join(" "));
    assert.not.match(stderr, "internal error");
    assert.is(stdout, "");
    assert.is(status, 2);
    assert.not(existsSync(folder));
  }
});

/** Starts a run and interrupts it after `patienceMs`; twice: once more as soon as it says that it heard. */
async function interrupted(args: string[], patienceMs: number, times: 1 | 2) {
  const child = spawn(process.execPath, [shim, ...args], { stdio: ["ignore", "pipe", "pipe"] });
  const said = { stdout: "", stderr: "" };
  for (const name of ["stdout", "stderr"] as const) {
    child[name].setEncoding("utf8").on("data", (text: string) => {
      said[name] += text;
    });
  }
  const timer = setTimeout(() => child.kill("SIGINT"), patienceMs);
  if (times === 2) child.stderr.once("data", () => child.kill("SIGINT"));
  const status = await new Promise((resolve) => child.on("close", resolve));
  clearTimeout(timer);
  return { ...said, status };
}

const FINISHING = "interrupted: finishing the step under way, once more leaves at once\n";

run("an interrupted run prints and writes the result of the steps done, and ends with 130", async () => {
  const folder = join(mkdtempSync(join(tmpdir(), "mobisim-int-")), "out");
  const args = ["run", "--json", "--out", folder];
  let found = await interrupted(args, 2000, 1);
  // A busy machine may not have finished the first step by then.
  for (const patienceMs of [5000, 15000]) {
    if (found.stdout === "") found = await interrupted(args, patienceMs, 1);
  }
  const { partial, steps, stepsAsked, tokens } = JSON.parse(found.stdout) as Result;
  assert.equal([partial, stepsAsked, tokens], [true, 255, 16 * steps]);
  const wrote = `wrote result.json and report.md to ${folder}\n`;
  assert.is(found.stderr, `${FINISHING}${wrote}interrupted after step ${steps} of 255: partial\n`);
  assert.is(readFileSync(join(folder, "result.json"), "utf8"), found.stdout);
  assert.match(readFileSync(join(folder, "report.md"), "utf8"), `partial: interrupted, ${steps} of 255 steps done`);
  assert.is(found.status, 130);
  rmSync(join(folder, ".."), { recursive: true });
});

run("interrupted twice, or before a step is done, a run has no result and ends with 130", async () => {
  const long = ["run", "--model", "llama-3-8b", "--slices", "4", "--batch", "1", "--context", "1", "--steps", "1000"];
  const twice = await interrupted(long, 2000, 2);
  assert.is(twice.stdout, "");
  assert.match(twice.stderr, /^interrupted: finishing [^\n]+\ninterrupted[^\n]*: no result, nothing written\n$/);
  assert.is(twice.status, 130);
});

run.run();
