//
//   Models as a page: a table of all, or one with its linears and where its shape was read.
//

import type { Linear, Model } from "../model/model.js";
import type { TableEntry } from "../model/table.js";
import type { ModelSizes } from "../schedule/model-sizes.js";
import { bytes, integer, significant } from "./format.js";
import type { Page, Row, Section } from "./page.js";

/** A model by name: what it is, or why it cannot run. */
export interface ListedModel {
  name: string;
  entry: TableEntry | null;
  shape: { model: Model; sizes: ModelSizes } | { refused: string };
}

const BYTES_PER_GB = 1e9;
const gigabytes = (value: number) => significant(value / BYTES_PER_GB);

/** All of them, a row each. */
export function modelsPage(models: readonly ListedModel[]): Page {
  const columns = "model|family|parameters|k=1|k=2|k=3|k=4|embedding|lm_head|KV 8|KV FP16".split("|");
  return {
    title: `${models.length} models`,
    sections: [
      { title: "Supported", columns, rows: models.flatMap(supportedRow), notes: [] },
      { title: "Not supported", columns: ["model", "why"], rows: models.flatMap(refusedRow), notes: [] },
    ].filter(({ rows }) => rows.length > 0),
    legend:
      "As machine edge holds them: GB of the linears at k slices of 2 bits, with scales and biases; of the FP16 " +
      "embedding; of the INT8 lm_head. KV: bytes a token, at 8 bits with scales, and in FP16. mobisim models NAME shows one with its sources.",
  };
}

function supportedRow({ name, shape }: ListedModel): Row[] {
  if ("refused" in shape) return [];
  const { parameters, linearBytes, embeddingBytes, lmHeadBytes, kvBytesPerToken } = shape.sizes;
  const sizes = [...linearBytes, embeddingBytes, lmHeadBytes].map(gigabytes);
  const cache = [integer(kvBytesPerToken.coded), integer(kvBytesPerToken.fp16)];
  return [{ label: name, cells: [shape.model.family, integer(parameters), ...sizes, ...cache] }];
}

function refusedRow({ name, shape }: ListedModel): Row[] {
  return "refused" in shape ? [{ label: name, cells: [shape.refused] }] : [];
}

/** One of them. */
export function modelPage({ name, entry, shape }: ListedModel): Page {
  const sections =
    "refused" in shape ? [facts("Not supported", [["why", shape.refused]])] : shapeSections(shape.model, shape.sizes);
  return {
    title: name,
    sections: [...sections, ...(entry === null ? [] : [sourceSection(entry)])],
    legend:
      "refused" in shape
        ? "mobisim models lists those that run."
        : "Sizes without padding. Linears are of one layer; all layers are alike.",
  };
}

function shapeSections(model: Model, sizes: ModelSizes): Section[] {
  const { linearBytes, embeddingBytes, lmHeadBytes, kvBytesPerToken } = sizes;
  const perLayer = model.linears.filter(({ layer }) => layer === 0);
  return [
    facts("Shape", [
      ["family", model.family],
      ["layers, hidden, MLP", [model.layers, model.hidden, model.intermediate].map(integer).join(", ")],
      ["heads", `${model.heads} of ${model.headDim}, ${model.kvHeads} for keys and values`],
      ["vocabulary", `${integer(model.vocab)}${model.tied ? ", tied" : ""}`],
      ["positions", `${integer(model.maxPositions)}, ${positionsOf(model)}`],
      ["windows", windowsOf(model)],
      ["norm, MLP", `${normOf(model)}; ${mlpOf(model)}${model.parallel ? ", beside attention" : ""}`],
      ["soft-caps", capsOf(model)],
    ]),
    facts("Sizes", [
      ["parameters", integer(sizes.parameters)],
      ["linears, k = 1, 2, 3, 4", linearBytes.map(bytes).join(", ")],
      ["embedding, FP16", bytes(embeddingBytes)],
      ["lm_head, INT8", bytes(lmHeadBytes)],
      ["KV of a token", `${integer(kvBytesPerToken.coded)} B at 8 bits, ${integer(kvBytesPerToken.fp16)} B in FP16`],
    ]),
    {
      title: "Linears",
      columns: ["kind", "inputs", "outputs", "bias", "rows"],
      rows: perLayer.map(linearRow),
      notes: [],
    },
  ];
}

function facts(title: string, rows: [label: string, text: string][]): Section {
  return { title, rows: rows.map(([label, text]) => ({ label, cells: [text] })), notes: [] };
}

function linearRow({ kind, in: inputs, out, bias, parts }: Linear): Row {
  const rows = parts.map(({ role, size }) => `${integer(size)} ${role}`).join(", ");
  return { label: kind, cells: [integer(inputs), integer(out), bias ? "yes" : "no", rows] };
}

function positionsOf({ rotaryDims, headDim, positionRows }: Model): string {
  if (positionRows > 0) return `learned, a table of ${integer(positionRows)} rows`;
  return rotaryDims === headDim ? "RoPE" : `RoPE on ${rotaryDims} of ${headDim} dims`;
}

function windowsOf({ windows, layers }: Model): string {
  const sliding = windows.filter((window) => window !== null);
  return sliding.length === 0 ? "none" : `${integer(sliding[0])} positions in ${sliding.length} of ${layers} layers`;
}

function normOf({ norm, qkNorm }: Model): string {
  const where = norm.post ? " before and after attention and MLP" : "";
  return `${norm.type === "rms" ? "RMSNorm" : "LayerNorm"}${where}${qkNorm ? ", heads of q and k normed" : ""}`;
}

function mlpOf({ mlp }: Model): string {
  return `${mlp.gated ? "gated " : ""}${{ silu: "SiLU", gelu: "GELU", relu: "ReLU" }[mlp.activation]}`;
}

function capsOf({ softcaps }: Model): string {
  const found = Object.entries(softcaps).filter(([, cap]) => cap !== null);
  return found.length === 0 ? "none" : found.map(([where, cap]) => `${where} ${cap}`).join(", ");
}

function sourceSection({ hfRepo, source, recalled, note }: TableEntry): Section {
  const section = facts("Source", [["Hugging Face", hfRepo]]);
  const unread = recalled === undefined ? [] : [`recalled, unverified: ${recalled.join(", ")}`];
  return { ...section, notes: [...source, ...unread, ...(note === undefined ? [] : [note])] };
}
