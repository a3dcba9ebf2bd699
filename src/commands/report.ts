//
//   mobisim report: what a run found, as one file for paper and screen.
//

import { statSync } from "node:fs";
import { basename, dirname, join, resolve } from "node:path";
import type { Command } from "commander";
import { InputError } from "../errors.js";
import { chartLibraries } from "../io/chart-libraries.js";
import { readText, writeAll } from "../io/files.js";
import { packageVersion } from "../io/version.js";
import { oneOf } from "../options.js";
import { fullPageOf } from "../report/full-page.js";
import { htmlOf } from "../report/html.js";
import { markdownOf } from "../report/markdown.js";
import type { Page } from "../report/page.js";
import { svgOf } from "../report/svg.js";
import { parseResult } from "../result-file.js";

const FORMATS = ["html", "md", "svg"] as const;

interface ReportOptions {
  out?: string;
  format?: (typeof FORMATS)[number];
  quiet?: boolean;
}

const HELP = `
RESULT is a file that run --json printed, or a folder that run --out wrote.

Formats:
  html   one file: nothing beside it, nothing from the network; charts answer to the pointer
  md     the same tables as Markdown
  svg    a folder with a picture for each figure, for papers

Without --format the name after --out says it: .html, .md, or else a folder of svg.

Examples:
  mobisim run --steps 8 --json > result.json && mobisim report result.json --out report.html
  mobisim report results/ --out report.md
  mobisim report results/ --format svg --out figures/

Exit codes: 0 good, 2 bad input (one line on stderr, no file written), 70 an internal error`;

/** Argument, options, help and action of `mobisim report`. */
export function define(command: Command): void {
  command
    .argument("<result>", "result.json of a run, or the folder that holds it")
    .option("--out <file|dir>", "where the report goes")
    .option("--format <name>", FORMATS.join(", "), oneOf("--format", FORMATS))
    .option("--quiet", "no notes")
    .addHelpText("after", HELP)
    .action((path: string, options: ReportOptions) => report(path, options));
}

async function report(path: string, { out, format, quiet }: ReportOptions): Promise<void> {
  if (out === undefined || out === "") throw new InputError("--out is missing; allowed a file, or a folder for svg");
  const file = resultFile(path);
  const page = fullPageOf(parseResult(readText(file), file, packageVersion()));
  const asked = format ?? formatOf(out);
  const written = asked === "svg" ? await writeFigures(page, out) : writeFile(page, out, asked);
  if (!quiet) process.stderr.write(`wrote ${written}\n`);
}

function resultFile(path: string): string {
  const found = statSync(path, { throwIfNoEntry: false });
  return found?.isDirectory() ? join(path, "result.json") : path;
}

function formatOf(out: string): (typeof FORMATS)[number] {
  if (/\.html?$/.test(out)) return "html";
  return /\.(md|markdown)$/.test(out) ? "md" : "svg";
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
