//
//   Causal attention of one token block, per (query block, KV head): QK with positions as rows, softmax, PV with head dims
//   as rows.
//
//     K runs ──► QK ──► softmax ──► P * V scale ──►┐
//     V runs ──────────────────────────────────────► PV        QK runs `attentionLead` units ahead of PV, so that the
//     own K, V: in the activation buffer, if they fit          array works while the vector unit does
//
//   The K scale is a row scale after the sum; the V scale is folded into P. KV codes are symmetric, so there is no zero
//   point. Scores that do not fit go in blocks of positions with an online softmax. Soft-capped scores take one pass more.
//

import { Pool, Queue, Release, Stream } from "../../assembly/contract.js";
import {
  allowedPairs,
  columnsOf,
  QUERY_PLACES,
  runsOf,
  type Unit as Shape,
  unitsOf,
  visibleParts,
  visibleTiles,
} from "./causal.js";
import { codePass } from "./codes.js";
import type { Context, QueryBlock } from "./context.js";
import { ACCUMULATOR_BYTES, type Piece } from "./tiles.js";

const PASSES = { softcap: 1, softmax: 3, scale: 1, rescale: 1 };

export interface AttentionInput {
  layer: number;
  /** Vector records that make Q, and K and V, of the block. */
  query: number;
  keyValue: number;
  /** Last Store record of a spilled query. */
  queryStore: number;
  /** Last Store record that wrote what is fetched from the cache of a sequence. */
  cacheStore: (sequence: number) => number;
}

interface Unit extends Shape {
  scaleRuns: number[];
  /** Last Compute record of its scores. */
  scored: number;
  /** Vector record that makes its probabilities. */
  probabilities: number;
}

/** The last Compute and Store records of the attention output. */
export function emitAttention(context: Context, input: AttentionInput): { compute: number; store: number } {
  const units = unitsOf(context, input.layer).map((shape) => ({
    ...shape,
    scaleRuns: [],
    scored: 0,
    probabilities: 0,
  }));
  const { attentionLead } = context.machine.schedule;
  /** Last QK of the queries that lie, or lay, in each place of re-fetched ones. */
  const places = new Array<number>(QUERY_PLACES).fill(0);
  let last = { compute: 0, store: 0 };
  for (let i = 0; i < units.length + attentionLead; i++) {
    if (i < units.length) emitScores(context, input, units[i], places);
    if (i >= attentionLead) last = emitOutput(context, input, units[i - attentionLead], last);
  }
  return last;
}

/** The part of a run that is fetched: all of it, or the positions before the block's own. */
function fetchedPart({ residency }: Context, { span }: QueryBlock, run: Piece): number {
  if (!residency.keyValue) return run.size;
  return Math.max(0, Math.min(run.start + run.size, span.firstPosition) - run.start);
}

function fetchCache(
  context: Context,
  input: AttentionInput,
  unit: Unit,
  kind: "k" | "v" | "scales",
  run: Piece,
): number {
  const { program, placement } = context;
  const bytes = fetchedPart(context, unit.block, run) * placement.pitch(kind);
  if (bytes === 0) return 0;
  const { sequence } = unit.block.span;
  return program.fetch({
    queue: Queue.Base,
    stream: Stream.Kv,
    bytes,
    address: placement.cache(kind, input.layer, sequence, unit.head, run.start),
    credit: bytes,
    store: input.cacheStore(sequence),
  });
}

/** Brings the queries of a unit back, once for all its keys, when the place they go to is free. */
function refetchQuery(context: Context, input: AttentionInput, { block, head, keys }: Unit, places: number[]): number {
  const { program, residency, spill } = context;
  if (residency.query || keys.index > 0) return 0;
  places.unshift(places.pop() ?? 0);
  const { address, bytes } = spill.query.run(block.tokens.index, head);
  const run = { queue: Queue.Demand, stream: Stream.Activations, bytes, address, credit: 0 };
  return program.fetch({ ...run, store: input.queryStore, compute: places[0] });
}

