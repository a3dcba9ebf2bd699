//
//   One token block through all layers as work records: every op, in program order.
//
//     embedding ─► layers x [ norm ─► q k v ─► attention ─► o ─► + ─► norm ─► gate up ─► down ─► + ] ─► norm ─► lm_head ─► argmax
//
//     parallel block       norm ─► q k v ─► fc1 ─► attention ─► dense ─► + ─► fc2 ─► +
//
//   In a parallel block fc1 follows q, k and v, so that the normed x they share need not outlive it.
//

import { linearsWith } from "../model/model.js";
import { emitAttention } from "./attention.js";
import type { Context } from "./context.js";
import { emitLmHead } from "./lm-head.js";
import { emitMlpInput } from "./mlp.js";
import { Op } from "./program.js";
import { emitProjections, type Projected } from "./projections.js";
import { ResidualStream } from "./residual.js";
import type { LinearInput } from "./row-tile.js";

/** Emits the block, layer by layer; `tokens` are its token ids, -1 where they are synthetic. */
export function* emitBlock(context: Context, tokens: Int32Array): Generator<void> {
  const { program, model } = context;
  const residual = new ResidualStream(context);
  program.leaveLayers();
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
  const { program, model, tokens } = context;
  program.enterLayer(layer);
  const [output] = linearsWith(model, layer, "o");
  const [down] = linearsWith(model, layer, "down");
  program.op(Op.AttentionNorm);
  const normed = residual.norm(tokens);
  const projected = emitProjections(context, layer, normed);
  const beside = model.parallel ? emitMlpInput(context, layer, { vector: normed, summed: true }) : undefined;
  const attention = selfAttention(context, layer, projected);
  program.op(Op.O);
  residual.addLinear(output, attention);
  const mlp = beside ?? emitMlpInput(context, layer, { vector: mlpNorm(context, residual) });
  program.op(Op.Down);
  residual.addLinear(down, mlp);
}

function mlpNorm({ program, tokens }: Context, residual: ResidualStream): number {
  program.op(Op.MlpNorm);
  return residual.norm(tokens);
}

function selfAttention(context: Context, layer: number, projected: Projected): LinearInput {
  const { program, residency, spill, sequences, carried } = context;
  const { query, vector, store } = projected;
  program.op(Op.Attention);
  const done = emitAttention(context, {
    layer,
    query: query.vector,
    keyValue: vector,
    queryStore: query.store,
    cacheStore: (sequence) => (residency.keyValue ? carried.cacheStores[layer * sequences + sequence] : store),
  });
  for (const { sequence } of context.spans) carried.cacheStores[layer * sequences + sequence] = store;
  if (residency.attention) return { compute: done.compute };
  return { compute: done.compute, spilled: { tensor: spill.attention, store: done.store } };
}

/** Final norm, lm_head and argmax for the last token of each entry of the step, or for all tokens. */
function sample(context: Context, residual: ResidualStream): void {
  const { program, machine, spans, carried } = context;
  const sampling = spans.filter((span) => span.last);
  const tokens = machine.schedule.lmHeadTokens === "all" ? context.tokens : sampling.length;
  if (tokens === 0) return;
  program.leaveLayers();
  program.op(Op.FinalNorm);
  const normed = residual.norm(tokens);
  program.op(Op.LmHead);
  const sampled = emitLmHead(context, tokens, normed);
  for (const { sequence } of sampling) carried.sampled[sequence] = sampled;
}
