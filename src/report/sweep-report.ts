//
//   The report on a sweep: its fronts, its points as a table, what each knob does, the best points as machine files.
//

import type { Header } from "../sweep/header.js";
import type { Answered } from "../sweep/record.js";
import { type Sensitivity, sensitivityOf } from "../sweep/sensitivity.js";
import { frontFigures, inOrder, kindOf, tornadoFigure } from "./figures/fronts.js";
import { percent, significant } from "./format.js";
import type { Attachment, Page, Row, Section } from "./page.js";
import { counted, fact } from "./sections.js";
import { type Findings, pricedNotes, sweepPage } from "./sweep-table.js";

const MOST_ROWS = 500;

/** Everything that is known of a sweep; `configs` are its best points, ready to run. */
export function sweepReport(findings: Findings, configs: readonly Attachment[]): Page {
  const { header, answers, front } = findings;
  const { title, sections, legend } = sweepPage(findings);
  const ids = new Set(front.map(({ id }) => id));
  const ran = answers.filter(({ status }) => status === "ok");
  return {
    title,
    sections: [
      { ...sections[0], notes: [...prunedNotes(answers), ...sections[0].notes] },
      fronts(findings, ran, ids),
      points(header, ran, ids),
      ...sensitivity(header, ran),
      best(configs),
      provenance(header),
    ],
    legend,
  };
}

function prunedNotes(answers: readonly Answered[]): string[] {
  const pruned = answers.filter(({ status }) => status === "pruned");
  const dominated = pruned.filter(({ reason = "" }) => reason.includes("dominates")).length;
  if (pruned.length === 0) return [];
  const broken = pruned.length - dominated;
  const why = [
    ...(dominated > 0 ? [`is dominated by a simulated one (${counted(dominated, "point")})`] : []),
    ...(broken > 0 ? [`breaks a constraint (${counted(broken, "point")})`] : []),
  ];
  return [`pruned: even the best that the bound allows ${why.join(", or ")}`];
}

function fronts({ header, parts }: Findings, ran: readonly Answered[], front: ReadonlySet<string>): Section {
  const figures = ran.length === 0 ? [] : frontFigures(header, ran, front);
  const notes = [...(figures.length === 0 ? ["no point ran"] : []), ...pricedNotes(header, parts)];
  return {
    title: "Pareto front",
    source: "modelled, prices cited or estimated",
    figures,
    rows: [],
    notes,
    hint: BRUSH,
  };
}

const BRUSH =
  "Drag over points: the other charts and the table below show the same ones. A click beside them shows all again.";

function points(header: Header, ran: readonly Answered[], front: ReadonlySet<string>): Section {
  const { axes, objectives, constraints } = header;
  const measures = [...new Set([...objectives, ...constraints].map(({ measure }) => measure))];
  const shown = inOrder(header, ran, front).slice(0, MOST_ROWS);
  const rows = shown.map((one): Row => {
    const figures = measures.map((name) => exact(one.measures?.[name]));
    const knobs = axes.map(({ name }) => String(one.values[name] ?? "-"));
    return {
      id: one.id,
      label: one.id.slice(0, 8),
      cells: [kindOf(one, front), ...knobs, ...figures],
      total: front.has(one.id),
    };
  });
  const left = ran.length - shown.length;
  return {
    title: "Simulated points",
    source: "modelled, prices cited or estimated",
    columns: ["point", "", ...axes.map(({ name }) => name), ...measures],
    rows,
    notes: left > 0 ? [`${counted(left, "point")} more: results.csv`] : [],
    hint: "A click on a head sorts by its column.",
    sortable: true,
  };
}

function exact(value: number | null | undefined): string {
  return value === null || value === undefined ? "-" : significant(value);
}

function sensitivity(header: Header, ran: readonly Answered[]): Section[] {
  const knobs = header.axes.map(({ name }) => name);
  const known = header.objectives
    .map(({ measure }) => sensitivityOf(measure, knobs, ran))
    .filter((one): one is Sensitivity => one !== undefined && one.knobs.length > 0);
  if (known.length === 0) return [];
  return [
    {
      title: "Sensitivity",
      source: "modelled",
      figures: known.map(tornadoFigure),
      columns: ["objective, knob", "swing", "level: change, others equal"],
      rows: known.flatMap(({ objective, knobs: effects }) => effects.map((one) => effectRow(objective, one))),
      notes: known.map(
        ({ objective, explained, points: count }) =>
          `${objective}: main effects on its logarithm, least squares over ${counted(count, "simulated point")}; they explain ${percent(explained, 1)} of the variance, the rest is knobs that work together`,
      ),
    },
  ];
}

function effectRow(objective: string, { knob, levels, swing }: Sensitivity["knobs"][number]): Row {
  const signed = (effect: number) => `${effect > 0 ? "+" : ""}${percent(effect, 1)}`;
  const texts = levels.map(({ level, effect }) => `${level}: ${signed(effect)}`);
  return { label: `${objective}, ${knob}`, cells: [percent(swing, 1), texts.join("; ")] };
}

function best(configs: readonly Attachment[]): Section {
  const notes =
    configs.length === 0
      ? ["no point is on the front"]
      : ["machine files with every knob; the first lines say how to run them"];
  return { title: "Best points, ready to run", rows: [], notes, attachments: configs };
}

function provenance({
  version,
  engine,
  sha256,
  run,
  axes,
  follow,
  where,
  search,
  prune,
  objectives,
  constraints,
}: Header): Section {
  const listed = (values: readonly string[]) => (values.length === 0 ? "-" : values.join(", "));
  return {
    title: "Provenance",
    rows: [
      fact("mobisim", version),
      fact("engine", engine.slice(0, 16)),
      fact("space file", sha256.slice(0, 16)),
      fact("holds for all", listed(Object.entries(run).map(([name, value]) => `${name} ${value}`))),
      fact(
        "axes",
        listed(
          axes.map(({ name, unit, count }) => `${name} (${counted(count, "value")}${unit === "" ? "" : `, ${unit}`})`),
        ),
      ),
      fact("follow", listed(follow.map(({ name, expression }) => `${name}: ${expression}`))),
      fact("where", listed(where)),
      fact("objectives", listed(objectives.map(({ measure, goal }) => `${measure} (${goal})`))),
      fact("constraints", listed(constraints.map(({ text }) => text))),
      fact("search", `${search.kind}${search.kind === "grid" ? "" : `, ${search.points} points, seed ${search.seed}`}`),
      fact("pruning", prune ? "by the bound; the front is the same without" : "off"),
    ],
    notes: [],
  };
}
