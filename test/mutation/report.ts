//
//   What came out: mutation-testing-report-schema, and a table of every file with its score.
//
//   score = (killed + timeout) / (all - compile errors)
//

import type { schema } from "@stryker-mutator/api/core";
import { AREAS, areaOf } from "./areas.js";
import { type Mutant, original } from "./mutants.js";
import type { Outcome } from "./worker.js";

export interface Tried {
  mutant: Mutant;
  outcome: Outcome;
}

const THRESHOLDS = { high: 85, low: 60 };

export function reportOf(tried: readonly Tried[], sources: ReadonlyMap<string, string>): schema.MutationTestResult {
  const files: schema.FileResultDictionary = {};
  for (const [file, source] of sources) {
    const mutants = tried.filter(({ mutant }) => mutant.file === file).map(resultOf);
    if (mutants.length > 0) files[file] = { language: "typescript", source, mutants };
  }
  return { schemaVersion: "2", thresholds: THRESHOLDS, files };
}

function resultOf({ mutant, outcome }: Tried): schema.MutantResult {
  const { id, mutator, location, replacement } = mutant;
  return {
    ...{ id, mutatorName: mutator, location, replacement, status: outcome.status, duration: outcome.milliseconds },
    ...(outcome.suite === undefined ? {} : { killedBy: [outcome.suite] }),
    ...(outcome.reason === undefined ? {} : { statusReason: outcome.reason }),
  };
}

const HEADINGS = ["mutants", "killed", "timeout", "survived", "no compile", "score"];

/** A line for every file, area and all; then every survivor. */
export function tableOf(tried: readonly Tried[], sources: ReadonlyMap<string, string>): string {
  const areas = AREAS.flatMap(({ name }) => {
    const inArea = tried.filter(({ mutant }) => areaOf(mutant.file)?.name === name);
    const files = [...new Set(inArea.map(({ mutant }) => mutant.file))].sort();
    const lines = files.map((file) =>
      line(
        `  ${file}`,
        inArea.filter(({ mutant }) => mutant.file === file),
      ),
    );
    return inArea.length === 0 ? [] : [line(name, inArea), ...lines];
  });
  const survivors = tried.filter(({ outcome }) => outcome.status === "Survived").map((one) => survivor(one, sources));
  return [columns("", HEADINGS), ...areas, line("all", tried), "", "survived:", ...survivors.sort(), ""].join("\n");
}

function line(name: string, tried: readonly Tried[]): string {
  const count = (status: Outcome["status"]) => tried.filter(({ outcome }) => outcome.status === status).length;
  const [killed, timeout, survived, broken] = [
    count("Killed"),
    count("Timeout"),
    count("Survived"),
    count("CompileError"),
  ];
  const score = (100 * (killed + timeout)) / (tried.length - broken);
  return columns(name, [
    tried.length,
    killed,
    timeout,
    survived,
    broken,
    Number.isNaN(score) ? "" : `${score.toFixed(1)}%`,
  ]);
}

function columns(name: string, cells: readonly (number | string)[]): string {
  return name.padEnd(44) + cells.map((cell) => String(cell).padStart(11)).join("");
}

function survivor({ mutant, outcome }: Tried, sources: ReadonlyMap<string, string>): string {
  const { file, location, mutator, replacement } = mutant;
  const was = onOneLine(original(sources.get(file) ?? "", mutant));
  const note = outcome.reason === undefined ? "" : `  (${outcome.reason})`;
  return `${file}:${location.start.line}:${location.start.column} ${mutator}: ${was} -> ${onOneLine(replacement)}${note}`;
}

function onOneLine(code: string): string {
  const line = code.replace(/\s+/g, " ");
  return line.length > 90 ? `${line.slice(0, 87)}...` : line;
}
