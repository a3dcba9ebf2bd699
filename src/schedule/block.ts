//
//   One token block through all layers as work records: every op, in program order.
//
//     embedding ─► layers x [ norm ─► q k v ─► RoPE, append KV ─► attention ─► o ─► + ─► norm ─► gate up ─► SiLU*mul ─► down ─► + ]
//               ─► norm ─► lm_head ─► argmax
//

import { Pool, Stream } from "../../assembly/contract.js";
import { LINEAR_KINDS, type LinearKind } from "../model.js";
import { emitAttention } from "./attention.js";
import { bytesPerToken, completeHeads, storeHead } from "./cache.js";
import type { Context } from "./context.js";
import { emitLinears, type LinearInput, type RowTileOutput } from "./linear.js";
import { emitLmHead } from "./lm-head.js";
import { Op } from "./program.js";
import { ResidualStream } from "./residual.js";
import type { SpilledTensor } from "./spill.js";

/** Passes of the vector unit over each element. */
const PASSES = { rope: 2, quantise: 2, siluMul: 3 };

/** Emits the block, layer by layer; `tokens` are its token ids, -1 where they are synthetic. */
export function* emitBlock(context: Context, tokens: Int32Array): Generator<void> {
  const { program, model } = context;
  const residual = new ResidualStream(context);
  program.op(Op.Embedding);
  residual.embed(tokens);
  for (let layer = 0; layer < model.layers; layer++) {
    emitLayer(context, layer, residual);
    yield;
  }
  sample(context, residual);
  yield;
}

function emitLayer(context: Context, layer: number, residual: ResidualStream): void {
  const { program, tokens } = context;
  const indexOf = (kind: LinearKind) => layer * LINEAR_KINDS.length + LINEAR_KINDS.indexOf(kind);
  program.op(Op.AttentionNorm);
  const attention = selfAttention(context, layer, indexOf, residual.norm(tokens));
  program.op(Op.O);
  emitLinears(context, [indexOf("o")], attention, residual.add());
  program.op(Op.MlpNorm);
  const normed = residual.norm(tokens);
  program.op(Op.GateUp);
  const mlp = gateUp(context, indexOf("gate"), indexOf("up"), normed);
  program.op(Op.Down);
  emitLinears(context, [indexOf("down")], mlp, residual.add());
}

function selfAttention(
  context: Context,
  layer: number,
  indexOf: (kind: LinearKind) => number,
  normed: number,
): LinearInput {
  const { program, residency, spill, sequences, carried } = context;
  program.op(Op.Q);
  const query = output(context, residency.query ? null : spill.query, PASSES.rope);
  emitLinears(context, [indexOf("q")], { vector: normed }, query.onRowTile);
  program.op(Op.K);
  emitLinears(context, [indexOf("k")], { vector: normed, summed: true }, cacheOutput(context, "k", layer, PASSES.rope));
  program.op(Op.V);
  emitLinears(context, [indexOf("v")], { vector: normed, summed: true }, cacheOutput(context, "v", layer, 0));
  const { vectors, stores } = program.emitted;
  program.op(Op.Attention);
  const done = emitAttention(context, {
    layer,
    query: query.last.vector,
    keyValue: vectors,
    queryStore: query.last.store,
    cacheStore: (sequence) => (residency.keyValue ? carried.cacheStores[layer * sequences + sequence] : stores),
  });
  for (const { sequence } of context.spans) carried.cacheStores[layer * sequences + sequence] = stores;
  if (residency.attention) return { compute: done.compute };
  return { compute: done.compute, spilled: { tensor: spill.attention, store: done.store } };
}

/** A vector op on each row tile; stored in `spilled` if that is given. */
function output(context: Context, spilled: SpilledTensor | null, passes: number) {
  const { program, limits } = context;
  const last = { vector: 0, store: 0 };
  const onRowTile = ({ rows, tokens, compute }: RowTileOutput) => {
    const elements = rows.size * tokens.size;
    const stagingBytes = spilled === null ? 0 : elements * limits.elementBytes;
    const vector = program.vector({ compute, elements, passes, stagingBytes });
    last.vector = vector;
    for (const { address, bytes } of spilled?.parts(rows, tokens) ?? []) {
      const target = { stream: Stream.Activations as const, bytes, address, pool: Pool.Vector };
      last.store = program.store({ ...target, vector });
    }
    return vector;
  };
  return { last, onRowTile };
}

/** Quantises K or V and stores each head of the cache as it is complete. */
function cacheOutput(context: Context, projection: "k" | "v", layer: number, ropePasses: number) {
  const { program } = context;
  return ({ rows, tokens, compute }: RowTileOutput) => {
    const { first, end } = completeHeads(context, rows);
    const vector = program.vector({
      compute,
      elements: rows.size * tokens.size,
      passes: ropePasses + PASSES.quantise,
      stagingBytes: (end - first) * tokens.size * bytesPerToken(context, projection),
    });
    for (let head = first; head < end; head++) storeHead(context, projection, layer, head, vector);
    return vector;
  };
}

/** gate and up, interleaved, SiLU * mul on each pair of row tiles. */
function gateUp(context: Context, gate: number, up: number, normed: number): LinearInput {
  const { model, residency, spill } = context;
  const { last, onRowTile } = output(context, residency.mlp ? null : spill.mlp, PASSES.siluMul);
  emitLinears(context, [gate, up], { vector: normed }, (tile) => {
    return tile.linear === model.linears[up] ? onRowTile(tile) : 0;
  });
  if (residency.mlp) return { vector: last.vector };
  return { vector: last.vector, spilled: { tensor: spill.mlp, store: last.store } };
}

/** Final norm, lm_head and argmax for the last token of each entry of the step. */
function sample(context: Context, residual: ResidualStream): void {
  const { program, spans, carried } = context;
  const sampling = spans.filter((span) => span.last);
  if (sampling.length === 0) return;
  program.op(Op.FinalNorm);
  const normed = residual.norm(sampling.length);
  program.op(Op.LmHead);
  const sampled = emitLmHead(context, sampling.length, normed);
  for (const { sequence } of sampling) carried.sampled[sequence] = sampled;
}
