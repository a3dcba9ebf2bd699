//
//   One job of a run: a process with a compiler that stays warm, and a home. Takes a task at a time, answers with its outcome.
//
//     task ──► build in memory ──► home ──► trial ──► killed, survived, late        or: does not compile
//

import { readFileSync } from "node:fs";
import { join } from "node:path";
import { build, released } from "./build.js";
import { Home } from "./home.js";
import { type Mutant, mutated } from "./mutants.js";
import { type Suite, trial, type Verdict } from "./trial.js";

export interface Task {
  file: string;
  /** None: the file as it is, to see that the suites pass, and what they take. */
  mutant?: Mutant;
  suites: readonly Suite[];
}

export type Outcome = Omit<Verdict, "status"> & { status: Verdict["status"] | "CompileError" };

const EQUIVALENT = "equivalent: the optimised binary is the same, byte for byte";
const [, , project] = process.argv;
const home = new Home(project);
const clean = new Map<string, Promise<Uint8Array | undefined>>();

async function outcomeOf({ file, mutant, suites }: Task): Promise<Outcome> {
  const source = readFileSync(join(project, file), "utf8");
  const text = mutant === undefined ? source : mutated(source, mutant);
  try {
    home.put(await build(project, file, text));
  } catch (error) {
    return { status: "CompileError", reason: String(error).split("\n").slice(0, 3).join(" "), milliseconds: 0 };
  }
  const verdict = await trial(home, suites);
  if (verdict.status !== "Survived" || mutant === undefined) return verdict;
  return (await isEquivalent(file, source, text)) ? { ...verdict, reason: EQUIVALENT } : verdict;
}

async function isEquivalent(file: string, source: string, text: string): Promise<boolean> {
  const area = file.split("/").slice(0, 2).join("/");
  const before = clean.get(area) ?? released(project, file, source);
  clean.set(area, before);
  const [one, other] = [await before, await released(project, file, text)];
  return one !== undefined && other !== undefined && Buffer.compare(one, other) === 0;
}

process.on("message", (task: Task) => {
  outcomeOf(task).then((outcome) => process.send?.(outcome));
});
process.on("disconnect", () => process.exit());
process.on("exit", () => home.remove());
