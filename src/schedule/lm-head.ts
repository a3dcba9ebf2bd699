//
//   lm_head, soft-cap if there is one, and argmax for the tokens that are sampled.
//
//     [row tile ──► compute x K tiles ──► argmax] x vocabulary        row scales and biases come with the last K tile
//

import { Queue, Release, Stream } from "../../assembly/contract.js";
import { codePass, lmHeadTileBytes } from "./codes.js";
import type { Context } from "./context.js";
import { ACCUMULATOR_BYTES, type Piece, pieces, roundUp } from "./tiles.js";

const PASSES = { softcap: 1, argmax: 1 };

/** On `columns` tokens that the Vector record `normed` has made; the Vector record that has found the largest. */
export function emitLmHead(context: Context, columns: number, normed: number): number {
  const { program, machine, model, carried } = context;
  const { array, lmHead } = machine;
  const { terms, codeBits, dequants } = codePass(machine, lmHead.codeBits, lmHead.dequants);
  const kTiles = pieces(model.hidden, array.tileInputs);
  const passes = PASSES.argmax + (model.softcaps.logits === null ? 0 : PASSES.softcap);
  let sampled = normed;
  for (const rows of pieces(model.vocab, array.rows)) {
    const { results, after } = carried.accumulators.take(
      array.rows * roundUp(columns, array.columns) * ACCUMULATOR_BYTES,
    );
    let compute = 0;
    for (const k of kTiles) {
      const last = k.index === kTiles.length - 1;
      compute = program.compute({
        vector: k.index > 0 ? 0 : rows.index > 0 ? after : normed,
        run: fetchTile(context, rows, k, last),
        release: Release.Run,
        rows: rows.size,
        inputs: k.size,
        terms,
        codeBits,
        group: lmHead.group,
        dequants: last || lmHead.group > 0 ? dequants : 0,
        passes: Math.ceil(columns / array.columns),
        passColumns: columns,
        rowColumns: rows.size * columns,
      });
    }
    sampled = program.vector({ compute, elements: rows.size * columns, passes });
    results.reader = sampled;
  }
  return sampled;
}

function fetchTile({ program, placement, machine, model }: Context, rows: Piece, k: Piece, last: boolean): number {
  const bytes = lmHeadTileBytes(machine, model, { rows: rows.size, inputs: k.size, last });
  const address = placement.lmHeadTile(rows.index, k.index);
  return program.fetch({ queue: Queue.Base, stream: Stream.LmHead, bytes, address, credit: bytes });
}
