//
//   What the vector unit does with row tiles of a linear's output: passes, and the way to DRAM where a tensor is spilled.
//
//     row tile ──► its parts (a fused linear has several) ──► passes over their elements ──► in place, or staging ──► store
//

import { Pool, Stream } from "../../assembly/contract.js";
import type { Activation, Model, Role } from "../model/model.js";
import type { Context } from "./context.js";
import type { RowTileOutput } from "./linear.js";
import type { Program } from "./program.js";
import { type StoreRecord, storeRecord } from "./records.js";
import { intersection, type SpilledTensor, type SpillPart } from "./spill.js";
import type { Piece } from "./tiles.js";

/** RMSNorm: squares, scale. LayerNorm: mean, squared deviations, scale and shift; the mean has to be there first. */
export const NORM_PASSES: Record<Model["norm"]["type"], number> = { rms: 2, layer: 3 };
/** A function of x and, but for ReLU, the product with x. */
export const ACTIVATION_PASSES: Record<Activation, number> = { silu: 2, gelu: 2, relu: 1 };

/** One op of the vector unit. */
export interface Passes {
  elements: number;
  passes: number;
}

/** Emits ops one after another, neighbours over as many elements as one; the last one's number. */
export function emitPasses(
  { program, carried }: Context,
  compute: number,
  ops: readonly Passes[],
  stagingBytes = 0,
): number {
  const record = carried.records.vector;
  record.compute = compute;
  record.elements = record.passes = record.stagingBytes = 0;
  let vector = 0;
  for (const { elements, passes } of ops) {
    if (elements * passes === 0) continue;
    if (record.elements > 0 && record.elements !== elements) {
      vector = program.vector(record);
      record.compute = record.passes = 0;
    }
    record.elements = elements;
    record.passes += passes;
  }
  if (record.elements === 0) return vector;
  record.stagingBytes = stagingBytes;
  return program.vector(record);
}

/** Rows of a part, counted from its own first one, on some tokens; the Vector record that reads them. */
export type OnPart = (rows: Piece, tokens: Piece, compute: number) => number;

/** Hands the parts that a row tile has rows of to what is done with them; the last Vector record. */
export function byPart(
  { linear, rows, tokens, compute }: RowTileOutput,
  onPart: Partial<Record<Role, OnPart>>,
): number {
  let vector = 0;
  for (const part of linear.parts) {
    const own = intersection(rows, part);
    const emit = onPart[part.role];
    if (own.size <= 0 || emit === undefined) continue;
    own.start -= part.start;
    vector = emit(own, tokens, compute);
  }
  return vector;
}

/** Vector ops on each part of a row tile; stored in `spilled` if that is given. */
export function output(
  context: Context,
  spilled: SpilledTensor | null,
  opsOf: (rows: Piece, tokens: number) => readonly Passes[],
): { last: { vector: number; store: number }; onPart: OnPart } {
  const { program, limits } = context;
  const last = { vector: 0, store: 0 };
  const target = storeRecord({ stream: Stream.Activations, pool: Pool.Vector });
  const onPart: OnPart = (rows, tokens, compute) => {
    const stagingBytes = spilled === null ? 0 : rows.size * tokens.size * limits.elementBytes;
    const vector = emitPasses(context, compute, opsOf(rows, tokens.size), stagingBytes);
    last.vector = vector;
    if (spilled !== null) last.store = storeParts(program, target, spilled.parts(rows, tokens), vector);
    return vector;
  };
  return { last, onPart };
}

/** Stores parts of a tensor that the Vector record `vector` has made; the last Store record. */
export function storeParts(program: Program, target: StoreRecord, parts: readonly SpillPart[], vector: number): number {
  let store = 0;
  target.vector = vector;
  for (const { address, bytes } of parts) {
    target.address = address;
    target.bytes = bytes;
    store = program.store(target);
  }
  return store;
}
