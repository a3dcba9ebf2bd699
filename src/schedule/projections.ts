//
//   q, k and v of a layer: queries ready for attention, keys and values quantised and on their way into the cache.
//
//     normed x ──► q_proj ──► head norm? ──► RoPE ─────────────► query
//              ──► k_proj ──► head norm? ──► RoPE ──► quantise ──► K, head by head
//              ──► v_proj ─────────────────────────► quantise ──► V, head by head       or all three from one fused linear
//
//   RoPE costs its passes on the dims of a head that it turns. Queries that neither it nor a norm touches still leave the
//   accumulators: one pass. (K and V leave them as they are quantised.)
//

import { linearsWith, type Model, type Role } from "../model/model.js";
import { bytesPerToken, completeHeads, storeHead } from "./cache.js";
import type { Context } from "./context.js";
import { emitLinears } from "./linear.js";
import { byPart, emitPasses, NORM_PASSES, type OnPart, output, type Passes } from "./outputs.js";
import { Op } from "./program.js";
import type { Piece } from "./tiles.js";

const PASSES = { rope: 2, quantise: 2, append: 1, move: 1 };
const OPS: Partial<Record<Role, Op>> = { q: Op.Q, k: Op.K, v: Op.V };

export interface Projected {
  /** Last Vector record, and Store record if it is spilled, of the queries. */
  query: { vector: number; store: number };
  /** Last Vector record of K and V. */
  vector: number;
  /** Last Store record of K and V. */
  store: number;
}

export function emitProjections(context: Context, layer: number, normed: number): Projected {
  const { program, model, residency, spill } = context;
  const query = output(context, residency.query ? null : spill.query, (rows, tokens) => queryOps(model, rows, tokens));
  const onPart = { q: query.onPart, k: cacheOutput(context, "k", layer), v: cacheOutput(context, "v", layer) };
  for (const [i, index] of linearsWith(model, layer, "q", "k", "v").entries()) {
    const { parts } = model.linears[index];
    program.op((parts.length === 1 ? OPS[parts[0].role] : undefined) ?? Op.Qkv);
    emitLinears(context, [index], { vector: normed, summed: i > 0 }, (tile) => byPart(tile, onPart));
  }
  const { vectors, stores } = program.emitted;
  return { query: query.last, vector: vectors, store: stores };
}

function queryOps(model: Model, rows: Piece, tokens: number): Passes[] {
  const still = model.qkNorm ? 0 : rows.size - turnedRows(model, rows);
  return [...headOps(model, rows, tokens), { elements: still * tokens, passes: PASSES.move }];
}

/** Norm of the heads of q or k, and RoPE. */
function headOps(model: Model, rows: Piece, tokens: number): Passes[] {
  return [
    { elements: rows.size * tokens, passes: model.qkNorm ? NORM_PASSES[model.norm.type] : 0 },
    { elements: turnedRows(model, rows) * tokens, passes: PASSES.rope },
  ];
}

/** Rows of q or k that RoPE turns: the leading dims of each head. */
export function turnedRows({ headDim, rotaryDims }: Model, { start, size }: { start: number; size: number }): number {
  const before = (row: number) => Math.floor(row / headDim) * rotaryDims + Math.min(row % headDim, rotaryDims);
  return before(start + size) - before(start);
}

/** Quantises K or V and stores each head of the cache as it is complete. */
function cacheOutput(context: Context, projection: "k" | "v", layer: number): OnPart {
  const { model, machine } = context;
  const passes = machine.kv.scaleBytes > 0 ? PASSES.quantise : PASSES.append;
  return (rows, tokens, compute) => {
    const { first, end } = completeHeads(context, rows);
    const quantise = { elements: rows.size * tokens.size, passes };
    const ops = projection === "k" ? [...headOps(model, rows, tokens.size), quantise] : [quantise];
    const stagingBytes = (end - first) * tokens.size * bytesPerToken(context, projection);
    const vector = emitPasses(context, compute, ops, stagingBytes);
    for (let head = first; head < end; head++) storeHead(context, projection, layer, head, vector);
    return vector;
  };
}
