//
//   lm_head, soft-cap if there is one, and argmax for the tokens that are sampled.
//
//     [INT8 row tile ──► compute x K tiles ──► argmax] x vocabulary        row scales and biases come with the last K tile
//

import { Queue, Release, Stream } from "../../assembly/contract.js";
import type { Context } from "./context.js";
import { LM_HEAD_BITS, lmHeadRowBytes } from "./placement.js";
import { ACCUMULATOR_BYTES, codeBytes, type Piece, pieces, roundUp } from "./tiles.js";

/** Terms of an INT8 weight. */
const TERMS = 4;
const PASSES = { softcap: 1, argmax: 1 };

/** On `columns` tokens that the Vector record `normed` has made; the Vector record that has found the largest. */
export function emitLmHead(context: Context, columns: number, normed: number): number {
  const { program, machine, model, carried } = context;
  const { array } = machine;
  const kTiles = pieces(model.hidden, array.tileInputs);
  const rowBytes = lmHeadRowBytes(model);
  const passes = PASSES.argmax + (model.softcaps.logits === null ? 0 : PASSES.softcap);
  let sampled = normed;
  for (const rows of pieces(model.vocab, array.rows)) {
    const { results, after } = carried.accumulators.take(
      array.rows * roundUp(columns, array.columns) * ACCUMULATOR_BYTES,
    );
    let compute = 0;
    for (const k of kTiles) {
      const scales = k.index === kTiles.length - 1 ? rows.size * rowBytes : 0;
      compute = program.compute({
        vector: k.index > 0 ? 0 : rows.index > 0 ? after : normed,
        run: fetchTile(context, rows, k, scales),
        release: Release.Run,
        rows: rows.size,
        inputs: k.size,
        terms: TERMS,
        codeBits: LM_HEAD_BITS,
        group: 0,
        dequants: scales > 0 ? 1 : 0,
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

function fetchTile({ program, placement }: Context, rows: Piece, k: Piece, scales: number): number {
  const bytes = codeBytes(rows.size * k.size, LM_HEAD_BITS) + scales;
  const address = placement.lmHeadTile(rows.index, k.index);
  return program.fetch({ queue: Queue.Base, stream: Stream.LmHead, bytes, address, credit: bytes });
}
