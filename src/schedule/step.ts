//
//   One step of a LLaMA-type transformer as work records: every op, in program order, token block by token block.
//
//     embedding ─► layers x [ norm ─► q k v ─► RoPE, append KV ─► attention ─► o ─► + ─► norm ─► gate up ─► SiLU*mul ─► down ─► + ]
//               ─► norm ─► lm_head ─► argmax
//
//   A step wider than a token block goes through all layers block by block: weights are read once per block either way, and
//   only K and V of earlier blocks are needed again (they are in the cache by then). lm_head runs for the last token of each
//   entry of a step: the token that is sampled.
//   Left out    the order "weights resident, activations re-read": no step scheduled here would save bytes by much.
//

import { Pool, Queue, Release, Stream } from "../../assembly/contract.js";
import type { Machine } from "../hardware.js";
import { LINEAR_KINDS, type Model } from "../model.js";
import type { Plan } from "../plan.js";
import type { Step } from "../replay.js";
import { emitAttention } from "./attention.js";
import type { Context, Span } from "./context.js";
import { emitLinears, type RowTileOutput, slicesOf } from "./linear.js";
import { KV_SCALE_BYTES, LM_HEAD_BITS, type Placement, ROW_SCALE_BYTES } from "./placement.js";
import type { Program } from "./program.js";
import { blockTokens, codeBytes, type Limits, limitsOf, type Piece, pieces, residencyOf } from "./tiles.js";

/** Passes of the vector unit over each element. */
const PASSES = { embedding: 1, norm: 2, rope: 2, siluMul: 3, residual: 1, appendKv: 2, argmax: 1 };
/** Terms of an INT8 weight. */
const LM_HEAD_TERMS = 4;

/** Most tokens that one block of a step may hold on this machine. */
export function stepTokens(machine: Machine, model: Model): number {
  return blockTokens(machine, limitsOf(machine), model.hidden);
}

/** Bytes of DRAM that spilled activations of one block may take. */
export function spillBytes(machine: Machine, model: Model, tokens: number): number {
  return Object.values(spillOffsets(machine, model, tokens)).reduce((most, { end }) => Math.max(most, end), 0);
}

/** DRAM offsets of the tensors of a block, should they be spilled. */
function spillOffsets(machine: Machine, model: Model, tokens: number) {
  const bytes = (features: number) => tokens * features * (machine.array.activationBits / 8);
  const residual = { start: 0, end: bytes(model.hidden) };
  const query = { start: residual.end, end: residual.end + bytes(model.heads * model.headDim) };
  const attention = { start: query.end, end: query.end + bytes(model.heads * model.headDim) };
  const mlp = { start: attention.end, end: attention.end + bytes(model.intermediate) };
  return { residual, query, attention, mlp };
}

export class StepSchedule {
  private readonly limits: Limits;
  private readonly slices: number;
  /** Last Store record into the cache, by layer and sequence. */
  private readonly cacheStores: Int32Array;
  /** Vector record that sampled the latest token of a sequence. */
  private readonly sampled: Int32Array;

  constructor(
    private readonly program: Program,
    private readonly machine: Machine,
    private readonly model: Model,
    private readonly plan: Plan,
    private readonly placement: Placement,
    private readonly sequences: number,
  ) {
    this.limits = limitsOf(machine);
    this.slices = slicesOf(plan);
    this.cacheStores = new Int32Array(model.layers * sequences);
    this.sampled = new Int32Array(sequences);
  }

  /** Emits one step, layer by layer; `tokens` are its token ids, -1 where they are synthetic. */
  *emit(step: Step, tokens: Int32Array): Generator<void> {
    for (const block of pieces(tokens.length, stepTokens(this.machine, this.model))) {
      const rows = step.rows.subarray(block.start, block.start + block.size);
      const context = this.contextOf(step, block, rows);
      const emitter = new BlockEmitter(context, this.cacheStores, this.sampled, this.sequences);
      yield* emitter.emit(tokens.subarray(block.start, block.start + block.size));
    }
  }

