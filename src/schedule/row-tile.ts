//
//   The passes of one row tile, in each layout of the weights (codes.ts).
//
//     slices     [scales, slice 1 ──► compute] x lead x K tiles    [slice e ──► compute] x lead x K tiles x residual slices
//     gathered   [scales, slices ──► gather the wanted ones ──► compute ──► give them back] x K tiles
//     codes      [scales, codes ──► compute] x K tiles
//

import { Queue, Release, Stream } from "../../assembly/contract.js";
import type { Linear } from "../model.js";
import type { Results } from "./accumulators.js";
import { scaleRunBytes, type WeightFormat } from "./codes.js";
import type { Context } from "./context.js";
import type { SpilledTensor } from "./spill.js";
import { ACCUMULATOR_BYTES, codeBytes, type Piece } from "./tiles.js";

/** Where a linear's input comes from. */
export interface LinearInput {
  /** Number of the last Compute, Vector record that makes it. */
  compute?: number;
  vector?: number;
  /** It was spilled: where, and its last Store record. */
  spilled?: { tensor: SpilledTensor; store: number } | undefined;
  /** An earlier linear had the same input: its sum(x) is there. */
  summed?: boolean;
}

/** One row tile on its way through its slices. */
export interface RowTile {
  linear: Linear;
  index: number;
  rows: Piece;
  route: number;
  scaleRuns: number[];
  lastCompute: number;
  results: Results | null;
}

/** One token block of a linear. */
export interface Block {
  tokens: Piece;
  format: WeightFormat;
  /** Column groups of its tokens. */
  groups: number;
  kTiles: Piece[];
  input: LinearInput;
  /** Runs of a re-fetched input, one a K tile, until the first row tile has used them. */
  inputRuns: number[];
  /** The input is ready, as far as the next Compute record needs to care. */
  waited: boolean;
  /** sum(x) is tapped by the first row tile. */
  tapped: boolean;
}

/** Emits a group of row tiles; with a lead, their first slices run before their residual ones. */
export function emitGroup(context: Context, block: Block, group: RowTile[], lead: number): void {
  if (block.format.gathered) {
    for (const tile of group) for (const k of block.kTiles) emitGathered(context, block, tile, k);
    return;
  }
  if (lead === 0) {
    for (const tile of group) {
      for (const k of block.kTiles) {
        emitFirstSlice(context, block, tile, k);
        emitResidualSlices(context, block, tile, k);
      }
    }
    return;
  }
  for (const tile of group) for (const k of block.kTiles) emitFirstSlice(context, block, tile, k);
  for (const tile of group) for (const k of block.kTiles) emitResidualSlices(context, block, tile, k);
}

// The records of a tile are most of a program: plain literals, because spreading objects costs more than the rest.

function emitFirstSlice(context: Context, block: Block, tile: RowTile, k: Piece): void {
  tile.scaleRuns[k.index] = fetchScales(context, tile, k);
  emitFirstPass(context, block, tile, k, fetchSlice(context, block, tile, k, 1), block.format.runs === 1);
}

/** `last`: no later pass needs the scales. */
function emitFirstPass(context: Context, block: Block, tile: RowTile, k: Piece, run: number, last: boolean): void {
  const { program, machine } = context;
  const { input, waited, groups, tokens } = block;
  const { terms, codeBits, dequants } = block.format.first;
  const scaleRun = tile.scaleRuns[k.index];
  const inputRun = block.inputRuns[k.index] ?? 0;
  const after = k.index > 0 ? 0 : takeAccumulators(context, block, tile);
  tile.lastCompute = program.compute({
    compute: waited ? 0 : input.compute,
    vector: Math.max(waited ? 0 : (input.vector ?? 0), after),
    run,
    scaleRun,
    inputRun,
    release: Release.Run | (last && scaleRun > 0 ? Release.ScaleRun : 0) | (inputRun > 0 ? Release.InputRun : 0),
    slice: 1,
    rows: tile.rows.size,
    inputs: k.size,
    terms,
    codeBits,
    group: machine.weights.group,
    dequants,
    passes: groups,
    passColumns: tokens.size,
    rowColumns: tile.rows.size * tokens.size,
    sumAdds: !block.tapped,
    routedWeights: true,
  });
  block.waited = true;
  if (k.index < block.kTiles.length - 1) return;
  block.tapped = true;
  block.inputRuns = [];
}

