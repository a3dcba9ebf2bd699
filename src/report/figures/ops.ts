//
//   Figures of an observed run: cycles by op, by layer and op; what happened over time; slices per token and layer.
//

import { HZ_PER_MHZ } from "../../basics/units.js";
import { CAUSES } from "../../observe/ops.js";
import type { OpDetail, Result, TimeDetail } from "../../result/result.js";
import { sumOf } from "../ops.js";
import type { Chart, Figure } from "../page.js";
import { CAUSE_COLOUR, chartOf, MARK_COLOUR, PLAIN_COLOUR, values } from "./style.js";

const ROW_HEIGHT = 20;
const TALLEST = 420;
const BYTES_PER_GB = 1e9;
/** A time axis with more microseconds is in milliseconds. */
const MOST_US = 5000;

/** A bar an op, summed over the layers, cut by cause. */
export function opsFigure(kinds: readonly OpDetail[]): Figure {
  const rows = kinds.flatMap(({ op, breakdown }) =>
    CAUSES.map((cause, order) => ({ op, cause, order, cycles: breakdown[cause] })).filter(({ cycles }) => cycles > 0),
  );
  const chart = chartOf({
    data: values(rows),
    height: ROW_HEIGHT * new Set(rows.map(({ op }) => op)).size,
    mark: "bar",
    encoding: {
      y: { field: "op", type: "nominal", sort: null, title: null },
      x: { field: "cycles", type: "quantitative", title: "core cycles", axis: { format: "~s", tickCount: 6 } },
      color: CAUSE_COLOUR,
      order: { field: "order" },
      tooltip: [{ field: "op" }, { field: "cause" }, { field: "cycles", format: "," }],
    },
  });
  return { name: "ops", caption: "Core cycles by op, summed over the layers, each cycle by its one cause.", chart };
}

/** Layers x ops, coloured by cycles. */
export function layersFigure(ops: readonly OpDetail[]): Figure {
  const rows = ops
    .filter(({ layer, breakdown }) => layer !== null && sumOf(breakdown) > 0)
    .map(({ layer, op, breakdown }) => ({
      layer,
      op,
      cycles: sumOf(breakdown),
      waiting: sumOf(breakdown) - breakdown.busy,
    }));
  const kinds = new Set(rows.map(({ op }) => op)).size;
  const chart = chartOf({
    data: values(rows),
    height: ROW_HEIGHT * kinds,
    mark: "rect",
    encoding: {
      x: { field: "layer", type: "ordinal", title: "layer", axis: { labelAngle: 0, labelOverlap: true } },
      y: { field: "op", type: "nominal", sort: null, title: null },
      color: {
        field: "cycles",
        type: "quantitative",
        title: "core cycles",
        scale: { scheme: "blues" },
        legend: { format: "~s" },
      },
      tooltip: [
        { field: "layer" },
        { field: "op" },
        { field: "cycles", format: "," },
        { field: "waiting", format: "," },
      ],
    },
  });
  return { name: "layers", caption: "Core cycles by layer and op.", chart };
}

/** What the array did and waited for, window by window. */
export function stallsFigure({ time }: NonNullable<Result["detail"]>, { config }: Result): Figure {
  const unit = unitOf(time, config.clock.coreMHz);
  const rows = time.breakdown.busy.flatMap((_, i) => stacked(time.breakdown, i, unit.window));
  const chart = chartOf({
    data: values(rows),
    height: 180,
    mark: { type: "rect", strokeWidth: 0 },
    encoding: {
      x: timeAxis(unit.name),
      x2: { field: "end" },
      y: { field: "from", type: "quantitative", title: "of the cycles", axis: { format: "%", tickCount: 5 } },
      y2: { field: "to" },
      color: CAUSE_COLOUR,
      tooltip: [
        { field: "time", title: `from, ${unit.name}`, format: ".2f" },
        { field: "cause" },
        { field: "cycles", format: "," },
      ],
    },
  });
  return { name: "stalls", caption: `Causes over time, windows of ${time.windowCycles} core cycles.`, chart };
}

