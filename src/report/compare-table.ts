//
//   A comparison as a table: Markdown or a terminal page for people, CSV and JSON for programs.
//

import type { Answer, Comparison } from "../compare/compare.js";
import { type Axis, varied } from "../compare/points.js";
import { packageVersion } from "../io/version.js";
import type { Result } from "../result/result.js";
import { COLUMNS, type Column, GROUPS } from "./compare-columns.js";
import { csvOf } from "./csv.js";
import { partsNotes } from "./dram-parts.js";
import { jsonText } from "./json.js";
import type { Page, Row, Section } from "./page.js";

const LEGEND =
  "modelled: cycles, time, energy (prices cited or estimated), bits, DRAM; shares are of core cycles, by the one cause of each. " +
  "Perplexity is of the source named beside it; transplanted and synthetic plans have none.";

/** For people: what varies stands in front, what does not in the title. */
export function comparePage(comparison: Comparison): Page {
  const { axes, answers } = comparison;
  const changing = varied(axes);
  const fixed = axes.filter((axis) => !changing.includes(axis));
  const refusals = answers.flatMap(({ point, refused }) =>
    refused === undefined
      ? []
      : [`not run: ${changing.map(({ name }) => `${name} ${point[name]}`).join(", ")}: ${refused}`],
  );
  const sections = GROUPS.map((group) => section(group, changing, answers));
  const parts = answers.flatMap(({ result }) => result?.config.dram.device ?? []);
  sections[0].notes.push(...refusals, ...partsNotes(["J/token"], parts));
  return {
    title: `Comparison: ${fixed.map(({ name, values }) => `${name} ${values[0]}`).join(", ")}`,
    sections,
    legend: LEGEND,
  };
}

function section(group: Column["group"], changing: readonly Axis[], answers: readonly Answer[]): Section {
  const columns = COLUMNS.filter((one) => one.group === group);
  const rows = answers.map(({ point, result }): Row => {
    const [label = "", ...others] = changing.map(({ name }) => point[name]);
    return { label, cells: [...others, ...columns.map((one) => (result === undefined ? "-" : shown(one, result)))] };
  });
  const [first = "", ...others] = changing.map(({ name }) => name);
  const source = group === "Speed and energy" ? "modelled, prices cited or estimated" : "modelled";
  return { title: group, source, columns: [first, ...others, ...columns.map(({ head }) => head)], rows, notes: [] };
}

/** One line a run; a run that was refused has its reason in the last column. */
export function compareCsv({ axes, answers }: Comparison): string {
  const head = [...axes.map(({ name }) => name), ...COLUMNS.map(({ name }) => name), "refused"];
  const lines = answers.map(({ point, result, refused = "" }) => {
    const values = COLUMNS.map(({ value }) => (result === undefined ? null : value(result)));
    return [...axes.map(({ name }) => point[name]), ...values, refused];
  });
  return csvOf([head, ...lines]);
}

/** Every result, whole. */
export function compareJson({ axes, answers, partial }: Comparison): string {
  const lists = Object.fromEntries(axes.map(({ name, values }) => [name, values]));
  return jsonText({ version: packageVersion(), axes: lists, partial, runs: answers });
}

function shown({ value, show }: Column, result: Result): string {
  const figure = value(result);
  return figure === null ? "-" : typeof figure === "number" ? show(figure) : figure;
}
