//
//   The passes of one row tile, in each layout of the weights (codes.ts).
//
//     slices     [scales, slice 1 ──► compute] x lead x K tiles    [slice e ──► compute] x lead x K tiles x residual slices
//     gathered   [scales, slices ──► gather the wanted ones ──► compute ──► give them back] x K tiles
//     codes      [scales, codes ──► compute] x K tiles
//

import { Queue, Release, Stream } from "../../assembly/contract.js";
import type { Machine } from "../hardware/machine.js";
import type { Linear } from "../model/model.js";
import type { Results } from "./accumulators.js";
import { scaleRunBytes, type WeightFormat } from "./codes.js";
import type { Context, Passages, TileRecords } from "./context.js";
import { computeRecord, fetchRecord } from "./records.js";
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
  /** Which of the linears that share an input. */
  turn: number;
  rows: Piece;
  /** Its linear's last one. */
  last: boolean;
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
  records: TileRecords;
  /** What was emitted for blocks like this one. */
  passages: Passages;
  /** Where the runs of a group begin: filled in for each. */
  regions: number[];
}

/** Those of a block of so many tokens, kept where there are any. */
export function tileRecords({ machine, carried }: Context, format: WeightFormat, tokens: number): TileRecords {
  const { tiles } = carried.records;
  const records = tiles.get(tokens) ?? makeTileRecords(machine, format, tokens);
  tiles.set(tokens, records);
  return records;
}

function makeTileRecords(machine: Machine, { first, residual }: WeightFormat, tokens: number): TileRecords {
  const { group } = machine.weights;
  const passes = Math.ceil(tokens / machine.array.columns);
  const whole = { slice: 1, passes, passColumns: tokens };
  return {
    scales: fetchRecord({ queue: Queue.Base, stream: Stream.Scales }),
    slice: fetchRecord({}),
    first: computeRecord({ ...first, ...whole, group, routedWeights: true }),
    residual: computeRecord({ ...residual, group, routedWeights: true }),
  };
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

function emitFirstSlice(context: Context, block: Block, tile: RowTile, k: Piece): void {
  tile.scaleRuns[k.index] = fetchScales(context, block, tile, k);
  emitFirstPass(context, block, tile, k, fetchSlice(context, block, tile, k, 1), block.format.runs === 1);
}

/** `last`: no later pass needs the scales. */
function emitFirstPass(context: Context, block: Block, tile: RowTile, k: Piece, run: number, last: boolean): void {
  const { input, waited } = block;
  const pass = block.records.first;
  const after = k.index > 0 ? 0 : takeAccumulators(context, block, tile);
  pass.compute = waited ? 0 : (input.compute ?? 0);
  pass.vector = Math.max(waited ? 0 : (input.vector ?? 0), after);
  pass.run = run;
  pass.scaleRun = tile.scaleRuns[k.index];
  pass.inputRun = block.inputRuns[k.index] ?? 0;
  pass.release = Release.Run;
  if (last && pass.scaleRun > 0) pass.release |= Release.ScaleRun;
  if (pass.inputRun > 0) pass.release |= Release.InputRun;
  pass.rows = tile.rows.size;
  pass.inputs = k.size;
  pass.rowColumns = tile.rows.size * block.tokens.size;
  pass.sumAdds = !block.tapped;
  tile.lastCompute = context.program.compute(pass);
  block.waited = true;
  if (k.index < block.kTiles.length - 1) return;
  block.tapped = true;
  block.inputRuns = [];
}

/** Room for the results of a row tile; the Vector record to wait for. */
export function takeAccumulators({ machine, carried }: Context, { groups }: Block, tile: RowTile): number {
  const { rows, columns } = machine.array;
  tile.results = carried.accumulators.take(rows * columns * groups * ACCUMULATOR_BYTES);
  return tile.results.after;
}

function emitResidualSlices(context: Context, block: Block, tile: RowTile, k: Piece): void {
  const { tokens, format, groups } = block;
  const pass = block.records.residual;
  const unrouted = tile.route === 0;
  pass.scaleRun = tile.scaleRuns[k.index];
  pass.route = tile.route;
  pass.rows = tile.rows.size;
  pass.inputs = k.size;
  pass.passes = unrouted ? groups : 0;
  pass.passColumns = unrouted ? tokens.size : 0;
  pass.rowColumns = unrouted ? tile.rows.size * tokens.size : 0;
  for (let slice = 2; slice <= format.runs; slice++) {
    pass.run = fetchSlice(context, block, tile, k, slice);
    pass.slice = slice;
    pass.release = Release.Run | routeRelease(block, tile, k, slice);
    if (slice === format.runs && pass.scaleRun > 0) pass.release |= Release.ScaleRun;
    tile.lastCompute = context.program.compute(pass);
  }
}

/** One pass when every wanted slice is there; the residual slices are held until it ends. */
function emitGathered(context: Context, block: Block, tile: RowTile, k: Piece): void {
  tile.scaleRuns[k.index] = fetchScales(context, block, tile, k);
  const runs: number[] = [];
  for (let slice = 1; slice <= block.format.runs; slice++) runs.push(fetchSlice(context, block, tile, k, slice));
  for (let slice = 2; slice <= runs.length; slice++) gather(context, tile, slice, runs[slice - 1], 0);
  emitFirstPass(context, block, tile, k, runs[0], true);
  for (let slice = 2; slice <= runs.length; slice++) {
    const release = Release.Run | routeRelease(block, tile, k, slice);
    gather(context, tile, slice, runs[slice - 1], release);
  }
}

/** A record without inputs: it waits for a slice, or gives it back. */
function gather({ program }: Context, tile: RowTile, slice: number, run: number, release: number): void {
  program.compute(computeRecord({ run, release, route: tile.route, slice, rows: tile.rows.size }));
}

/** The last record of a token block that names its route releases it. */
function routeRelease({ kTiles, format }: Block, tile: RowTile, k: Piece, slice: number): number {
  if (tile.route === 0 || slice < format.runs || k.index < kTiles.length - 1) return 0;
  return tile.last ? Release.Route : 0;
}

/** The scales of a tile, and biases with its first K tile; 0 where there is nothing to fetch. */
function fetchScales({ program, placement, machine }: Context, { records }: Block, tile: RowTile, k: Piece): number {
  const { scales } = records;
  scales.bytes = scales.credit = scaleRunBytes(machine, tile.linear, tile.rows.size, k.size, k.index === 0);
  if (scales.bytes === 0) return 0;
  scales.address = placement.scales(tile.index, tile.rows.index, k.index);
  return program.fetch(scales);
}

/** Slice 1, or all of the codes, is prefetched; residual slices wait for their route. */
function fetchSlice(context: Context, block: Block, tile: RowTile, k: Piece, slice: number): number {
  const first = slice === 1;
  const run = block.records.slice;
  run.queue = first ? Queue.Base : Queue.Demand;
  run.stream = Stream.Slice1 + slice - 1;
  run.bytes = run.credit = codeBytes(tile.rows.size * k.size, block.format.runBits);
  run.address = context.placement.slice(tile.index, slice, tile.rows.index, k.index);
  run.route = first ? 0 : tile.route;
  run.slice = first ? 0 : slice;
  return context.program.fetch(run);
}
