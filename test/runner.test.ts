import { spawnSync } from "node:child_process";
import { mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { suite } from "uvu";
import * as assert from "uvu/assert";

const runner = suite("test runner");
const project = fileURLToPath(new URL("../..", import.meta.url));

const UVU = 'import { test } from "uvu";\n';
const GOOD = `${UVU}test("good", () => {});\ntest.run();\n`;

/** Runs the runner over a folder of compiled tests, each with a source unless it is named stale. */
function runOver(files: Record<string, string>, { args = [], stale = "", env = {} }: Partial<Options> = {}) {
  const folder = mkdtempSync(join(tmpdir(), "mobisim runner "));
  try {
    for (const kind of ["dist", "sources"]) mkdirSync(join(folder, kind));
    symlinkSync(join(project, "node_modules"), join(folder, "node_modules"), "dir");
    writeFileSync(join(folder, "package.json"), '{ "type": "module" }');
    for (const [name, text] of Object.entries(files)) {
      put(join(folder, "dist", `${name}.test.js`), text);
      if (name !== stale) put(join(folder, "sources", `${name}.test.ts`), "");
    }
    const places = ["--root", join(folder, "dist"), "--sources", join(folder, "sources")];
    const command = [join(project, "dist/test/run.js"), ...places, ...args];
    const { MOBISIM_SHARED: _shared, UPDATE_GOLDEN: _golden, ...inherited } = process.env;
    const { status, stdout, stderr } = spawnSync(process.execPath, command, {
      encoding: "utf8",
      env: { ...inherited, ...env },
    });
    return { status, stdout, stderr, last: stdout.trimEnd().split("\n").at(-1) };
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

interface Options {
  args: string[];
  stale: string;
  env: Record<string, string>;
}

function put(path: string, text: string): void {
  mkdirSync(dirname(path), { recursive: true });
  writeFileSync(path, text);
}

runner("counts what passed and ends with the totals", () => {
  const { status, last, stdout } = runOver({ "b/two": GOOD, one: GOOD });
  assert.is(last, "2 passed, 0 failed, 0 skipped");
  assert.is(status, 0);
  assert.ok(stdout.indexOf("b/two") < stdout.indexOf("one:"), "files are reported in order");
});

runner("fails on an empty file", () => {
  const { status, last, stdout } = runOver({ empty: "export {};\n", good: GOOD });
  assert.is(last, "1 passed, 1 failed, 0 skipped");
  assert.is(status, 1);
  assert.match(stdout, "empty.test.js: runs no test: it is empty, or .run() is missing");
});

runner("fails on a file that forgets to run", () => {
  const { status, last } = runOver({ forgetful: `${UVU}test("never runs", () => {});\n` });
  assert.is(last, "0 passed, 1 failed, 0 skipped");
  assert.is(status, 1);
});

runner("fails on a file that runs an empty suite", () => {
  const { status, stdout } = runOver({ hollow: `${UVU}test.run();\n` });
  assert.is(status, 1);
  assert.match(stdout, "runs no test, and does not say why");
});

runner("fails on a failing test and shows its output", () => {
  const failing = `${UVU}test("fine", () => {});\ntest("bad", () => { throw new Error("the reason"); });\ntest.run();\n`;
  const { status, last, stdout } = runOver({ failing });
  assert.is(last, "1 passed, 1 failed, 0 skipped");
  assert.is(status, 1);
  assert.match(stdout, "the reason");
});

runner("fails on a hook that throws, which uvu itself passes", () => {
  const hook = `${UVU}test.before(() => { throw new Error("no setup"); });\ntest("a", () => {});\ntest.run();\n`;
  const { status, last } = runOver({ hook });
  assert.is(last, "0 passed, 1 failed, 0 skipped");
  assert.is(status, 1);
});

runner("fails on a file that crashes or leaves early", () => {
  const { status, last } = runOver({
    crash: 'throw new Error("at load");\n',
    leave: `${UVU}test("leaves", () => process.exit(0));\ntest.run();\n`,
  });
  assert.is(last, "0 passed, 2 failed, 0 skipped");
  assert.is(status, 1);
});

runner("accepts a file that skips everything only when it says why", () => {
  const silent = `${UVU}test.skip("a");\ntest.run();\n`;
  const clear = silent.replace("test.skip", 'console.error("skipped: needs ../shared");\ntest.skip');
  assert.is(runOver({ clear }).last, "0 passed, 0 failed, 1 skipped");
  assert.match(runOver({ clear }).stdout, "skipped: needs ../shared");
  assert.is(runOver({ silent }).status, 1);
});

runner("does not run a compiled file whose source is gone, and fails on a source that is not built", () => {
  assert.is(runOver({ good: GOOD, old: "throw 1;\n" }, { stale: "old" }).last, "1 passed, 0 failed, 0 skipped");
  const folder = mkdtempSync(join(tmpdir(), "mobisim-unbuilt-"));
  put(join(folder, "a.test.ts"), "");
  const args = ["--root", join(folder, "dist"), "--sources", folder];
  const { status, stdout } = spawnSync(process.execPath, [join(project, "dist/test/run.js"), ...args], {
    encoding: "utf8",
  });
  rmSync(folder, { recursive: true });
  assert.is(status, 1);
  assert.match(stdout, "a.test.js is not built");
});

runner("runs only what the filter names, and fails when it names nothing", () => {
  assert.is(runOver({ one: GOOD, two: GOOD }, { args: ["two"] }).last, "1 passed, 0 failed, 0 skipped");
  assert.is(runOver({ one: GOOD }, { args: ["three"] }).status, 1);
});

runner("takes no golden update that is not explicit", () => {
  assert.match(runOver({ one: GOOD }, { env: { UPDATE_GOLDEN: "1" } }).stdout, "goldens are rewritten");
  assert.is.not(runOver({ one: GOOD }, { env: { UPDATE_GOLDEN: "yes" } }).status, 0);
});

runner.run();