  /** How often `emit` yields in a step of this many tokens. */
  parts(tokens: number): number {
    return pieces(tokens, stepTokens(this.machine, this.model)).length * (this.model.layers + 1);
  }

  private contextOf(step: Step, block: Piece, rows: Int32Array): Context {
    const { program, machine, model, plan, placement, limits, slices } = this;
    const residency = residencyOf(machine, limits, model, block.size);
    const scratch = new Uint8Array(block.size);
    return {
      ...{ program, machine, model, plan, placement, limits, residency, slices },
      spans: spansOf(step, block),
      tokens: block.size,
      blockTokens: (inputs) => blockTokens(machine, limits, inputs),
      depths: (linear, { start, size }) => plan.depths(rows, linear, scratch).subarray(start, start + size),
    };
  }
}

/** The parts of a step's entries that lie in a block. */
function spansOf(step: Step, block: Piece): Span[] {
  const spans: Span[] = [];
  for (const entry of step.entries) {
    const start = Math.max(entry.firstToken, block.start);
    const end = Math.min(entry.firstToken + entry.count, block.start + block.size);
    if (start >= end) continue;
    const firstPosition = entry.firstPosition + start - entry.firstToken;
    const last = end === entry.firstToken + entry.count;
    spans.push({ sequence: entry.sequence, firstPosition, count: end - start, last });
  }
  return spans;
}

/** Emits one token block through all layers. */
class BlockEmitter {
  private readonly offsets: ReturnType<typeof spillOffsets>;
  /** Last Vector record that wrote the residual stream, and the last Store when it is spilled. */
  private residual = { vector: 0, store: 0 };

  constructor(
    private readonly context: Context,
    private readonly cacheStores: Int32Array,
    private readonly sampled: Int32Array,
    private readonly sequences: number,
  ) {
    this.offsets = spillOffsets(context.machine, context.model, context.tokens);
  }

  *emit(tokens: Int32Array): Generator<void> {
    this.embedding(tokens);
    for (let layer = 0; layer < this.context.model.layers; layer++) {
      this.layer(layer);
      yield;
    }
    this.lmHead();
    yield;
  }

  private bytes(features: number, tokens: number): number {
    return features * tokens * this.context.limits.elementBytes;
  }

  /** Looks up one row a token; a sampled token's row is not known before it is sampled. */
  private embedding(tokens: Int32Array): void {
    const { program, placement, model, spans } = this.context;
    let token = 0;
    for (const span of spans) {
      for (let j = 0; j < span.count; j++, token++) {
        const bytes = model.hidden * 2;
        const run = program.fetch({
          vector: this.sampled[span.sequence],
          queue: Queue.Demand,
          stream: Stream.Embedding,
          bytes,
          address: placement.embeddingRow(tokens[token] < 0 ? syntheticToken(span, j, model.vocab) : tokens[token]),
          credit: bytes,
        });
        this.writeResidual({ run, elements: model.hidden, passes: PASSES.embedding }, token * bytes);
      }
    }
  }

  /** One vector op that writes a part of the residual stream, stored when that is spilled. */
  private writeResidual(
    op: { run?: number; compute?: number; elements: number; passes: number },
    offset: number,
  ): void {
    const { program, residency, placement } = this.context;
    const bytes = this.bytes(op.elements, 1);
    this.residual.vector = program.vector({ ...op, stagingBytes: residency.residual ? 0 : bytes });
    if (residency.residual) return;
    const address = placement.spill(this.offsets.residual.start + offset);
    const target = { stream: Stream.Activations as const, bytes, address, pool: Pool.Vector };
    this.residual.store = program.store({ ...target, vector: this.residual.vector });
  }

