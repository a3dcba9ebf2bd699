//
//   lm_head, soft-cap if there is one, and argmax for the tokens that are sampled.
//
//     [row tile ──► compute x K tiles ──► argmax] x vocabulary        row scales and biases come with the last K tile
//

import { Queue, Release, Stream } from "../../assembly/contract.js";
import { codePass, lmHeadTileBytes } from "./codes.js";
import type { Context } from "./context.js";
import { computeRecord, type FetchRecord, fetchRecord, vectorRecord } from "./records.js";
import { ACCUMULATOR_BYTES, type Piece, pieces } from "./tiles.js";

const PASSES = { softcap: 1, argmax: 1 };

/** On `columns` tokens that the Vector record `normed` has made; the Vector record that has found the largest. */
export function emitLmHead(context: Context, columns: number, normed: number): number {
  const { program, machine, model, carried } = context;
  const { array, lmHead } = machine;
  const { terms, codeBits, dequants } = codePass(machine, lmHead.codeBits, lmHead.dequants);
  const kTiles = pieces(model.hidden, array.tileInputs);
  const passes = PASSES.argmax + (model.softcaps.logits === null ? 0 : PASSES.softcap);
  let sampled = normed;
  const groups = Math.ceil(columns / array.columns);
  const common = { release: Release.Run, group: lmHead.group, terms, codeBits };
  const record = computeRecord({ ...common, passes: groups, passColumns: columns });
  const tile = fetchRecord({ queue: Queue.Base, stream: Stream.LmHead });
  const largest = vectorRecord({ passes });
  for (const rows of pieces(model.vocab, array.rows)) {
    const results = carried.accumulators.take(array.rows * groups * array.columns * ACCUMULATOR_BYTES);
    record.rows = rows.size;
    record.rowColumns = rows.size * columns;
    for (const k of kTiles) {
      const last = k.index === kTiles.length - 1;
      record.vector = k.index > 0 ? 0 : rows.index > 0 ? results.after : normed;
      record.run = fetchTile(tile, context, rows, k, last);
      record.inputs = k.size;
      record.dequants = last || lmHead.group > 0 ? dequants : 0;
      largest.compute = program.compute(record);
    }
    largest.elements = rows.size * columns;
    sampled = results.reader = program.vector(largest);
  }
  return sampled;
}

function fetchTile(
  tile: FetchRecord,
  { program, placement, machine, model }: Context,
  rows: Piece,
  k: Piece,
  last: boolean,
): number {
  tile.bytes = tile.credit = lmHeadTileBytes(machine, model, { rows: rows.size, inputs: k.size, last });
  tile.address = placement.lmHeadTile(rows.index, k.index);
  return program.fetch(tile);
}
