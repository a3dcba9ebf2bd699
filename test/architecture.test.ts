//
//   The rules of the house. Each test names the files that break one.
//

import { dirname } from "node:path/posix";
import { suite } from "uvu";
import * as assert from "uvu/assert";
import {
  bareCode,
  exportsOf,
  fileBytes,
  folderCycle,
  importCycle,
  importsOf,
  listFiles,
  readSource,
  type SourceFile,
  typescript,
} from "./support/sources.js";

const architecture = suite("architecture");

const MIB = 2 ** 20;
const MAX_LINES = 300;
/** What wires everything: the command line, a request, a job, a run. */
const MAX_FILES_AT_ROOT = 6;
const CONTRACTS = ["assembly/contract.ts", "assembly/events.ts", "assembly/numeric/contract.ts"];

const assembly = typescript("assembly");
const source = typescript("src");
const tests = typescript("test");
const bench = typescript("bench");
/** What a shim of plain JavaScript imports. */
const ENTRIES = ["src/cli.ts"];
const all = [...assembly, ...source, ...tests, ...bench];

/** The machine's own side of the command line, where a clock, a disk and a process exist. */
const atTheDoor = ({ path }: SourceFile) => /^src\/(io|commands)\/|^src\/cli\.ts$/.test(path);

function nobody(files: SourceFile[], breaks: (file: SourceFile) => unknown, rule: string): void {
  assert.equal(
    files.filter(breaks).map(({ path }) => path),
    [],
    rule,
  );
}

/** No file imports anything that `forbidden` says. */
function noImport(files: SourceFile[], forbidden: (name: string, file: SourceFile) => boolean, rule: string): void {
  const found = files.flatMap((file) =>
    importsOf(file)
      .filter((name) => forbidden(name, file))
      .map((name) => `${file.path} imports ${name}`),
  );
  assert.equal(found, [], rule);
}

architecture("finds the files it judges", () => {
  for (const files of [assembly, source, tests]) assert.ok(files.length > 3);
  const file = { path: "src/a/b.ts", text: 'import { c } from "../c.js";\n// import "no"\nawait import("./d.js");\n' };
  assert.equal(importsOf(file), ["src/c.ts", "src/a/d.ts"]);
  const circle = ["a", "b"].map((name) => ({ path: `${name}.ts`, text: `import "./${name === "a" ? "b" : "a"}.js";` }));
  assert.equal(importCycle(circle), ["a.ts", "b.ts", "a.ts"]);
});

architecture("finds circles of folders that no files make", () => {
  const file = (path: string, name: string) => ({ path, text: `import "${name}";` });
  const files = [file("src/a/b.ts", "../c/d.js"), file("src/c/e/f.ts", "../../a/g.js"), file("src/a/g.ts", "zod")];
  assert.is(importCycle(files), undefined);
  assert.equal(folderCycle("src", files), ["src/a/b.ts imports src/c/d.ts", "src/c/e/f.ts imports src/a/g.ts"]);
  assert.is(folderCycle("src/c", files), undefined);
});

architecture(`files have at most ${MAX_LINES} lines`, () => {
  nobody(all, ({ text }) => text.trimEnd().split("\n").length > MAX_LINES, "too long: split it by concept");
});

architecture("every file says first what it is", () => {
  nobody([...assembly, ...source], ({ text }) => !text.startsWith("//\n//   "), "starts with a header comment");
});

architecture("imports never go in a circle", () => {
  assert.is(importCycle(assembly)?.join(" -> "), undefined);
  assert.is(importCycle(source)?.join(" -> "), undefined);
  assert.is(importCycle(tests)?.join(" -> "), undefined);
});

architecture("nor do folders: what lies side by side imports one way", () => {
  const helpers = tests.filter(({ path }) => !path.endsWith(".test.ts"));
  for (const files of [assembly, source, helpers]) {
    const folders = new Set(files.map(({ path }) => dirname(path)));
    for (const folder of folders) assert.is(folderCycle(folder, files)?.join(", "), undefined);
  }
});

architecture(`at most ${MAX_FILES_AT_ROOT} files lie at the root of src/`, () => {
  const atRoot = source.map(({ path }) => path).filter((path) => dirname(path) === "src");
  assert.ok(atRoot.length <= MAX_FILES_AT_ROOT, `put into the folder of its noun: one of ${atRoot.join(", ")}`);
});