/** QK and softmax of one unit. */
function emitScores(context: Context, input: AttentionInput, unit: Unit, places: number[]): void {
  const { program, model, machine } = context;
  let inputRun = refetchQuery(context, input, unit, places);
  for (const run of runsOf(context, unit)) {
    const scaleRun = fetchCache(context, input, unit, "scales", run);
    const keyRun = fetchCache(context, input, unit, "k", run);
    unit.scaleRuns.push(scaleRun);
    const own = fetchedPart(context, unit.block, run) < run.size;
    unit.scored = program.compute({
      vector: own ? input.keyValue : input.query,
      run: keyRun,
      scaleRun,
      inputRun,
      release: (keyRun ? Release.Run : 0) | (inputRun ? Release.InputRun : 0),
      rows: Math.min(run.size, machine.array.rows),
      inputs: model.headDim,
      ...kvCodes(context, 1),
      ...scorePasses(context, unit, run),
    });
    inputRun = 0;
  }
  places[0] = unit.scored;
  emitSoftmax(context, unit);
}

/** `scales`: dequantizations at the end of a row, where there are scales. */
function kvCodes({ machine }: Context, scales: number) {
  const { bits, scaleBytes } = machine.kv;
  return { ...codePass(machine, bits, scaleBytes > 0 ? scales : 0), group: 0 };
}

/** Row tiles of positions x the column groups that may see them. */
function scorePasses(context: Context, unit: Unit, run: Piece) {
  const sum = { passes: 0, passColumns: 0, rowColumns: 0 };
  for (const { size, groups, columns } of visibleTiles(context, unit, run)) {
    sum.passes += groups;
    sum.passColumns += columns;
    sum.rowColumns += size * columns;
  }
  return sum;
}

function emitSoftmax(context: Context, unit: Unit): void {
  const { program, model, machine } = context;
  const elements = allowedPairs(context, unit);
  const softcap = model.softcaps.attention === null ? 0 : PASSES.softcap;
  unit.probabilities = program.vector({ compute: unit.scored, elements, passes: softcap + PASSES.softmax });
  if (machine.kv.scaleBytes > 0) unit.probabilities = program.vector({ elements, passes: PASSES.scale });
}

/** PV of one unit: its last Compute record, and the Store record of its output when that is spilled. */
function emitOutput(context: Context, input: AttentionInput, unit: Unit, before: { compute: number; store: number }) {
  const { program, model, limits, residency, spill } = context;
  const outputs = columnsOf(context, unit.block) * model.headDim;
  const vector = startOfOutput(context, unit, outputs, before.compute);
  const spilled = unit.last && !residency.attention;
  const runs = runsOf(context, unit);
  let compute = 0;
  for (const [i, run] of runs.entries()) {
    const valueRun = fetchCache(context, input, unit, "v", run);
    const scaleRun = unit.scaleRuns[i];
    const parts = visibleParts(context, unit, run);
    for (const [j, part] of parts.entries()) {
      const lastPart = j === parts.length - 1;
      const lastOfUnit = lastPart && i === runs.length - 1;
      compute = program.compute({
        vector,
        run: valueRun,
        scaleRun,
        release: lastPart ? (valueRun ? Release.Run : 0) | (scaleRun ? Release.ScaleRun : 0) : 0,
        rows: Math.min(model.headDim, context.machine.array.rows),
        inputs: part.size,
        ...kvCodes(context, 0),
        ...outputPasses(context, part),
        stagingBytes: spilled && lastOfUnit ? outputs * limits.elementBytes : 0,
      });
    }
  }
  if (!spilled) return { compute, store: before.store };
  const features = spill.query.runs[unit.head];
  let store = 0;
  for (const { address, bytes } of spill.attention.parts(features, unit.block.tokens)) {
    store = program.store({ compute, stream: Stream.Activations, bytes, address, pool: Pool.Array });
  }
  return { compute, store };
}

/** The Vector record that PV waits for; the output so far is rescaled to the new maximum first. */
function startOfOutput({ program, carried }: Context, unit: Unit, outputs: number, compute: number): number {
  if (unit.keys.index > 0) return program.vector({ compute, elements: outputs, passes: PASSES.rescale });
  const { results } = carried.accumulators.take(outputs * ACCUMULATOR_BYTES);
  results.reader = unit.probabilities;
  return unit.probabilities;
}

/** Row tiles of head dims x the column groups that may see the positions. */
function outputPasses({ model, machine }: Context, { groups, columns }: { groups: number; columns: number }) {
  const rowTiles = Math.ceil(model.headDim / machine.array.rows);
  return { passes: rowTiles * groups, passColumns: rowTiles * columns, rowColumns: model.headDim * columns };
}
