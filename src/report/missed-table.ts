//
//   What a formula missed, as a table: Markdown or a terminal page for people, CSV and JSON for programs.
//

import type { FormulaComparison, FormulaRow } from "../compare/formula.js";
import { CAUSES, type MissedCause } from "../compare/missed.js";
import { packageVersion } from "../io/version.js";
import { csvOf } from "./csv.js";
import { integer } from "./format.js";
import { jsonText } from "./json.js";
import type { Page, Row } from "./page.js";

const HEADS: Record<MissedCause, string> = {
  barriers: "barriers",
  work: "work",
  traffic: "traffic",
  kvAppend: "KV append",
  bandwidth: "bandwidth",
  fillDrain: "fill, drain",
  dram: "rows, latency",
  refresh: "refresh",
  vector: "vector unit",
};

const NOTES = [
  "cycles that each cause adds to the formula's, in this order; together they are the difference (docs/formula.md)",
  "barriers: products overlap; work: cuts into tiles, causal tiles left out, lm_head of sampled tokens only; traffic: " +
    "activations stay on chip, scales are there; bandwidth: the part's peak for the formula's 256 bits a cycle",
];
const LEGEND =
  "Formula: BitMoD's cost model, revision head. Simulated: the same machines as configs of hw-configs/baselines, to the " +
  "cycle; DRAM is the LPDDR5 part nearest to the formula's bandwidth. Both modelled.";

export function missedPage({ rows, sets }: FormulaComparison): Page {
  const refusals = rows.flatMap((row) =>
    row.refused === undefined ? [] : [`not run: ${labelOf(row)}: ${row.refused}`],
  );
  return {
    title: `BitMoD's table, simulated${sets.length === 0 ? "" : ` (${sets.join(", ")})`}`,
    sections: [
      {
        title: "Beside the formula",
        source: "modelled",
        columns: ["", "formula", "simulated", "ratio", ...CAUSES.map((cause) => HEADS[cause])],
        rows: rows.map(rowOf),
        notes: [...NOTES, ...refusals],
      },
    ],
    legend: LEGEND,
  };
}

export function missedCsv({ rows }: FormulaComparison): string {
  const head = ["model", "phase", "machine", "batch", "context", "formula_cycles", "simulated_cycles"];
  const causes = CAUSES.map((cause) => `${cause.replace(/[A-Z]/g, (letter) => `_${letter.toLowerCase()}`)}_cycles`);
  const lines = rows.map(({ model, phase, machine, batch, context, missed, refused = "" }) => {
    const { formulaCycles = null, simulatedCycles = null, causes: added } = missed ?? {};
    const parts = CAUSES.map((cause) => added?.[cause] ?? null);
    return [model, phase, machine, batch, context, formulaCycles, simulatedCycles, ...parts, refused];
  });
  return csvOf([[...head, ...causes, "refused"], ...lines]);
}

export function missedJson(comparison: FormulaComparison): string {
  return jsonText({ version: packageVersion(), formula: "bitmod", revision: "head", ...comparison });
}

function rowOf(row: FormulaRow): Row {
  const { missed } = row;
  if (missed === undefined) return { label: labelOf(row), cells: ["-", "-", "-", ...CAUSES.map(() => "-")] };
  const { formulaCycles, simulatedCycles, causes } = missed;
  const ratio = `${(simulatedCycles / formulaCycles).toFixed(3)}x`;
  const parts = CAUSES.map((cause) => `${causes[cause] > 0 ? "+" : ""}${integer(causes[cause])}`);
  return { label: labelOf(row), cells: [integer(formulaCycles), integer(simulatedCycles), ratio, ...parts] };
}

function labelOf({ model, phase, machine, batch, context }: FormulaRow): string {
  return `${model} ${phase} ${machine} b${batch} c${context}`;
}