architecture("what is exported is imported by somebody", () => {
  const files = [...source, ...tests, ...bench];
  // What somebody imports of a file: the words of those who import it, by file.
  const words = new Map<string, Set<string>>(files.map(({ path }) => [path, new Set()]));
  for (const file of files) {
    const own = bareCode(file).match(/\w+/g) ?? [];
    for (const name of importsOf(file)) for (const word of own) words.get(name)?.add(word);
  }
  const unused = files
    .filter(({ path }) => !ENTRIES.includes(path))
    .flatMap((file) => exportsOf(file).map((name) => ({ path: file.path, name })))
    .filter(({ path, name }) => !words.get(path)?.has(name))
    .map(({ path, name }) => `${path} exports ${name}`);
  assert.equal(unused, [], "what nobody imports is not exported");
});

architecture("imports go one way", () => {
  noImport(assembly, (name) => !name.startsWith("assembly/"), "assembly/ imports nothing outside itself");
  noImport(CONTRACTS.map(readSource), () => true, "a contract imports nothing");
  const contractOnly = (name: string) => name.startsWith("assembly/") && !CONTRACTS.includes(name);
  noImport([...source, ...tests, ...bench], contractOnly, "TypeScript knows the contracts of assembly/ only");
  const numeric = typescript("assembly/numeric");
  noImport(numeric, (name) => !name.startsWith("assembly/numeric/"), "arithmetic knows no machine");
  noImport(typescript("assembly/machine"), (name) => name.startsWith("assembly/numeric/"), "a machine knows no values");
  noImport(source, (name) => /^(test|bench)\//.test(name), "src/ knows no tests");
  const upwards = (name: string, { path }: SourceFile) =>
    /^src\/(commands\/|cli\.ts)/.test(name) && !/^src\/(commands\/|cli\.ts)/.test(path);
  noImport(source, upwards, "only the command line knows commands");
});

architecture("src/ runs in a browser but for its doors", () => {
  const inside = source.filter((file) => !atTheDoor(file));
  noImport(inside, (name) => name.startsWith("node:"), "node: only in src/io, src/commands, src/cli.ts");
  nobody(inside, (file) => /\b(process|Buffer|require)\b[.(]/.test(bareCode(file)), "Node's globals likewise");
});

architecture("results depend on inputs only", () => {
  const clocks = /\bDate\b|\bMath\.random\b|\bperformance\.now\b/;
  nobody(
    source.filter((file) => !atTheDoor(file)),
    (file) => clocks.test(bareCode(file)),
    "no clock, no chance",
  );
});

architecture("pointers stay in src/wasm", () => {
  const others = source.filter(({ path }) => !path.startsWith("src/wasm/"));
  nobody(others, (file) => /\bWebAssembly\b/.test(bareCode(file)), "WebAssembly only in src/wasm");
  noImport(others, (name) => name.startsWith("@assemblyscript/"), "the loader only in src/wasm");
});

architecture("the oracle has not seen the engine", () => {
  const seen = new Map(typescript("test/oracle", "src").map((file) => [file.path, file]));
  const reached = new Set<string>();
  const reach = (path: string): void => {
    const file = seen.get(path);
    if (reached.has(path) || file === undefined) return;
    reached.add(path);
    importsOf(file).forEach(reach);
  };
  for (const path of seen.keys()) if (path.startsWith("test/oracle/")) reach(path);
  assert.equal(
    [...reached].filter((path) => /^src\/wasm\/|^assembly\/(?:machine|numeric)\//.test(path)),
    [],
  );
});

architecture("blocks have the same verbs in the same order", () => {
  const verbs = ["reset", "wake", "step", "canonical", "load"];
  const outOfOrder = (file: SourceFile) =>
    bareCode(file)
      .split(/^(?=(?:export )?class )/m)
      .some((body) => {
        const found = [...body.matchAll(/^ {2}(\w+)\(.*\{/gm)].map(([, name]) => verbs.indexOf(name));
        const ranks = found.filter((rank) => rank >= 0);
        return ranks.some((rank, i) => i > 0 && rank < ranks[i - 1]);
      });
  nobody(typescript("assembly/machine/core", "assembly/machine/memory"), outOfOrder, verbs.join(", "));
});

architecture("code says what it means", () => {
  // The words are put together here so that this file does not break its own rules.
  const unfinished = new RegExp(`\\b(${["TO" + "DO", "FIX" + "ME", "X" + "XX"].join("|")})\\b`);
  nobody(all, ({ text }) => unfinished.test(text), "finished");
  nobody([...source, ...tests, ...bench], (file) => /(?:[:<,|&([]|\bas)\s*any\b/.test(bareCode(file)), "typed");
  nobody([...source, ...tests, ...bench], ({ text }) => /@ts-(ignore|nocheck)\b/.test(text), "type errors are mended");
});

architecture("every test runs", () => {
  const files = tests.filter(({ path }) => path.endsWith(".test.ts"));
  nobody(files, (file) => /\.only\(/.test(bareCode(file)), "none runs alone");
  nobody(files, ({ text }) => !/\.run\(\);\n$/.test(text), "ends in .run()");
  const count = (file: SourceFile, pattern: RegExp) => [...bareCode(file).matchAll(pattern)].length;
  nobody(files, (file) => count(file, /\bsuite\(/g) !== count(file, /^\w+\.run\(\);$/gm), "as many .run() as suites");
});

architecture("the test tree mirrors the source tree", () => {
  const folders = new Set([...source, ...assembly].map(({ path }) => path.split("/").slice(1, -1).join("/")));
  for (const own of ["", "laws", "oracle"]) folders.add(own);
  nobody(
    tests.filter(({ path }) => path.endsWith(".test.ts")),
    ({ path }) => !folders.has(path.split("/").slice(1, -1).join("/")),
    "a test lies where its subject lies, or in laws/ or oracle/",
  );
});

architecture("no machine's own paths and hosts", () => {
  const texts = listFiles(".").filter((path) => /\.(ts|js|md|ya?ml|csv)$|^\.ci\/|^[^/]+\.json$/.test(path));
  const own = /(?:^|[\s"'`(=:])(?:\/(?:home|root|work|Users|tmp|mnt|opt)\/|[A-Z]:\\)/m;
  nobody(texts.map(readSource), ({ text }) => own.test(text), "no absolute path");
  const lock = readSource("package-lock.json").text;
  assert.not.match(lock, /"resolved"|registry\.|https?:\/\/[^"]*\.tgz/, "the lock file names no registry");
});

architecture("the lock file holds every platform's packages", () => {
  const { packages } = JSON.parse(readSource("package-lock.json").text) as {
    packages: Record<string, { optionalDependencies?: Record<string, string> }>;
  };
  const wanted = Object.values(packages).flatMap(({ optionalDependencies = {} }) => Object.keys(optionalDependencies));
  assert.equal(
    wanted.filter((name) => packages[`node_modules/${name}`] === undefined),
    [],
    "npm ci fails elsewhere: make the lock again from nothing, without node_modules",
  );
});

architecture("what is embedded stays small", () => {
  const heavy = listFiles(".").filter((path) => fileBytes(path) > 20 * MIB);
  assert.equal(heavy, [], "no file over 20 MiB");
  const embedded = [...listFiles("models"), ...listFiles("traces")].reduce((sum, path) => sum + fileBytes(path), 0);
  assert.ok(embedded <= 32 * MIB, `models and traces are ${embedded} bytes; allowed ${32 * MIB}`);
});

architecture("scripts run what exists", () => {
  const { scripts, bin } = JSON.parse(readSource("package.json").text) as Record<string, Record<string, string>>;
  const programs = Object.values(scripts).flatMap((line) =>
    [...line.matchAll(/node (\S+\.js)/g)].map(([, path]) => path),
  );
  const sources = programs.map((path) => path.replace(/^dist\/(.*)\.js$/, "$1.ts"));
  assert.equal(
    [...sources, ...Object.values(bin)].filter((path) => listFiles(path).length === 0),
    [],
  );
});

architecture("no golden differs", () => {
  assert.equal(
    listFiles(".").filter((path) => path.endsWith("-changed")),
    [],
  );
});

architecture.run();
