//
//   Causal attention of one token block, per (sequence, KV head): QK with positions as rows, softmax, PV with head dims as rows.
//
//     K runs ──► QK ──► softmax ──► P * V scale ──►┐
//     V runs ──────────────────────────────────────► PV        QK runs `attentionLead` heads ahead of PV, so that the
//     own K, V: quantised in the vector unit, used from the buffer, stored       array works while the vector unit does
//
//   Columns are (query position, query head of the group). A tile of array.rows positions runs for a column group iff some
//   (query, key) pair in it is allowed. The K scale is a row scale after the sum; the V scale is folded into P. KV codes are
//   symmetric, so there is no zero point. Scores that do not fit go in blocks of positions with an online softmax.
//

import { Pool, Queue, Release, Stream } from "../../assembly/contract.js";
import { InputError } from "../errors.js";
import type { Context, Span } from "./context.js";
import { KV_SCALE_BYTES } from "./placement.js";
import { type Piece, pieces } from "./tiles.js";

/** Terms of a KV code on this PE: centred radix-4 digits. */
const KV_TERMS: Record<number, number> = { 2: 1, 3: 2, 4: 2, 8: 4, 16: 8 };
const SOFTMAX_PASSES = 3;
const SCALE_PASSES = 1;
const RESCALE_PASSES = 1;

/** Numbers of the Vector records that make Q, K and V of the block, and what is spilled. */
export interface AttentionInput {
  query: number;
  keyValue: number;
  /** DRAM offset and last Store record of a spilled query. */
  spilledQuery?: { offset: number; store: number } | undefined;
  spilledOutput?: { offset: number } | undefined;
  layer: number;
  /** Last Store record that wrote a layer's cache of a sequence. */
  lastStore: (sequence: number) => number;
}

/** One (sequence, KV head, block of positions). */
interface Unit {
  span: Span;
  head: number;
  /** Key positions [start, start + size). */
  keys: Piece;
  blocks: number;
  scaleRuns: number[];
  /** Vector record that makes its probabilities. */
  probabilities: number;
}

/** The last Compute and Store records of the attention output. */
export function emitAttention(context: Context, input: AttentionInput): { compute: number; store: number } {
  const { model, machine } = context;
  const units: Unit[] = [];
  for (const span of context.spans) {
    for (let head = 0; head < model.kvHeads; head++) {
      const keys = pieces(span.firstPosition + span.count, scorePositions(context, span));
      for (const piece of keys) {
        units.push({ span, head, keys: piece, blocks: keys.length, scaleRuns: [], probabilities: 0 });
      }
    }
  }
  const { attentionLead } = machine.schedule;
  let store = 0;
  for (let i = 0; i < units.length + attentionLead; i++) {
    if (i < units.length) emitScores(context, input, units[i]);
    if (i >= attentionLead) store = Math.max(store, emitOutput(context, input, units[i - attentionLead]));
  }
  return { compute: context.program.emitted.computes, store };
}

/** Query heads of a group x query positions. */
function columnsOf(context: Context, span: Span): number {
  return (span.count * context.model.heads) / context.model.kvHeads;
}

/** Most key positions whose scores fit while `attentionLead` further heads hold theirs: whole KV runs, else row tiles. */
function scorePositions(context: Context, span: Span): number {
  const { machine, placement, residency, limits } = context;
  const perPosition = columnsOf(context, span) * limits.elementBytes * (machine.schedule.attentionLead + 1);
  const fit = Math.floor(residency.scoreBytes / perPosition);
  if (fit >= placement.kvRunPositions) return fit - (fit % placement.kvRunPositions);
  const { rows } = machine.array;
  if (fit >= rows) return fit - (fit % rows);
  const found = `buffers.activationKiB is ${machine.buffers.activationKiB}`;
  const need = `${perPosition * rows} bytes are needed for the attention scores of ${rows} positions`;
  throw new InputError(`${found}; ${need}, ${Math.max(0, residency.scoreBytes)} are left`);
}

/** Pieces of a unit's keys that lie in one KV run each. */
function runsOf(context: Context, { keys }: Unit): Piece[] {
  const size = context.placement.kvRunPositions;
  const first = Math.floor(keys.start / size);
  const last = Math.floor((keys.start + keys.size - 1) / size);
  return Array.from({ length: last - first + 1 }, (_, index) => {
    const start = Math.max(keys.start, (first + index) * size);
    return { index, start, size: Math.min(keys.start + keys.size, (first + index + 1) * size) - start };
  });
}

/** Columns of each column group that may see keys from `start` on. */
function allowedColumns(context: Context, span: Span, start: number): { groups: number; columns: number } {
  const perPosition = context.model.heads / context.model.kvHeads;
  const result = { groups: 0, columns: 0 };
  for (const group of pieces(columnsOf(context, span), context.machine.array.columns)) {
    const lastQuery = span.firstPosition + Math.floor((group.start + group.size - 1) / perPosition);
    if (lastQuery < start) continue;
    result.groups++;
    result.columns += group.size;
  }
  return result;
}

/** (query, key) pairs of a unit that causality allows. */
function allowedPairs(context: Context, { span, keys }: Unit): number {
  const perPosition = context.model.heads / context.model.kvHeads;
  let pairs = 0;
  for (let q = 0; q < span.count; q++) {
    pairs += Math.max(0, Math.min(span.firstPosition + q + 1, keys.start + keys.size) - keys.start);
  }
  return pairs * perPosition;
}

