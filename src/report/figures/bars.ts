//
//   Figures that are bars: where the cycles went, DRAM bytes, energy with its band, weight bits.
//

import { CAUSES } from "../../observe/ops.js";
import type { DramResult, Result } from "../../result/result.js";
import type { Figure } from "../page.js";
import { CAUSE_COLOUR, chartOf, MARK_COLOUR, PLAIN_COLOUR, values } from "./style.js";

const BAR_HEIGHT = 22;

/** One bar of all cycles, cut by cause, and below it what an ideal router, DRAM or vector unit would save. */
export function cyclesFigure({ breakdown, cycles, exposed }: Result): Figure {
  const went = CAUSES.map((cause, order) => ({ bar: "cycles", cause, order, cycles: breakdown[cause] }));
  const saved = (["route", "dram", "vector"] as const).flatMap((cause) => {
    const { [cause]: value } = exposed;
    return value === null ? [] : [{ bar: `exposed ${cause}`, cause, order: 0, cycles: value }];
  });
  const rows = [...went, ...saved].map((row) => ({ ...row, share: row.cycles / cycles }));
  const chart = chartOf({
    data: values(rows),
    height: BAR_HEIGHT * (1 + saved.length),
    mark: { type: "bar", tooltip: true },
    encoding: {
      y: { field: "bar", type: "nominal", sort: null, title: null },
      x: { field: "cycles", type: "quantitative", title: "core cycles", axis: { format: "~s", tickCount: 6 } },
      color: CAUSE_COLOUR,
      order: { field: "order" },
      tooltip: [
        { field: "bar", title: "bar" },
        { field: "cause", title: "cause" },
        { field: "cycles", title: "cycles", format: "," },
        { field: "share", title: "of all cycles", format: ".1%" },
      ],
    },
  });
  const caption =
    "Every core cycle by its one cause; below, the cycles that an ideal router, DRAM or vector unit would save.";
  return { name: "cycles", caption, chart };
}

/** Payload bytes by what they carry. */
export function dramFigure({ bytes }: DramResult): Figure {
  const rows = Object.entries(bytes).map(([kind, count]) => ({ kind, bytes: count }));
  return {
    name: "dram-bytes",
    caption: "DRAM payload bytes by what they carry, reads and writes.",
    chart: bars(rows, "kind", "bytes"),
  };
}

/** Weight bits: wanted by the tokens, fetched, computed. */
export function bitsFigure({ bits }: Result): Figure {
  const rows = Object.entries(bits).map(([which, value]) => ({ which, bits: value }));
  const caption = "Mean bits of a routed weight: wanted by the tokens, fetched from DRAM, computed by the array.";
  return { name: "bits", caption, chart: bars(rows, "which", "bits", ".2f") };
}

/** Energy by block: the bar reaches the low end, the whisker the high one. */
export function energyFigure({ energyPj: { blocks } }: Result): Figure {
  const rows = Object.entries(blocks).map(([block, { low, high }]) => ({
    block,
    low: low * 1e-12,
    high: high * 1e-12,
  }));
  const y = { field: "block", type: "nominal", sort: null, title: null };
  const tooltip = [
    { field: "block" },
    { field: "low", title: "low, J", format: ".4s" },
    { field: "high", title: "high, J", format: ".4s" },
  ];
  const chart = chartOf({
    data: values(rows),
    height: BAR_HEIGHT * rows.length,
    encoding: { y, tooltip },
    layer: [
      {
        mark: { type: "bar", color: PLAIN_COLOUR },
        encoding: {
          x: { field: "low", type: "quantitative", title: "energy, J", axis: { format: "~s", tickCount: 6 } },
        },
      },
      {
        mark: { type: "rule", color: MARK_COLOUR, strokeWidth: 3 },
        encoding: { x: { field: "low", type: "quantitative" }, x2: { field: "high" } },
      },
    ],
  });
  return { name: "energy", caption: "Energy by block: bar to the low end of its band, line to the high end.", chart };
}

function bars(rows: readonly object[], name: string, value: string, format = "~s") {
  return chartOf({
    data: values(rows),
    height: BAR_HEIGHT * rows.length,
    mark: { type: "bar", color: PLAIN_COLOUR },
    encoding: {
      y: { field: name, type: "nominal", sort: null, title: null },
      x: { field: value, type: "quantitative", title: value, axis: { format, tickCount: 6 } },
      tooltip: [{ field: name }, { field: value, format: format === "~s" ? "," : format }],
    },
  });
}
