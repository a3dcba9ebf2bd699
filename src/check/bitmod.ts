//
//   Golden results of the BitMoD artifact: every row is a model, a machine and a step, and what a revision answered.
//
//     FILE ──► bitmod-file.ts ──► estimate, a row at a time ──► compared field by field
//
//   Must be exact   head_rows and head_layer_detail: every count, energies to 1e-9; paper_rows: cycles, and energies as
//                   whole uJ. Published energies were rounded in one place and truncated in another: one that is neither
//                   is listed, and fails nothing.
//

import { PJ_PER_UJ } from "../basics/units.js";
import type { ProductCost } from "../bitmod/cost.js";
import { type Estimate, estimate } from "../bitmod/estimate.js";
import type { Product } from "../bitmod/products.js";
import { weightBitsOf } from "../bitmod/tables.js";
import { type Layers, readBitmodFile, type Subject } from "./bitmod-file.js";
import type { HeadRow, LayerDetail, PaperRow } from "./bitmod-schema.js";
import { type CheckedRow, type CheckVerdict, type Difference, type UncheckedRow, verdictOf } from "./verdict.js";

/** Energies of head are sums of floats, in another order than the artifact's; those of paper are whole uJ. */
const [HEAD_TOLERANCE, PAPER_TOLERANCE] = [1e-9, 0];

/** Compares every row of a golden file; `text` is what the file holds. */
export function checkBitmod(text: string, fileName: string): CheckVerdict {
  const { headRows, paperRows, details } = readBitmodFile(text, fileName);
  const rows = [
    ...headRows.map((subject) => checked(subject, compareHead(subject, estimateOf(subject)), HEAD_TOLERANCE)),
    ...paperRows.map((subject) => checked(subject, comparePaper(subject, estimateOf(subject)), PAPER_TOLERANCE)),
    ...details.map((subject) => checked(subject, compareLayers(subject.row, estimateOf(subject)), HEAD_TOLERANCE)),
  ];
  return verdictOf("bitmod", fileName, rows, paperRows.flatMap(publishedOtherwise));
}

function estimateOf({ model, machine, step }: Subject<unknown>): Estimate {
  return estimate(model, machine, step);
}

function checked({ name }: Subject<unknown>, compared: Difference[], tolerance: number): CheckedRow {
  const differences = compared.filter((one) => differs(one, tolerance));
  return { row: name, mustBeExact: true, compared, differences };
}

function compareHead({ row, model, machine, step }: Subject<HeadRow>, got: Estimate): Difference[] {
  const { linear, attention, energyPj } = got;
  return [
    { field: "total_cycles", got: got.cycles, want: row.total_cycles },
    { field: "compute_cycles", got: got.computeCycles, want: row.compute_cycles },
    { field: "linear_compute", got: linear.computeCycles, want: row.linear_compute },
    { field: "linear_dram", got: linear.dramCycles, want: row.linear_dram },
    { field: "attn_compute", got: attention.computeCycles, want: row.attn_compute },
    { field: "attn_dram", got: attention.dramCycles, want: row.attn_dram },
    { field: "tiles", got: got.tiles, want: row.tiles },
    { field: "pe_energy_uJ", got: energyPj.pe / PJ_PER_UJ, want: row.pe_energy_uJ },
    { field: "sram_rd_uJ", got: energyPj.sramRead / PJ_PER_UJ, want: row.sram_rd_uJ },
    { field: "sram_wr_uJ", got: energyPj.sramWrite / PJ_PER_UJ, want: row.sram_wr_uJ },
    { field: "onchip_uJ", got: energyPj.onchip / PJ_PER_UJ, want: row.onchip_uJ },
    { field: "dram_uJ", got: energyPj.dram / PJ_PER_UJ, want: row.dram_uJ },
    { field: "total_uJ", got: energyPj.total / PJ_PER_UJ, want: row.total_uJ },
    { field: "layers_compute_bound", got: got.layersComputeBound, want: row.layers_compute_bound },
    { field: "layers", got: got.layers, want: row.layers },
    { field: "w_prec", got: weightBitsOf(machine, model.name, step), want: row.w_prec },
    { field: "kv_prec", got: machine.kvBits, want: row.kv_prec },
  ];
}

