//
//   A chart as SVG text, for papers: drawn here, without a browser. The same data give the same bytes.
//

import type { Chart, Figure } from "./page.js";

/** Pixels of a figure's width where its place does not say. */
const WIDTH = 640;

/** The figure's picture, as a file of its own. */
export async function svgOf(figure: Figure): Promise<string> {
  return "svg" in figure ? `${figure.svg}\n` : `${await chartSvg(figure.chart)}\n`;
}

async function chartSvg(chart: Chart): Promise<string> {
  const [vega, { compile }] = await Promise.all([import("vega"), import("vega-lite")]);
  const { spec } = compile(fixedWidth(chart) as unknown as Parameters<typeof compile>[0]);
  return new vega.View(vega.parse(spec), { renderer: "none" }).toSVG();
}

/** Without a place to fill a chart, and every view inside it, has a width of its own. */
function fixedWidth(chart: Chart): Chart {
  const of = (value: unknown): unknown => {
    if (Array.isArray(value)) return value.map(of);
    if (typeof value !== "object" || value === null) return value;
    return Object.fromEntries(
      Object.entries(value).map(([key, inner]) => [
        key,
        key === "width" && inner === "container" ? WIDTH : key === "values" ? inner : of(inner),
      ]),
    );
  };
  return of(chart) as Chart;
}
