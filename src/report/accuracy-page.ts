//
//   The table of mobisim accuracy: every configuration on one text.
//

import type { Arithmetic } from "../infer/linear.js";
import type { AccuracyRow, Kind } from "../infer/study.js";
import type { Result } from "../result/result.js";
import { integer, percent, significant } from "./format.js";
import type { Page } from "./page.js";
import { counted, fact } from "./sections.js";

/** `accuracy --json` prints it as it is. */
export interface AccuracyReport {
  version: string;
  inputs: Result["inputs"];
  model: string;
  text: { name: string; sequences: number; tokens: number };
  arithmetic: Arithmetic;
  kvBits: number | null;
  seed: number;
  rows: AccuracyRow[];
}

const LEGEND =
  "measured: the model has read the text in these terms (docs/accuracy.md). KL: mean over tokens of KL(FP16 || this), nats. " +
  "agreement: the likeliest next token is FP16's. bits: mean bits of a weight's code, each linear by its weights; " +
  "stored: with its share of scales, zero points and selectors.";

const NAMES: Record<Kind, string> = {
  fp: "FP16",
  format: "format",
  constant: "constant",
  routed: "routed",
  random: "random, same bits",
  oracle: "oracle, same bits",
};

export function accuracyPage({ model, text, arithmetic, kvBits, rows, inputs, version }: AccuracyReport): Page {
  const read = `${counted(text.tokens, "token")} in ${counted(text.sequences, "sequence")}`;
  const cache = kvBits === null ? "FP32 cache" : `${kvBits}-bit KV cache`;
  return {
    title: `${model} on ${text.name}: ${read}, ${arithmetic}, ${cache}`,
    sections: [
      {
        title: "Accuracy",
        source: "measured",
        columns: ["plan", "configuration", "bits", "stored", "perplexity", "KL", "agreement", "tokens"],
        rows: rows.map((row) => ({
          label: NAMES[row.kind],
          cells: [
            row.config,
            row.bits === null ? "16" : row.bits.toFixed(2),
            row.storedBits === null ? "16" : row.storedBits.toFixed(2),
            significant(row.perplexity),
            row.kl.toFixed(4),
            percent(row.agreement, 1),
            integer(row.tokens),
          ],
        })),
        notes: [
          "FP16: the checkpoint's weights, FP32 products, exact cache",
          "format: the checkpoint's weights rounded to it, nothing calibrated; slices are as slices.safetensors has them",
        ],
      },
      {
        title: "Inputs",
        rows: [...inputs.map(({ name, sha256 }) => fact(name, sha256.slice(0, 16))), fact("mobisim", version)],
        notes: [],
      },
    ],
    legend: LEGEND,
  };
}
