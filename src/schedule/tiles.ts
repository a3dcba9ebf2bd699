//
//   How an op is cut: row tiles, K tiles, token blocks (docs/machine.md, section 13).
//

import { InputError } from "../errors.js";
import type { Machine } from "../hardware.js";
import type { Model } from "../model.js";
import { BYTES_PER_KIB } from "../units.js";

/** A piece of a range: `size` items from `start` on. */
export interface Piece {
  index: number;
  start: number;
  size: number;
}

/** Cuts 0..total-1 into pieces of `size`; the last may be shorter. */
export function pieces(total: number, size: number): Piece[] {
  return Array.from({ length: Math.ceil(total / size) }, (_, index) => {
    const start = index * size;
    return { index, start, size: Math.min(size, total - start) };
  });
}

/** Bytes of `count` codes of `bits` bits. */
export function codeBytes(count: number, bits: number): number {
  return Math.ceil((count * bits) / 8);
}

/** Limits that the buffers put on a schedule. */
export interface Limits {
  /** Activation bytes that tensors may take. */
  tensorBytes: number;
  /** Bytes of one activation element. */
  elementBytes: number;
  /** Row tiles whose first slices run before their residual slices: the lead, cut to what the accumulators hold. */
  lead: number;
  /** Most tokens of a block that the accumulators hold. */
  accumulatorTokens: number;
}

/** FP32 accumulators of one row tile and token. */
const ACCUMULATOR_BYTES = 4;

export function limitsOf(machine: Machine): Limits {
  const { array, buffers, router } = machine;
  const reserve = buffers.activationReserveKiB * BYTES_PER_KIB;
  const rowTile = array.rows * array.columns * ACCUMULATOR_BYTES;
  const fit = Math.floor(reserve / rowTile);
  if (fit < 1) {
    const found = `buffers.activationReserveKiB is ${buffers.activationReserveKiB}`;
    throw new InputError(`${found}; the accumulators of one row tile need ${rowTile} bytes`);
  }
  const lead = Math.min(router.sliceOneLead, fit);
  return {
    tensorBytes: buffers.activationKiB * BYTES_PER_KIB - reserve,
    elementBytes: array.activationBits / 8,
    lead,
    accumulatorTokens: Math.floor(fit / Math.max(1, lead)) * array.columns,
  };
}

/**
 * Tokens of one block of an op with `inputs` inputs: a multiple of the array's columns where that many fit, else as many
 * as fit. At most what the accumulators hold.
 */
export function blockTokens(machine: Machine, limits: Limits, inputs: number): number {
  const { columns } = machine.array;
  const perToken = inputs * limits.elementBytes;
  const fit = Math.min(Math.floor(limits.tensorBytes / perToken), limits.accumulatorTokens);
  if (fit < 1) {
    const found = `buffers.activationKiB is ${machine.buffers.activationKiB}`;
    throw new InputError(`${found}; one token of ${inputs} inputs needs ${perToken} bytes beside the reserve`);
  }
  return fit < columns ? fit : Math.floor(fit / columns) * columns;
}

/** Which tensors of a layer stay in the activation buffer for a block of tokens; the others go to DRAM and back. */
export interface Residency {
  /** The residual stream. */
  residual: boolean;
  query: boolean;
  /** Attention output, the input of o_proj. */
  attention: boolean;
  /** SiLU(gate) * up, the input of down_proj. */
  mlp: boolean;
  /** Bytes left for attention scores. */
  scoreBytes: number;
}

/**
 * Static placement. What an op needs in the buffer comes first: its input x, the step's own K and V. Then the tensors that
 * live longest, in this order: residual stream, attention output, query, MLP intermediate. One that does not fit in every
 * stretch of its life goes to DRAM.
 */
export function residencyOf(machine: Machine, limits: Limits, model: Model, tokens: number): Residency {
  const bytes = (features: number) => tokens * features * limits.elementBytes;
  const x = bytes(model.hidden);
  const keyValue = bytes(2 * model.kvHeads * model.headDim);
  const query = bytes(model.heads * model.headDim);
  const mlp = bytes(model.intermediate);
  const inputOf = (features: number) =>
    Math.min(tokens, blockTokens(machine, limits, features)) * features * limits.elementBytes;
  const attentionIn = inputOf(model.heads * model.headDim);
  const mlpIn = inputOf(model.intermediate);
  // Bytes in use in each stretch of a layer: norm, q k v, attention, o, gate up, down.
  const used = [x, x + keyValue, keyValue, attentionIn, x, mlpIn];
  const place = (size: number, stretches: number[], already: number[] = []): boolean => {
    const need = (s: number) => used[s] + size - (already.includes(s) ? Math.min(size, used[s]) : 0);
    if (stretches.some((s) => need(s) > limits.tensorBytes)) return false;
    for (const s of stretches) used[s] = need(s);
    return true;
  };
  const residual = place(x, [0, 1, 2, 3, 4, 5]);
  const attention = place(query, [2, 3], [3]);
  const placed = { residual, attention, query: place(query, [1, 2]), mlp: place(mlp, [4, 5], [5]) };
  const free = limits.tensorBytes - used[2];
  return { ...placed, scoreBytes: Math.min((machine.buffers.activationKiB * BYTES_PER_KIB) / 2, free) };
}
