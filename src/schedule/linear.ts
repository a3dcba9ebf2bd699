//
//   A linear layer (or two with the same input, interleaved) as work records.
//
//   Nest: token block > row tile > K tile > slice ascending > column group. Slice 1 of `lead` row tiles runs first, then their
//   residual slices: that lead is what hides the router. With lead 0 the residual slices of a tile follow its slice 1 at once.
//
//     route?   [scales, slice 1 ──► compute] x lead x K tiles    [slice e ──► compute] x lead x K tiles x residual slices
//
//   A spilled input is re-fetched once per token block; the router reads it on its way out, not again.
//

import { Queue, Release, Stream } from "../../assembly/contract.js";
import { InputError } from "../errors.js";
import { GROUP, type Linear } from "../model.js";
import { SLICE_BITS, SLICES } from "../trace-json.js";
import type { Results } from "./accumulators.js";
import type { Context } from "./context.js";
import { biasBytes, routerBytes, SCALE_BYTES } from "./placement.js";
import type { SpilledTensor } from "./spill.js";
import { ACCUMULATOR_BYTES, codeBytes, type Piece, pieces } from "./tiles.js";

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

/** What is ready when a row tile is: the last Compute record of its rows, for the tokens of one token block. */
export interface RowTileOutput {
  linear: Linear;
  rows: Piece;
  tokens: Piece;
  compute: number;
}

/** One term a lane-cycle: the centred digits of a 2-bit slice. */
const SLICE_TERMS = 1;

/** One row tile on its way through its slices. */
interface RowTile {
  linear: Linear;
  index: number;
  rows: Piece;
  route: number;
  scaleRuns: number[];
  lastCompute: number;
  results: Results | null;
}

