//
//   mobisim formats: number formats and what they cost, from their data files.
//

import { type Command, Option } from "commander";
import { InputError } from "../basics/errors.js";
import { bitsPerWeight, depthCosts, formatBytes } from "../formats/format.js";
import { codeBitsOf } from "../formats/slice-layout.js";
import { assetNames } from "../io/files.js";
import { readFormat } from "../io/formats.js";
import { lookOfStdout } from "../io/look.js";
import { packageVersion } from "../io/version.js";
import { type FormatEntry, type FormatsReport, formatsPage } from "../report/formats-page.js";
import { renderPage } from "../report/terminal.js";

interface FormatsOptions {
  shape: [number, number];
  json?: boolean;
}

const LARGEST_SIDE = 2 ** 20;

const HELP = `
A format is a composition: codes that are sums of signed powers of two, a tree of scales, slices in memory. Each is a file in
formats/; a file of your own works by its path. docs/numbers.md says what the keys mean.

Examples:
  mobisim formats                          all of them
  mobisim formats mobiquant                one in full: terms, scales, bytes, every depth it can be read at
  mobisim formats int4 --shape 2048x10944  with the last group of each row filled up
  mobisim formats my-format.yaml --json    one JSON document

Exit codes: 0 good, 2 bad input (one line on stderr, nothing on stdout)`;

/** Options, help and action of `mobisim formats`. */
export function define(command: Command): void {
  command
    .argument("[name|file]", "a format of formats/, or a YAML file (default: all of formats/)")
    .addOption(
      new Option("--shape <rows>x<columns>", "weights: outputs x inputs")
        .argParser(shape)
        .default([4096, 4096], "4096x4096"),
    )
    .option("--json", "print the result as one JSON document")
    .addHelpText("after", HELP)
    .action((name: string | undefined, options: FormatsOptions) => formats(name, options));
}

function formats(name: string | undefined, { shape: [rows, columns], json }: FormatsOptions): void {
  const names = name === undefined ? assetNames("formats", ".yaml") : [name];
  const entries = names.map((each) => entryOf(each, rows, columns));
  const report: FormatsReport = { version: packageVersion(), rows, columns, formats: entries };
  process.stdout.write(json ? `${JSON.stringify(report, null, 2)}\n` : renderPage(formatsPage(report), lookOfStdout()));
}

function entryOf(name: string, rows: number, columns: number): FormatEntry {
  const { format, label, sha256 } = readFormat(name);
  const { about, source, rule, terms, selectorBits, scales, layout } = format;
  return {
    ...{ name: format.name, about, source, file: label, sha256, rule },
    ...{ codeBits: codeBitsOf(layout), terms, selectorBits, scales },
    slices: layout.slices,
    prefixIsLower: layout.read === "prefix",
    bytes: formatBytes(format, rows, columns),
    bitsPerWeight: bitsPerWeight(format, rows, columns),
    depths: depthCosts(format).map((cost) => ({
      ...cost,
      bitsPerWeight: bitsPerWeight(format, rows, columns, cost.depth),
    })),
  };
}

function shape(text: string): [number, number] {
  const sides = /^(\d+)x(\d+)$/.exec(text)?.slice(1).map(Number);
  if (sides?.every((side) => side >= 1 && side <= LARGEST_SIDE)) return [sides[0], sides[1]];
  throw new InputError(`--shape is ${text}; allowed ROWSxCOLUMNS, each 1..${LARGEST_SIDE}`);
}
