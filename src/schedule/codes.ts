//
//   How codes meet the array: terms of a code, and what the runs of a weight tile are in each layout.
//
//     slices     a run and a pass for each slice                     scales | s1 ─► pass   s2 ─► pass   s3 ...
//     gathered   a run for each slice, one pass over whole codes     scales | s1 s2 s3 ... ─► pass
//     codes      one run, one pass                                   scales | codes ─► pass
//
//   A code of b bits takes ceil(floor(b) / array.bitsPerCycle) cycles of a lane; a fraction of a bit is what the weights of a
//   group share (scales, selectors), and takes no term. Where a lane takes a term a cycle, a number format may say that its
//   whole codes have fewer or more: weights.terms.
//

import type { Machine } from "../hardware/machine.js";
import type { Linear, Model } from "../model/model.js";
import { SLICE_BITS, SLICES } from "../trace/trace-json.js";
import { codeBytes } from "./tiles.js";

/** Bits of a code that a lane of one radix-4 term a cycle takes. */
const TERM_BITS = 2;
/** FP16 bias of a row, in a linear or lm_head that has them. */
const BIAS_BYTES = 2;

/** A code as a Compute record says it. */
interface CodePass {
  terms: number;
  codeBits: number;
  /** Dequantizations at the end of a group. */
  dequants: number;
}

/** The weights of the routed linears on this machine. */
export interface WeightFormat {
  /** Runs of a tile beside its scales: slices, or one of codes. */
  runs: number;
  /** Bits of a weight in one of them. */
  runBits: number;
  /** All runs of a tile make one pass. */
  gathered: boolean;
  /** The pass of the first run, or of all. */
  first: CodePass;
  residual: CodePass;
  /** The zero point, or the half step of a slice, needs sum(x). */
  sums: boolean;
}

/** `slices`: those that a tile may need at most. */
export function weightFormat(machine: Machine, slices: number): WeightFormat {
  const { layout, codeBits, dequants } = machine.weights;
  const codes = layout === "codes";
  return {
    runs: codes ? 1 : slices,
    runBits: codes ? codeBits : SLICE_BITS,
    gathered: layout === "gathered",
    first: { ...codePass(machine, passBits(machine, slices), dequants), ...ownTerms(machine) },
    residual: codePass(machine, SLICE_BITS, Math.min(1, dequants)),
    sums: !codes || dequants > 1,
  };
}

/** Weight bits of one pass: what the array computes with at a time. */
export function passBits(machine: Machine, slices: number): number {
  const { layout, codeBits } = machine.weights;
  return layout === "codes" ? codeBits : layout === "gathered" ? SLICE_BITS * slices : SLICE_BITS;
}

export function codePass({ array }: Machine, bits: number, dequants: number): CodePass {
  const codeBits = Math.floor(bits);
  return { terms: Math.ceil(codeBits / array.bitsPerCycle), codeBits, dequants };
}

/** What a number format says of its whole codes, on lanes that take a term a cycle. */
function ownTerms({ weights, array }: Machine): { terms?: number } {
  const counts = weights.layout === "codes" && weights.terms > 0 && array.bitsPerCycle === TERM_BITS;
  return counts ? { terms: weights.terms } : {};
}

/** Slices that a tile may need at most: all of them with a router, k of a constant plan. */
export function slicesOf(plan: { routed: boolean; slices?: number }): number {
  return plan.routed ? SLICES : (plan.slices ?? SLICES);
}

/** Scales and zero points of `rows` rows of `inputs` weights. */
export function scaleBytes({ weights }: Machine, rows: number, inputs: number): number {
  return rows * Math.ceil(inputs / weights.group) * weights.scaleBytes;
}

/** What is fetched beside the codes of a tile: scales, and with the first K tile the biases of its rows. */
export function scaleRunBytes(machine: Machine, linear: Linear, rows: number, inputs: number, first: boolean): number {
  return scaleBytes(machine, rows, inputs) + (first && linear.bias ? rows * BIAS_BYTES : 0);
}

/** Bytes of an lm_head tile with its scales; of whole rows they come with the last tile, and so do biases. */
export function lmHeadTileBytes(
  { lmHead }: Machine,
  { lmHeadBias }: Model,
  tile: { rows: number; inputs: number; last: boolean },
): number {
  const groups = lmHead.group === 0 ? Number(tile.last) : Math.ceil(tile.inputs / lmHead.group);
  const rowBytes = groups * lmHead.scaleBytes + (tile.last && lmHeadBias ? BIAS_BYTES : 0);
  return codeBytes(tile.rows * tile.inputs, lmHead.codeBits) + tile.rows * rowBytes;
}
