//
//   The step's own K and V on their way into the cache, head by head, as the vector unit has quantised them.
//
//     row tiles of k_proj, v_proj ──► RoPE, quantise ──► staging ──► one store per (head, sequence, KV run)
//
//   A row tile stores the heads that are complete with it; the scales of a position go with its V.
//

import type { Context } from "./context.js";
import { type Piece, roundDown } from "./tiles.js";

type Projection = "k" | "v";
const STORED = { k: ["k"], v: ["v", "scales"] } as const;

/** KV heads that are complete when `rows` are. */
export function completeHeads({ model }: Context, rows: Piece): { first: number; end: number } {
  const first = Math.floor(rows.start / model.headDim);
  return { first, end: Math.floor((rows.start + rows.size) / model.headDim) };
}

/** Bytes that a head stores for each token. */
export function bytesPerToken({ placement }: Context, projection: Projection): number {
  return placement.kvPitch + (projection === "v" ? placement.pitch("scales") : 0);
}

/** Stores one KV head of all tokens of the block, made by the Vector record `vector`. */
export function storeHead(context: Context, projection: Projection, layer: number, head: number, vector: number): void {
  const { program, placement, carried } = context;
  const target = carried.records.entry;
  target.vector = vector;
  for (const { sequence, firstPosition, count } of context.spans) {
    for (const { start, size } of newParts(context, firstPosition, count)) {
      for (const kind of STORED[projection]) {
        target.bytes = size * placement.pitch(kind);
        if (target.bytes === 0) continue;
        target.address = placement.cache(kind, layer, sequence, head, start);
        program.store(target);
      }
    }
  }
}

/** Positions firstPosition .. firstPosition + count - 1, cut where KV runs begin. */
function newParts({ placement }: Context, firstPosition: number, count: number): { start: number; size: number }[] {
  const parts: { start: number; size: number }[] = [];
  const end = firstPosition + count;
  for (let start = firstPosition; start < end; ) {
    const nextRun = roundDown(start, placement.kvRunPositions) + placement.kvRunPositions;
    const size = Math.min(end, nextRun) - start;
    parts.push({ start, size });
    start += size;
  }
  return parts;
}
