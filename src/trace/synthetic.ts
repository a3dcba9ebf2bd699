//
//   Depths without a router: a stochastic process with a mean of exactly B bits, for questions that no trace answers.
//
//     u(token, linear) in (0, 1) ──► depth = 1 + slices e = 2..4 with u < p_e        p_e(B) = P(depth >= e)
//
//     independent      each token and linear draws its own u
//     correlated       the tokens of a step share one u per linear
//     beta-binomial    the tokens of a step share Dirichlet-distributed p_e per linear: any two of them correlate by rho
//     markov           a token repeats the depth of the one before it in its sequence with probability rho
//
//   p_e(B) is linear in B between four anchors, so the mean is exact: 2 (none), 3 (half of the tokens at 4 bits), 4
//   (0.6, 0.3, 0.1), 8 (all). docs/plans.md has the mathematics. Draws count (basics/random.ts): they depend on seed, linear,
//   sequence, position and step, not on the batch or on the order of anything.
//

import { InputError } from "../basics/errors.js";
import { gamma, philox, uniform, type Words } from "../basics/random.js";
import type { Plan } from "./plan.js";
import type { Step } from "./replay.js";
import { SLICE_BITS, SLICES } from "./trace-json.js";

export const PROCESSES = ["correlated", "independent", "beta-binomial", "markov"] as const;
export type Process = (typeof PROCESSES)[number];

interface SyntheticOptions {
  process: Process;
  /** Mean weight bits. */
  bits: number;
  /** Of beta-binomial and markov. */
  rho?: number | undefined;
  seed?: number | undefined;
}

export const DEFAULT_RHO = 0.5;
export const DEFAULT_SEED = 1;

/** P(depth >= 2), P(depth >= 3), P(depth >= 4) of one token. */
type Tails = readonly [number, number, number];

const ANCHORS: readonly { bits: number; tails: Tails }[] = [
  { bits: 2, tails: [0, 0, 0] },
  { bits: 3, tails: [0.5, 0, 0] },
  { bits: 4, tails: [0.6, 0.3, 0.1] },
  { bits: 8, tails: [1, 1, 1] },
];

/** What a process does, with its RHO if it has one. */
const LAWS: Record<Process, string> = {
  correlated: "one draw for all tokens of a step",
  independent: "a draw of its own for every token",
  "beta-binomial": "intra-class correlation RHO across the tokens of a step",
  markov: "a token repeats the depth of the one before it with probability RHO",
};

export function syntheticPlan(options: SyntheticOptions): Plan {
  const { process, bits, seed = DEFAULT_SEED } = options;
  const rho = rhoOf(options);
  const tails = tailsAt(bits);
  const law = LAWS[process].replace("RHO", String(rho));
  return {
    source: "synthetic",
    budget: bits,
    text: `synthetic ${process} depths with a mean of ${bits} bits: ${law}; seed ${seed}`,
    routed: true,
    config: undefined,
    depths: depthsOf(process, new Draws(seed), tails, rho),
  };
}

/** The p_e of a mean. */
export function tailsAt(bits: number): Tails {
  const [least, most] = [SLICE_BITS, SLICE_BITS * SLICES];
  if (!(bits > least && bits <= most)) {
    throw new InputError(`--budget ${bits}: allowed more than ${least} and at most ${most} with --synthetic`);
  }
  const next = ANCHORS.findIndex((anchor) => anchor.bits >= bits);
  const [below, above] = [ANCHORS[next - 1], ANCHORS[next]];
  const share = (bits - below.bits) / (above.bits - below.bits);
  const mix = (e: 0 | 1 | 2) => (1 - share) * below.tails[e] + share * above.tails[e];
  return [mix(0), mix(1), mix(2)];
}

function rhoOf({ process, rho }: SyntheticOptions): number {
  const having = PROCESSES.filter((one) => LAWS[one].includes("RHO"));
  if (rho !== undefined && !having.includes(process)) {
    throw new InputError(`--rho ${rho}: allowed with --synthetic ${having.join(" or ")}; the process is ${process}`);
  }
  const value = rho ?? DEFAULT_RHO;
  if (value >= 0 && value <= 1) return value;
  throw new InputError(`--rho ${value}: allowed 0..1`);
}

