//
//   The pages of `mobisim formats`: what number formats cost, side by side, and one of them in full.
//

import type { DepthCost, Format, FormatBytes } from "../formats/format.js";
import type { ScaleLevel } from "../formats/scale-tree.js";
import type { TermCount } from "../formats/term-code.js";
import type { Page, Row, Section } from "./page.js";

/** One format in a matrix of some shape. */
export interface FormatEntry {
  name: string;
  about: string;
  source: string;
  file: string;
  sha256: string;
  rule: Format["rule"];
  codeBits: number;
  /** Of what reaches the PE: a code, centred where it has a zero point; a slice where slices are digits of their own. */
  terms: TermCount;
  selectorBits: number;
  scales: readonly ScaleLevel[];
  slices: readonly number[];
  /** A read of the first slices is the lower precision. */
  prefixIsLower: boolean;
  bytes: FormatBytes;
  bitsPerWeight: number;
  depths: (DepthCost & { bitsPerWeight: number })[];
}

export interface FormatsReport {
  version: string;
  rows: number;
  columns: number;
  formats: FormatEntry[];
}

const GROUP = 128;
const LEGEND =
  "terms: signed powers of two of a code (centred where it has a zero point; of a slice where slices are digits of their own), " +
  "counted over all codes: lanes in lock step pay the largest count, lanes that skip zeros the mean. side: scales, zero points and selectors. bits/weight: " +
  "everything that is stored. All figures follow from the files in formats/ (docs/numbers.md).";

/** All formats, a line each; one format in full. */
export function formatsPage(report: FormatsReport): Page {
  const { rows, columns, formats } = report;
  const title = `Number formats in a matrix of ${rows} x ${columns} weights`;
  const sections = formats.length === 1 ? entrySections(formats[0]) : [listSection(report)];
  return { title, sections, legend: LEGEND };
}

function listSection(report: FormatsReport): Section {
  const columns = ["format", "bits", "terms", "mean", `side B/${GROUP}`, "bits/weight", "reads"];
  return { title: "Formats", columns, rows: report.formats.map((entry) => listRow(entry, report)), notes: [] };
}

function listRow(entry: FormatEntry, { rows, columns }: FormatsReport): Row {
  const { name, codeBits, terms, bytes, bitsPerWeight, depths } = entry;
  const side = ((bytes.scales + bytes.selectors) * GROUP) / (rows * columns);
  const reads = depths.length === 1 ? "whole" : depths.map(({ fetchedBits }) => fetchedBits).join("/");
  const numbers = [String(terms.max), terms.mean.toFixed(2), side.toFixed(2), bitsPerWeight.toFixed(3)];
  return { label: name, cells: [String(codeBits), ...numbers, reads] };
}

function entrySections(entry: FormatEntry): Section[] {
  const { name, about, source, file, terms, scales, selectorBits, bytes, depths } = entry;
  const fact = (label: string, text: string): Row => ({ label, cells: [text] });
  const histogram = terms.histogram.flatMap((codes, n) => (codes === 0 ? [] : [`${codes} codes of ${n}`]));
  const facts = [
    fact("source", source),
    fact("file", file),
    fact("rule", entry.rule),
    fact("terms", `at most ${terms.max}, mean ${terms.mean.toFixed(2)}: ${histogram.join(", ")}`),
    fact("scales", scales.map(scaleText).join("; ")),
    ...(selectorBits === 0 ? [] : [fact("selector", `${selectorBits} bits a group`)]),
    fact(
      "bytes",
      Object.entries(bytes)
        .map(([what, count]) => `${what} ${count}`)
        .join(", "),
    ),
  ];
  const reads = depths.map(({ depth, bits, fetchedBits, terms: paid, bitsPerWeight }) => ({
    label: String(depth),
    cells: [String(bits), String(fetchedBits), String(paid), bitsPerWeight.toFixed(3)],
  }));
  const columns = ["depth", "bits", "fetched", "terms", "bits/weight"];
  const notes = depths.length === 1 ? [] : [prefixText(entry.prefixIsLower)];
  return [
    { title: `${name}: ${about}`, rows: facts, notes: [] },
    { title: "Reads", columns, rows: reads, notes },
  ];
}

function scaleText({ block, kind, bits, zeroPointBits }: ScaleLevel): string {
  return `${kind} of ${bits} bits for each ${block}${zeroPointBits === 0 ? "" : `, zero point of ${zeroPointBits}`}`;
}

function prefixText(prefixIsLower: boolean): string {
  return prefixIsLower
    ? "The first slices of a code are the code of the lower precision."
    : "A lower precision is the prefix plus the carry of the next bit: a shallow read takes one plane more.";
}
