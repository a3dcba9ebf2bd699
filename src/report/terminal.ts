//
//   A report as one compact page of a terminal: aligned columns, small bars, colour only where it helps.
//

import type { Result } from "../result/result.js";
import type { Page, Row, Section } from "./page.js";
import { pageOf } from "./sections.js";

interface Look {
  colour: boolean;
  /** Block characters for the bars; plain ASCII otherwise. */
  unicode: boolean;
}

const BAR_WIDTH = 24;
const PAGE_WIDTH = 78;
const PLAIN: Look = { colour: false, unicode: false };

/** The report on one run. */
export function toTerminal(result: Result, look: Look = PLAIN): string {
  return renderPage(pageOf(result), look);
}

/** Any page. */
export function renderPage(page: Page, look: Look = PLAIN): string {
  const tables = page.sections.filter(({ columns }) => columns !== undefined);
  const width = Math.max(...tables.map(longestLabel));
  const sections = page.sections.map((section) => renderSection(section, width, look));
  return `${[paint(page.title, "bold", look), ...sections, dimmed(wrap(page.legend, PAGE_WIDTH), look)].join("\n\n")}\n`;
}

function renderSection(section: Section, tableLabelWidth: number, look: Look): string {
  const { title, source, columns, rows, notes } = section;
  const labelWidth = Math.max(tableLabelWidth, longestLabel(section));
  const head = paint(title, "bold", look) + (source === undefined ? "" : paint(`  [${source}]`, "dim", look));
  const heads: Row | undefined = columns && { label: columns[0], cells: columns.slice(1) };
  const widths = heads === undefined ? [] : columnWidths([heads, ...rows]);
  const lines = rows.map((row) => renderRow(row, labelWidth, widths, look));
  if (heads !== undefined) lines.unshift(paint(renderRow(heads, labelWidth, widths, look), "dim", look));
  return [head, ...lines, ...notes.flatMap((note) => wrap(note, PAGE_WIDTH).map((line) => `  ${line}`))].join("\n");
}

function renderRow({ label, cells, share, total }: Row, labelWidth: number, widths: number[], look: Look): string {
  const aligned = cells.map((cell, i) => cell.padStart(widths[i] ?? 0)).join("  ");
  const bar = share === undefined || share <= 0 ? "" : `  ${paint(drawBar(share, look), "cyan", look)}`;
  const line = `  ${label.padEnd(labelWidth)}  ${aligned}`;
  return (total ? paint(line, "bold", look) : line + bar).trimEnd();
}

function longestLabel({ rows }: Section): number {
  return Math.max(...rows.map(({ label }) => label.length));
}

function columnWidths(rows: Row[]): number[] {
  return rows[0].cells.map((_, i) => Math.max(...rows.map(({ cells }) => cells[i].length)));
}

/** At least a sliver for what is not zero. */
function drawBar(share: number, { unicode }: Look): string {
  if (!unicode) return "#".repeat(Math.max(1, Math.round(share * BAR_WIDTH)));
  const eighths = Math.max(1, Math.round(share * BAR_WIDTH * 8));
  const rest = eighths % 8;
  return "█".repeat(Math.floor(eighths / 8)) + (rest === 0 ? "" : " ▏▎▍▌▋▊▉"[rest]);
}

function wrap(text: string, width: number): string[] {
  const lines: string[] = [];
  for (const word of text.split(" ")) {
    const last = lines.at(-1);
    if (last !== undefined && last.length + 1 + word.length <= width) lines[lines.length - 1] = `${last} ${word}`;
    else lines.push(word);
  }
  return lines;
}

function dimmed(lines: string[], look: Look): string {
  return lines.map((line) => paint(line, "dim", look)).join("\n");
}

function paint(text: string, style: "bold" | "dim" | "cyan", { colour }: Look): string {
  const code = { bold: 1, dim: 2, cyan: 36 }[style];
  return colour ? `\u001b[${code}m${text}\u001b[0m` : text;
}
