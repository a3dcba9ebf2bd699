//
//   Measured cases as lines of a terminal, and as the Markdown tables of docs/performance.md.
//

import type { Measured } from "./case.js";
import type { Goal } from "./cases.js";

export interface MeasuredGoal extends Goal {
  seconds: number;
}

/** A part of the page: its heading and its tables' rows. */
export interface Group {
  heading: string;
  rows: readonly Measured[];
}

interface Column {
  head: string;
  width: number;
  text: (row: Measured) => string;
}

const NONE = "-";
const fixed = (digits: number) => (value: number | null) => (value === null ? NONE : value.toFixed(digits));
const millions = (perSecond: number) => (perSecond / 1e6).toFixed(perSecond < 1e8 ? 2 : 0);

const COLUMNS: readonly Column[] = [
  { head: "start-up, s", width: 12, text: (row) => fixed(2)(row.startUpSeconds) },
  { head: "first step, s", width: 14, text: (row) => fixed(3)(row.firstSeconds) },
  { head: "later, s", width: 9, text: (row) => fixed(3)(row.laterSeconds) },
  { head: "M cycles/s", width: 11, text: (row) => millions(row.cyclesPerSecond) },
  { head: "M requests/s", width: 13, text: (row) => millions(row.dramRequestsPerSecond) },
  { head: "remembered", width: 11, text: ({ rememberedShare: share }) => (share === null ? NONE : percent(share)) },
  { head: "heap, MiB", width: 10, text: (row) => fixed(0)(row.heapMiB) },
  { head: "WASM, MiB", width: 10, text: (row) => fixed(0)(row.wasmMiB) },
  { head: "resident, MiB", width: 14, text: (row) => fixed(0)(row.residentMiB) },
];
const NAME_WIDTH = 34;

function percent(share: number): string {
  return `${(share * 100).toFixed(1)} %`;
}

/** The heads of `caseLine`. */
export function headLine(): string {
  return "".padEnd(NAME_WIDTH) + COLUMNS.map(({ head, width }) => head.padStart(width)).join("");
}

export function caseLine(row: Measured): string {
  return row.name.padEnd(NAME_WIDTH) + COLUMNS.map(({ text, width }) => text(row).padStart(width)).join("");
}

export function goalLine({ text, seconds, atMost }: MeasuredGoal): string {
  return `${text.padEnd(NAME_WIDTH + 24)} ${seconds.toFixed(2).padStart(8)} CPU s, aimed at ${atMost}`;
}

export function goalTable(goals: readonly MeasuredGoal[]): string {
  const rows = goals.map(({ text, seconds, atMost }) => [text, seconds.toFixed(2), `${atMost}`]);
  return table(["what", "CPU s", "aimed at, at most"], rows);
}

export function groupTable({ heading, rows }: Group): string {
  const heads = [heading, ...COLUMNS.map(({ head }) => head)];
  return table(
    heads,
    rows.map((row) => [row.name, ...COLUMNS.map(({ text }) => text(row))]),
  );
}

function table(heads: readonly string[], rows: readonly (readonly string[])[]): string {
  const line = (cells: readonly string[]) => `| ${cells.join(" | ")} |`;
  return [line(heads), line(heads.map((_, i) => (i === 0 ? "---" : "---:"))), ...rows.map(line)].join("\n");
}
