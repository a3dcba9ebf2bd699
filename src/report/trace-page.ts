//
//   The page of mobisim trace show: what a pack holds, and what its depths look like.
//

import type { BudgetStatistics } from "../trace/statistics.js";
import type { TraceDescription } from "../trace/trace-json.js";
import { percent, significant } from "./format.js";
import type { Page } from "./page.js";
import { counted, fact } from "./sections.js";

export interface TraceReport {
  about: Omit<TraceDescription, "linears" | "budgets">;
  linears: number;
  budgets: BudgetStatistics[];
  /** Perplexity of the whole pack by configuration. */
  perplexity: Record<string, number>;
}

const LEGEND =
  "Slices are shares of (token, linear) pairs. Correlations are Pearson's, of pairs of depths, the mean over linears: a token " +
  "and the next; one position of different sequences; a linear and the same one a layer deeper.";

export function tracePage({ about, linears, budgets, perplexity }: TraceReport): Page {
  const kinds = Object.keys(budgets[0]?.byKind ?? {});
  return {
    title: `trace ${about.name} of ${about.model}: ${counted(about.sequences, "sequence")} of ${counted(about.sequenceLength, "token")}, ${about.phase}`,
    sections: [
      {
        title: "Pack",
        source: "recorded",
        rows: [
          fact("source", about.source),
          fact("licence", about.licence),
          fact("prompt", counted(about.promptLength, "token")),
          fact("linears", String(linears)),
        ],
        notes: [],
      },
      {
        title: "Depths",
        source: "recorded",
        columns: ["budget", "bits", "1", "2", "3", "4", "tokens", "sequences", "layers"],
        rows: budgets.map(({ name, measuredBits, histogram, correlation }) => ({
          label: name,
          cells: [
            measuredBits.toFixed(2),
            ...histogram.map((share) => percent(share, 1)),
            ...[correlation.tokens, correlation.sequences, correlation.layers].map((one) => one.toFixed(3)),
          ],
        })),
        notes: ["columns 1..4: slices; then correlations between tokens, sequences, layers"],
      },
      {
        title: "Mean slices by kind of linear",
        source: "recorded",
        columns: ["budget", ...kinds],
        rows: budgets.map(({ name, byKind }) => ({ label: name, cells: kinds.map((kind) => byKind[kind].toFixed(2)) })),
        notes: [],
      },
      {
        title: "Perplexity",
        source: "recorded",
        rows: Object.entries(perplexity).map(([config, value]) => fact(config, significant(value))),
        notes: [],
      },
    ],
    legend: LEGEND,
  };
}
