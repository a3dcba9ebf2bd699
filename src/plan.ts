//
//   Who gets how many slices.
//
//     trace ──► the depths its routers chose at a recorded budget          routed
//     k     ──► the first k slices for every token and linear              no router
//
//   A budget is exactly one that was recorded: no threshold is computed here, and nothing is interpolated.
//

import { InputError } from "./errors.js";
import type { Model } from "./model.js";
import type { Replay } from "./replay.js";
import type { Trace } from "./trace.js";
import { SLICE_BITS, SLICES } from "./trace-json.js";

export interface Plan {
  readonly source: "trace" | "constant";
  /** Average weight bits, of a trace plan. */
  readonly budget?: number;
  /** Slices of a constant plan. */
  readonly slices?: number;
  readonly text: string;
  /** A router decides at run time, and costs time. */
  readonly routed: boolean;
  /** Name of the recorded configuration it stands for: `b4`, `k2`. */
  readonly config: string;
  /** Slices of the token at (sequence, position) of the trace in one linear. */
  depth(sequence: number, position: number, linearIndex: number): number;
  /** Slices of many tokens in one linear, by their rows in the trace (-1: no trace); written into `into` if given. */
  depths(rows: Int32Array, linearIndex: number, into?: Uint8Array): Uint8Array;
}

export function planFromTrace(trace: Trace, budgetBits: number): Plan {
  const budget = trace.budgetOf(budgetBits);
  if (budget === undefined) {
    const recorded = trace.about.budgets.map((one) => one.bits).sort((a, b) => a - b);
    const where = `is not recorded in trace ${trace.name}; recorded: ${recorded.join(", ")}`;
    throw new InputError(`--budget ${budgetBits} ${where}`);
  }
  const slices = trace.slices(budget.name);
  const linears = trace.linears.length;
  return {
    source: "trace",
    budget: budget.bits,
    text: `budget ${budget.bits} of trace ${trace.name}`,
    routed: true,
    config: budget.name,
    depth: (sequence, position, linear) => slices[trace.row(sequence, position) * linears + linear],
    depths: (rows, linear, into = new Uint8Array(rows.length)) => {
      if (rows[0] < 0) throw new Error(`plan "${budget.name}" needs a replay of trace ${trace.name}`);
      for (let i = 0; i < rows.length; i++) into[i] = slices[rows[i] * linears + linear];
      return into;
    },
  };
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
    depth: () => slices,
    depths: (rows, _linear, into = new Uint8Array(rows.length)) => into.fill(slices, 0, rows.length),
  };
}

/** Mean weight bits that the replayed tokens want: 2 x slices, over tokens and linears, each linear by its weights. */
export function wantedBits(plan: Plan, model: Model, replay: Replay): number {
  const depths = new Uint8Array(replay.batch * replay.tokensPerStep);
  let bits = 0;
  let weights = 0;
  for (let index = 0; index < replay.stepCount; index++) {
    const { rows } = replay.step(index);
    for (const [place, linear] of model.linears.entries()) {
      const size = linear.in * linear.out;
      bits += size * SLICE_BITS * total(plan.depths(rows, place, depths));
      weights += size * rows.length;
    }
  }
  return bits / weights;
}

function total(depths: Uint8Array): number {
  let sum = 0;
  for (let i = 0; i < depths.length; i++) sum += depths[i];
  return sum;
}