  /** RMSNorm of `tokens` tokens; the number of its last Vector record. */
  private norm(tokens: number): number {
    const { program, model, residency, placement } = this.context;
    const elements = model.hidden * tokens;
    if (residency.residual) return program.vector({ vector: this.residual.vector, elements, passes: PASSES.norm });
    // First pass while the residual stream comes back, in row tiles, into the place of the normed one; then the second.
    const { tileInputs } = this.context.machine.array;
    for (const part of pieces(model.hidden, tileInputs)) {
      const run = program.fetch({
        queue: Queue.Demand,
        stream: Stream.Activations,
        bytes: this.bytes(part.size, tokens),
        address: placement.spill(this.offsets.residual.start + this.bytes(part.start, tokens)),
        credit: 0,
        store: this.residual.store,
        compute: program.emitted.computes,
      });
      program.vector({ run, elements: part.size * tokens, passes: 1 });
    }
    return program.vector({ elements, passes: PASSES.norm - 1 });
  }

  /** Adds a row tile of a linear's output to the residual stream. */
  private addResidual({ rows, tokens, compute }: RowTileOutput): void {
    const { program, residency, placement } = this.context;
    const elements = rows.size * tokens.size;
    const offset = this.bytes(rows.start, this.context.tokens) + this.bytes(rows.size, tokens.start);
    if (residency.residual) return this.writeResidual({ compute, elements, passes: PASSES.residual }, offset);
    const bytes = this.bytes(elements, 1);
    const address = placement.spill(this.offsets.residual.start + offset);
    const source = { queue: Queue.Demand, stream: Stream.Activations, bytes, address, credit: bytes };
    const run = program.fetch({ ...source, store: this.residual.store });
    this.writeResidual({ run, compute, elements, passes: PASSES.residual }, offset);
  }

  private layer(layer: number): void {
    const linear = (kind: (typeof LINEAR_KINDS)[number]) => layer * LINEAR_KINDS.length + LINEAR_KINDS.indexOf(kind);
    const { tokens } = this.context;
    const attention = this.attention(layer, linear("q"), linear("k"), linear("v"), this.norm(tokens));
    emitLinears(this.context, [linear("o")], attention, (output) => this.addResidual(output));
    const mlp = this.mlp([linear("gate"), linear("up")], this.norm(tokens));
    emitLinears(this.context, [linear("down")], mlp, (output) => this.addResidual(output));
  }

  private attention(layer: number, q: number, k: number, v: number, vector: number) {
    const { program, residency } = this.context;
    const query = this.project(q, vector, PASSES.rope, residency.query ? undefined : this.offsets.query.start);
    const key = this.project(k, vector, PASSES.rope + PASSES.appendKv);
    const value = this.project(v, vector, PASSES.appendKv);
    const spill = (resident: boolean, offset: number) => (resident ? undefined : { offset, store: query.store });
    const output = emitAttention(this.context, {
      layer,
      query: query.vector,
      keyValue: Math.max(key.vector, value.vector),
      spilledQuery: spill(residency.query, this.offsets.query.start),
      spilledOutput: spill(residency.attention, this.offsets.attention.start),
      lastStore: (sequence) => this.cacheStores[layer * this.sequences + sequence],
    });
    this.appendCache(layer, value.vector);
    const spilled = { offset: this.offsets.attention.start, store: output.store };
    return { compute: program.emitted.computes, spilled: residency.attention ? undefined : spilled };
  }

  /** q, k or v with its vector op on each row tile; stored from `spillTo` on when that is given. */
  private project(index: number, vector: number, passes: number, spillTo?: number): { vector: number; store: number } {
    const { program, placement } = this.context;
    const last = { vector: 0, store: 0 };
    emitLinears(this.context, [index], { vector }, ({ rows, tokens, compute }) => {
      const elements = rows.size * tokens.size;
      const bytes = spillTo === undefined ? 0 : this.bytes(elements, 1);
      last.vector = program.vector({ compute, elements, passes, stagingBytes: bytes });
      if (spillTo === undefined) return;
      const offset = this.bytes(rows.start, this.context.tokens) + this.bytes(rows.size, tokens.start);
      const target = { stream: Stream.Activations as const, bytes, address: placement.spill(spillTo + offset) };
      last.store = program.store({ ...target, pool: Pool.Vector, vector: last.vector });
    });
    return last;
  }

