//
//   mobisim compare: the options of run with lists for values; a row for every combination.
//

import type { Command } from "commander";
import type { Comparison } from "../compare/compare.js";
import type { Axis, Point } from "../compare/points.js";
import { InputError, Interrupted } from "../errors.js";
import { lookOfStdout } from "../io/look.js";
import { attended } from "../io/progress.js";
import { oneOf } from "../options.js";
import { compareCsv, compareJson, comparePage } from "../report/compare-table.js";
import { markdownOf } from "../report/markdown.js";
import { renderPage } from "../report/terminal.js";
import type { RunRequest } from "../request.js";
import { addOptions, type RequestOptions, RUN_OPTIONS, requestOf } from "./run-options.js";

const FORMATS = ["terminal", "md", "csv"] as const;

interface CompareOptions {
  set?: string[];
  format: (typeof FORMATS)[number];
  json?: boolean;
  quiet?: boolean;
}

const HELP = `
Every option of run takes a list here: values with commas between them. A combination that cannot run is in the table with
its reason. --set holds for every run. Runs go without counterfactuals (exposed); run one alone to see them.

Examples:
  mobisim compare --budget 2.5,3,4,6 --batch 1,4,16 --steps 4
  mobisim compare --machine edge,cloud --model llama-3-8b --budget 4 --batch 1,4,16,64 --steps 1
  mobisim compare --machine edge,baselines/bit-parallel --slices 1,2,3,4 --batch 1 --steps 4 --format md
  mobisim compare --synthetic independent,correlated --budget 3,4 --batch 1,2,4,16 --steps 4 --format csv

Exit codes: 0 good, 2 bad input, or nothing could be run, 70 an internal error, 130 interrupted (the runs done by then)`;

/** Options that take lists: all of run's that are not lists already. */
const LISTED = Object.entries(RUN_OPTIONS).filter(([, { repeatable }]) => !repeatable);

/** Options, help and action of `mobisim compare`. */
export function define(command: Command): void {
  for (const [, { flags, text, parse, initial }] of LISTED) {
    command.option(flags, text, listOf(flags, parse), initial === undefined ? undefined : [initial]);
  }
  addOptions(command, {
    set: { ...RUN_OPTIONS.set, text: "set one knob of every machine; repeatable, later ones win" },
  })
    .option("--format <name>", FORMATS.join(", "), oneOf("--format", FORMATS), "terminal")
    .option("--json", "print the comparison as one JSON document")
    .option("--quiet", "no progress bar, no notes")
    .addHelpText("after", HELP)
    .action((options: CompareOptions & Record<string, string[] | undefined>) => run(options));
}

async function run(options: CompareOptions & Record<string, unknown>): Promise<void> {
  const axes = LISTED.flatMap(([name]): Axis[] => {
    const values = options[name] as string[] | undefined;
    return values === undefined ? [] : [{ name, values }];
  });
  const { compare } = await import("../compare/compare.js");
  const requestAt = (point: Point) => requestOfPoint(point, options.set ?? []);
  const comparison = await attended(options.quiet === true, ({ onProgress, signal }) =>
    compare(axes, requestAt, onProgress, signal),
  );
  process.stdout.write(shown(comparison, options));
  if (comparison.partial) throw new Interrupted("interrupted: the comparison is partial");
}

function requestOfPoint(point: Point, set: string[]): RunRequest {
  const values = Object.entries(point).map(([name, text]) => {
    return [name, RUN_OPTIONS[name as keyof typeof RUN_OPTIONS].parse(text)];
  });
  return requestOf({ ...(Object.fromEntries(values) as RequestOptions), set });
}

function shown(comparison: Comparison, { json, format }: CompareOptions): string {
  if (json) return compareJson(comparison);
  if (format === "csv") return compareCsv(comparison);
  return format === "md" ? markdownOf(comparePage(comparison)) : renderPage(comparePage(comparison), lookOfStdout());
}

/** Parses a list of an option's values; they stay as they were written, once it is clear that each means something. */
function listOf(flags: string, parse: (text: string) => unknown): (list: string) => string[] {
  const [name] = flags.split(" ");
  return (list) => {
    const values = list.split(",").map((one) => one.trim());
    if (values.includes("")) throw new InputError(`${name} ${list}: a value is empty; allowed a list like a,b,c`);
    if (new Set(values).size < values.length) throw new InputError(`${name} ${list}: a value is there twice`);
    for (const value of values) parse(value);
    return values;
  };
}
