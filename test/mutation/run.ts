//
//   npm run mutate: do the suites notice when the arithmetic or a timing rule is wrong? One mutant at a time is compiled and
//   tried, in a temporary copy; the checkout is only read.
//
//     node dist/test/mutation/run.js [--files GLOB] [--sample N] [--skip N] [--seed S] [--jobs J] [--out DIR]
//
//     areas ──► mutants ──► sample ──► clean run: suites pass, and what they take ──► workers ──► report.json, table.txt
//
//   docs/testing.md says what is mutated and what came out.

import { mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { parseArgs } from "node:util";
import { listFiles } from "../support/sources.js";
import { areaOf, ownSuite } from "./areas.js";
import { type Mutant, mutantsOf } from "./mutants.js";
import { forEachTask } from "./pool.js";
import { reportOf, type Tried, tableOf } from "./report.js";
import { inSampleOrder } from "./sample.js";
import type { Suite } from "./trial.js";
import type { Task } from "./worker.js";

const PROJECT = fileURLToPath(new URL("../../..", import.meta.url));
/** Of a suite that has no limit yet. */
const CLEAN_LIMIT_MS = 5 * 60_000;
const FLUSH_EVERY = 10;

const { values: options } = parseArgs({
  options: {
    files: { type: "string", default: "**" },
    sample: { type: "string", default: "200" },
    skip: { type: "string", default: "0" },
    seed: { type: "string", default: "1" },
    jobs: { type: "string", default: "1" },
    out: { type: "string", default: join(PROJECT, "dist/mutation") },
  },
});

const say = (text: string) => process.stderr.write(`${text}\n`);

/** Stars take what is inside a folder, two of them folders, too. */
function matcher(glob: string): RegExp {
  const part = (text: string) => text.replace(/[.+^${}()|[\]\\?]/g, "\\$&").replaceAll("*", "[^/]*");
  return new RegExp(`^${glob.split("**").map(part).join(".*")}$`);
}

function sourcesInScope(): Map<string, string> {
  const wanted = matcher(options.files);
  const files = [...listFiles("assembly"), ...listFiles("src")].filter((file) => areaOf(file) && wanted.test(file));
  return new Map(files.map((file) => [file, readFileSync(join(PROJECT, file), "utf8")]));
}

async function sampled(sources: ReadonlyMap<string, string>): Promise<Mutant[]> {
  const files: Mutant[][] = [];
  for (const [file, source] of sources) files.push(await mutantsOf(file, source));
  const skip = Number(options.skip);
  const sample = inSampleOrder(files, Number(options.seed)).slice(skip, skip + Number(options.sample));
  say(`${sample.length} of ${files.flat().length} mutants in ${files.length} files`);
  return sample;
}

/** What each suite takes on the unmutated program, by area. Throws when one fails: then a mutant proves nothing. */
async function cleanTimes(mutants: readonly Mutant[]): Promise<Map<string, number>> {
  const files = new Map(mutants.map(({ file }) => [areaOf(file), file]));
  const tasks: Task[] = [...files].flatMap(([area, file]) =>
    (area?.suites ?? []).map((name) => ({ file, suites: [{ name, limitMs: CLEAN_LIMIT_MS }] })),
  );
  const times = new Map<string, number>();
  await forEachTask(PROJECT, Number(options.jobs), tasks, ({ file, suites: [{ name }] }, outcome) => {
    if (outcome.status !== "Survived") throw new Error(`without a mutant ${name} fails: ${outcome.reason}`);
    times.set(keyOf(file, name), outcome.milliseconds);
    say(`  ${areaOf(file)?.name}: ${name} ${(outcome.milliseconds / 1000).toFixed(1)} s`);
  });
  return times;
}

const keyOf = (file: string, suite: string) => `${areaOf(file)?.name} ${suite}`;

/** Its own suite, then the quick ones first. A suite may take three times what it takes. */
function suitesFor(file: string, times: ReadonlyMap<string, number>): Suite[] {
  const own = ownSuite(file);
  return [...(areaOf(file)?.suites ?? [])]
    .map((name) => ({ name, took: times.get(keyOf(file, name)) ?? 0 }))
    .sort((a, b) => Number(b.name === own) - Number(a.name === own) || a.took - b.took)
    .map(({ name, took }) => ({ name, limitMs: 3000 + 3 * took }));
}

function write(tried: readonly Tried[], sources: ReadonlyMap<string, string>): void {
  mkdirSync(options.out, { recursive: true });
  writeFileSync(join(options.out, "report.json"), `${JSON.stringify(reportOf(tried, sources), null, 1)}\n`);
  writeFileSync(join(options.out, "table.txt"), tableOf(tried, sources));
}

const sources = sourcesInScope();
const mutants = await sampled(sources);
const times = await cleanTimes(mutants);
const tried: Tried[] = [];
const tasks = mutants.map((mutant) => ({ file: mutant.file, mutant, suites: suitesFor(mutant.file, times) }));
await forEachTask(PROJECT, Number(options.jobs), tasks, ({ mutant }, outcome) => {
  if (mutant !== undefined) tried.push({ mutant, outcome });
  if (tried.length % FLUSH_EVERY === 0) write(tried, sources);
  say(
    `${tried.length}/${tasks.length} ${outcome.status} ${mutant?.id} ${outcome.milliseconds} ms ${outcome.suite ?? ""}`,
  );
});
write(tried, sources);
process.stdout.write(tableOf(tried, sources));
