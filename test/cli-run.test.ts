//
//   mobisim run from the outside: what lands on stdout, on stderr and on the disk, and how it ends.
//

import { spawn, spawnSync } from "node:child_process";
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { suite } from "uvu";
import * as assert from "uvu/assert";
import type { Result } from "../src/result.js";

const run = suite("mobisim run");
const shim = fileURLToPath(new URL("../../bin/mobisim.js", import.meta.url));

/** Short enough to run often. */
const SMALL = ["run", "--batch", "2", "--steps", "2"];

function mobisim(...args: string[]) {
  return spawnSync(process.execPath, [shim, ...args], { encoding: "utf8", maxBuffer: 2 ** 26 });
}

run("--json prints one document, the same every time, and nothing else", () => {
  const { status, stdout, stderr } = mobisim(...SMALL, "--json");
  assert.is(stderr, "");
  assert.is(status, 0);
  const { breakdown, cycles, batch, steps, stateHash } = JSON.parse(stdout) as Result;
  assert.is(
    Object.values(breakdown).reduce((sum, count) => sum + count, 0),
    cycles,
  );
  assert.equal([batch, steps], [2, 2]);
  assert.match(stateHash, /^[0-9a-f]+$/);
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

run("an interrupted run says so in one line and ends with 130", async () => {
  const long = ["run", "--model", "llama-3-8b", "--slices", "4", "--batch", "1", "--context", "1", "--steps", "1000"];
  const child = spawn(process.execPath, [shim, ...long], { stdio: ["ignore", "pipe", "pipe"] });
  const said = { stdout: "", stderr: "" };
  for (const name of ["stdout", "stderr"] as const) {
    child[name].setEncoding("utf8").on("data", (text: string) => {
      said[name] += text;
    });
  }
  const timer = setTimeout(() => child.kill("SIGINT"), 2000);
  const status = await new Promise((resolve) => child.on("close", resolve));
  clearTimeout(timer);
  assert.equal(said, { stdout: "", stderr: "interrupted: no result, nothing written\n" });
  assert.is(status, 130);
});

run.run();
