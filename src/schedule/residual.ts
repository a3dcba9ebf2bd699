//
//   The residual stream of a token block, in the activation buffer or spilled to DRAM.
//
//     embedding ──► write ──► norm ──► ... o_proj ──► add ──► norm ──► ... down_proj ──► add ──► ...
//
//   Spilled, it comes back in K tiles for a norm, into the place of the normed one, and in row tiles for an addition.
//

import { Pool, Queue, Stream } from "../../assembly/contract.js";
import type { Context, Span } from "./context.js";
import type { OnRowTile } from "./linear.js";
import { type Piece, pieces } from "./tiles.js";

/** Passes of the vector unit over each element. */
const PASSES = { embedding: 1, norm: 2, add: 1 };
/** FP16 embeddings. */
const EMBEDDING_BYTES = 2;

export class ResidualStream {
  /** Last Vector record that wrote it. */
  private vector = 0;
  /** Last Store record of it, when it is spilled. */
  private store = 0;

  constructor(private readonly context: Context) {}

  /** Looks up one row a token; a sampled token's row is not known before it is sampled. */
  embed(tokens: Int32Array): void {
    const { program, placement, model, spans, limits, carried } = this.context;
    for (const span of spans) {
      for (let j = 0; j < span.count; j++) {
        const id = tokens[span.firstToken + j];
        const row = placement.embeddingRow(id < 0 ? syntheticToken(span, j, model.vocab) : id);
        for (const { start, size } of pieces(model.hidden, Math.floor(limits.demandBytes / EMBEDDING_BYTES))) {
          const [address, bytes] = [row + start * EMBEDDING_BYTES, size * EMBEDDING_BYTES];
          const source = { queue: Queue.Demand, stream: Stream.Embedding, bytes, address, credit: bytes };
          const run = program.fetch({ ...source, vector: carried.sampled[span.sequence] });
          this.vector = program.vector({ run, elements: size, passes: PASSES.embedding });
        }
      }
    }
    this.storeEmbedded();
  }

  /** From the place of the normed one, which nobody needs yet. */
  private storeEmbedded(): void {
    const { program, model, machine, residency, spill, tokens } = this.context;
    if (residency.residual) return;
    const whole = { index: 0, start: 0, size: tokens };
    for (const rows of pieces(model.hidden, machine.array.rows)) {
      for (const { address, bytes } of spill.residual.parts(rows, whole)) {
        const target = { stream: Stream.Activations as const, bytes, address, pool: Pool.None };
        this.store = program.store({ ...target, vector: this.vector });
      }
    }
  }

  /** RMSNorm of `tokens` tokens; the number of its last Vector record. */
  norm(tokens: number): number {
    const { program, model, residency, spill } = this.context;
    const elements = model.hidden * tokens;
    if (residency.residual) return program.vector({ vector: this.vector, elements, passes: PASSES.norm });
    // First pass while it comes back, whole tiles for whatever tokens; then the second.
    for (const { index, size } of spill.residual.runs) {
      const { address, bytes } = spill.residual.run(0, index);
      const run = program.fetch({
        queue: Queue.Demand,
        stream: Stream.Activations,
        bytes,
        address,
        credit: 0,
        store: this.store,
        compute: program.emitted.computes,
      });
      program.vector({ run, elements: size * tokens, passes: 1 });
    }
    return program.vector({ elements, passes: PASSES.norm - 1 });
  }

  /** Adds the row tiles of one linear's output. */
  add(): OnRowTile {
    const { program, residency } = this.context;
    if (!residency.residual) return this.addSpilled();
    return ({ rows, tokens, compute }) => {
      this.vector = program.vector({ compute, elements: rows.size * tokens.size, passes: PASSES.add });
      return this.vector;
    };
  }

  /** What is read was stored before this linear, so it may come early. */
  private addSpilled(): OnRowTile {
    const { program, spill } = this.context;
    const source = this.store;
    return ({ rows, tokens, compute }) => {
      for (const part of this.cut(tokens, rows)) {
        for (const { address, bytes, elements } of spill.residual.parts(rows, part)) {
          const read = { queue: Queue.Demand, stream: Stream.Activations, bytes, address, credit: bytes };
          const run = program.fetch({ ...read, store: source });
          this.vector = program.vector({ run, compute, elements, passes: PASSES.add, stagingBytes: bytes });
          const target = { stream: Stream.Activations as const, bytes, address, pool: Pool.Vector };
          this.store = program.store({ ...target, vector: this.vector });
        }
      }
      return this.vector;
    };
  }

  /** Tokens of which a row tile fits one demand run. */
  private cut(tokens: Piece, rows: Piece): Piece[] {
    const { limits } = this.context;
    const fit = Math.max(1, Math.floor(limits.demandBytes / (rows.size * limits.elementBytes)));
    return pieces(tokens.size, fit).map((piece) => ({ ...piece, start: tokens.start + piece.start }));
  }
}

/** A token id for a replay without tokens: spread over the vocabulary, the same in every run. */
function syntheticToken(span: Span, j: number, vocab: number): number {
  return ((span.firstPosition + j) * 7919 + span.sequence * 104729) % vocab;
}
