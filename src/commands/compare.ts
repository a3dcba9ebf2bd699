//
//   mobisim compare: the options of run with lists for values, a row for every combination; or two results, and what is
//   between them.
//

import type { Command } from "commander";
import { InputError, Interrupted } from "../basics/errors.js";
import type { Axis, Point } from "../compare/points.js";
import { readComparison } from "../io/bitmod.js";
import { lookOfStdout } from "../io/look.js";
import { attended } from "../io/progress.js";
import { compareCsv, compareJson, comparePage } from "../report/compare-table.js";
import { differenceJson, differencePage } from "../report/difference-page.js";
import { markdownOf } from "../report/markdown.js";
import { missedCsv, missedJson, missedPage } from "../report/missed-table.js";
import type { Page } from "../report/page.js";
import { renderPage } from "../report/terminal.js";
import type { RunRequest } from "../request.js";
import { oneOf } from "./option-values.js";
import { addOptions, checkNamed, type RequestOptions, RUN_OPTIONS, requestOf } from "./run/options.js";

const FORMATS = ["terminal", "md", "csv"] as const;

interface CompareOptions {
  formula?: string;
  set?: string[];
  format: (typeof FORMATS)[number];
  json?: boolean;
  quiet?: boolean;
}

const HELP = `
Every option of run takes a list here: values with commas between them. A combination that cannot run is in the table with
its reason. --set holds for every run. Runs go without counterfactuals (exposed); run one alone to see them.

Two files that run --json printed, instead of options: what was asked differently, where the cycles moved, which counters
moved and what that cost; which ops, if both ran with --detail.

With --formula bitmod the rows are the published comparison's (docs/formula.md, revision head): --model, --machine and
--phase choose among its six models, five machines, prefill and decode; each is simulated on its config in
hw-configs/baselines/, and the difference to the formula is split by cause.

Examples:
  mobisim compare --budget 2.5,3,4,6 --batch 1,4,16 --steps 4
  mobisim compare --machine edge,cloud --model llama-3-8b --budget 4 --batch 1,4,16,64 --steps 1
  mobisim compare --machine edge,baselines/bit-parallel --slices 1,2,3,4 --batch 1 --steps 4 --format md
  mobisim compare --synthetic independent,correlated --budget 3,4 --batch 1,2,4,16 --steps 4 --format csv
  mobisim compare --formula bitmod --model llama-3-8b --phase decode
  mobisim compare before.json after.json

Exit codes: 0 good, 2 bad input, or nothing could be run, 70 an internal error, 130 interrupted (the runs done by then)`;

/** What a formula's table varies. */
const FORMULA_LISTS = ["model", "machine", "phase", "batch", "context"];

/** Options that take lists: all of run's that are not lists already. */
const LISTED = Object.entries(RUN_OPTIONS).filter(([, { repeatable }]) => !repeatable);

/** Options, help and action of `mobisim compare`. */
export function define(command: Command): void {
  for (const [, { flags, text, parse, initial }] of LISTED) {
    command.option(flags, initial === undefined ? text : `${text} (default: "${initial}")`, listOf(flags, parse));
  }
  command.argument(
    "[results...]",
    "two results of run --json, or folders of run --out: what is between them, instead of running anything",
  );
  addOptions(command, {
    set: { ...RUN_OPTIONS.set, text: "set one knob of every machine; repeatable, later ones win" },
  })
    .option("--formula <name>", "instead: simulated beside a published formula, and what it missed: bitmod", formula)
    .option("--format <name>", FORMATS.join(", "), oneOf("--format", FORMATS), "terminal")
    .option("--json", "print the comparison as one JSON document")
    .option("--quiet", "no progress bar, no notes")
    .addHelpText("after", HELP)
    .action((results: string[], options: CompareOptions & Lists) => {
      return results.length > 0 ? explain(results, options) : run(options);
    });
}

type Lists = Record<string, string[] | undefined>;

async function run(options: CompareOptions & Lists): Promise<void> {
  if (options.formula !== undefined) return runFormula(options);
  const axes = LISTED.flatMap(([name, { initial }]): Axis[] => {
    const values = options[name] ?? (initial === undefined ? undefined : [initial]);
    return values === undefined ? [] : [{ name, values }];
  });
  for (const { name, values } of axes) for (const value of values) checkNamed(name, value);
  const { compare } = await import("../compare/compare.js");
  const requestAt = (point: Point) => requestOfPoint(point, options.set ?? []);
  const comparison = await attended(options.quiet === true, ({ onProgress, signal }) =>
    compare(axes, requestAt, onProgress, signal),
  );
  print(options, {
    json: () => compareJson(comparison),
    csv: () => compareCsv(comparison),
    page: () => comparePage(comparison),
  });
  if (comparison.partial) throw new Interrupted("interrupted: the comparison is partial");
}

/** What is between two results. */
async function explain(results: string[], options: CompareOptions & Lists): Promise<void> {
  if (results.length !== 2) throw new InputError(`compare ${results.join(" ")}: allowed two results, or options only`);
  const stray = [...LISTED.map(([name]) => name), "set", "formula"].find((name) => options[name] !== undefined);
  if (stray !== undefined)
    throw new InputError(`--${stray} has no meaning between two results; allowed --format, --json`);
  const { format, json } = options;
  if (format === "csv") throw new InputError("--format csv has no meaning between two results; allowed terminal, md");
  const { differenceOf } = await import("../compare/difference.js");
  const { readResult } = await import("../io/results.js");
  const [a, b] = results.map(readResult);
  const difference = differenceOf(a, b);
  process.stdout.write(json ? differenceJson(difference) : pageText(differencePage(difference), format));
}

/** The published table, its machines as configs on the simulated machine. */
async function runFormula(options: CompareOptions & Lists): Promise<void> {
  const stray = LISTED.find(([name]) => options[name] !== undefined && !FORMULA_LISTS.includes(name));
  if (stray !== undefined) {
    throw new InputError(`--${stray[0]} has no meaning with --formula; allowed --${FORMULA_LISTS.join(", --")}, --set`);
  }
  const { compareFormula } = await import("../compare/formula.js");
  const { comparison } = readComparison();
  const { model, machine, phase, batch, context, set } = options;
  const grid = { models: model, machines: machine, phases: phase, batches: batch, contexts: context, sets: set ?? [] };
  const rows = await attended(options.quiet === true, ({ onProgress, signal }) =>
    compareFormula(comparison, grid, onProgress, signal),
  );
  print(options, { json: () => missedJson(rows), csv: () => missedCsv(rows), page: () => missedPage(rows) });
  if (rows.partial) throw new Interrupted("interrupted: the comparison is partial");
}

function requestOfPoint(point: Point, set: string[]): RunRequest {
  const values = Object.entries(point).map(([name, text]) => {
    return [name, RUN_OPTIONS[name as keyof typeof RUN_OPTIONS].parse(text)];
  });
  return requestOf({ ...(Object.fromEntries(values) as RequestOptions), set });
}

/** The one that was asked for. */
function print({ json, format }: CompareOptions, as: { json(): string; csv(): string; page(): Page }): void {
  if (json) process.stdout.write(as.json());
  else if (format === "csv") process.stdout.write(as.csv());
  else process.stdout.write(pageText(as.page(), format));
}

function pageText(page: Page, format: CompareOptions["format"]): string {
  return format === "md" ? markdownOf(page) : renderPage(page, lookOfStdout());
}

function formula(text: string): string {
  if (text === "bitmod") return text;
  throw new InputError(`--formula is ${text}; allowed bitmod`);
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
