//
//   A linear layer (or two with the same input, interleaved) as work records.
//
//   Nest: token block > row tile > K tile > slice ascending > column group. Slice 1 of `lead` row tiles runs first, then their
//   residual slices: that lead is what hides the router. With lead 0 the residual slices of a tile follow its slice 1 at once.
//
//     route?   [row tile] x lead ...        what a row tile is: row-tile.ts
//
//   A spilled input is re-fetched once per token block; the router reads it on its way out, not again.
//

import { Queue, Stream } from "../../assembly/contract.js";
import { InputError } from "../basics/errors.js";
import type { Linear } from "../model/model.js";
import type { Results } from "./accumulators.js";
import { scaleRunBytes, type WeightFormat, weightFormat } from "./codes.js";
import type { Context } from "./context.js";
import { emitPassage, passagesOf } from "./passage.js";
import { routerBytes } from "./placement.js";
import { fetchRecord, routeRecord } from "./records.js";
import { type LinearInput, type RowTile, tileRecords } from "./row-tile.js";
import { codeBytes, type Piece, pieces } from "./tiles.js";

/** What is ready when a row tile is: the last Compute record of its rows, for the tokens of one token block. */
export interface RowTileOutput {
  linear: Linear;
  rows: Piece;
  tokens: Piece;
  compute: number;
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
  const format = weightFormat(context.machine, context.slices);
  for (const tokens of pieces(context.tokens, context.blockTokens(inputs))) {
    const kTiles = pieces(inputs, context.machine.array.tileInputs);
    const tapped = (input.summed ?? false) || !format.sums;
    const inputRuns = refetchInput(context, tokens, kTiles, input);
    const groups = Math.ceil(tokens.size / context.machine.array.columns);
    const records = tileRecords(context, format, tokens.size);
    const lead = leadOf(context, indices, kTiles, format);
    const passages = passagesOf(context, nameOf(context, indices, tokens, lead));
    const state = { waited: false, tapped, regions: [] };
    const block = { tokens, format, groups, kTiles, input, inputRuns, records, passages, ...state };
    const routes = indices.map((index) => emitRoute(context, index, tokens, input));
    let unread: Results[] = [];
    for (const group of leadGroups(context, indices, routes, lead)) {
      emitPassage(context, block, group, indices.length, lead);
      for (const { linear, rows, lastCompute, results } of group) {
        if (results !== null) unread.push(results);
        const reader = onRowTile({ linear, rows, tokens, compute: lastCompute });
        for (const each of unread) each.reader = reader;
        if (reader > 0) unread = [];
      }
    }
  }
}

/** What the records of a token block depend on, beside addresses and waits. */
function nameOf({ model }: Context, indices: readonly number[], { size }: Piece, lead: number): string {
  const shapes = indices.map((index) => {
    const { in: inputs, out, bias } = model.linears[index];
    return `${inputs} ${out} ${bias}`;
  });
  return `${size} ${lead} ${shapes.join(" ")}`;
}

/** The lead, cut to what the slice buffer and the run table hold: a scale run stays until the last slice of its tile. */
function leadOf(context: Context, indices: readonly number[], kTiles: Piece[], { runBits }: WeightFormat): number {
  const { machine, limits, model } = context;
  const { rows, tileInputs } = machine.array;
  const linears = indices.map((index) => model.linears[index]);
  const kTile = Math.min(linears[0].in, tileInputs);
  const scales = Math.max(...linears.map((linear) => scaleRunBytes(machine, linear, rows, kTile, true)));
  const slice = codeBytes(rows * kTile, runBits);
  if (scales + slice > limits.baseBytes) {
    const found = `buffers.sliceKiB is ${machine.buffers.sliceKiB}`;
    throw new InputError(
      `${found}; the first run and the scales of a tile need ${scales + slice} bytes beside the reserve`,
    );
  }
  const byBytes = Math.floor((limits.baseBytes - slice) / (scales * kTiles.length));
  const entries = machine.sequencer.runTableEntries - context.slices - kTiles.length;
  const byEntries = Math.floor(entries / (2 * kTiles.length));
  return Math.max(0, Math.min(limits.lead, byBytes, byEntries));
}

/** Row tiles of linears that share an input alternate; `lead` of them make a group. */
function* leadGroups(
  { model, machine }: Context,
  indices: readonly number[],
  routes: readonly number[],
  lead: number,
): Generator<RowTile[]> {
  const linears = indices.map((index) => model.linears[index]);
  const rowTiles = linears.map(({ out }) => pieces(out, machine.array.rows));
  const count = indices.length * rowTiles[0].length;
  const tileOf = (n: number): RowTile => {
    const turn = n % indices.length;
    const rows = rowTiles[turn][Math.floor(n / indices.length)];
    return {
      linear: linears[turn],
      index: indices[turn],
      turn,
      rows,
      last: rows.index === rowTiles[turn].length - 1,
      route: routes[turn],
      scaleRuns: [],
      lastCompute: 0,
      results: null,
    };
  };
  for (const { start, size } of pieces(count, Math.max(1, lead))) {
    const group: RowTile[] = [];
    for (let n = start; n < start + size; n++) group.push(tileOf(n));
    yield group;
  }
}

/** Brings a spilled input back, one run a K tile, into the place the schedule gave it. */
function refetchInput({ program }: Context, tokens: Piece, kTiles: Piece[], { spilled }: LinearInput): number[] {
  if (spilled === undefined) return [];
  return kTiles.map((k) => {
    const { address, bytes } = spilled.tensor.run(tokens.index, k.index);
    const run = fetchRecord({ queue: Queue.Demand, stream: Stream.Activations, bytes, address });
    run.store = spilled.store;
    run.compute = program.emitted.computes;
    return program.fetch(run);
  });
}

function emitRoute(context: Context, index: number, tokens: Piece, input: LinearInput): number {
  const { program, placement, machine, plan, model } = context;
  if (!plan.routed) return 0;
  const linear = model.linears[index];
  const bytes = routerBytes(machine, linear);
  const address = placement.linears[index].router;
  const weights = fetchRecord({ queue: Queue.Base, stream: Stream.Router, bytes, address, credit: bytes });
  const run = machine.router.weights === "fetched" ? program.fetch(weights) : 0;
  const { compute = 0, vector = 0 } = input;
  const depths = context.depths(index, tokens);
  return program.route(routeRecord({ compute, vector, inputs: linear.in, depths, run }));
}
