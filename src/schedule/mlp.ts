//
//   The first half of an MLP, up to the input of its last linear.
//
//     gate, up        row tiles interleaved; act(gate) * up on each pair of them
//     gate_up         its rows lie gate, up, gate, up, ... in memory, so that a row tile has whole pairs
//     fc1             no gate: act on each row tile
//

import { linearsWith } from "../model/model.js";
import type { Context } from "./context.js";
import { emitLinears, type RowTileOutput } from "./linear.js";
import { ACTIVATION_PASSES, output } from "./outputs.js";
import { Op } from "./program.js";
import type { LinearInput } from "./row-tile.js";

/** Passes of the product with the gate. */
const GATE_PASSES = 1;

export function emitMlpInput(context: Context, layer: number, input: LinearInput): LinearInput {
  const { program, model, residency, spill } = context;
  const { gated, activation } = model.mlp;
  const passes = ACTIVATION_PASSES[activation] + (gated ? GATE_PASSES : 0);
  const ops = (rows: { size: number }, tokens: number) => [{ elements: rows.size * tokens, passes }];
  const { last, onPart } = output(context, residency.mlp ? null : spill.mlp, ops);
  program.op(Op.GateUp);
  emitLinears(context, linearsWith(model, layer, "gate", "up"), input, (tile) => {
    const { start, size, whole } = outputsOf(tile);
    const vector = size > 0 ? onPart({ index: tile.rows.index, start, size }, tile.tokens, tile.compute) : 0;
    return whole ? vector : 0;
  });
  if (residency.mlp) return { vector: last.vector };
  return { vector: last.vector, spilled: { tensor: spill.mlp, store: last.store } };
}

/** The outputs of the MLP that are complete with a row tile; `whole`: none of its rows waits for the next one. */
function outputsOf({ linear, rows }: RowTileOutput): { start: number; size: number; whole: boolean } {
  if (linear.parts.length === 1) {
    const isUp = linear.parts[0].role === "up";
    return { start: rows.start, size: isUp ? rows.size : 0, whole: isUp };
  }
  const pairs = linear.parts.length;
  const [start, end] = [Math.floor(rows.start / pairs), Math.floor((rows.start + rows.size) / pairs)];
  return { start, size: end - start, whole: (rows.start + rows.size) % pairs === 0 };
}
