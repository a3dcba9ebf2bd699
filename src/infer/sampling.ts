//
//   Text that the model makes up: one token after the other, from its own FP16 probabilities.
//
//     logits / temperature ─► the likeliest tokens that hold a share topP of the probability ─► one of them, by chance
//
//   Chance is a function of seed, sequence and position: the same text for the same request.
//

import { philox, uniform } from "../basics/random.js";
import { type Logits, logSum } from "./reading.js";

export interface Sampling {
  readonly temperature: number;
  readonly topP: number;
  readonly seed: number;
}

/** The token of a row of logits that chance picks. */
export function sample(
  logits: Logits,
  { temperature, topP, seed }: Sampling,
  sequence: number,
  position: number,
): number {
  const scaled = logits.map((logit) => logit / temperature);
  const log = logSum(scaled, 0, scaled.length);
  const order = Array.from(scaled.keys()).sort((a, b) => scaled[b] - scaled[a] || a - b);
  const share = (token: number) => Math.exp(scaled[token] - log);
  let [kept, mass] = [0, 0];
  while (kept < order.length && mass < topP) mass += share(order[kept++]);
  let left = uniform(philox([position, sequence, 0, 0], [seed, SAMPLE])[0]) * mass;
  for (let i = 0; i < kept; i++) {
    left -= share(order[i]);
    if (left < 0) return order[i];
  }
  return order[kept - 1];
}

/** Keeps this use of a seed apart from others. */
const SAMPLE = 0x7e47;
