//
//   The shape of causal attention: which queries go together, and which tiles of positions they run.
//
//     columns   (query position, query head of the group), in column groups of array.columns
//     rows      positions in tiles of array.rows; a tile runs for a column group iff some (query, key) pair in it is allowed,
//               or for all of them with schedule.causalSkip off
//     window    a query sees itself and window - 1 positions before it; tiles that no query of a block sees are not there
//

import { InputError } from "../errors.js";
import type { Machine } from "../hardware.js";
import type { Model } from "../model.js";
import { BYTES_PER_KIB } from "../units.js";
import type { Context, QueryBlock, Span } from "./context.js";
import type { Residency } from "./residency.js";
import { ACCUMULATOR_BYTES, type Limits, type Piece, pieces } from "./tiles.js";

/** An FP16 score. */
const SCORE_BYTES = 2;
/** Re-fetched queries lie in two places in turn. */
export const QUERY_PLACES = 2;

/** One (query block, KV head, block of positions). */
export interface Unit {
  block: QueryBlock;
  head: number;
  /** Key positions. */
  keys: Piece;
  /** Positions that a query sees, its own included. */
  window: number;
  /** No later keys for these queries. */
  last: boolean;
}

/** The spans, cut so that the results, the output and the scores of a row tile of positions fit. */
export function queryBlocksOf(
  machine: Machine,
  limits: Limits,
  model: Model,
  residency: Residency,
  spans: readonly Span[],
): QueryBlock[] {
  const most = mostQueries(machine, limits, model, residency);
  const cut = spans.flatMap((span) => pieces(span.count, most).map(({ start, size }) => ({ span, start, size })));
  return cut.map(({ span, start, size }, index) => {
    const tokens = { index, start: span.firstToken + start, size };
    return { span, firstPosition: span.firstPosition + start, tokens };
  });
}

function mostQueries(machine: Machine, limits: Limits, model: Model, residency: Residency): number {
  const output = (model.heads / model.kvHeads) * model.headDim;
  const scores = machine.array.rows * positionBytes(machine, model) + queryPlaces(limits, model, residency);
  const staging = residency.attention ? 0 : output * limits.elementBytes;
  return Math.min(
    fit(machine, "activationReserveKiB", limits.accumulatorBytes, output * ACCUMULATOR_BYTES, "results"),
    fit(machine, "activationKiB", residency.workingBytes, scores, `scores of ${machine.array.rows} positions`),
    fit(machine, "arrayStagingKiB", machine.buffers.arrayStagingKiB * BYTES_PER_KIB, staging, "output"),
  );
}

/** How often `bytes` fit `available`. */
function fit(machine: Machine, key: keyof Machine["buffers"], available: number, bytes: number, what: string): number {
  if (bytes <= available) return Math.floor(available / Math.max(1, bytes));
  const found = `buffers.${key} is ${machine.buffers[key]}`;
  throw new InputError(`${found}; the ${what} of one query's attention need ${bytes} bytes, ${available} are left`);
}

/** Score bytes of one query and position, in all units that hold theirs at a time. */
function positionBytes({ schedule }: Machine, model: Model): number {
  return (model.heads / model.kvHeads) * SCORE_BYTES * (schedule.attentionLead + 1);
}

/** Bytes that a query takes for being re-fetched. */
function queryPlaces({ elementBytes }: Limits, { heads, kvHeads, headDim }: Model, { query }: Residency): number {
  return query ? 0 : QUERY_PLACES * (heads / kvHeads) * headDim * elementBytes;
}

/** The units of a block's attention in a layer: query blocks, their KV heads, the positions they may see. */
export function unitsOf(context: Context, layer: number): Unit[] {
  const fetched = fetchPositions(context);
  const window = context.model.windows[layer] ?? Number.POSITIVE_INFINITY;
  return context.queryBlocks.flatMap((block) => {
    const keys = keysOf(context, block, window, keyPositions(context, block, fetched));
    return Array.from({ length: context.model.kvHeads }, (_, head) =>
      keys.map((piece) => ({ block, head, keys: piece, window, last: piece.index === keys.length - 1 })),
    ).flat();
  });
}

/** The positions that a block's queries see, from a whole row tile on, in pieces of `size`. */
function keysOf({ machine }: Context, block: QueryBlock, window: number, size: number): Piece[] {
  const first = Math.max(0, block.firstPosition - window + 1);
  const start = roundDown(first, machine.array.rows);
  const end = block.firstPosition + block.tokens.size;
  return pieces(end - start, size).map((piece) => ({ ...piece, start: start + piece.start }));
}

