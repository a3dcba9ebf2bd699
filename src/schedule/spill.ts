//
//   A tensor of a token block that goes to DRAM and back: stored in parts as it is made, re-fetched in runs.
//
//     [token block of the reader][run: tile of features][rows of a row tile][token][row]        each run starts on a stripe
//
//   A writer's row tile on tokens of one reader's block is contiguous, and so is a run.
//

import type { Machine } from "../hardware/machine.js";
import type { Model } from "../model/model.js";
import { blockTokens, type Limits, type Piece, pieces, roundUp } from "./tiles.js";

export interface SpillPart {
  address: number;
  bytes: number;
  elements: number;
}

/** How a tensor is read back. */
interface Reader {
  /** Features of a run. */
  runFeatures: number;
  /** Token blocks, together all tokens. */
  blocks: readonly Piece[];
}

export class SpilledTensor {
  readonly runs: readonly Piece[];
  /** First address after it. */
  readonly end: number;
  private readonly starts: number[] = [];

  constructor(
    base: number,
    features: number,
    private readonly reader: Reader,
    private readonly elementBytes: number,
    private readonly stripeBytes: number,
  ) {
    this.runs = pieces(features, reader.runFeatures);
    let next = base;
    for (const block of reader.blocks) {
      this.starts.push(next);
      for (const run of this.runs) next += this.padded(run, block);
    }
    this.end = next;
  }

  /** Run `run` of the reader's token block `block`. */
  run(block: number, run: number): SpillPart {
    return this.part(this.reader.blocks[block], this.runs[run], this.runs[run], this.reader.blocks[block]);
  }

  /** Where a row tile goes, on these tokens. */
  parts(features: Piece, tokens: Piece): SpillPart[] {
    const parts: SpillPart[] = [];
    for (const block of this.reader.blocks) {
      if (!overlap(tokens, block)) continue;
      for (const run of this.runs) {
        if (!overlap(features, run)) continue;
        parts.push(this.part(block, run, intersection(features, run), intersection(tokens, block)));
      }
    }
    return parts;
  }

  private part(block: Piece, run: Piece, rows: Piece, tokens: Piece): SpillPart {
    const start = this.starts[block.index] + run.index * this.padded(this.runs[0], block);
    const before = (rows.start - run.start) * block.size + rows.size * (tokens.start - block.start);
    const elements = rows.size * tokens.size;
    return { address: start + before * this.elementBytes, bytes: elements * this.elementBytes, elements };
  }

  private padded(run: Piece, block: Piece): number {
    return roundUp(run.size * block.size * this.elementBytes, this.stripeBytes);
  }
}

function overlap(one: Piece, other: Piece): boolean {
  return other.start < one.start + one.size && one.start < other.start + other.size;
}

/** What two ranges share; a size of 0 or less: nothing. */
export function intersection(one: Omit<Piece, "index">, other: Omit<Piece, "index">): Piece {
  const start = Math.max(one.start, other.start);
  return { index: 0, start, size: Math.min(one.start + one.size, other.start + other.size) - start };
}

/** The tensors of a token block, should they be spilled. */
export interface Spill {
  residual: SpilledTensor;
  /** What a branch adds to it, before its norm (Gemma-2). */
  branch: SpilledTensor;
  query: SpilledTensor;
  attention: SpilledTensor;
  mlp: SpilledTensor;
}

/** Lays them out from `base` on; `queryBlocks` are the token blocks of attention. */
export function spillOf(
  machine: Machine,
  limits: Limits,
  model: Model,
  tokens: number,
  place: { base: number; stripeBytes: number; queryBlocks: readonly Piece[] },
): Spill {
  const { tileInputs } = machine.array;
  const heads = model.heads * model.headDim;
  const blocks = (inputs: number) => pieces(tokens, blockTokens(machine, limits, inputs));
  const tensor = (base: number, features: number, reader: Reader) =>
    new SpilledTensor(base, features, reader, limits.elementBytes, place.stripeBytes);
  const whole = pieces(tokens, tokens);
  const residual = tensor(place.base, model.hidden, { runFeatures: tileInputs, blocks: whole });
  const gathered = model.norm.post ? model.hidden : 0;
  const branch = tensor(residual.end, gathered, { runFeatures: tileInputs, blocks: whole });
  const group = { runFeatures: heads / model.kvHeads, blocks: place.queryBlocks };
  const query = tensor(branch.end, heads, group);
  const attention = tensor(query.end, heads, { runFeatures: tileInputs, blocks: blocks(heads) });
  const mlp = tensor(attention.end, model.intermediate, {
    runFeatures: tileInputs,
    blocks: blocks(model.intermediate),
  });
  return { residual, branch, query, attention, mlp };
}

/** Most runs of the tensors of a block. */
export function mostSpillRuns(machine: Machine, limits: Limits, model: Model): number {
  const tokens = blockTokens(machine, limits, model.hidden);
  const runs = (inputs: number) =>
    Math.ceil(tokens / blockTokens(machine, limits, inputs)) * Math.ceil(inputs / machine.array.tileInputs);
  const query = tokens * model.kvHeads;
  const whole = (model.norm.post ? 2 : 1) * runs(model.hidden);
  return whole + query + runs(model.heads * model.headDim) + runs(model.intermediate);
}
