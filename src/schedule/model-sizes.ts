//
//   How large a model is in the formats of a machine (docs/machine.md, section 13), without padding.
//
//     linears      codes of k slices, scales and zero points of each group, FP16 biases
//     embedding    FP16, and the table of learned positions          lm_head   codes, scales, FP16 biases
//     KV           codes of the machine and their scales             FP16: no scales
//

import { BITS_PER_BYTE } from "../basics/units.js";
import type { Machine } from "../hardware/machine.js";
import { embeddingWeights, kvBytesPerToken, type Model, parameters, routedWeights } from "../model/model.js";
import { SLICES } from "../trace/trace-json.js";
import { lmHeadTileBytes, scaleRunBytes, weightFormat } from "./codes.js";

const FP16_BYTES = 2;

export interface ModelSizes {
  parameters: number;
  linearWeights: number;
  /** Of the linears at 1, 2, 3, 4 slices. */
  linearBytes: number[];
  embeddingBytes: number;
  lmHeadBytes: number;
  /** That a token leaves in the cache. */
  kvBytesPerToken: { coded: number; fp16: number };
}

export function modelSizes(model: Model, machine: Machine): ModelSizes {
  const { layers, kvHeads, vocab, hidden, positionRows } = model;
  const { bits, scaleBytes } = machine.kv;
  return {
    parameters: parameters(model),
    linearWeights: routedWeights(model),
    linearBytes: Array.from({ length: SLICES }, (_, slice) => linearBytes(model, machine, slice + 1)),
    embeddingBytes: (embeddingWeights(model) + positionRows * hidden) * FP16_BYTES,
    lmHeadBytes: lmHeadTileBytes(machine, model, { rows: vocab, inputs: hidden, last: true }),
    kvBytesPerToken: {
      coded: kvBytesPerToken(model, bits) + layers * kvHeads * scaleBytes,
      fp16: kvBytesPerToken(model, FP16_BYTES * BITS_PER_BYTE),
    },
  };
}

/** Bytes that a step fetches for the linears when each is read once. */
export function linearBytes(model: Model, machine: Machine, slices: number): number {
  const { runs, runBits } = weightFormat(machine, slices);
  const codes = (routedWeights(model) * runs * runBits) / BITS_PER_BYTE;
  return model.linears.reduce(
    (sum, linear) => sum + scaleRunBytes(machine, linear, linear.out, linear.in, true),
    codes,
  );
}
