//
//   How an op is cut: row tiles, K tiles, token blocks (docs/machine.md, section 13).
//

import { ROUTE_TOKENS } from "../../assembly/contract.js";
import { InputError } from "../basics/errors.js";
import { BYTES_PER_KIB } from "../basics/units.js";
import type { Machine } from "../hardware/machine.js";

/** A piece of a range: `size` items from `start` on. */
export interface Piece {
  index: number;
  start: number;
  size: number;
}

/** Cuts 0..total-1 into pieces of `size`; the last may be shorter. */
export function pieces(total: number, size: number): Piece[] {
  const cut: Piece[] = [];
  for (let start = 0; start < total; start += size) {
    cut.push({ index: cut.length, start, size: Math.min(size, total - start) });
  }
  return cut;
}

/** Bytes of `count` codes of `bits` bits. */
export function codeBytes(count: number, bits: number): number {
  return Math.ceil((count * bits) / 8);
}

export function roundUp(value: number, unit: number): number {
  return Math.ceil(value / unit) * unit;
}

export function roundDown(value: number, unit: number): number {
  return Math.floor(value / unit) * unit;
}

/** Limits that the buffers put on a schedule. */
export interface Limits {
  /** Activation bytes that tensors may take. */
  tensorBytes: number;
  /** Bytes of one activation element. */
  elementBytes: number;
  /** Row tiles whose first slices run before their residual slices: the lead, cut to what the accumulators hold. */
  lead: number;
  /** Bytes of accumulators: the part of the activation buffer that tensors may not take. */
  accumulatorBytes: number;
  /** Most tokens of a block that the accumulators hold. */
  accumulatorTokens: number;
  /** Slice-buffer bytes that base runs may take together. */
  baseBytes: number;
  /** Slice-buffer bytes that a demand run is sure to get. */
  demandBytes: number;
}

/** An FP32 accumulator. */
export const ACCUMULATOR_BYTES = 4;
/** Row tiles whose results wait for each other: gate and up. */
const PAIR = 2;

export function limitsOf(machine: Machine): Limits {
  const { array, buffers, fetch, router, weights } = machine;
  const accumulatorBytes = buffers.activationReserveKiB * BYTES_PER_KIB;
  const rowTile = array.rows * array.columns * ACCUMULATOR_BYTES;
  const fit = Math.floor(accumulatorBytes / rowTile);
  if (fit < PAIR) {
    const found = `buffers.activationReserveKiB is ${buffers.activationReserveKiB}`;
    throw new InputError(`${found}; the accumulators of two row tiles need ${PAIR * rowTile} bytes`);
  }
  const lead = weights.layout === "slices" ? Math.min(router.sliceOneLead, fit - (fit % PAIR)) : 0;
  const demandBytes = fetch.residualReserveKiB * BYTES_PER_KIB;
  return {
    tensorBytes: buffers.activationKiB * BYTES_PER_KIB - accumulatorBytes,
    elementBytes: array.activationBits / 8,
    lead,
    accumulatorBytes,
    accumulatorTokens: Math.floor(fit / Math.max(PAIR, roundUp(lead, PAIR))) * array.columns,
    baseBytes: buffers.sliceKiB * BYTES_PER_KIB - demandBytes,
    demandBytes,
  };
}

/**
 * Tokens of one block of an op with `inputs` inputs: a multiple of the array's columns where that many fit, else as many
 * as fit. At most what the accumulators hold and one route decides.
 */
export function blockTokens(machine: Machine, limits: Limits, inputs: number): number {
  const { columns } = machine.array;
  const perToken = inputs * limits.elementBytes;
  const fit = Math.min(Math.floor(limits.tensorBytes / perToken), limits.accumulatorTokens, ROUTE_TOKENS);
  if (fit < 1) {
    const found = `buffers.activationKiB is ${machine.buffers.activationKiB}`;
    throw new InputError(`${found}; one token of ${inputs} inputs needs ${perToken} bytes beside the reserve`);
  }
  return fit < columns ? fit : Math.floor(fit / columns) * columns;
}
