//
//   A model reads a text token by token (teacher forcing), and what it expected of each is compared with what came.
//
//     tokens ─► blocks ─► transformer ─► logits of position p ──► expectation of the token at p + 1
//
//     nll        -log p(token), nats; perplexity = exp(mean nll)
//     kl         sum over the vocabulary of p log(p / q), nats: p the FP16 reference, q this model
//     agrees     the likeliest token is the reference's
//
//   Sums over the vocabulary are FP64.
//

import type { KvSource } from "./kv-cache.js";
import type { Block, Depths, Transformer } from "./transformer.js";

/** Of each position of a sequence; 0 at position 0, which nothing predicts. */
export interface Expectations {
  readonly nll: Float32Array;
  readonly kl: Float32Array;
  readonly agrees: Uint8Array;
}

/** Logits of consecutive positions, kept: [position][vocabulary]. */
export type Logits = Float32Array;

/** Runs a sequence from position 0; yields each block with its logits, which are valid until the next one. */
export function* readThrough(
  model: Transformer,
  cache: KvSource,
  tokens: Int32Array,
  depths: (block: Block) => Depths,
): Generator<{ block: Block; logits: Logits }> {
  for (let position = 0; position < tokens.length; position += model.blockTokens) {
    const block = { tokens: tokens.subarray(position, position + model.blockTokens), position };
    yield { block, logits: model.forward(block, cache, depths(block)) };
  }
}

export function noExpectations(length: number): Expectations {
  return { nll: new Float32Array(length), kl: new Float32Array(length), agrees: new Uint8Array(length) };
}

/** Judges a block's logits by the tokens that came, and by the reference's logits of the whole sequence. */
export function judge(
  into: Expectations,
  tokens: Int32Array,
  { position, tokens: own }: Block,
  logits: Logits,
  reference: Logits,
): void {
  const vocab = logits.length / own.length;
  for (let place = 0; place < own.length && position + place + 1 < tokens.length; place++) {
    const next = position + place + 1;
    const [at, other] = [place * vocab, (position + place) * vocab];
    const log = logSum(logits, at, vocab);
    into.nll[next] = log - logits[at + tokens[next]];
    into.kl[next] = divergence(reference, other, logits, at, vocab, log);
    into.agrees[next] = likeliest(logits, at, vocab) === likeliest(reference, other, vocab) ? 1 : 0;
  }
}

/** log of the sum of exponentials of a row. */
export function logSum(logits: Logits, from: number, vocab: number): number {
  let largest = Number.NEGATIVE_INFINITY;
  for (let i = from; i < from + vocab; i++) if (logits[i] > largest) largest = logits[i];
  let sum = 0;
  for (let i = from; i < from + vocab; i++) sum += Math.exp(logits[i] - largest);
  return largest + Math.log(sum);
}

function divergence(p: Logits, from: number, q: Logits, at: number, vocab: number, logQ: number): number {
  const logP = logSum(p, from, vocab);
  let sum = 0;
  for (let i = 0; i < vocab; i++) {
    const own = p[from + i] - logP;
    sum += Math.exp(own) * (own - (q[at + i] - logQ));
  }
  return Math.max(0, sum);
}

/** The first of the largest logits. */
function likeliest(logits: Logits, from: number, vocab: number): number {
  let best = 0;
  for (let i = 1; i < vocab; i++) if (logits[from + i] > logits[from + best]) best = i;
  return best;
}
