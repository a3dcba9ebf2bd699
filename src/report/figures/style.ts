//
//   What all figures share: colours that the colour-blind can tell apart and that survive a grey printer, one type size, no
//   data from anywhere but the chart itself.
//

import { CAUSES } from "../../observe/ops.js";
import type { Chart } from "../page.js";

/** In the order of the causes. */
const CAUSE_COLOURS = ["#4c78a8", "#f2a541", "#c8443b", "#8e5ea2", "#59a5a0", "#7a6a53", "#bab0ac"];

/** Colour by cause: one scale wherever causes are shown. */
export const CAUSE_COLOUR = {
  field: "cause",
  type: "nominal",
  title: null,
  scale: { domain: CAUSES, range: CAUSE_COLOURS },
} as const;

/** The colour of what is not a cause. */
export const PLAIN_COLOUR = "#4c78a8";
export const MARK_COLOUR = "#c8443b";

const CONFIG = {
  font: "system-ui, -apple-system, 'Segoe UI', Helvetica, Arial, sans-serif",
  background: "white",
  view: { stroke: null },
  axis: { labelFontSize: 11, titleFontSize: 11, titleFontWeight: "normal", gridColor: "#e4e4e4", labelLimit: 140 },
  legend: {
    orient: "bottom",
    direction: "horizontal",
    columns: 4,
    labelFontSize: 11,
    titleFontSize: 11,
    symbolSize: 80,
  },
  header: { labelFontSize: 11, titleFontSize: 11 },
};

/** A chart as wide as its place. */
export function chartOf(parts: Chart): Chart {
  return { width: "container", autosize: { type: "fit-x", contains: "padding" }, config: CONFIG, ...parts };
}

/** The data of a chart. */
export function values<T extends object>(rows: readonly T[]): { values: readonly T[] } {
  return { values: rows };
}