  /** Stores the block's own K, V and scales; they stay in the activation buffer until then. */
  private appendCache(layer: number, vector: number): void {
    const { program, placement, model, spans } = this.context;
    for (const { sequence, firstPosition, count } of spans) {
      for (const run of pieces(firstPosition + count, placement.kvRunPositions)) {
        const start = Math.max(run.start, firstPosition);
        const positions = run.start + run.size - start;
        if (positions <= 0) continue;
        for (let head = 0; head < model.kvHeads; head++) {
          for (const kind of ["k", "v", "scales"] as const) {
            const bytes = positions * (kind === "scales" ? KV_SCALE_BYTES : placement.kvPitch);
            const address = placement.cache(kind, layer, sequence, head, start);
            program.store({ stream: Stream.Kv, bytes, address, pool: Pool.None, vector });
          }
        }
      }
      this.cacheStores[layer * this.sequences + sequence] = program.emitted.stores;
    }
  }

  /** gate and up, interleaved, SiLU * mul on each pair of row tiles. */
  private mlp(linears: [gate: number, up: number], vector: number) {
    const { program, residency, placement, model } = this.context;
    const last = { vector: 0, store: 0 };
    emitLinears(this.context, linears, { vector }, ({ linear, rows, tokens, compute }) => {
      if (linear !== model.linears[linears[1]]) return;
      const elements = rows.size * tokens.size;
      const bytes = residency.mlp ? 0 : this.bytes(elements, 1);
      last.vector = program.vector({ compute, elements, passes: PASSES.siluMul, stagingBytes: bytes });
      if (residency.mlp) return;
      const offset = this.bytes(rows.start, this.context.tokens) + this.bytes(rows.size, tokens.start);
      const address = placement.spill(this.offsets.mlp.start + offset);
      const target = { stream: Stream.Activations as const, bytes, address, pool: Pool.Vector };
      last.store = program.store({ ...target, vector: last.vector });
    });
    const spilled = { offset: this.offsets.mlp.start, store: last.store };
    return { vector: last.vector, spilled: residency.mlp ? undefined : spilled };
  }

  /** Final norm, lm_head and argmax for the tokens that are sampled. */
  private lmHead(): void {
    const { program, placement, machine, model, spans } = this.context;
    const sampling = spans.filter((span) => span.last);
    if (sampling.length === 0) return;
    const columns = sampling.length;
    let vector = this.norm(columns);
    const { rows, columns: arrayColumns, tileInputs } = machine.array;
    for (const rowTile of pieces(model.vocab, rows)) {
      const kTiles = pieces(model.hidden, tileInputs);
      for (const k of kTiles) {
        const scales = k.index === kTiles.length - 1 ? rowTile.size * ROW_SCALE_BYTES : 0;
        const bytes = codeBytes(rowTile.size * k.size, LM_HEAD_BITS) + scales;
        const address = placement.lmHeadTile(rowTile.index, k.index);
        const run = program.fetch({ queue: Queue.Base, stream: Stream.LmHead, bytes, address, credit: bytes });
        program.compute({
          vector: rowTile.index === 0 ? vector : 0,
          run,
          release: Release.Run,
          rows: rowTile.size,
          inputs: k.size,
          terms: LM_HEAD_TERMS,
          codeBits: LM_HEAD_BITS,
          group: 0,
          dequants: scales > 0 ? 1 : 0,
          passes: Math.ceil(columns / arrayColumns),
          passColumns: columns,
          rowColumns: rowTile.size * columns,
        });
      }
      const compute = program.emitted.computes;
      vector = program.vector({ compute, elements: rowTile.size * columns, passes: PASSES.argmax });
    }
    for (const { sequence } of sampling) this.sampled[sequence] = vector;
  }
}

/** A token id for a replay without tokens: spread over the vocabulary, the same in every run. */
function syntheticToken(span: Span, j: number, vocab: number): number {
  return ((span.firstPosition + j) * 7919 + span.sequence * 104729) % vocab;
}
