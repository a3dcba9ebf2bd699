//
//   Figures of a sweep: every pair of objectives, the front marked, to be brushed; and a tornado of what each knob does.
//
//   A chart of points carries its axes and the ids of its points (`usermeta.brush`), so that a brush on one selects the same
//   points in the others and in the table (html-script.ts).
//

import { costsOf } from "../../sweep/aims.js";
import type { Header } from "../../sweep/header.js";
import type { Answered } from "../../sweep/record.js";
import type { Sensitivity } from "../../sweep/sensitivity.js";
import type { Figure } from "../page.js";
import { chartOf, MARK_COLOUR, PLAIN_COLOUR, values } from "./style.js";

const MOST_PAIRS = 3;
const BAR_HEIGHT = 22;
/** A scale whose ends are further apart than this is logarithmic. */
const LOG_FROM = 20;
const MANY = 1e6;
const KINDS = ["front", "dominated", "breaks a constraint"] as const;
const KIND_COLOURS = [MARK_COLOUR, PLAIN_COLOUR, "#b9bec5"];
/** Where only one objective is looked for, what stands against it. */
const SECOND = ["areaMm2High", "energyPjHigh", "cycles"];

/** What a point is, as charts and the table call it. */
export function kindOf({ id, violates = [] }: Answered, front: ReadonlySet<string>): (typeof KINDS)[number] {
  if (front.has(id)) return "front";
  return violates.length > 0 ? "breaks a constraint" : "dominated";
}

/** A chart for each pair of objectives, the first pairs where there are many. */
export function frontFigures(header: Header, answers: readonly Answered[], front: ReadonlySet<string>): Figure[] {
  const own = header.objectives.map(({ measure }) => measure);
  const names = own.length > 1 ? own : [...own, ...SECOND.filter((name) => !own.includes(name)).slice(0, 1)];
  const pairs = names.flatMap((x, i) => names.slice(i + 1).map((y): [string, string] => [x, y]));
  return pairs.slice(0, MOST_PAIRS).map(([x, y]) => frontFigure(header, answers, front, x, y));
}

function frontFigure(
  header: Header,
  answers: readonly Answered[],
  front: ReadonlySet<string>,
  x: string,
  y: string,
): Figure {
  const knobs = header.axes.map(({ name }) => name);
  const rows = answers
    .filter(({ measures }) => typeof measures?.[x] === "number" && typeof measures?.[y] === "number")
    .map((one) => ({
      id: one.id,
      point: one.id.slice(0, 8),
      kind: kindOf(one, front),
      x: one.measures?.[x] as number,
      y: one.measures?.[y] as number,
      ...Object.fromEntries(knobs.map((knob, i) => [`knob${i}`, one.values[knob] ?? "-"])),
    }))
    .sort((a, b) => KINDS.indexOf(b.kind) - KINDS.indexOf(a.kind)); // the front is drawn last
  const limits = header.constraints.flatMap(({ measure, limit }): Record<string, number>[] =>
    measure === x ? [{ x: limit }] : measure === y ? [{ y: limit }] : [],
  );
  const along = (field: "x" | "y") => rows.map((row) => row[field]);
  const axis = (name: string, field: "x" | "y") => ({
    field,
    type: "quantitative",
    title: titleOf(header, name),
    scale: scaleOf(along(field)),
    axis: { format: formatOf(along(field)), tickCount: 6 },
  });
  const tooltip = [
    { field: "point" },
    { field: "kind" },
    { field: "x", title: x, format: formatOf(along("x")) },
    { field: "y", title: y, format: formatOf(along("y")) },
    ...knobs.map((knob, i) => ({ field: `knob${i}`, title: knob })),
  ];
  const chart = chartOf({
    usermeta: { brush: true },
    height: 300,
    params: [{ name: "chosen", value: null }],
    layer: [
      {
        data: values(rows),
        params: [{ name: "brush", select: { type: "interval", encodings: ["x", "y"] } }],
        mark: { type: "point", filled: true, size: 60 },
        encoding: {
          x: axis(x, "x"),
          y: axis(y, "y"),
          color: {
            field: "kind",
            type: "nominal",
            title: null,
            scale: { domain: KINDS, range: KIND_COLOURS },
            legend: { labelLimit: 0 },
          },
          opacity: { condition: { test: "chosen === null || indexof(chosen, datum.id) >= 0", value: 0.9 }, value: 0.1 },
          tooltip,
        },
      },
      ...limits.map((limit) => ({
        data: values([limit]),
        mark: { type: "rule", strokeDash: [4, 3], color: "#555" },
        encoding: Object.fromEntries(Object.keys(limit).map((field) => [field, { field, type: "quantitative" }])),
      })),
    ],
  });
  const drawn = limits.length > 0 ? " Dashed: a constraint." : "";
  return { name: `front-${x}-${y}`, caption: `${x} against ${y}: every simulated point.${drawn}`, chart };
}

