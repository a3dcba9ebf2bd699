//
//   The roofline: how much the array did for each byte from DRAM, how fast, and which roof is near.
//
//     x   lane operations a DRAM byte         a lane operation: one lane of one PE, one cycle, a wanted operand
//     y   lane operations a second            roofs: all lanes of all PEs every cycle; x times the DRAM's peak
//

import { HZ_PER_MHZ, secondsOf } from "../../basics/units.js";
import type { OpDetail, Result } from "../../result/result.js";
import { nameOf, sumOf } from "../ops.js";
import type { Figure } from "../page.js";
import { chartOf, values } from "./style.js";

/** One point below the roofs. */
interface RooflinePoint {
  name: string;
  kind: string;
  /** Lane operations a byte. */
  intensity: number;
  /** Lane operations a second. */
  performance: number;
  cycles: number;
}

const WHOLE = "whole run";
const BYTES_PER_GB = 1e9;
/** How far the axis reaches beyond the outermost point, as a factor. */
const MARGIN = 4;

export function rooflineFigure(result: Result): Figure {
  const { array, clock } = result.config;
  const roof = array.rows * array.columns * array.lanes * clock.coreMHz * HZ_PER_MHZ;
  const slope = result.dram.peakGBps * BYTES_PER_GB;
  const ops = (result.detail?.ops ?? []).map((op) => pointOf(op, result));
  const points = [...ops, wholeRun(result)].filter(({ intensity, performance }) => intensity > 0 && performance > 0);
  const ridge = roof / slope;
  const xs = [ridge, ...points.map(({ intensity }) => intensity)];
  const [from, to] = [Math.min(...xs) / MARGIN, Math.max(...xs) * MARGIN];
  const line = [from, ridge, to].map((x) => ({ intensity: x, performance: Math.min(roof, x * slope) }));
  const lowest = Math.min(...points.map(({ performance }) => performance), from * slope);
  const x = {
    field: "intensity",
    type: "quantitative",
    title: "lane operations / DRAM byte",
    scale: { type: "log", domain: [from, to], nice: false },
  };
  const y = {
    field: "performance",
    type: "quantitative",
    title: "lane operations / s",
    scale: { type: "log", domain: [lowest / 2, roof * 2], nice: false },
    axis: { format: "~s" },
  };
  const chart = chartOf({
    height: 300,
    encoding: { x: { ...x, axis: { format: "~g", tickCount: 6 } }, y: { ...y, axis: { format: "~s", tickCount: 6 } } },
    layer: [
      { data: values(line), mark: { type: "line", color: "#333", interpolate: "linear" } },
      {
        data: values(points),
        mark: { type: "point", filled: true },
        encoding: {
          color: {
            field: "kind",
            type: "nominal",
            title: null,
            condition: { test: `datum.kind === '${WHOLE}'`, value: "#111" },
            ...(points.length === 1 ? { legend: null } : {}),
          },
          size: { condition: { test: `datum.kind === '${WHOLE}'`, value: 160 }, value: 70 },
          tooltip: [
            { field: "name" },
            { field: "intensity", title: "operations / byte", format: ".3s" },
            { field: "performance", title: "operations / s", format: ".3s" },
            { field: "cycles", format: "," },
          ],
        },
      },
    ],
  });
  return { name: "roofline", caption: CAPTION, chart };
}

const CAPTION =
  "Roofline. A lane operation is one lane of one PE for one cycle with a wanted operand; the roofs are all lanes busy, and the " +
  "DRAM's peak bandwidth. Fetch runs ahead: the bytes of an op may cross while the array is at the op before, so a single op " +
  "can lie above the slope; the whole run (black) cannot. Ops that compute or fetch nothing have no point.";

function pointOf(op: OpDetail, { config }: Result): RooflinePoint {
  const operations = op.peActiveCycles * config.array.lanes;
  const cycles = sumOf(op.breakdown);
  const performance = cycles === 0 ? 0 : operations / secondsOf(cycles, config.clock.coreMHz);
  const intensity = op.bytesRead === 0 ? 0 : operations / op.bytesRead;
  return { name: nameOf(op), kind: op.op, intensity, performance, cycles };
}

function wholeRun({ counters, dram, config, cycles }: Result): RooflinePoint {
  const operations = (counters.PeActiveCycles ?? 0) * config.array.lanes;
  const bytes = Object.values(dram.bytes).reduce((sum, one) => sum + one, 0);
  const seconds = secondsOf(cycles, config.clock.coreMHz);
  return {
    name: WHOLE,
    kind: WHOLE,
    intensity: operations / bytes,
    performance: operations / seconds,
    cycles,
  };
}
