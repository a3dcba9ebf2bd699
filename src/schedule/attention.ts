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
import { columnsOf, keyBlocksOf } from "./causal.js";
import { codePass } from "./codes.js";
import type { Context, KeyBlock, KeyRun, Passes, QueryBlock } from "./context.js";
import { QUERY_PLACES } from "./query-blocks.js";
import {
  type ComputeRecord,
  computeRecord,
  fetchRecord,
  storeRecord,
  type VectorRecord,
  vectorRecord,
} from "./records.js";
import { ACCUMULATOR_BYTES } from "./tiles.js";

const PASSES = { softcap: 1, softmax: 3, scale: 1, rescale: 1 };

interface AttentionInput {
  layer: number;
  /** Vector records that make Q, and K and V, of the block. */
  query: number;
  keyValue: number;
  /** Last Store record of a spilled query. */
  queryStore: number;
  /** Last Store record that wrote what is fetched from the cache of a sequence. */
  cacheStore: (sequence: number) => number;
}

/** One (query block, KV head, block of positions). */
interface Unit {
  block: QueryBlock;
  head: number;
  keys: KeyBlock;
  scaleRuns: number[];
  /** Last Compute record of its scores. */
  scored: number;
  /** Vector record that makes its probabilities. */
  probabilities: number;
}

/** The last Compute and Store records of the attention output. */
export function emitAttention(context: Context, input: AttentionInput): { compute: number; store: number } {
  return new Attention(context, input).emit();
}

/** Attention of a layer on a token block, with the records that it fills in again and again. */
class Attention {
  /** Last Compute and Store records of the output. */
  private last = { compute: 0, store: 0 };
  /** Last QK of the queries that lie, or lay, in each place of re-fetched ones. */
  private readonly places = new Array<number>(QUERY_PLACES).fill(0);
  private readonly scoring: ComputeRecord;
  private readonly summing: ComputeRecord;
  private readonly softmax: VectorRecord;
  private readonly scaling = vectorRecord({ passes: PASSES.scale });
  private readonly rescaling = vectorRecord({ passes: PASSES.rescale });
  private readonly cached = fetchRecord({ queue: Queue.Base, stream: Stream.Kv });

  constructor(
    private readonly context: Context,
    private readonly input: AttentionInput,
  ) {
    const { model, machine } = context;
    const { bits, scaleBytes } = machine.kv;
    const softcap = model.softcaps.attention === null ? 0 : PASSES.softcap;
    this.softmax = vectorRecord({ passes: softcap + PASSES.softmax });
    // The K scale is a dequantization at the end of a row.
    this.scoring = computeRecord({ ...codePass(machine, bits, scaleBytes > 0 ? 1 : 0), inputs: model.headDim });
    const rows = Math.min(model.headDim, machine.array.rows);
    this.summing = computeRecord({ ...codePass(machine, bits, 0), rows });
  }

  emit(): { compute: number; store: number } {
    const units = this.units();
    const { attentionLead } = this.context.machine.schedule;
    for (let i = 0; i < units.length + attentionLead; i++) {
      if (i < units.length) this.emitScores(units[i]);
      if (i >= attentionLead) this.emitOutput(units[i - attentionLead]);
    }
    return this.last;
  }

  private units(): Unit[] {
    const { context, input } = this;
    const units: Unit[] = [];
    for (const block of context.queryBlocks) {
      const all = keyBlocksOf(context, block, input.layer);
      for (let head = 0; head < context.model.kvHeads; head++) {
        for (const keys of all) units.push({ block, head, keys, scaleRuns: [], scored: 0, probabilities: 0 });
      }
    }
    return units;
  }

  private fetchCache({ block, head }: Unit, kind: "k" | "v" | "scales", run: KeyRun): number {
    const { context, input, cached } = this;
    const { program, placement } = context;
    const { sequence } = block.span;
    cached.bytes = cached.credit = run.fetched * placement.pitch(kind);
    if (cached.bytes === 0) return 0;
    cached.address = placement.cache(kind, input.layer, sequence, head, run.start);
    cached.store = input.cacheStore(sequence);
    return program.fetch(cached);
  }