/** Room for the results of a row tile; the Vector record to wait for. */
function takeAccumulators({ machine, carried }: Context, { groups }: Block, tile: RowTile): number {
  const { rows, columns } = machine.array;
  const { results, after } = carried.accumulators.take(rows * columns * groups * ACCUMULATOR_BYTES);
  tile.results = results;
  return after;
}

function emitResidualSlices(context: Context, block: Block, tile: RowTile, k: Piece): void {
  const { program, machine } = context;
  const { groups, tokens, format } = block;
  const { terms, codeBits, dequants } = format.residual;
  const unrouted = tile.route === 0;
  const scaleRun = tile.scaleRuns[k.index];
  for (let slice = 2; slice <= format.runs; slice++) {
    const run = fetchSlice(context, block, tile, k, slice);
    const ofTile = slice === format.runs && scaleRun > 0 ? Release.ScaleRun : 0;
    const ofBlock = routeRelease(context, block, tile, k, slice);
    tile.lastCompute = program.compute({
      run,
      scaleRun,
      release: Release.Run | ofTile | ofBlock,
      route: tile.route,
      slice,
      rows: tile.rows.size,
      inputs: k.size,
      terms,
      codeBits,
      group: machine.weights.group,
      dequants,
      passes: unrouted ? groups : 0,
      passColumns: unrouted ? tokens.size : 0,
      rowColumns: unrouted ? tile.rows.size * tokens.size : 0,
      routedWeights: true,
    });
  }
}

/** One pass when every wanted slice is there; the residual slices are held until it ends. */
function emitGathered(context: Context, block: Block, tile: RowTile, k: Piece): void {
  tile.scaleRuns[k.index] = fetchScales(context, tile, k);
  const runs: number[] = [];
  for (let slice = 1; slice <= block.format.runs; slice++) runs.push(fetchSlice(context, block, tile, k, slice));
  for (let slice = 2; slice <= runs.length; slice++) gather(context, tile, slice, runs[slice - 1], 0);
  emitFirstPass(context, block, tile, k, runs[0], true);
  for (let slice = 2; slice <= runs.length; slice++) {
    const release = Release.Run | routeRelease(context, block, tile, k, slice);
    gather(context, tile, slice, runs[slice - 1], release);
  }
}

/** A record without inputs: it waits for a slice, or gives it back. */
function gather({ program }: Context, tile: RowTile, slice: number, run: number, release: number): void {
  const nothing = { rows: tile.rows.size, inputs: 0, terms: 0, codeBits: 0, group: 0, dequants: 0 };
  program.compute({ run, release, route: tile.route, slice, ...nothing });
}

/** The last record of a token block that names its route releases it. */
function routeRelease({ machine }: Context, { kTiles, format }: Block, tile: RowTile, k: Piece, slice: number): number {
  if (tile.route === 0 || slice < format.runs || k.index < kTiles.length - 1) return 0;
  return tile.rows.index === Math.ceil(tile.linear.out / machine.array.rows) - 1 ? Release.Route : 0;
}

/** The scales of a tile, and biases with its first K tile; 0 where there is nothing to fetch. */
function fetchScales({ program, placement, machine }: Context, tile: RowTile, k: Piece): number {
  const bytes = scaleRunBytes(machine, tile.linear, tile.rows.size, k.size, k.index === 0);
  if (bytes === 0) return 0;
  const address = placement.scales(tile.index, tile.rows.index, k.index);
  return program.fetch({ queue: Queue.Base, stream: Stream.Scales, bytes, address, credit: bytes });
}

/** Slice 1, or all of the codes, is prefetched; residual slices wait for their route. */
function fetchSlice(context: Context, { format }: Block, tile: RowTile, k: Piece, slice: number): number {
  const bytes = codeBytes(tile.rows.size * k.size, format.runBits);
  const first = slice === 1;
  return context.program.fetch({
    queue: first ? Queue.Base : Queue.Demand,
    stream: Stream.Slice1 + slice - 1,
    bytes,
    address: context.placement.slice(tile.index, slice, tile.rows.index, k.index),
    credit: bytes,
    route: first ? 0 : tile.route,
    slice: first ? 0 : slice,
  });
}