/** Positions of one K or V run: what a stripe holds, fewer if the slice buffer does not hold that beside the scales. */
export function fetchPositions({ machine, limits, placement }: Context): number {
  const scales = machine.kv.scaleBytes * (machine.schedule.attentionLead + 1);
  const { rows } = machine.array;
  const most = roundDown(limits.baseBytes / (placement.kvPitch + scales), rows);
  if (most >= rows) return Math.min(most, placement.kvRunPositions);
  const bytes = rows * (placement.kvPitch + scales);
  const found = `buffers.sliceKiB is ${machine.buffers.sliceKiB}`;
  throw new InputError(`${found}; K of ${rows} positions and the scales need ${bytes} bytes beside the reserve`);
}

/** Positions whose scores, and whose scales in the slice buffer, fit: whole runs if possible, else row tiles. */
function keyPositions(context: Context, { tokens }: QueryBlock, fetched: number): number {
  const { machine, model, limits, residency, placement } = context;
  const free = residency.workingBytes - tokens.size * queryPlaces(limits, model, residency);
  const byScores = free / (tokens.size * positionBytes(machine, model));
  const scales = machine.kv.scaleBytes * (machine.schedule.attentionLead + 1);
  const byScales = scales === 0 ? byScores : (limits.baseBytes - fetched * placement.kvPitch) / scales;
  const most = Math.min(byScores, byScales);
  return roundDown(most, most >= fetched ? fetched : machine.array.rows);
}

/** Pieces of a unit's keys that are fetched together. */
export function runsOf(context: Context, { keys }: Unit): Piece[] {
  const fetched = fetchPositions(context);
  const end = keys.start + keys.size;
  const runs: Piece[] = [];
  for (let start = keys.start; start < end; ) {
    const nextRun = roundDown(start, context.placement.kvRunPositions) + context.placement.kvRunPositions;
    const size = Math.min(end, nextRun, start + fetched) - start;
    runs.push({ index: runs.length, start, size });
    start += size;
  }
  return runs;
}

/** Query columns of a block. */
export function columnsOf({ model }: Context, { tokens }: QueryBlock): number {
  return (tokens.size * model.heads) / model.kvHeads;
}

/** Column groups, and columns in them, that may see some keys; `first`: the place of the first such group. */
export interface Allowed {
  first: number;
  groups: number;
  columns: number;
}

function allowedColumns(context: Context, { block, window }: Unit, tile: Piece): Allowed {
  const perPosition = context.model.heads / context.model.kvHeads;
  const queryOf = (column: number) => block.firstPosition + Math.floor(column / perPosition);
  const skips = context.machine.schedule.causalSkip === "tile";
  const seen = pieces(columnsOf(context, block), context.machine.array.columns).filter((group) => {
    if (!skips) return true;
    const [oldest, newest] = [queryOf(group.start), queryOf(group.start + group.size - 1)];
    return tile.start <= newest && tile.start + tile.size > oldest - window + 1;
  });
  const columns = seen.reduce((sum, group) => sum + group.size, 0);
  return { first: seen[0]?.index ?? 0, groups: seen.length, columns };
}

/** Row tiles of a run's positions, each with the columns that may see it. */
export function visibleTiles(context: Context, unit: Unit, run: Piece): (Piece & Allowed)[] {
  return pieces(run.size, context.machine.array.rows).map((piece) => {
    const tile = { ...piece, start: run.start + piece.start };
    return { ...tile, ...allowedColumns(context, unit, tile) };
  });
}

/** The same, neighbours that the same columns see put together. */
export function visibleParts(context: Context, unit: Unit, run: Piece): (Piece & Allowed)[] {
  const parts: (Piece & Allowed)[] = [];
  for (const tile of visibleTiles(context, unit, run)) {
    const before = parts.at(-1);
    if (before?.groups === tile.groups && before.first === tile.first) before.size += tile.size;
    else parts.push({ ...tile });
  }
  return parts;
}

/** (query, key) pairs of a unit that causality and window allow; all of them where nothing is skipped. */
export function allowedPairs({ model, machine }: Context, { block, keys, window }: Unit): number {
  if (machine.schedule.causalSkip === "off") return (block.tokens.size * keys.size * model.heads) / model.kvHeads;
  let pairs = 0;
  for (let q = 0; q < block.tokens.size; q++) {
    const position = block.firstPosition + q;
    const first = Math.max(keys.start, position - window + 1);
    pairs += Math.max(0, Math.min(position + 1, keys.start + keys.size) - first);
  }
  return (pairs * model.heads) / model.kvHeads;
}

function roundDown(value: number, unit: number): number {
  return Math.floor(value / unit) * unit;
}
