//
//   Static placement in the activation buffer: which tensors of a layer stay there for a block of tokens.
//
//     stretch    norm   q k v   attention   o   gate up   down
//     in use      x       x      working    in     x       in      what an op cannot do without
//     K, V                o         o                              the block's own, quantised
//     residual    o       o         o        o     o       o
//     attention                     o        o                     output, the input of o_proj
//     query               o         o
//     mlp                                          o       o       act(gate) * up, the input of down_proj
//     branch                              o                o       output of o_proj and down_proj until it is normed (Gemma-2)
//
//   In a parallel block gate and up (fc1) follow q, k, v: then K, V and query live through that stretch, too, and mlp
//   through attention and o.
//
//   In this order each tensor gets its place if it fits in every stretch of its life; else it goes to DRAM and back.
//

import { BYTES_PER_KIB } from "../basics/units.js";
import type { Machine } from "../hardware/machine.js";
import type { Model } from "../model/model.js";
import { blockTokens, codeBytes, type Limits } from "./tiles.js";

/** Of the activation buffer: least and most for the scores and re-fetched queries of attention. */
const LEAST_WORKING = 1 / 4;
const MOST_WORKING = 1 / 2;

export interface Residency {
  keyValue: boolean;
  residual: boolean;
  /** The output of attention and MLP, where it is normed before it is added. */
  branch: boolean;
  attention: boolean;
  query: boolean;
  mlp: boolean;
  /** Bytes for attention scores and re-fetched queries. */
  workingBytes: number;
}

// biome-ignore format: the stretches of a layer
enum Stretch { Norm, Qkv, Attention, O, GateUp, Down }

export function residencyOf(machine: Machine, limits: Limits, model: Model, tokens: number): Residency {
  const { tensorBytes, elementBytes } = limits;
  const { Norm, Qkv, Attention, O, GateUp, Down } = Stretch;
  const bytes = (features: number) => tokens * features * elementBytes;
  const inputOf = (features: number) =>
    Math.min(tokens, blockTokens(machine, limits, features)) * features * elementBytes;
  const [hidden, heads, intermediate] = [model.hidden, model.heads * model.headDim, model.intermediate];
  const buffer = machine.buffers.activationKiB * BYTES_PER_KIB;
  const working = Math.min(buffer * LEAST_WORKING, tensorBytes);
  const x = bytes(hidden);
  const used = [x, x, working, inputOf(heads), x, inputOf(intermediate)];
  /** `within`: the stretch in which the tensor, or a part of it, is the input already in use. */
  const place = (size: number, stretches: Stretch[], within?: Stretch, input = 0): boolean => {
    const more = (stretch: Stretch) => (stretch === within ? Math.max(0, size - input) : size);
    if (stretches.some((stretch) => used[stretch] + more(stretch) > tensorBytes)) return false;
    for (const stretch of stretches) used[stretch] += more(stretch);
    return true;
  };
  const beside = model.parallel ? [GateUp] : [];
  const position = 2 * codeBytes(model.headDim, machine.kv.bits) + machine.kv.scaleBytes;
  return {
    keyValue: place(tokens * model.kvHeads * position, [Qkv, ...beside, Attention]),
    residual: place(x, [Norm, Qkv, Attention, O, GateUp, Down]),
    branch: place(model.norm.post ? x : 0, [O, Down]),
    attention: place(bytes(heads), [Attention, O], O, inputOf(heads)),
    query: place(bytes(heads), [Qkv, ...beside, Attention]),
    mlp: place(
      bytes(intermediate),
      [GateUp, ...(model.parallel ? [Attention, O] : []), Down],
      Down,
      inputOf(intermediate),
    ),
    workingBytes: Math.min(buffer * MOST_WORKING, working + tensorBytes - used[Attention]),
  };
}