/** The part of a run that is in DRAM: positions before the block's own. */
function cachedPart(span: Span, run: Piece): number {
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
  const positions = cachedPart(unit.span, run);
  if (positions === 0) return 0;
  const bytes = positions * (kind === "scales" ? KV_SCALE_BYTES : placement.kvPitch);
  return program.fetch({
    queue: Queue.Base,
    stream: Stream.Kv,
    bytes,
    address: placement.cache(kind, input.layer, unit.span.sequence, unit.head, run.start),
    credit: bytes,
    store: input.lastStore(unit.span.sequence),
  });
}

function refetchQuery(context: Context, { spilledQuery }: AttentionInput, { span, head }: Unit): number {
  if (spilledQuery === undefined) return 0;
  const { program, placement, limits, model } = context;
  const bytes = columnsOf(context, span) * model.headDim * limits.elementBytes;
  return program.fetch({
    queue: Queue.Demand,
    stream: Stream.Activations,
    bytes,
    address: placement.spill(spilledQuery.offset + head * bytes),
    credit: 0,
    store: spilledQuery.store,
    compute: program.emitted.computes,
  });
}

/** QK and softmax of one unit. */
function emitScores(context: Context, input: AttentionInput, unit: Unit): void {
  const { program, model, machine } = context;
  let inputRun = refetchQuery(context, input, unit);
  for (const run of runsOf(context, unit)) {
    const scaleRun = fetchCache(context, input, unit, "scales", run);
    const keyRun = fetchCache(context, input, unit, "k", run);
    unit.scaleRuns.push(scaleRun);
    const own = cachedPart(unit.span, run) < run.size;
    program.compute({
      vector: own ? input.keyValue : input.query,
      run: keyRun,
      scaleRun,
      inputRun,
      release: (keyRun ? Release.Run : 0) | (inputRun ? Release.InputRun : 0),
      rows: Math.min(run.size, machine.array.rows),
      inputs: model.headDim,
      ...kvCodes(context),
      dequants: 1,
      ...scorePasses(context, unit.span, run),
    });
    inputRun = 0;
  }
  emitSoftmax(context, unit);
}

function kvCodes(context: Context): { terms: number; codeBits: number; group: number } {
  const { bits } = context.machine.kv;
  return { terms: KV_TERMS[bits], codeBits: bits, group: 0 };
}

/** Row tiles of positions x the column groups that may see them. */
function scorePasses(context: Context, span: Span, run: Piece) {
  const sum = { passes: 0, passColumns: 0, rowColumns: 0 };
  for (const tile of pieces(run.size, context.machine.array.rows)) {
    const { groups, columns } = allowedColumns(context, span, run.start + tile.start);
    sum.passes += groups;
    sum.passColumns += columns;
    sum.rowColumns += tile.size * columns;
  }
  return sum;
}

function emitSoftmax(context: Context, unit: Unit): void {
  const { program, model } = context;
  const elements = allowedPairs(context, unit);
  const compute = program.emitted.computes;
  program.vector({ compute, elements, passes: SOFTMAX_PASSES });
  if (unit.keys.index > 0) {
    program.vector({ elements: columnsOf(context, unit.span) * model.headDim, passes: RESCALE_PASSES });
  }
  unit.probabilities = program.vector({ elements, passes: SCALE_PASSES });
}

/** PV of one unit; the Store record of its output when that is spilled, else 0. */
function emitOutput(context: Context, input: AttentionInput, unit: Unit): number {
  const { program, model, limits } = context;
  const bytes = columnsOf(context, unit.span) * model.headDim * limits.elementBytes;
  const lastBlock = unit.keys.index === unit.blocks - 1;
  const spill = lastBlock ? input.spilledOutput : undefined;
  const runs = runsOf(context, unit);
  for (const [i, run] of runs.entries()) {
    const valueRun = fetchCache(context, input, unit, "v", run);
    const scaleRun = unit.scaleRuns[i];
    program.compute({
      vector: unit.probabilities,
      run: valueRun,
      scaleRun,
      release: (valueRun ? Release.Run : 0) | (scaleRun ? Release.ScaleRun : 0),
      rows: Math.min(model.headDim, context.machine.array.rows),
      inputs: run.size,
      ...kvCodes(context),
      dequants: 0,
      ...outputPasses(context, unit.span, run),
      stagingBytes: spill !== undefined && i === runs.length - 1 ? bytes : 0,
    });
  }
  if (spill === undefined) return 0;
  return program.store({
    compute: program.emitted.computes,
    stream: Stream.Activations,
    bytes,
    address: context.placement.spill(spill.offset + unit.head * bytes),
    pool: Pool.Array,
  });
}

/** Row tiles of head dims x the column groups that may see the run's first key. */
function outputPasses(context: Context, span: Span, run: Piece) {
  const { groups, columns } = allowedColumns(context, span, run.start);
  const rowTiles = Math.ceil(context.model.headDim / context.machine.array.rows);
  return {
    passes: rowTiles * groups,
    passColumns: rowTiles * columns,
    rowColumns: context.model.headDim * columns,
  };
}