function comparePaper({ row }: Subject<PaperRow>, { cycles, energyPj }: Estimate): Difference[] {
  const published = row.published_total_cycles;
  return [
    { field: "total_cycles", got: cycles, want: row.total_cycles },
    { field: "onchip_uJ", got: Math.round(energyPj.onchip / PJ_PER_UJ), want: row.onchip_uJ },
    { field: "total_uJ", got: Math.round(energyPj.total / PJ_PER_UJ), want: row.total_uJ },
    ...(published === undefined ? [] : [{ field: "published_total_cycles", got: cycles, want: published }]),
  ];
}

/** Published energies that are neither the nearest whole uJ nor the one below. */
function publishedOtherwise(subject: Subject<PaperRow>): UncheckedRow[] {
  const { row, name } = subject;
  const { onchip, total } = estimateOf(subject).energyPj;
  const figures = [
    { field: "published_onchip_uJ", got: onchip / PJ_PER_UJ, want: row.published_onchip_uJ },
    { field: "published_total_uJ", got: total / PJ_PER_UJ, want: row.published_total_uJ },
  ];
  return figures
    .filter(({ got, want }) => want !== undefined && want !== Math.round(got) && want !== Math.floor(got))
    .map(({ field, got, want }) => ({
      row: name,
      reason: `${field} is ${want}, which ${got} neither rounds nor truncates to`,
    }));
}

/** Product by product. */
function compareLayers(layers: Layers, { products }: Estimate): Difference[] {
  const compared = Object.entries(layers).flatMap(([name, want]): Difference[] => {
    const cost = products.find(({ product }) => isNamed(product, name));
    if (cost === undefined) return [{ field: name, got: "no such product", want: "one" }];
    return compareLayer(cost, want).map((one) => ({ ...one, field: `${name}.${one.field}` }));
  });
  return [...compared, { field: "products", got: products.length, want: Object.keys(layers).length }];
}

/** Before the names of attention the artifact puts the path of a layer. */
function isNamed({ kind, name }: Product, wanted: string): boolean {
  return name === (kind === "linear" ? wanted : wanted.slice(wanted.lastIndexOf(".") + 1));
}

function compareLayer({ product, ...cost }: ProductCost, want: LayerDetail): Difference[] {
  const { batch, weightBatch, tokens, inputs, outputs } = product;
  const lists = [
    { field: "w", got: [weightBatch, outputs, inputs], want: want.w },
    { field: "i", got: [batch, tokens, inputs], want: want.i },
    { field: "o", got: [batch, tokens, outputs], want: want.o },
    { field: "fetch_w_i", got: [cost.reads.weights, cost.reads.inputs], want: want.fetch_w_i },
  ];
  return [
    ...lists.map(({ field, got, want }) => ({ field, got: got.join(" x "), want: want.join(" x ") })),
    { field: "tiles", got: cost.tiles, want: want.tiles },
    { field: "compute", got: cost.computeCycles, want: want.compute },
    { field: "dram", got: cost.dramCycles, want: want.dram },
    { field: "w_bytes", got: cost.bytes.weights, want: want.w_bytes },
    { field: "i_bytes", got: cost.bytes.inputs, want: want.i_bytes },
    { field: "o_bytes", got: cost.bytes.outputs, want: want.o_bytes },
    { field: "dram_uJ", got: cost.energyPj.dram / PJ_PER_UJ, want: want.dram_uJ },
    { field: "sram_wr_uJ", got: cost.energyPj.sramWrite / PJ_PER_UJ, want: want.sram_wr_uJ },
    { field: "count", got: product.count, want: want.count },
  ];
}

/** Energies may differ by a share of what is wanted, nothing else by anything. */
function differs({ field, got, want }: Difference, tolerance: number): boolean {
  if (typeof got === "string" || typeof want === "string" || !field.endsWith("_uJ")) return got !== want;
  return !(Math.abs(got - want) <= tolerance * Math.abs(want));
}
