//
//   The published BitMoD table as a page: cycles, speed-up and energy of every model and machine, and the headline.
//

import type { ReproducedRow, Reproduction } from "../bitmod/reproduce.js";
import type { Result } from "../result/result.js";
import { energy, integer } from "./format.js";
import type { Page, Row, Section } from "./page.js";
import { counted, fact } from "./sections.js";

/** What was asked for, and the answer; `reproduce bitmod --json` prints it as it is. */
export interface BitmodReport extends Reproduction {
  version: string;
  inputs: Result["inputs"];
}

const LEGEND =
  "Modelled by the closed formula of BitMoD (HPCA 2025), not by the cycle-level machine: docs/formula.md states the " +
  "equations and what they hide. A decode is one step behind the context. Cited: as published.";

const CSV_COLUMNS = [
  ...["revision", "batch", "context", "model", "phase", "machine", "cycles", "speedup", "compute_cycles", "tiles"],
  ...["pe_pj", "sram_read_pj", "sram_write_pj", "onchip_pj", "dram_pj", "total_pj"],
];

export function bitmodPage(report: BitmodReport): Page {
  const { revision, batch, context } = report;
  return {
    title: `BitMoD's cost formula, revision ${revision}, batch ${integer(batch)}, context ${integer(context)}`,
    sections: [phase(report, "prefill"), phase(report, "decode"), headline(report), inputs(report)],
    legend: LEGEND,
  };
}

/** One line a row, units in the names of columns. */
export function bitmodCsv({ rows, revision, batch, context }: BitmodReport): string {
  const lines = rows.map(({ model, phase: name, machine, cycles, speedup, computeCycles, tiles, energyPj }) => {
    const { pe, sramRead, sramWrite, onchip, dram, total } = energyPj;
    const energies = [pe, sramRead, sramWrite, onchip, dram, total];
    return [revision, batch, context, model, name, machine, cycles, speedup, computeCycles, tiles, ...energies].join(
      ",",
    );
  });
  return `${[CSV_COLUMNS.join(","), ...lines].join("\n")}\n`;
}

function phase({ rows, machines, reference }: BitmodReport, wanted: ReproducedRow["phase"]): Section {
  const row = ({ model, machine, cycles, speedup, energyPj: { onchip, dram, total } }: ReproducedRow): Row => ({
    label: `${model}  ${labelOf(machines, machine)}`,
    cells: [integer(cycles), `${speedup.toFixed(3)}x`, energy(onchip), energy(dram), energy(total)],
  });
  return {
    title: wanted === "prefill" ? "Prefill" : "Decode, one step",
    source: "modelled, prices cited",
    columns: ["model, machine", "cycles", `over ${labelOf(machines, reference)}`, "on chip", "DRAM", "energy"],
    rows: rows.filter((one) => one.phase === wanted).map(row),
    notes: [],
  };
}

function headline({ headlines, machines, models, decodeSteps, source }: BitmodReport): Section {
  return {
    title: "Headline",
    source: "modelled",
    columns: ["speed-up", "geometric mean", "arithmetic mean", "published (cited)"],
    rows: headlines.map(({ machine, over, geometricMean, arithmeticMean, cited }) => ({
      label: `${labelOf(machines, machine)} over ${labelOf(machines, over)}`,
      cells: [`${geometricMean.toFixed(4)}x`, `${arithmeticMean.toFixed(4)}x`, `${cited}x`],
    })),
    notes: [
      `${2 * models.length} points: prefill, and prefill + ${counted(decodeSteps, "decode step")}, of ${counted(models.length, "model")}`,
      `published: ${source}`,
    ],
  };
}

function inputs({ inputs: files, version }: BitmodReport): Section {
  return {
    title: "Inputs",
    rows: [...files.map(({ name, sha256 }) => fact(name, sha256.slice(0, 16))), fact("mobisim", version)],
    notes: [],
  };
}

function labelOf(machines: Reproduction["machines"], name: string): string {
  return machines.find((machine) => machine.name === name)?.label ?? name;
}
