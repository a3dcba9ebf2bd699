//
//   Who gets how many slices.
//
//     trace ──► the depths its routers chose at a recorded budget          routed
//     k     ──► the first k slices for every token and linear              no router
//     codes ──► whole codes, on a machine that has no slices               no router
//
//   A budget is exactly one that was recorded: no threshold is computed here, and nothing is interpolated.
//   Other plans: transplant.ts (another model's trace), synthetic.ts (a stochastic process). docs/plans.md has them all.
//

import { InputError } from "../basics/errors.js";
import type { Model } from "../model/model.js";
import type { Replay, Step } from "./replay.js";
import type { Trace } from "./trace.js";
import { type Budget, SLICE_BITS, SLICES } from "./trace-json.js";

/** Tokens of a step, by their places in it. */
interface TokenRange {
  readonly start: number;
  readonly size: number;
}

export interface Plan {
  readonly source: "trace" | "constant" | "transplanted" | "synthetic";
  /** Average weight bits: recorded, or of a synthetic plan the mean that it aims at. */
  readonly budget?: number;
  /** Slices of a constant plan. */
  readonly slices?: number;
  /** Bits of a weight where it has no slices. */
  readonly codeBits?: number;
  readonly text: string;
  /** A router decides at run time, and costs time. */
  readonly routed: boolean;
  /** Name of the recorded configuration it stands for: `b4`, `k2`; undefined where it stands for none. */
  readonly config: string | undefined;
  /** Slices of some tokens of a step in one linear, written into `into` from 0 on if that is given. */
  depths(step: Step, tokens: TokenRange, linearIndex: number, into?: Uint8Array): Uint8Array;
}

export function planFromTrace(trace: Trace, budgetBits: number): Plan {
  const budget = recordedBudget(trace, budgetBits);
  const slices = trace.slices(budget.name);
  const linears = trace.linears.length;
  return {
    source: "trace",
    budget: budget.bits,
    text: `budget ${budget.bits} of trace ${trace.name}`,
    routed: true,
    config: budget.name,
    depths: ({ rows }, { start, size }, linear, into = new Uint8Array(size)) => {
      if (rows[start] < 0) throw new Error(`plan "${budget.name}" needs a replay of trace ${trace.name}`);
      for (let i = 0; i < size; i++) into[i] = slices[rows[start + i] * linears + linear];
      return into;
    },
  };
}

/** The budget of exactly these bits, or one line that lists those there are. */
export function recordedBudget(trace: Trace, budgetBits: number): Budget {
  const budget = trace.budgetOf(budgetBits);
  if (budget !== undefined) return budget;
  const recorded = trace.about.budgets.map((one) => one.bits).sort((a, b) => a - b);
  const where = `is not recorded in trace ${trace.name}; recorded: ${recorded.join(", ")}`;
  throw new InputError(`--budget ${budgetBits} ${where}`);
}

export function constantPlan(slices: number): Plan {
  if (!Number.isInteger(slices) || slices < 1 || slices > SLICES) {
    throw new InputError(`--slices ${slices}: allowed an integer in 1..${SLICES}`);
  }
  return {
    source: "constant",
    slices,
    text: `${slices} ${slices === 1 ? "slice" : "slices"} for every token, no router`,
    routed: false,
    config: `k${slices}`,
    depths: (_step, { size }, _linear, into = new Uint8Array(size)) => into.fill(slices, 0, size),
  };
}

/** Whole codes for every token, on a machine without slices. */
export function codesPlan(codeBits: number): Plan {
  const { slices: _, ...whole } = constantPlan(1);
  return { ...whole, codeBits, text: `${codeBits}-bit codes`, config: undefined };
}

/** Mean weight bits that the replayed tokens want: 2 x slices, over tokens and linears, each linear by its weights. */
export function wantedBits(plan: Plan, model: Model, replay: Replay): number {
  const depths = new Uint8Array(replay.mostTokens);
  let bits = 0;
  let weights = 0;
  for (let index = 0; index < replay.stepCount; index++) {
    const step = replay.step(index);
    const all = { start: 0, size: step.rows.length };
    for (const [place, linear] of model.linears.entries()) {
      const size = linear.in * linear.out;
      bits += size * (plan.codeBits ?? SLICE_BITS) * total(plan.depths(step, all, place, depths), all.size);
      weights += size * all.size;
    }
  }
  return bits / weights;
}

function total(depths: Uint8Array, count: number): number {
  let sum = 0;
  for (let i = 0; i < count; i++) sum += depths[i];
  return sum;
}
