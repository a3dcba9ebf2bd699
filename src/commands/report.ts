//
//   mobisim report: what a run or a sweep found, as one file for paper and screen.
//

import { statSync } from "node:fs";
import { basename, dirname, join, resolve } from "node:path";
import type { Command } from "commander";
import { InputError } from "../basics/errors.js";
import { chartLibraries } from "../io/chart-libraries.js";
import { fileExists, sha256, writeAll } from "../io/files.js";
import { engineBinary, readInputs } from "../io/inputs.js";
import { readResult } from "../io/results.js";
import { packageVersion } from "../io/version.js";
import { inOrder } from "../report/figures/fronts.js";
import { fullPageOf } from "../report/full-page.js";
import { htmlOf } from "../report/html.js";
import { markdownOf } from "../report/markdown.js";
import type { Attachment, Page } from "../report/page.js";
import { svgOf } from "../report/svg.js";
import { sweepReport } from "../report/sweep-report.js";
import { frontOf } from "../sweep/aims.js";
import { configFile } from "../sweep/config-file.js";
import type { Header } from "../sweep/header.js";
import type { Answered } from "../sweep/record.js";
import { oneOf } from "./option-values.js";
import { dramParts, requestOfPoint } from "./sweep/options.js";

/** Best points that come with a report as machine files. */
const MOST_CONFIGS = 12;
const FORMATS = ["html", "md", "svg"] as const;

interface ReportOptions {
  out?: string;
  format?: (typeof FORMATS)[number];
  quiet?: boolean;
}

const HELP = `
RESULT is a file that run --json printed, a folder that run --out wrote, or the folder of a sweep, merged or under way.

Formats:
  html   one file: nothing beside it, nothing from the network; charts answer to the pointer
  md     the same tables as Markdown
  svg    a folder with a picture for each figure, for papers

Without --format the name after --out says it: .html, .md, or else a folder of svg.

Examples:
  mobisim run --steps 8 --json > result.json && mobisim report result.json --out report.html
  mobisim report results/ --out report.md
  mobisim report results/ --format svg --out figures/
  mobisim sweep space.yaml --out study && mobisim report study --out study.html

Exit codes: 0 good, 2 bad input (one line on stderr, no file written), 70 an internal error`;

/** Argument, options, help and action of `mobisim report`. */
export function define(command: Command): void {
  command
    .argument("<result>", "result.json of a run, the folder that holds it, or the folder of a sweep")
    .option("--out <file|dir>", "where the report goes")
    .option("--format <name>", FORMATS.join(", "), oneOf("--format", FORMATS))
    .option("--quiet", "no notes")
    .addHelpText("after", HELP)
    .action((path: string, options: ReportOptions) => report(path, options));
}

async function report(path: string, { out, format, quiet }: ReportOptions): Promise<void> {
  if (out === undefined || out === "") throw new InputError("--out is missing; allowed a file, or a folder for svg");
  const page = fileExists(join(path, "sweep.json")) ? await pageOfSweep(path) : pageOfRun(path);
  const asked = format ?? formatOf(out);
  const written = asked === "svg" ? await writeFigures(page, out) : writeFile(page, out, asked);
  if (!quiet) process.stderr.write(`wrote ${written}\n`);
}

/** A result, or the folder that run --out wrote. */
function pageOfRun(path: string): Page {
  return fullPageOf(readResult(path));
}

/** What a sweep has answered by now. */
async function pageOfSweep(folder: string): Promise<Page> {
  const { readAnswers, readSweep } = await import("./sweep/folder.js");
  const { checkMaker } = await import("../sweep/header.js");
  const { header } = readSweep(folder);
  checkMaker(header, { version: packageVersion(), engine: sha256(engineBinary()) }, folder);
  const { answers, merged } = readAnswers(folder);
  if (answers.length === 0) throw new InputError(`${folder}: no point is answered yet; mobisim sweep run ${folder}`);
  const front = frontOf(header, answers).items;
  const best = inOrder(header, front, new Set(front.map(({ id }) => id))).slice(0, MOST_CONFIGS);
  const found = { header, answers, front, parts: dramParts(header, answers) };
  const page = sweepReport(
    found,
    best.map((point) => configOf(header, point)),
  );
  return merged ? page : { ...page, title: `${page.title} (under way: ${answers.length} points answered)` };
}

/** The machine of a point, read again from the files it names. */
function configOf(header: Header, point: Answered): Attachment {
  const request = requestOfPoint(header, point.values);
  return configFile(header, point, request, readInputs(request).machine);
}

function formatOf(out: string): (typeof FORMATS)[number] {
  if (/\.html?$/.test(out)) return "html";
  if (/\.(md|markdown)$/.test(out)) return "md";
  const [ending] = /\.\w+$/.exec(out) ?? [];
  if (ending === undefined || fileExists(out)) return "svg";
  throw new InputError(`--out ${out}: ${ending} is no format; allowed .html, .md, a folder for svg, or --format`);
}

function writeFile(page: Page, out: string, format: "html" | "md"): string {
  if (statSync(out, { throwIfNoEntry: false })?.isDirectory())
    throw new InputError(`--out ${out} is a folder; allowed a file`);
  const text = format === "md" ? markdownOf(page) : htmlOf(page, chartLibraries());
  writeAll(dirname(resolve(out)), { [basename(out)]: text });
  return out;
}

/** A picture for each figure of the page. */
async function writeFigures({ sections }: Page, out: string): Promise<string> {
  if (statSync(out, { throwIfNoEntry: false })?.isFile())
    throw new InputError(`--out ${out} is a file; allowed a folder`);
  const files: Record<string, string> = {};
  for (const figure of sections.flatMap(({ figures = [] }) => figures))
    files[`${figure.name}.svg`] = await svgOf(figure);
  writeAll(out, files);
  return `${Object.keys(files).join(", ")} to ${out}`;
}
