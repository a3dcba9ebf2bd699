//
//   The shape of causal attention: which positions the queries of a block see, and what that costs.
//
//     columns   (query position, query head of the group), in column groups of array.columns
//     rows      positions in tiles of array.rows; a tile runs for a column group iff some (query, key) pair in it is allowed,
//               or for all of them with schedule.causalSkip off
//     window    a query sees itself and window - 1 positions before it; tiles that no query of a block sees are not there
//
//     query block ──► key blocks (scores that fit) ──► runs (fetched together) ──► parts (seen by the same columns)
//
//   A shape depends on the positions of a block, not on sequence, layer or head: a step makes each once.
//

import type { Context, KeyBlock, KeyRun, QueryBlock } from "./context.js";
import { fetchPositions, keyPositions } from "./query-blocks.js";
import { type Piece, pieces, roundDown } from "./tiles.js";

/** Column groups, and columns in them, that may see a tile of positions; `first`: the place of the first such group. */
interface Allowed {
  first: number;
  groups: number;
  columns: number;
}

/** Query columns of a block. */
export function columnsOf({ model }: Context, { tokens }: QueryBlock): number {
  return (tokens.size * model.heads) / model.kvHeads;
}

/** What the queries of a block see in a layer, in program order; from `context.shapes` where it has been made. */
export function keyBlocksOf(context: Context, block: QueryBlock, layer: number): readonly KeyBlock[] {
  const window = context.model.windows[layer] ?? Number.POSITIVE_INFINITY;
  const name = `${block.firstPosition} ${block.tokens.size} ${block.span.firstPosition} ${window}`;
  const known = context.shapes.get(name);
  if (known !== undefined) return known;
  const made = makeKeyBlocks(context, block, window);
  context.shapes.set(name, made);
  return made;
}

function makeKeyBlocks(context: Context, block: QueryBlock, window: number): KeyBlock[] {
  const fetched = fetchPositions(context);
  const all = keysOf(context, block, window, keyPositions(context, block, fetched));
  return all.map((keys) => ({
    index: keys.index,
    last: keys.index === all.length - 1,
    pairs: allowedPairs(context, block, keys, window),
    runs: runsOf(context, keys, fetched).map((run) => runShape(context, block, run, window)),
  }));
}

/** The positions that a block's queries see, from a whole row tile on, in pieces of `size`. */
function keysOf({ machine }: Context, block: QueryBlock, window: number, size: number): Piece[] {
  const first = Math.max(0, block.firstPosition - window + 1);
  const start = roundDown(first, machine.array.rows);
  const end = block.firstPosition + block.tokens.size;
  return pieces(end - start, size).map((piece) => ({ ...piece, start: start + piece.start }));
}

/** Pieces of some keys that are fetched together, `fetched` positions at most. */
function runsOf({ placement }: Context, keys: Piece, fetched: number): Piece[] {
  const end = keys.start + keys.size;
  const runs: Piece[] = [];
  for (let start = keys.start; start < end; ) {
    const nextRun = roundDown(start, placement.kvRunPositions) + placement.kvRunPositions;
    const size = Math.min(end, nextRun, start + fetched) - start;
    runs.push({ index: runs.length, start, size });
    start += size;
  }
  return runs;
}

function runShape(context: Context, block: QueryBlock, run: Piece, window: number): KeyRun {
  const { machine, model, residency } = context;
  const columnGroups = pieces(columnsOf(context, block), machine.array.columns);
  const rowTiles = Math.ceil(model.headDim / machine.array.rows);
  const scores = { passes: 0, passColumns: 0, rowColumns: 0 };
  const parts: (Allowed & { positions: number })[] = [];
  for (const piece of pieces(run.size, machine.array.rows)) {
    const tile = { ...piece, start: run.start + piece.start };
    const { first, groups, columns } = allowedColumns(context, block, window, tile, columnGroups);
    scores.passes += groups;
    scores.passColumns += columns;
    scores.rowColumns += tile.size * columns;
    const before = parts.at(-1);
    if (before?.groups === groups && before.first === first) before.positions += tile.size;
    else parts.push({ positions: tile.size, first, groups, columns });
  }
  const earlier = Math.max(0, Math.min(run.start + run.size, block.span.firstPosition) - run.start);
  return {
    ...run,
    fetched: residency.keyValue ? earlier : run.size,
    scores,
    parts: parts.map(({ positions, groups, columns }) => ({
      positions,
      passes: rowTiles * groups,
      passColumns: rowTiles * columns,
      rowColumns: model.headDim * columns,
    })),
  };
}

function allowedColumns(
  { model, machine }: Context,
  { firstPosition }: QueryBlock,
  window: number,
  tile: Piece,
  columnGroups: readonly Piece[],
): Allowed {
  const perPosition = model.heads / model.kvHeads;
  const queryOf = (column: number) => firstPosition + Math.floor(column / perPosition);
  const skips = machine.schedule.causalSkip === "tile";
  const seen = columnGroups.filter((group) => {
    if (!skips) return true;
    const [oldest, newest] = [queryOf(group.start), queryOf(group.start + group.size - 1)];
    return tile.start <= newest && tile.start + tile.size > oldest - window + 1;
  });
  const columns = seen.reduce((sum, group) => sum + group.size, 0);
  return { first: seen[0]?.index ?? 0, groups: seen.length, columns };
}

function allowedPairs({ model, machine }: Context, block: QueryBlock, keys: Piece, window: number): number {
  const { firstPosition, tokens } = block;
  if (machine.schedule.causalSkip === "off") return (tokens.size * keys.size * model.heads) / model.kvHeads;
  let pairs = 0;
  for (let position = firstPosition; position < firstPosition + tokens.size; position++) {
    const first = Math.max(keys.start, position - window + 1);
    pairs += Math.max(0, Math.min(position + 1, keys.start + keys.size) - first);
  }
  return (pairs * model.heads) / model.kvHeads;
}