/** One token block of a linear. */
interface Block {
  tokens: Piece;
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

/** Emits what uses a row tile; the Vector record that reads its results, 0 if the one of the next row tile does. */
export type OnRowTile = (output: RowTileOutput) => number;

/** Emits the linears of these indices on all tokens of the context; calls back after each row tile. */
export function emitLinears(
  context: Context,
  indices: readonly number[],
  input: LinearInput,
  onRowTile: OnRowTile,
): void {
  const inputs = context.model.linears[indices[0]].in;
  for (const tokens of pieces(context.tokens, context.blockTokens(inputs))) {
    const kTiles = pieces(inputs, context.machine.array.tileInputs);
    const inputRuns = refetchInput(context, tokens, kTiles, input);
    const groups = Math.ceil(tokens.size / context.machine.array.columns);
    const block = { tokens, groups, kTiles, input, inputRuns, waited: false, tapped: input.summed ?? false };
    const routes = indices.map((index) => emitRoute(context, index, tokens, input));
    const lead = leadOf(context, indices, kTiles);
    let unread: Results[] = [];
    for (const group of leadGroups(context, indices, routes, lead)) {
      emitGroup(context, block, group, lead);
      for (const { linear, rows, lastCompute, results } of group) {
        if (results !== null) unread.push(results);
        const reader = onRowTile({ linear, rows, tokens, compute: lastCompute });
        for (const each of unread) each.reader = reader;
        if (reader > 0) unread = [];
      }
    }
  }
}

/** The lead, cut to what the slice buffer and the run table hold: a scale run stays until the last slice of its tile. */
function leadOf(context: Context, indices: readonly number[], kTiles: Piece[]): number {
  const { machine, limits, model } = context;
  const linears = indices.map((index) => model.linears[index]);
  const { rows, tileInputs } = machine.array;
  const kTile = Math.min(linears[0].in, tileInputs);
  const biases = Math.max(...linears.map((linear) => biasBytes(linear, rows)));
  const [scales, slice] = [scaleBytes(rows, kTile) + biases, codeBytes(rows * kTile, SLICE_BITS)];
  if (scales + slice > limits.baseBytes) {
    const found = `buffers.sliceKiB is ${machine.buffers.sliceKiB}`;
    throw new InputError(`${found}; slice 1 and scales of a tile need ${scales + slice} bytes beside the reserve`);
  }
  const byBytes = Math.floor((limits.baseBytes - slice) / (scales * kTiles.length));
  const entries = machine.sequencer.runTableEntries - context.slices - kTiles.length;
  const byEntries = Math.floor(entries / (2 * kTiles.length));
  return Math.max(0, Math.min(limits.lead, byBytes, byEntries));
}

/** Row tiles of linears that share an input alternate; `lead` of them make a group. */
function leadGroups(context: Context, indices: readonly number[], routes: number[], lead: number): RowTile[][] {
  const { model, machine } = context;
  const perLinear = indices.map((index, i) => {
    const linear = model.linears[index];
    const common = { linear, index, route: routes[i], lastCompute: 0, results: null };
    return pieces(linear.out, machine.array.rows).map((rows) => ({ ...common, rows, scaleRuns: [] as number[] }));
  });
  const tiles = perLinear[0].flatMap((_, r) => perLinear.map((rowTiles) => rowTiles[r]));
  return pieces(tiles.length, Math.max(1, lead)).map(({ start, size }) => tiles.slice(start, start + size));
}

/** Brings a spilled input back, one run a K tile, into the place the schedule gave it. */
function refetchInput({ program }: Context, tokens: Piece, kTiles: Piece[], { spilled }: LinearInput): number[] {
  if (spilled === undefined) return [];
  return kTiles.map((k) => {
    const { address, bytes } = spilled.tensor.run(tokens.index, k.index);
    return program.fetch({
      queue: Queue.Demand,
      stream: Stream.Activations,
      bytes,
      address,
      credit: 0,
      store: spilled.store,
      compute: program.emitted.computes,
    });
  });
}

function emitRoute(context: Context, index: number, tokens: Piece, input: LinearInput): number {
  const { program, placement, machine, plan, model } = context;
  if (!plan.routed) return 0;
  const linear = model.linears[index];
  const bytes = routerBytes(machine, linear);
  const address = placement.linears[index].router;
  const weights = { queue: Queue.Base, stream: Stream.Router, bytes, address, credit: bytes };
  const run = machine.router.weights === "fetched" ? program.fetch(weights) : 0;
  const { compute, vector } = input;
  return program.route({ compute, vector, inputs: linear.in, depths: context.depths(index, tokens), run });
}

function emitGroup(context: Context, block: Block, group: RowTile[], lead: number): void {
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
  const { program } = context;
  const { input, waited, groups, tokens } = block;
  const scaleRun = fetchScales(context, tile, k);
  const run = fetchSlice(context, tile, k, 1);
  const inputRun = block.inputRuns[k.index] ?? 0;
  tile.scaleRuns[k.index] = scaleRun;
  const after = k.index > 0 ? 0 : takeAccumulators(context, block, tile);
  tile.lastCompute = program.compute({
    compute: waited ? 0 : input.compute,
    vector: Math.max(waited ? 0 : (input.vector ?? 0), after),
    run,
    scaleRun,
    inputRun,
    release: Release.Run | (context.slices === 1 ? Release.ScaleRun : 0) | (inputRun > 0 ? Release.InputRun : 0),
    slice: 1,
    rows: tile.rows.size,
    inputs: k.size,
    terms: SLICE_TERMS,
    codeBits: SLICE_BITS,
    group: GROUP,
    dequants: 2,
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
  const { program, slices } = context;
  const { groups, tokens } = block;
  const unrouted = tile.route === 0;
  const lastTile = tile.rows.index === lastRowTile(context, tile) && k.index === block.kTiles.length - 1;
  for (let slice = 2; slice <= slices; slice++) {
    const last = slice === slices;
    const run = fetchSlice(context, tile, k, slice);
    const ofTile = last ? Release.ScaleRun : 0;
    const ofBlock = last && lastTile && !unrouted ? Release.Route : 0;
    tile.lastCompute = program.compute({
      run,
      scaleRun: tile.scaleRuns[k.index],
      release: Release.Run | ofTile | ofBlock,
      route: tile.route,
      slice,
      rows: tile.rows.size,
      inputs: k.size,
      terms: SLICE_TERMS,
      codeBits: SLICE_BITS,
      group: GROUP,
      dequants: 1,
      passes: unrouted ? groups : 0,
      passColumns: unrouted ? tokens.size : 0,
      rowColumns: unrouted ? tile.rows.size * tokens.size : 0,
      routedWeights: true,
    });
  }
}

function lastRowTile(context: Context, tile: RowTile): number {
  return Math.ceil(tile.linear.out / context.machine.array.rows) - 1;
}

function scaleBytes(rows: number, inputs: number): number {
  return rows * Math.ceil(inputs / GROUP) * SCALE_BYTES;
}

function fetchScales({ program, placement }: Context, tile: RowTile, k: Piece): number {
  const biases = k.index === 0 ? biasBytes(tile.linear, tile.rows.size) : 0;
  const bytes = scaleBytes(tile.rows.size, k.size) + biases;
  const address = placement.scales(tile.index, tile.rows.index, k.index);
  return program.fetch({ queue: Queue.Base, stream: Stream.Scales, bytes, address, credit: bytes });
}

/** Slice 1 is prefetched; residual slices wait for their route. */
function fetchSlice(context: Context, tile: RowTile, k: Piece, slice: number): number {
  const bytes = codeBytes(tile.rows.size * k.size, SLICE_BITS);
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

/** Slices that a run may need at most: all of them with a router, k of a constant plan. */
export function slicesOf(plan: { routed: boolean; slices?: number }): number {
  return plan.routed ? SLICES : (plan.slices ?? SLICES);
}
