import { spawn, spawnSync } from "node:child_process";
import {
  closeSync,
  copyFileSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  openSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { suite } from "uvu";
import * as assert from "uvu/assert";
import { type RequestOptions, requestOf } from "../src/commands/run/options.js";

const cli = suite("command line");
const project = fileURLToPath(new URL("../..", import.meta.url));
const shim = join(project, "bin/mobisim.js");

/** Of systems that have one to test with. */
const fullDisk = existsSync("/dev/full") ? cli : cli.skip;

function mobisim(...args: string[]) {
  return spawnSync(process.execPath, [shim, ...args], { encoding: "utf8", env: { ...process.env, LANG: "C" } });
}

/** Bad input: this line on stderr and nothing else, exit code 2. */
function refuses(args: string[], line: string): void {
  const { status, stdout, stderr } = mobisim(...args);
  assert.is(stderr, `${line}\n`);
  assert.is(stdout, "");
  assert.is(status, 2);
}

function request(options: Partial<RequestOptions>) {
  return requestOf({ machine: "edge", model: "tiny-llama", ...options });
}

cli("says its version and how to use it", () => {
  const { version } = JSON.parse(readFileSync(join(project, "package.json"), "utf8"));
  assert.is(mobisim("--version").stdout, `${version}\n`);
  for (const args of [[], ["--help"], ["help"]]) {
    const { status, stdout } = mobisim(...args);
    assert.is(status, 0);
    assert.match(stdout, "mobisim run");
  }
});

cli("every level says the version and how to use it", () => {
  const version = mobisim("--version").stdout;
  const levels = [["run"], ["compare"], ["sweep"], ["sweep", "plan"], ["trace", "record"], ["check"], ["report"]];
  for (const level of levels) {
    assert.is(mobisim(...level, "--version").stdout, version, level.join(" "));
    const { status, stdout } = mobisim(...level, "--help");
    assert.is(status, 0);
    assert.ok(stdout.startsWith(`Usage: mobisim ${level.join(" ")} `), stdout);
    assert.is(mobisim("help", ...level).stdout, stdout);
    assert.is(mobisim(level[0], "help", ...level.slice(1)).stdout, stdout);
  }
  assert.is(mobisim("help", "help").stdout, mobisim("--help").stdout);
});

cli("run --help names every option", () => {
  const { stdout } = mobisim("run", "--help");
  const options =
    "machine model trace budget slices synthetic rho seed phase batch steps context chunk tokens set json out quiet".split(
      " ",
    );
  for (const option of options) assert.match(stdout, `--${option}`);
  assert.is(mobisim("help", "run").stdout, stdout);
});

cli("suggests the nearest command and option", () => {
  refuses(["rum"], "unknown command 'rum'; did you mean run?");
  const [, listed] = /^Commands:\n([\s\S]*?)\n\n/m.exec(mobisim("--help").stdout) ?? [];
  const commands = [...(listed ?? "").matchAll(/^ {2}(\w+) /gm)].map(([, name]) => name);
  assert.is(commands[0], "run");
  refuses(["frobnicate"], `unknown command 'frobnicate'; allowed: ${commands.join(", ")}`);
  refuses(["run", "--modle", "x"], "unknown option '--modle' (Did you mean --model?)");
  refuses(["help", "rum"], "unknown command 'rum'; did you mean run?");
  refuses(["trace", "shw"], "trace shw: unknown command; allowed show, record");
  refuses(["check"], "missing required argument 'kind'; mobisim check --help says what it wants");
  refuses(["--verson"], "unknown option '--verson' (Did you mean --version?)");
});

cli("is strict about numbers", () => {
  for (const bad of ["0", "x", "-1", "1.5", "1e3", "", "0x10", "NaN"]) {
    refuses(["run", "--batch", bad], `--batch is ${bad}; allowed an integer >= 1`);
  }
  refuses(["run", "--steps", "-1"], "--steps is -1; allowed an integer >= 1");
  refuses(["run", "--context", "-1"], "--context is -1; allowed an integer >= 0");
  refuses(["run", "--batch", "99999999999"], "--batch is 99999999999; allowed at most 2147483647");
  refuses(["run", "--slices", "5"], "--slices is 5; allowed an integer 1..4");
  refuses(["run", "--budget", "four"], "--budget is four; allowed a number of bits > 0");
  refuses(["run", "--phase", "both"], "--phase is both; allowed prefill, decode, mixed");
  for (const bad of ["2", "-0.1", "half", "", "1e-3"]) {
    refuses(["run", "--rho", bad], `--rho is ${bad}; allowed 0..1`);
  }
  refuses(["run", "--chunk", "0"], "--chunk is 0; allowed an integer >= 1");
  refuses(["run", "--seed", "-1"], "--seed is -1; allowed an integer >= 0");
  refuses(
    ["run", "--synthetic", "gauss"],
    "--synthetic is gauss; allowed correlated, independent, beta-binomial, markov",
  );
  refuses(["run", "--set", "array.rows"], "--set is array.rows; allowed path.to.knob=value");
});

cli("refuses what does not go together", () => {
  refuses(
    ["run", "--budget", "4", "--slices", "2"],
    "--budget 4 and --slices 2 exclude each other; allowed one of them",
  );
  refuses(
    ["run", "--synthetic", "markov", "--slices", "2"],
    "--synthetic markov and --slices 2 exclude each other; allowed one of them",
  );
  refuses(
    ["run", "--synthetic", "markov"],
    "--synthetic markov needs --budget: mean weight bits, more than 2 and at most 8",
  );
  const those = "allowed with --synthetic correlated, independent, beta-binomial, markov";
  refuses(["run", "--rho", "0.3"], `--rho 0.3: ${those}`);
  refuses(["run", "--seed", "3", "--slices", "2"], `--seed 3: ${those}`);
  refuses(
    ["run", "--synthetic", "independent", "--budget", "2"],
    "--budget 2: allowed more than 2 and at most 8 with --synthetic",
  );
  refuses(
    ["run", "--phase", "mixed", "--chunk", "8", "--batch", "1"],
    "--batch 1: allowed 2 or more with --phase mixed (the last one prefills, others decode)",
  );
  refuses(["run", "--chunk", "8"], "--chunk 8: allowed with --phase prefill or mixed; the phase is decode");
  refuses(
    ["run", "--model", "llama-3-8b", "--budget", "4.5"],
    "--budget 4.5 is not recorded in trace decode16; recorded: 2.5, 3, 3.5, 4, 5, 6",
  );
  refuses(["run", "--batch"], "option '--batch <n>' argument missing");
  refuses(["run", "more"], "too many arguments for 'run'. Expected 0 arguments but got 1.");
});

fullDisk("a full disk under stdout is one line", () => {
  const full = openSync("/dev/full", "w");
  const { status, stderr } = spawnSync(process.execPath, [shim, "formats"], {
    encoding: "utf8",
    stdio: ["ignore", full, "pipe"],
  });
  closeSync(full);
  assert.equal([status, stderr], [2, "the output cannot be written: no space is left\n"]);
});

cli("refuses an output folder that is a file before any work", () => {
  const folder = mkdtempSync(join(tmpdir(), "mobisim-cli-"));
  const file = join(folder, "results");
  writeFileSync(file, "");
  refuses(["run", "--out", file], `--out ${file} is a file; allowed a folder`);
  refuses(["run", "--out", join(file, "a")], `--out ${join(file, "a")}: ${file} is a file; allowed a folder`);
  refuses(["run", "--out", ""], "--out is empty; allowed a folder");
  rmSync(folder, { recursive: true });
});

cli("fills in the defaults", () => {
  assert.equal(request({}), { machine: "edge", model: "tiny-llama", sets: [], trace: "decode16" });
  assert.is(request({ phase: "prefill" }).trace, "prefill2k");
  assert.equal(request({ slices: 2 }), {
    machine: "edge",
    model: "tiny-llama",
    sets: [],
    trace: "decode16",
    slices: 2,
  });
  assert.equal(request({ model: "llama-3-8b", slices: 2, batch: 1, context: 1, set: ["a=1", "b=2"] }), {
    machine: "edge",
    model: "llama-3-8b",
    sets: ["a=1", "b=2"],
    slices: 2,
    batch: 1,
    context: 1,
  });
});

cli("a model without a trace takes the embedded one, unless its plan needs none", () => {
  const llama = (options: Partial<RequestOptions>) => request({ model: "llama-3-8b", ...options });
  assert.equal([llama({}).trace, llama({}).budget], ["decode16", undefined]);
  assert.equal([llama({ budget: 3, phase: "prefill" }).trace, llama({ budget: 3 }).budget], ["prefill2k", 3]);
  assert.is(llama({ slices: 2 }).trace, undefined);
  const synthetic = llama({ synthetic: "markov", budget: 3.3, rho: 0.2, seed: 4 });
  assert.equal(synthetic, {
    machine: "edge",
    model: "llama-3-8b",
    sets: [],
    budget: 3.3,
    synthetic: "markov",
    rho: 0.2,
    seed: 4,
  });
  assert.equal([llama({ slices: 2, trace: "decode16" }).trace, llama({ trace: "mine" }).trace], ["decode16", "mine"]);
  assert.is(request({ phase: "mixed", chunk: 8 }).trace, "decode16");
});

cli("leaves quietly when its reader has seen enough", async () => {
  const child = spawn(process.execPath, [shim, "run", "--help"], { stdio: ["ignore", "pipe", "pipe"] });
  child.stdout.destroy();
  let complaint = "";
  child.stderr.on("data", (chunk) => {
    complaint += chunk;
  });
  const status = await new Promise((resolve) => child.on("close", resolve));
  assert.is(complaint, "");
  assert.is(status, 0);
});

cli("says what to run when nothing is built", () => {
  const folder = mkdtempSync(join(tmpdir(), "mobisim unbuilt "));
  mkdirSync(join(folder, "bin"));
  writeFileSync(join(folder, "package.json"), '{ "type": "module" }');
  copyFileSync(shim, join(folder, "bin/mobisim.js"));
  const { status, stdout, stderr } = spawnSync(process.execPath, [join(folder, "bin/mobisim.js")], {
    encoding: "utf8",
  });
  rmSync(folder, { recursive: true });
  assert.is(stderr, "mobisim is not built: run `npm ci && npm run build` in its folder\n");
  assert.is(stdout, "");
  assert.is(status, 2);
});

cli.run();
