//
//   A LLaMA-type language model on blocks of consecutive tokens of one sequence.
//
//     tokens ─► embedding ─► [ norm ─► q k v ─► RoPE ─► cache ─► attention ─► o ─► +
//                              norm ─► gate up ─► silu(gate) * up ─► down ─► + ] x layers ─► norm ─► lm_head ─► logits
//
//   Who gets how many slices is asked before every linear, with its inputs at hand. `halves`: what the machine keeps in its
//   activation buffer (residual stream, inputs of linears, q, k, v) is FP16. Sums over a token's values are FP64, rounded once.
//

import { type Model, ROLES, type Role } from "../model/model.js";
import type { Kernels } from "../wasm/kernels.js";
import type { FloatVector, Rows } from "../wasm/vectors.js";
import { Attention } from "./attention.js";
import type { KvSource } from "./kv-cache.js";
import type { LinearLayer } from "./linear.js";
import { type Constants, Rotation } from "./rope.js";

/** Slices of each of `count` tokens in a linear, given its inputs. */
export type Depths = (linearIndex: number, x: Rows, count: number) => Uint8Array;

export interface Parts {
  readonly model: Model;
  readonly constants: Constants;
  readonly embedding: FloatVector;
  /** Weights of the norms before attention and before the MLP, by layer; and of the last one. */
  readonly attentionNorms: readonly Float32Array[];
  readonly mlpNorms: readonly Float32Array[];
  readonly lastNorm: Float32Array;
  /** In the order of model.linears. */
  readonly linears: readonly LinearLayer[];
  readonly lmHead: LinearLayer;
  readonly halves: boolean;
}

/** Consecutive tokens of one sequence; the first one is at `position`. */
export interface Block {
  readonly tokens: Int32Array;
  readonly position: number;
}

export class Transformer {
  readonly #attention: Attention;
  readonly #rotation: Rotation;
  readonly #stream: FloatVector;
  readonly #normed: FloatVector;
  readonly #logits: FloatVector;
  readonly #by: Record<Role, FloatVector>;

  constructor(
    private readonly kernels: Kernels,
    private readonly parts: Parts,
    /** Most tokens of a block. */
    readonly blockTokens: number,
    positions: number,
  ) {
    const { model, constants, halves } = parts;
    const room = (values: number) => kernels.floats(blockTokens * values);
    this.#stream = room(model.hidden);
    this.#normed = room(Math.max(model.hidden, model.heads * model.headDim));
    this.#logits = room(model.vocab);
    const sizes = model.linears.slice(0, ROLES.length).map(({ kind, out }) => [kind, room(out)]);
    this.#by = Object.fromEntries(sizes) as Record<Role, FloatVector>;
    this.#attention = new Attention(kernels, model, blockTokens, positions, halves);
    this.#rotation = new Rotation(model.headDim, constants.frequencies, positions);
  }

  get model(): Model {
    return this.parts.model;
  }

  /** Logits [token][vocabulary] of a block; its keys and values go into the cache. Valid until the next block. */
  forward(block: Block, cache: KvSource, depths: Depths): Float32Array {
    const { model, lmHead, lastNorm } = this.parts;
    const count = block.tokens.length;
    this.embed(block.tokens);
    for (let layer = 0; layer < model.layers; layer++) {
      this.attend(layer, block, cache, depths);
      this.feedForward(layer, count, depths);
    }
    this.norm(lastNorm, count);
    const x = { vector: this.#normed, pitch: model.hidden };
    lmHead.apply(x, { vector: this.#logits, pitch: model.vocab }, new Uint8Array(count));
    return this.#logits.view.subarray(0, count * model.vocab);
  }

  private embed(tokens: Int32Array): void {
    const { hidden } = this.model;
    const [table, stream] = [this.parts.embedding.view, this.#stream.view];
    for (const [place, token] of tokens.entries()) {
      stream.set(table.subarray(token * hidden, (token + 1) * hidden), place * hidden);
    }
  }

  private attend(layer: number, { tokens, position }: Block, cache: KvSource, depths: Depths): void {
    const { heads, kvHeads, headDim } = this.model;
    const [count, by] = [tokens.length, this.#by];
    this.norm(this.parts.attentionNorms[layer], count);
    for (const kind of ["q", "k", "v"] as const) this.linear(layer, kind, this.#normed, count, depths);
    const [q, k, v] = [by.q.view, by.k.view, by.v.view];
    for (let token = 0; token < count; token++) {
      this.#rotation.apply(q, token * heads * headDim, heads, position + token);
      this.#rotation.apply(k, token * kvHeads * headDim, kvHeads, position + token);
    }
    this.settle(by.q, count * heads * headDim);
    for (let token = 0; token < count; token++) {
      cache.append(layer, position + token, k, v, token * kvHeads * headDim);
    }
    this.#attention.apply(layer, by.q, cache, position, count, this.#normed);
    this.settle(this.#normed, count * heads * headDim);
    this.linear(layer, "o", this.#normed, count, depths);
    this.add(by.o, count);
  }

  private feedForward(layer: number, count: number, depths: Depths): void {
    const { gate, up, down } = this.#by;
    this.norm(this.parts.mlpNorms[layer], count);
    for (const kind of ["gate", "up"] as const) this.linear(layer, kind, this.#normed, count, depths);
    this.kernels.gate(gate, up, count * this.model.intermediate);
    this.settle(gate, count * this.model.intermediate);
    this.linear(layer, "down", gate, count, depths);
    this.add(down, count);
  }

  private linear(layer: number, kind: Role, x: FloatVector, count: number, depths: Depths): void {
    const index = layer * ROLES.length + ROLES.indexOf(kind);
    const linear = this.parts.linears[index];
    const rows = { vector: x, pitch: linear.inputs };
    linear.apply(rows, { vector: this.#by[kind], pitch: linear.outputs }, depths(index, rows, count));
  }

  /** Adds a linear's results to the residual stream. */
  private add(result: FloatVector, count: number): void {
    const [stream, y] = [this.#stream.view, result.view];
    const values = count * this.model.hidden;
    for (let i = 0; i < values; i++) stream[i] += y[i];
    this.settle(this.#stream, values);
  }

  /** RMSNorm of the residual stream. */
  private norm(weights: Float32Array, count: number): void {
    const { hidden } = this.model;
    const [x, y] = [this.#stream.view, this.#normed.view];
    for (let from = 0; from < count * hidden; from += hidden) {
      let squares = 0;
      for (let i = from; i < from + hidden; i++) squares += x[i] * x[i];
      const scale = 1 / Math.sqrt(squares / hidden + this.parts.constants.normEpsilon);
      for (let i = 0; i < hidden; i++) y[from + i] = x[from + i] * scale * weights[i];
    }
    this.settle(this.#normed, count * hidden);
  }

  private settle(vector: FloatVector, values: number): void {
    if (this.parts.halves) this.kernels.settle(vector, values);
  }
}
