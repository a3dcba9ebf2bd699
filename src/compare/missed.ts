//
//   What the formula missed: from its cycles to the simulated ones, one cause at a time. The causes add up to the difference.
//
//     sum over products of max(C, D)             the formula
//       barriers     max(C, D) of the whole step: products overlap
//       work         C becomes the array's busy cycles: pass and tile cuts, causal tiles left out, lm_head of sampled tokens
//       traffic      D becomes the bytes that move: activations stay on chip, scales and embedding rows are there
//       kvAppend     with the keys and values that are stored
//       bandwidth    the part's peak instead of the formula's
//       fillDrain    C becomes the cycles of the machine with ideal DRAM and vector unit: fill, drain, dependences
//       dram         real DRAM without refresh: latency, rows, buses, what finite buffers do
//       refresh      with refresh
//       vector       with the vector unit
//     simulated
//
//   A total with max() has no unique parts: the order above is part of what each figure means.
//

import { BITS_PER_BYTE } from "../basics/units.js";
import type { ComparedMachine, ComparedModel } from "../bitmod/data-file.js";
import type { Estimate } from "../bitmod/estimate.js";
import { type FormulaStep, weightBitsOf } from "../bitmod/tables.js";
import { peakGBps } from "../dram/device.js";
import type { MachineOptions } from "../hardware/machine.js";
import { execute, type Job, type OnProgress } from "../job.js";
import type { RunRequest } from "../request.js";
import { type Counters, dramBytesOf, namedCounters } from "../result/counters.js";

export const CAUSES = [
  "barriers",
  "work",
  "traffic",
  "kvAppend",
  "bandwidth",
  "fillDrain",
  "dram",
  "refresh",
  "vector",
] as const;
export type MissedCause = (typeof CAUSES)[number];

export interface Missed {
  readonly formulaCycles: number;
  readonly simulatedCycles: number;
  /** Cycles that each cause adds; negative where the formula charged for what does not happen. */
  readonly causes: Readonly<Record<MissedCause, number>>;
}

/** The machine as it is, and three of its idealisations. */
const VARIANTS = {
  real: {},
  idealVector: { idealVector: true },
  noRefresh: { idealVector: true, noRefresh: true },
  ideal: { idealVector: true, idealDram: true },
} as const satisfies Record<string, MachineOptions>;

/** Simulates the job of one step four times and explains the difference to `formula`. */
export async function missedBy(
  formula: Estimate,
  bitsPerCycle: number,
  job: Job,
  onProgress: OnProgress = () => {},
  signal?: AbortSignal,
): Promise<Missed> {
  const { engines } = await execute(job, Object.values(VARIANTS), onProgress, signal);
  const [real, idealVector, noRefresh, ideal] = engines.map(({ cycle }) => cycle);
  const counters = namedCounters(engines[0].counters());
  const { machine, device } = job.inputs;
  const partBitsPerCycle = (peakGBps(device, machine.dram.channels) * BITS_PER_BYTE * 1000) / machine.clock.coreMHz;
  const moved = bytesMoved(counters);
  const cyclesOf = (bytes: number, rate: number): number => Math.ceil((bytes * BITS_PER_BYTE) / rate);
  const compute = formula.linear.computeCycles + formula.attention.computeCycles;
  const dram = formula.linear.dramCycles + formula.attention.dramCycles;
  const busy = counters.CyclesBusy;
  const atPeak = cyclesOf(moved.all, partBitsPerCycle);
  const totals = [
    formula.cycles,
    Math.max(compute, dram),
    Math.max(busy, dram),
    Math.max(busy, cyclesOf(moved.all - moved.appended, bitsPerCycle)),
    Math.max(busy, cyclesOf(moved.all, bitsPerCycle)),
    Math.max(busy, atPeak),
    Math.max(ideal, atPeak),
    noRefresh,
    idealVector,
    real,
  ];
  const causes = Object.fromEntries(CAUSES.map((cause, i) => [cause, totals[i + 1] - totals[i]]));
  return { formulaCycles: formula.cycles, simulatedCycles: real, causes: causes as Missed["causes"] };
}

/** The run that the formula's step stands for: the machine's config with the phase's array and the model's weight bits. */
export function requestFor(
  machine: ComparedMachine,
  model: ComparedModel,
  step: FormulaStep,
  sets: readonly string[] = [],
): RunRequest {
  const { rows, columns } = machine.array[step.phase];
  const { lanes, activationBits } = machine;
  const bits = weightBitsOf(machine, model.name, step);
  const request = {
    machine: machine.config,
    model: model.shape,
    sets: [
      `array.rows=${rows}`,
      `array.columns=${columns}`,
      `array.weightPortBits=${rows * lanes * Math.ceil(bits)}`,
      `array.activationPortBits=${columns * lanes * activationBits}`,
      `weights.codeBits=${bits}`,
      `lmHead.codeBits=${bits}`,
      ...sets,
    ],
    batch: step.batch,
  };
  // The formula's step attends to `context` tokens, its own among them.
  if (step.phase === "decode") return { ...request, phase: "decode", context: step.context - 1, steps: 1 };
  return { ...request, phase: "prefill", context: 0, tokens: step.context };
}

function bytesMoved(counters: Counters): { all: number; appended: number } {
  const all = Object.values(dramBytesOf(counters)).reduce((sum, one) => sum + one, 0);
  return { all, appended: counters.BytesWrittenKv };
}
