//
//   The residual stream of a token block, in the activation buffer or spilled to DRAM.
//
//     embedding ──► write ──► norm ──► ... o_proj ──► add ──► norm ──► ... down_proj ──► add ──► ...
//
//   Spilled, it comes back in K tiles for a norm, into the place of the normed one, and in row tiles for an addition.
//   A branch that is normed before it is added (Gemma-2) is gathered first, in a place of its own or spilled likewise: one
//   pass on each row tile sums the squares on the way; then it is scaled and added.
//

import { Pool, Queue, Stream } from "../../assembly/contract.js";
import type { Context, Span } from "./context.js";
import { emitLinears, type OnRowTile } from "./linear.js";
import { byPart, NORM_PASSES, output, storeParts } from "./outputs.js";
import { Op } from "./program.js";
import { fetchRecord, storeRecord, vectorRecord } from "./records.js";
import type { LinearInput } from "./row-tile.js";
import type { SpilledTensor } from "./spill.js";
import { type Piece, pieces } from "./tiles.js";

/** Passes of the vector unit over each element; `first`: of a norm, while its input goes by. */
const PASSES = { embedding: 1, position: 1, add: 1, first: 1 };
/** FP16 embeddings. */
const EMBEDDING_BYTES = 2;

export class ResidualStream {
  /** Last Vector record that wrote it. */
  private vector = 0;
  /** Last Store record of it, when it is spilled. */
  private store = 0;
  /** A part of it that is read, added to and written. */
  private readonly spilled = {
    read: fetchRecord({ queue: Queue.Demand, stream: Stream.Activations }),
    added: vectorRecord({ passes: PASSES.add }),
    written: storeRecord({ stream: Stream.Activations, pool: Pool.Vector }),
  };

  constructor(private readonly context: Context) {}

  /** Looks up one row a token, and one of a table of positions; a sampled token's row is not known before it is sampled. */
  embed(tokens: Int32Array): void {
    const { placement, model, spans, carried } = this.context;
    for (const span of spans) {
      for (let j = 0; j < span.count; j++) {
        const id = tokens[span.firstToken + j];
        const row = placement.embeddingRow(id < 0 ? syntheticToken(span, j, model.vocab) : id);
        if (model.positionRows > 0) this.look(placement.positionRow(span.firstPosition + j), PASSES.position, 0);
        this.look(row, PASSES.embedding, carried.sampled[span.sequence]);
      }
    }
    this.storeEmbedded();
  }

  /** Fetches a row of an FP16 table, in as many runs as it takes, and writes or adds it. */
  private look(row: number, passes: number, vector: number): void {
    const { program, model, limits } = this.context;
    for (const { start, size } of pieces(model.hidden, Math.floor(limits.demandBytes / EMBEDDING_BYTES))) {
      const [address, bytes] = [row + start * EMBEDDING_BYTES, size * EMBEDDING_BYTES];
      const run = program.fetch(
        fetchRecord({
          queue: Queue.Demand,
          stream: Stream.Embedding,
          bytes,
          address,
          credit: bytes,
          vector,
        }),
      );
      this.vector = program.vector(vectorRecord({ run, elements: size, passes }));
    }
  }

  /** From the place of the normed one, which nobody needs yet. */
  private storeEmbedded(): void {
    const { program, model, machine, residency, spill, tokens } = this.context;
    if (residency.residual) return;
    const whole = { index: 0, start: 0, size: tokens };
    const target = storeRecord({ stream: Stream.Activations, pool: Pool.None });
    for (const rows of pieces(model.hidden, machine.array.rows)) {
      this.store = storeParts(program, target, spill.residual.parts(rows, whole), this.vector);
    }
  }

  /** The norm of `tokens` tokens; the number of its last Vector record. */
  norm(tokens: number): number {
    const { program, model, residency, spill } = this.context;
    const elements = model.hidden * tokens;
    const passes = NORM_PASSES[model.norm.type];
    if (residency.residual) return program.vector(vectorRecord({ vector: this.vector, elements, passes }));
    // First pass while it comes back, whole tiles for whatever tokens; then the others.
    this.refetch(spill.residual, this.store, tokens, PASSES.first);
    return program.vector(vectorRecord({ elements, passes: passes - PASSES.first }));
  }

  /** Brings a spilled tensor back into the place of the normed one; `passes` over each run of it. */
  private refetch(tensor: SpilledTensor, store: number, tokens: number, passes: number): void {
    const { program } = this.context;
    for (const { index, size } of tensor.runs) {
      const { address, bytes } = tensor.run(0, index);
      const run = program.fetch(
        fetchRecord({
          queue: Queue.Demand,
          stream: Stream.Activations,
          bytes,
          address,
          credit: 0,
          store,
          compute: program.emitted.computes,
        }),
      );
      program.vector(vectorRecord({ run, elements: size * tokens, passes }));
    }
  }

  /** Runs a linear and adds its output. */
  addLinear(linear: number, input: LinearInput): void {
    const { context } = this;
    if (context.model.norm.post) this.addNormed(linear, input);
    else emitLinears(context, [linear], input, this.add());
  }

  /** Adds the row tiles of one linear's output. */
  private add(): OnRowTile {
    const { program, residency } = this.context;
    const source = this.store;
    const added = vectorRecord({ passes: PASSES.add });
    return ({ rows, tokens, compute }) => {
      if (!residency.residual) return this.addSpilled(rows, tokens, compute, source);
      added.compute = compute;
      added.elements = rows.size * tokens.size;
      this.vector = program.vector(added);
      return this.vector;
    };
  }

  /** What is read was stored before this linear, `source` last, so it may come early. */
  private addSpilled(rows: Piece, tokens: Piece, compute: number, source: number): number {
    const { program, spill } = this.context;
    const { read, added, written } = this.spilled;
    read.store = source;
    added.compute = compute;
    for (const part of this.cut(tokens, rows)) {
      for (const { address, bytes, elements } of spill.residual.parts(rows, part)) {
        read.address = written.address = address;
        read.bytes = read.credit = written.bytes = added.stagingBytes = bytes;
        added.run = program.fetch(read);
        added.elements = elements;
        this.vector = written.vector = program.vector(added);
        this.store = program.store(written);
      }
    }
    return this.vector;
  }

  /** Gathers the output, then scales and adds it. */
  private addNormed(linear: number, input: LinearInput): void {
    const { program, model, machine, residency, spill, tokens } = this.context;
    const passes = NORM_PASSES[model.norm.type] - PASSES.first;
    const firstPass = (rows: Piece, count: number) => [{ elements: rows.size * count, passes: PASSES.first }];
    const gathered = output(this.context, residency.branch ? null : spill.branch, firstPass);
    const onPart = { o: gathered.onPart, down: gathered.onPart };
    emitLinears(this.context, [linear], input, (tile) => byPart(tile, onPart));
    program.op(Op.PostNorm);
    const elements = model.hidden * tokens;
    if (residency.branch) program.vector(vectorRecord({ elements, passes }));
    else this.refetch(spill.branch, gathered.last.store, tokens, passes);
    if (residency.residual) {
      this.vector = program.vector(vectorRecord({ elements, passes: PASSES.add }));
      return;
    }
    const source = this.store;
    const whole = { index: 0, start: 0, size: tokens };
    for (const rows of pieces(model.hidden, machine.array.rows)) this.addSpilled(rows, whole, 0, source);
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
