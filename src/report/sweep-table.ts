//
//   A sweep as a table: CSV and columns for programs, units in the names; its front as a page for people.
//
//     answers ──► columns: id, status, reason, knobs [unit], measures (unit in the name) ──► CSV, Parquet
//

import type { Header } from "../sweep/header.js";
import type { Answered } from "../sweep/record.js";
import { csvOf } from "./csv.js";
import { partsNotes } from "./dram-parts.js";
import { integer, significant } from "./format.js";
import type { Page, Row, Section } from "./page.js";

interface TableColumn {
  readonly name: string;
  readonly values: readonly (string | number | null)[];
}

/** What a sweep came to. */
export interface Findings {
  readonly header: Header;
  readonly answers: readonly Answered[];
  readonly front: readonly Answered[];
  /** DRAM parts of the points. */
  readonly parts: readonly string[];
}

/** One column a figure, a row an answer; null where a point has none. */
export function sweepColumns({ axes, follow, measures }: Header, answers: readonly Answered[]): TableColumn[] {
  const knobs = [...axes, ...follow.map(({ name }) => ({ name, unit: "" }))];
  const column = (name: string, value: (answer: Answered) => string | number | null | undefined): TableColumn => {
    return { name, values: answers.map((answer) => value(answer) ?? null) };
  };
  return [
    column("id", ({ id }) => id),
    column("status", ({ status }) => status),
    column("reason", ({ reason }) => reason),
    column("violates", ({ violates }) => violates?.join("; ")),
    ...knobs.map(({ name }) => column(name, ({ values }) => values[name])),
    ...measures.map(({ name }) => column(name, ({ measures: figures }) => figures?.[name])),
    column("stateHash", ({ stateHash }) => stateHash),
  ];
}

export function tableCsv(columns: readonly TableColumn[]): string {
  const rows = (columns[0]?.values ?? []).map((_, row) => columns.map(({ values }) => values[row]));
  return csvOf([columns.map(({ name }) => name), ...rows]);
}

/** What a sweep came to, for people. */
export function sweepPage(findings: Findings): Page {
  const { header, answers, front } = findings;
  const { name, objectives, constraints } = header;
  const aims = objectives.map(({ measure, goal }) => `${measure} (${goal})`).join(", ");
  const kept = constraints.map(({ text }) => text).join(", ");
  return {
    title: `Sweep ${name}: ${aims}${kept === "" ? "" : `; ${kept}`}`,
    sections: [countsSection(header, answers, front), frontSection(findings)],
    legend:
      "modelled: every figure; energy prices and areas are cited or estimated. Low and high are the ends of their bands.",
  };
}

function countsSection({ excluded }: Header, answers: readonly Answered[], front: readonly Answered[]): Section {
  const count = (status: Answered["status"]) => answers.filter((one) => one.status === status).length;
  const row = (label: string, value: number): Row => ({ label, cells: [integer(value)] });
  const infeasible = answers.filter(({ violates = [] }) => violates.length > 0).length;
  const left = Object.entries(excluded).map(([text, places]) => `left out: ${integer(places)} places break ${text}`);
  return {
    title: "Points",
    rows: [
      row("points", answers.length),
      row("simulated", count("ok")),
      row("pruned: simulations saved by the bound", count("pruned")),
      row("invalid", count("invalid")),
      row("break a constraint", infeasible),
      row("on the front", front.length),
    ],
    notes: [...left, ...reasonsOf(answers)],
  };
}

/** Why points are invalid, the most frequent reasons first. */
function reasonsOf(answers: readonly Answered[]): string[] {
  const counts = new Map<string, number>();
  for (const { status, reason = "" } of answers) {
    if (status === "invalid") counts.set(reason, (counts.get(reason) ?? 0) + 1);
  }
  const most = [...counts].sort((a, b) => b[1] - a[1]);
  const shown = most.slice(0, MOST_REASONS).map(([reason, times]) => `invalid ${integer(times)} x: ${reason}`);
  return most.length > MOST_REASONS ? [...shown, `and ${integer(most.length - MOST_REASONS)} other reasons`] : shown;
}

const MOST_REASONS = 5;

function frontSection({ header, front, parts }: Findings): Section {
  const { axes, objectives, constraints, measures } = header;
  const named = [...objectives, ...constraints].map(({ measure }) => measure);
  const wanted = measures.filter(({ name }) => named.includes(name));
  const first = objectives[0].measure;
  const sorted = [...front].sort((a, b) => (a.measures?.[first] ?? 0) - (b.measures?.[first] ?? 0));
  const rows = sorted.map(({ id, values, measures: figures }): Row => {
    const shown = wanted.map(({ name }) => significant(figures?.[name] ?? 0));
    return { label: id, cells: [...axes.map(({ name }) => String(values[name] ?? "-")), ...shown] };
  });
  const notes = [...(front.length === 0 ? ["no point keeps the constraints"] : []), ...pricedNotes(header, parts)];
  const columns = ["point", ...axes.map(({ name }) => name), ...wanted.map(({ name }) => name)];
  return { title: "Pareto front", source: "modelled, prices cited or estimated", columns, rows, notes };
}

/** Measures that DRAM prices are part of. */
const PRICED = /^(energyPj|jPerToken|powerW|edpJs)(Low|High)$/;

export function pricedNotes({ objectives, constraints }: Header, parts: readonly string[]): string[] {
  const priced = [...objectives, ...constraints].map(({ measure }) => measure).filter((name) => PRICED.test(name));
  return partsNotes(priced, parts);
}
