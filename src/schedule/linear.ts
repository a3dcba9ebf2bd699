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
import { GROUP, type Linear } from "../model.js";
import { SLICE_BITS, SLICES } from "../trace-json.js";
import type { Context } from "./context.js";
import { routerBytes, SCALE_BYTES } from "./placement.js";
import { codeBytes, type Piece, pieces } from "./tiles.js";

/** Where a linear's input comes from. */
export interface LinearInput {
  /** Number of the last Compute, Vector record that makes it. */
  compute?: number;
  vector?: number;
  /** It was spilled: its DRAM offset and its last Store record. */
  spilled?: { offset: number; store: number } | undefined;
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
}

/** One token block of a linear. */
interface Block {
  tokens: Piece;
  kTiles: Piece[];
  input: LinearInput;
  /** Runs of a re-fetched input, one a K tile, until the first row tile has used them. */
  inputRuns: number[];
  /** The input is ready, as far as the next Compute record needs to care. */
  waited: boolean;
  /** sum(x) is tapped by the first row tile. */
  tapped: boolean;
}

/** Emits the linears of these indices on all tokens of the context; calls back after each row tile. */
export function emitLinears(
  context: Context,
  indices: readonly number[],
  input: LinearInput,
  onRowTile: (output: RowTileOutput) => void,
): void {
  const inputs = context.model.linears[indices[0]].in;
  for (const tokens of pieces(context.tokens, context.blockTokens(inputs))) {
    const kTiles = pieces(inputs, context.machine.array.tileInputs);
    const inputRuns = refetchInput(context, inputs, tokens, kTiles, input);
    const block = { tokens, kTiles, input, inputRuns, waited: false, tapped: false };
    const routes = indices.map((index) => emitRoute(context, index, tokens, input));
    for (const group of leadGroups(context, indices, routes)) {
      emitGroup(context, block, group);
      for (const { linear, rows, lastCompute } of group) onRowTile({ linear, rows, tokens, compute: lastCompute });
    }
  }
}

/** Row tiles of linears that share an input alternate; `lead` of them make a group. */
function leadGroups(context: Context, indices: readonly number[], routes: number[]): RowTile[][] {
  const { model, machine, limits } = context;
  const perLinear = indices.map((index, i) => {
    const linear = model.linears[index];
    const common = { linear, index, route: routes[i], lastCompute: 0 };
    return pieces(linear.out, machine.array.rows).map((rows) => ({ ...common, rows, scaleRuns: [] as number[] }));
  });
  const tiles = perLinear[0].flatMap((_, r) => perLinear.map((rowTiles) => rowTiles[r]));
  return pieces(tiles.length, Math.max(1, limits.lead)).map(({ start, size }) => tiles.slice(start, start + size));
}

/** Brings a spilled input back, one run a K tile, into the place the schedule gave it. */
function refetchInput(context: Context, inputs: number, tokens: Piece, kTiles: Piece[], input: LinearInput): number[] {
  const { spilled } = input;
  if (spilled === undefined) return [];
  const { program, placement, limits } = context;
  return kTiles.map((k) =>
    program.fetch({
      queue: Queue.Demand,
      stream: Stream.Activations,
      bytes: tokens.size * k.size * limits.elementBytes,
      address: placement.spill(spilled.offset + (tokens.start * inputs + tokens.size * k.start) * limits.elementBytes),
      credit: 0,
      store: spilled.store,
      compute: program.emitted.computes,
    }),
  );
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

function emitGroup(context: Context, block: Block, group: RowTile[]): void {
  if (context.limits.lead === 0) {
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
  const { program, placement } = context;
  const scaleBytes = tile.rows.size * Math.ceil(k.size / GROUP) * SCALE_BYTES;
  const scaleRun = program.fetch({
    queue: Queue.Base,
    stream: Stream.Scales,
    bytes: scaleBytes,
    address: placement.scales(tile.index, tile.rows.index, k.index),
    credit: scaleBytes,
  });
  const run = fetchSlice(context, tile, k, 1);
  tile.scaleRuns[k.index] = scaleRun;
  const last = context.slices === 1;
  const columns = block.tokens.size;
  tile.lastCompute = program.compute({
    ...(block.waited ? {} : { compute: block.input.compute, vector: block.input.vector }),
    ...passOf(tile, k),
    run,
    scaleRun,
    inputRun: block.inputRuns[k.index],
    release: Release.Run | (last ? Release.ScaleRun : 0) | (block.inputRuns[k.index] ? Release.InputRun : 0),
    slice: 1,
    dequants: 2,
    passes: Math.ceil(columns / context.machine.array.columns),
    passColumns: columns,
    rowColumns: tile.rows.size * columns,
    sumAdds: !block.tapped,
  });
  block.waited = true;
  if (k.index < block.kTiles.length - 1) return;
  block.tapped = true;
  block.inputRuns = [];
}

function emitResidualSlices(context: Context, block: Block, tile: RowTile, k: Piece): void {
  const { program, slices, machine } = context;
  const columns = block.tokens.size;
  for (let slice = 2; slice <= slices; slice++) {
    const last = slice === slices;
    const ofBlock = last && tile.rows.index === lastRowTile(context, tile) && k.index === block.kTiles.length - 1;
    const run = fetchSlice(context, tile, k, slice);
    const given = {
      passes: Math.ceil(columns / machine.array.columns),
      passColumns: columns,
      rowColumns: tile.rows.size * columns,
    };
    tile.lastCompute = program.compute({
      ...passOf(tile, k),
      ...(tile.route === 0 ? given : {}),
      run,
      scaleRun: tile.scaleRuns[k.index],
      release: Release.Run | (last ? Release.ScaleRun : 0) | (ofBlock && tile.route !== 0 ? Release.Route : 0),
      route: tile.route,
      slice,
      dequants: 1,
    });
  }
}

function lastRowTile(context: Context, tile: RowTile): number {
  return Math.ceil(tile.linear.out / context.machine.array.rows) - 1;
}

function passOf(tile: RowTile, k: Piece) {
  return {
    rows: tile.rows.size,
    inputs: k.size,
    terms: SLICE_TERMS,
    codeBits: SLICE_BITS,
    group: GROUP,
    routedWeights: true,
  };
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
