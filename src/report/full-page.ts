//
//   The architecture report on one run: the sections of the terminal page with their figures, and beside them the machine,
//   the roofline and where every number comes from.
//

import type { CitedPrice } from "../energy/tables.js";
import type { Result } from "../result/result.js";
import { bitsFigure, cyclesFigure, dramFigure, energyFigure } from "./figures/bars.js";
import { diagramFigure } from "./figures/diagram.js";
import { bandwidthFigure, depthsFigure, layersFigure, opsFigure, stallsFigure } from "./figures/ops.js";
import { rooflineFigure } from "./figures/roofline.js";
import { significant } from "./format.js";
import { kindsOf, opSections } from "./ops.js";
import type { Figure, Page, Section } from "./page.js";
import { fact, pageOf } from "./sections.js";

/** Everything that is known of a run, for paper and screen. */
export function fullPageOf(result: Result): Page {
  const { title, sections, legend } = pageOf(result);
  const [speed, cycles, dram, array, energy, area, bits, accuracy, inputs] = sections;
  return {
    title,
    sections: [
      speed,
      drawn(machine(result), diagramFigure(result)),
      drawn(cycles, cyclesFigure(result)),
      ...ops(result),
      drawn(array, rooflineFigure(result)),
      drawn(dram, dramFigure(result.dram)),
      drawn(energy, energyFigure(result)),
      area,
      drawn(bits, bitsFigure(result)),
      accuracy,
      { ...inputs, title: "Provenance: inputs" },
      prices(result),
      knobs(result),
    ],
    legend,
  };
}

function drawn(section: Section, ...figures: Figure[]): Section {
  return { ...section, figures };
}

/** What an observed run tells; of one that was not, how to get it. */
function ops(result: Result): Section[] {
  const { detail } = result;
  if (detail === undefined) {
    const note = "not in this result; run with --detail: cycles by op and layer, over time, slices per token and layer";
    return [{ title: "By op and over time", source: "none", rows: [], notes: [note] }];
  }
  const [byOp, waiters, slowest] = opSections(result);
  const { depths } = detail;
  return [
    drawn(byOp, opsFigure(kindsOf(detail.ops)), layersFigure(detail.ops)),
    waiters,
    slowest,
    drawn(
      { title: "Over time", source: "modelled", rows: [], notes: [] },
      stallsFigure(detail, result),
      bandwidthFigure(detail, result),
    ),
    ...(depths === null ? [] : [drawn(slices(result), depthsFigure(depths))]),
  ];
}

/** Depths are the plan's: its own word for where they come from. */
function slices({ plan }: Result): Section {
  const source = plan.source === "trace" ? "recorded" : "modelled";
  return { title: "Slices per token and layer", source, rows: [], notes: [plan.text] };
}

function machine({ machine, config }: Result): Section {
  const { array, buffers, dram } = config;
  const pes = array.rows * array.columns;
  return {
    title: "Machine",
    rows: [
      fact("machine", machine),
      fact(
        "array",
        `${array.rows} x ${array.columns} PEs of ${array.lanes} lanes (${pes * array.lanes} lane operations a cycle)`,
      ),
      fact("buffers", `slices ${buffers.sliceKiB} KiB, activations ${buffers.activationKiB} KiB`),
      fact("DRAM", `${dram.channels} channels of ${dram.device}`),
    ],
    notes: [],
  };
}

/** What each price is, and who says so. */
function prices({ prices: { cited } }: Result): Section {
  const sourceOf = ({ source }: CitedPrice, i: number) => (source === cited[i - 1]?.source ? "as above" : source);
  return {
    title: "Provenance: prices of energy",
    columns: ["price", "low", "high", "", "source"],
    rows: cited.map((price, i) => ({
      label: `${price.table}: ${price.name}`,
      cells: [
        significant(price.low),
        significant(price.high),
        price.estimate ? "estimated" : "cited",
        sourceOf(price, i),
      ],
    })),
    notes: ["pJ an event, mW where the name says so; the counters of the run are multiplied with them."],
  };
}

/** A row for each part of the machine file. */
function knobs({ config }: Result): Section {
  const rows = Object.entries(config).map(([part, values]) => fact(part, inWords(values)));
  return { title: "Provenance: every knob", rows, notes: ["docs/knobs.md says what each means, and in which unit."] };
}

function inWords(value: object | string | number): string {
  if (typeof value !== "object") return String(value);
  if (Array.isArray(value)) return value.join(" ");
  const inner = Object.entries(value).map(
    ([key, one]) => `${key} ${typeof one === "object" ? `(${inWords(one)})` : one}`,
  );
  return inner.join(", ");
}