/** Units have their prefix in their name: 80m of ms would be two. Only millions and more need one. */
function formatOf(numbers: readonly number[]): string {
  return Math.max(...numbers) < MANY ? ",.5~r" : ".5~s";
}

/** A bar a knob, from its best level to its worst. */
export function tornadoFigure({ objective, knobs }: Sensitivity): Figure {
  const rows = knobs.map(({ knob, levels }) => {
    const sorted = [...levels].sort((a, b) => a.effect - b.effect);
    const [least, most] = [sorted[0], sorted[sorted.length - 1]];
    return { knob, from: least.effect, to: most.effect, least: least.level, most: most.level };
  });
  const y = { field: "knob", type: "nominal", sort: null, title: null };
  const text = (field: "least" | "most", at: "from" | "to", align: "left" | "right") => ({
    mark: { type: "text", align, dx: align === "left" ? 4 : -4, fontSize: 11 },
    encoding: { x: { field: at, type: "quantitative" }, text: { field, type: "nominal" } },
  });
  const reach = Math.max(...rows.flatMap(({ from, to }) => [-from, to]), 0.01) * 1.35;
  const chart = chartOf({
    data: values(rows),
    height: BAR_HEIGHT * rows.length,
    encoding: {
      y,
      tooltip: [
        { field: "knob" },
        { field: "least", title: "least at" },
        { field: "from", title: "change", format: "+.1%" },
        { field: "most", title: "most at" },
        { field: "to", title: "change", format: "+.1%" },
      ],
    },
    layer: [
      {
        mark: { type: "bar", color: PLAIN_COLOUR },
        encoding: {
          x: {
            field: "from",
            type: "quantitative",
            title: `change of ${objective}`,
            axis: { format: "+.0%", tickCount: 6 },
            scale: { domain: [-reach, reach], nice: false },
          },
          x2: { field: "to" },
        },
      },
      { mark: { type: "rule", color: "#333" }, encoding: { x: { datum: 0 }, y: null } },
      text("least", "from", "right"),
      text("most", "to", "left"),
    ],
  });
  return {
    name: `tornado-${objective}`,
    caption: `What each knob does to ${objective}, others equal, from the level with the least to the one with the most.`,
    chart,
  };
}

function titleOf({ measures }: Header, name: string): string {
  const unit = measures.find((one) => one.name === name)?.unit ?? "";
  return unit === "" ? name : `${name}, ${unit}`;
}

function scaleOf(numbers: readonly number[]): object {
  const [least, most] = [Math.min(...numbers), Math.max(...numbers)];
  return least > 0 && most / least > LOG_FROM
    ? { type: "log", nice: false, padding: 12 }
    : { zero: false, padding: 12 };
}

/** Front first, then by the first objective. */
export function inOrder(header: Header, answers: readonly Answered[], front: ReadonlySet<string>): Answered[] {
  const rank = (one: Answered) => KINDS.indexOf(kindOf(one, front));
  const cost = ({ measures = {} }: Answered) => costsOf(header, measures)?.[0] ?? Number.POSITIVE_INFINITY;
  return [...answers].sort((a, b) => rank(a) - rank(b) || cost(a) - cost(b));
}
