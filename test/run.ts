//
//   Runs the tests: every file in a process of its own, two at a time, reported in a fixed order.
//
//     node dist/test/run.js [--shared] [filter]     --shared: only files that use the reference material
//     node dist/test/run.js --root DIR --sources DIR
//
//   uvu exits with 0 when a file is empty, forgets .run(), or when a hook throws. Here each of them is a failure: a file
//   counts by the totals it prints, and it must print at least one test. The last line is `N passed, N failed, N skipped`.
//

import { spawn } from "node:child_process";
import { existsSync, readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { parseArgs, stripVTControlCharacters } from "node:util";

interface Outcome {
  file: string;
  passed: number;
  failed: number;
  skipped: number;
  seconds: number;
  /** Why the file failed, beside its failed tests. */
  fault?: string;
  output: string;
}

const PARALLEL = 2;
const TIMEOUT_MS = 20 * 60 * 1000;
const here = fileURLToPath(new URL(".", import.meta.url));

async function main(): Promise<void> {
  const { values, positionals } = parseArgs({
    options: { root: { type: "string" }, sources: { type: "string" }, shared: { type: "boolean" } },
    allowPositionals: true,
  });
  const root = values.root ?? here;
  const sources = values.sources ?? join(here, "../../test");
  const [filter = ""] = positionals;
  sayGoldens();
  const files = testFiles(sources).filter(
    (file) => file.includes(filter) && (!values.shared || usesShared(root, file)),
  );
  if (files.length === 0) console.log(`no test file matches '${filter}'`);
  const outcomes = await inOrder(files, (file) => runFile(root, file));
  finish(outcomes);
}

function sayGoldens(): void {
  const { UPDATE_GOLDEN } = process.env;
  if (UPDATE_GOLDEN === undefined) return;
  if (UPDATE_GOLDEN !== "1") throw new Error(`UPDATE_GOLDEN is '${UPDATE_GOLDEN}'; allowed 1, or not set`);
  console.log("UPDATE_GOLDEN=1: goldens are rewritten, not compared");
}

/** Tests are what the sources say: a compiled file without a source is stale and does not run. */
function testFiles(sources: string): string[] {
  return readdirSync(sources, { recursive: true, encoding: "utf8" })
    .filter((file) => file.endsWith(".test.ts"))
    .map((file) => file.replaceAll("\\", "/").replace(/\.ts$/, ".js"))
    .sort();
}

function usesShared(root: string, file: string): boolean {
  return existsSync(join(root, file)) && /support\/shared\.js/.test(readFileSync(join(root, file), "utf8"));
}

/** Starts at most PARALLEL at once and prints each as soon as all before it are printed. */
async function inOrder(files: string[], start: (file: string) => Promise<Outcome>): Promise<Outcome[]> {
  const outcomes: Outcome[] = [];
  let [next, printed] = [0, 0];
  const worker = async () => {
    while (next < files.length) {
      const index = next++;
      outcomes[index] = await start(files[index]);
      while (outcomes[printed] !== undefined) print(outcomes[printed++]);
    }
  };
  await Promise.all(Array.from({ length: PARALLEL }, worker));
  return outcomes;
}

function runFile(root: string, file: string): Promise<Outcome> {
  const begin = performance.now();
  const path = join(root, file);
  if (!existsSync(path)) return Promise.resolve(judge(file, `${file} is not built: npm run build`, 1, 0));
  const { FORCE_COLOR: _, ...env } = process.env;
  const child = spawn(process.execPath, [path], { env: { ...env, NO_COLOR: "1" }, stdio: ["ignore", "pipe", "pipe"] });
  const timer = setTimeout(() => child.kill("SIGKILL"), TIMEOUT_MS);
  const chunks: Buffer[] = [];
  for (const stream of [child.stdout, child.stderr]) stream.on("data", (chunk: Buffer) => chunks.push(chunk));
  return new Promise((resolve) => {
    child.on("close", (code) => {
      clearTimeout(timer);
      const output = stripVTControlCharacters(Buffer.concat(chunks).toString());
      resolve(judge(file, output, code, (performance.now() - begin) / 1000));
    });
  });
}

/** What a file's output and exit code say about it. */
function judge(file: string, output: string, code: number | null, seconds: number): Outcome {
  const count = (name: string) => Number(new RegExp(`^ {2}${name}: +(\\d+)$`, "m").exec(output)?.[1] ?? Number.NaN);
  const [total, passed, skipped] = [count("Total"), count("Passed"), count("Skipped")];
  const fault = faultOf(total, total - passed, skipped, output, code);
  const failed = (total - passed || 0) + (fault === undefined ? 0 : 1);
  const counts = { passed: passed || 0, failed, skipped: skipped || 0 };
  return { file, ...counts, seconds, output, ...(fault === undefined ? {} : { fault }) };
}

function faultOf(total: number, failed: number, skipped: number, output: string, code: number | null) {
  if (code === null) return "was killed, or took too long";
  if (Number.isNaN(total)) return code === 0 ? "runs no test: it is empty, or .run() is missing" : `exit code ${code}`;
  if (total === 0 && (skipped === 0 || !/^skipped: /m.test(output))) return "runs no test, and does not say why";
  if (failed === 0 && code !== 0) return `exit code ${code} though every test passed`;
  return undefined;
}

function print({ file, passed, failed, skipped, seconds, fault, output }: Outcome): void {
  const counts = `${passed} passed${failed > 0 ? `, ${failed} failed` : ""}${skipped > 0 ? `, ${skipped} skipped` : ""}`;
  console.log(
    `${failed > 0 ? "FAIL" : "ok  "} ${file.replace(/\.test\.js$/, "")}: ${counts} (${seconds.toFixed(1)} s)`,
  );
  if (failed > 0) console.log(`${output.trimEnd()}\n${fault === undefined ? "" : `${file}: ${fault}\n`}`);
  else
    for (const line of new Set(output.split("\n").filter((text) => text.startsWith("skipped: "))))
      console.log(`     ${line}`);
}

function finish(outcomes: Outcome[]): void {
  const sum = (key: "passed" | "failed" | "skipped") => outcomes.reduce((total, outcome) => total + outcome[key], 0);
  const failed = sum("failed");
  for (const { file } of outcomes.filter((outcome) => outcome.failed > 0)) console.log(`failed: ${file}`);
  process.exitCode = failed > 0 || outcomes.length === 0 ? 1 : 0;
  console.log(`${sum("passed")} passed, ${failed} failed, ${sum("skipped")} skipped`);
}

await main();