  /** Brings the queries of a unit back, once for all its keys, when the place they go to is free. */
  private refetchQuery({ block, head, keys }: Unit): number {
    const { program, residency, spill } = this.context;
    if (residency.query || keys.index > 0) return 0;
    this.places.unshift(this.places.pop() ?? 0);
    const { address, bytes } = spill.query.run(block.tokens.index, head);
    const run = fetchRecord({ queue: Queue.Demand, stream: Stream.Activations, bytes, address });
    run.store = this.input.queryStore;
    run.compute = this.places[0];
    return program.fetch(run);
  }

  /** QK and softmax of one unit. */
  private emitScores(unit: Unit): void {
    const { context, input, scoring } = this;
    scoring.inputRun = this.refetchQuery(unit);
    for (const run of unit.keys.runs) {
      scoring.scaleRun = this.fetchCache(unit, "scales", run);
      scoring.run = this.fetchCache(unit, "k", run);
      unit.scaleRuns.push(scoring.scaleRun);
      scoring.vector = run.fetched < run.size ? input.keyValue : input.query;
      scoring.release = (scoring.run ? Release.Run : 0) | (scoring.inputRun ? Release.InputRun : 0);
      scoring.rows = Math.min(run.size, context.machine.array.rows);
      setPasses(scoring, run.scores);
      unit.scored = context.program.compute(scoring);
      scoring.inputRun = 0;
    }
    this.places[0] = unit.scored;
    this.emitSoftmax(unit);
  }

  private emitSoftmax(unit: Unit): void {
    const { context, softmax, scaling } = this;
    softmax.compute = unit.scored;
    softmax.elements = scaling.elements = unit.keys.pairs;
    unit.probabilities = context.program.vector(softmax);
    if (context.machine.kv.scaleBytes > 0) unit.probabilities = context.program.vector(scaling);
  }

  /** PV of one unit. */
  private emitOutput(unit: Unit): void {
    const { context, summing } = this;
    const { runs, last } = unit.keys;
    const elements = columnsOf(context, unit.block) * context.model.headDim;
    const spilled = last && !context.residency.attention;
    summing.vector = this.startOutput(unit, elements);
    for (const [i, run] of runs.entries()) {
      summing.run = this.fetchCache(unit, "v", run);
      summing.scaleRun = unit.scaleRuns[i];
      for (const [j, part] of run.parts.entries()) {
        const lastPart = j === run.parts.length - 1;
        const staged = spilled && lastPart && i === runs.length - 1;
        summing.release = lastPart ? (summing.run ? Release.Run : 0) | (summing.scaleRun ? Release.ScaleRun : 0) : 0;
        summing.inputs = part.positions;
        setPasses(summing, part);
        summing.stagingBytes = staged ? elements * context.limits.elementBytes : 0;
        this.last.compute = context.program.compute(summing);
      }
    }
    if (spilled) this.storeOutput(unit);
  }

  private storeOutput({ block, head }: Unit): void {
    const { program, spill } = this.context;
    const features = spill.query.runs[head];
    for (const { address, bytes } of spill.attention.parts(features, block.tokens)) {
      const part = storeRecord({ stream: Stream.Activations, bytes, address, pool: Pool.Array });
      part.compute = this.last.compute;
      this.last.store = program.store(part);
    }
  }

  /** The Vector record that PV waits for; the output so far is rescaled to the new maximum first. */
  private startOutput(unit: Unit, elements: number): number {
    const { context, rescaling, last } = this;
    if (unit.keys.index === 0) {
      context.carried.accumulators.take(elements * ACCUMULATOR_BYTES).reader = unit.probabilities;
      return unit.probabilities;
    }
    rescaling.compute = last.compute;
    rescaling.elements = elements;
    return context.program.vector(rescaling);
  }
}

function setPasses(record: ComputeRecord, { passes, passColumns, rowColumns }: Passes): void {
  record.passes = passes;
  record.passColumns = passColumns;
  record.rowColumns = rowColumns;
}
