//
//   The linears of a model as stacks of 2-bit slices, with their routers: slices.safetensors, described in models/README.md.
//
//     W_k = base + scale * (q1 + sum over e = 2..k of (q_e - 1.5) * 4^-(e-1))        q_e: two bits of `codes`, q1 uppermost
//
//   A group is 128 consecutive inputs of a row; the last one of a row may be shorter.
//

import { z } from "zod";
import { InputError } from "../basics/errors.js";
import { readJson } from "../basics/json.js";
import { u8 } from "../basics/safetensors.js";
import { GROUP, groupsOf, type Linear, type Model } from "../model/model.js";
import type { RouterWeights } from "./router.js";
import type { Checkpoint } from "./weights.js";

/** A linear as a stack of slices. */
export interface SliceStack {
  readonly linear: Linear;
  /** q1<<6 | q2<<4 | q3<<2 | q4 by [out][in]. */
  readonly codes: Uint8Array;
  /** By [out][group]. */
  readonly scale: Float32Array;
  readonly base: Float32Array;
}

export interface SlicedWeights extends SliceStack {
  readonly router: RouterWeights;
}

/** The slices of every linear of the model. */
export function readSlices(file: Checkpoint, model: Model): SlicedWeights[] {
  return model.linears.map((linear) => {
    const groups = [linear.out, groupsOf(linear.in)];
    return {
      linear,
      codes: u8(file.tensor(`${linear.name}.codes`, [linear.out, linear.in])),
      scale: file.floats(`${linear.name}.scale`, groups),
      base: file.floats(`${linear.name}.base`, groups),
      router: readRouter(file, linear),
    };
  });
}

function readRouter(file: Checkpoint, { name, in: inputs }: Linear): RouterWeights {
  const first = file.anyShape(`${name}.router.r1`);
  const hidden = first.shape[0] ?? 0;
  if (first.shape.length !== 2 || hidden < 1) {
    const found = JSON.stringify(first.shape);
    throw new InputError(`${first.file}: tensor ${first.name}: shape is ${found}; allowed [1 or more, ${inputs}]`);
  }
  return {
    hidden,
    inputs,
    r1: file.floats(`${name}.router.r1`, [hidden, inputs]),
    b1: file.floats(`${name}.router.b1`, [hidden]),
    r2: file.floats(`${name}.router.r2`, [3, hidden]),
    b2: file.floats(`${name}.router.b2`, [3]),
  };
}

const Thresholds = z.record(z.string(), z.number());

/** The routers' thresholds by budget, from the file's metadata; none where it says none. */
export function parseThresholds(metadata: Readonly<Record<string, string>>, file: string): Map<string, number> {
  if (metadata.thresholds === undefined) return new Map();
  return new Map(Object.entries(readJson(metadata.thresholds, `${file}: thresholds`, Thresholds)));
}

/** Value of the first `slices` slices of a code, in units of scale above base; exact in FP32. */
function codeValue(code: number, slices: number): number {
  let value = code >> 6;
  for (let e = 2; e <= slices; e++) value += (((code >> (8 - 2 * e)) & 3) - 1.5) * 4 ** -(e - 1);
  return value;
}

/** W_k as FP32: one multiplication and one addition a weight, each rounded. Written into `into`. */
export function dequantize(weights: SliceStack, slices: number, into: Float32Array): void {
  const { linear, codes, scale, base } = weights;
  const values = Float32Array.from({ length: 256 }, (_, code) => codeValue(code, slices));
  const groups = groupsOf(linear.in);
  for (let row = 0, at = 0; row < linear.out; row++) {
    for (let group = 0; group < groups; group++) {
      const [s, b] = [scale[row * groups + group], base[row * groups + group]];
      const end = row * linear.in + Math.min(linear.in, (group + 1) * GROUP);
      for (; at < end; at++) into[at] = b + Math.fround(s * values[codes[at]]);
    }
  }
}