/** The causes of one window, on top of each other as shares of its cycles. */
function stacked(breakdown: TimeDetail["breakdown"], window: number, length: number) {
  const whole = CAUSES.reduce((sum, cause) => sum + breakdown[cause][window], 0);
  let to = 0;
  return CAUSES.map((cause) => {
    const from = to;
    to += breakdown[cause][window] / whole;
    return { time: window * length, end: (window + 1) * length, cause, cycles: breakdown[cause][window], from, to };
  }).filter(({ cycles }) => cycles > 0);
}

/** Payload that arrived and left, window by window, below the DRAM's peak. */
export function bandwidthFigure({ time }: NonNullable<Result["detail"]>, { config, dram, cycles }: Result): Figure {
  const { windowCycles, bytesRead, bytesWritten } = time;
  const unit = unitOf(time, config.clock.coreMHz);
  const gbps = (bytes: number, i: number) => {
    const length = Math.min(windowCycles, cycles - i * windowCycles);
    return (bytes * config.clock.coreMHz * HZ_PER_MHZ) / length / BYTES_PER_GB;
  };
  const series = (what: string, bytes: readonly number[]) =>
    bytes.map((one, i) => ({ time: i * unit.window, what, gbps: gbps(one, i) }));
  const chart = chartOf({
    height: 160,
    layer: [
      {
        data: values([...series("read", bytesRead), ...series("written", bytesWritten)]),
        mark: { type: "line", interpolate: "step-after", strokeWidth: 1.2 },
        encoding: {
          x: timeAxis(unit.name),
          y: { field: "gbps", type: "quantitative", title: "GB/s", axis: { tickCount: 5 } },
          color: { field: "what", type: "nominal", title: null, scale: { range: [PLAIN_COLOUR, MARK_COLOUR] } },
          tooltip: [
            { field: "time", title: `from, ${unit.name}`, format: ".2f" },
            { field: "what" },
            { field: "gbps", format: ".2f" },
          ],
        },
      },
      {
        data: values([{ peak: dram.peakGBps }]),
        mark: { type: "rule", strokeDash: [4, 3] },
        encoding: { y: { field: "peak", type: "quantitative" } },
      },
    ],
  });
  const caption =
    "DRAM payload over time: runs count when their last byte is in the buffer, so a window can be above the peak (dashed).";
  return { name: "bandwidth", caption, chart };
}

/** Tokens x layers, coloured by slices. */
export function depthsFigure({
  slices,
  tokensPerColumn,
}: NonNullable<NonNullable<Result["detail"]>["depths"]>): Figure {
  const rows = slices.flatMap((columns, layer) =>
    columns.map((mean, i) => ({ token: i * tokensPerColumn, next: (i + 1) * tokensPerColumn, layer, slices: mean })),
  );
  const chart = chartOf({
    data: values(rows),
    height: Math.min(TALLEST, ROW_HEIGHT * slices.length),
    mark: "rect",
    encoding: {
      x: {
        field: "token",
        type: "quantitative",
        title: "token",
        scale: { nice: false },
        axis: { format: "d", tickMinStep: 1 },
      },
      x2: { field: "next" },
      y: { field: "layer", type: "ordinal", title: "layer", axis: { labelOverlap: true } },
      color: {
        field: "slices",
        type: "quantitative",
        title: "mean slices",
        scale: { scheme: "viridis", domain: [1, 4] },
      },
      tooltip: [{ field: "token" }, { field: "layer" }, { field: "slices", format: ".2f" }],
    },
  });
  const columns = tokensPerColumn === 1 ? "" : `, ${tokensPerColumn} tokens a column`;
  return {
    name: "depths",
    caption: `Slices that the tokens of one sequence want, the mean over the linears of each layer${columns}.`,
    chart,
  };
}

/** Microseconds, or milliseconds where they would be too many; and how long a window is. */
function unitOf({ windowCycles, bytesRead }: TimeDetail, coreMHz: number): { name: string; window: number } {
  const us = windowCycles / coreMHz;
  return us * bytesRead.length > MOST_US ? { name: "ms", window: us / 1000 } : { name: "us", window: us };
}

function timeAxis(unit: string): Chart {
  return {
    field: "time",
    type: "quantitative",
    title: `time, ${unit}`,
    scale: { nice: false },
    axis: { format: "~s", tickCount: 6 },
  };
}