function depthsOf(process: Process, draws: Draws, tails: Tails, rho: number): Plan["depths"] {
  const oneByOne =
    (depth: (step: Step, token: number, linear: number) => number): Plan["depths"] =>
    (step, { start, size }, linear, into = new Uint8Array(size)) => {
      for (let i = 0; i < size; i++) into[i] = depth(step, start + i, linear);
      return into;
    };
  const independent = oneByOne((step, token, linear) => {
    return depthAt(draws.token(linear, step.sequences[token], step.positions[token]), tails);
  });
  const correlated: Plan["depths"] = (step, { size }, linear, into = new Uint8Array(size)) => {
    return into.fill(depthAt(draws.step(linear, step.index), tails), 0, size);
  };
  if (process === "correlated") return correlated;
  if (process === "independent" || rho === 0) return independent;
  if (process === "markov") {
    return oneByOne((step, token, linear) => {
      return depthAt(draws.chain(linear, step.sequences[token], step.positions[token], rho), tails);
    });
  }
  if (rho === 1) return correlated;
  return (step, { start, size }, linear, into = new Uint8Array(size)) => {
    const shared = draws.tails(linear, step.index, tails, (1 - rho) / rho);
    for (let i = 0; i < size; i++) {
      const token = start + i;
      into[i] = depthAt(draws.token(linear, step.sequences[token], step.positions[token]), shared);
    }
    return into;
  };
}

function depthAt(u: number, [two, three, four]: Tails): number {
  return 1 + (u < two ? 1 : 0) + (u < three ? 1 : 0) + (u < four ? 1 : 0);
}

/** What a draw is for: the last word of its counter. */
// biome-ignore format: in order
enum Use { Token, Step, Share }

/** The draws of one seed. */
class Draws {
  private readonly key: readonly [number, number];
  private readonly counter: Words = [0, 0, 0, 0];
  private readonly words: Words = [0, 0, 0, 0];

  constructor(seed: number) {
    this.key = [seed >>> 0, Math.floor(seed / 2 ** 32)];
  }

  /** A token's own u in a linear. */
  token(linear: number, sequence: number, position: number): number {
    return uniform(this.draw(position, sequence, linear, Use.Token)[0]);
  }

  /** The u that the tokens of a step share. */
  step(linear: number, step: number): number {
    return uniform(this.draw(step, 0, linear, Use.Step)[0]);
  }

  /** The u of the nearest token at or before this position that does not repeat the one before it. */
  chain(linear: number, sequence: number, position: number, rho: number): number {
    for (let at = position; ; at--) {
      const words = this.draw(at, sequence, linear, Use.Token);
      if (at === 0 || uniform(words[1]) >= rho) return uniform(words[0]);
    }
  }

  /** Tails of a step and linear: Dirichlet around the mean ones, of this concentration. */
  tails(linear: number, step: number, [two, three, four]: Tails, concentration: number): Tails {
    const means = [1 - two, two - three, three - four, four];
    const logs = means.map((mean, depth) => {
      const attempt = (n: number) => this.draw(step, n * means.length + depth, linear, Use.Share);
      return mean <= 0 ? Number.NEGATIVE_INFINITY : gamma(mean * concentration, attempt);
    });
    const most = Math.max(...logs);
    const shares = logs.map((log) => Math.exp(log - most));
    const sum = shares.reduce((total, share) => total + share, 0);
    return [1 - shares[0] / sum, (shares[2] + shares[3]) / sum, shares[3] / sum];
  }

  private draw(a: number, b: number, c: number, use: Use): Words {
    const { counter } = this;
    counter[0] = a;
    counter[1] = b;
    counter[2] = c;
    counter[3] = use;
    return philox(counter, this.key, this.words);
  }
}
