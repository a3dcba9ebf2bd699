//
//   The published table again: every model, phase and machine, and the headline computed from them.
//
//     Comparison ──► estimate, all of them ──► rows: cycles, speed-up, energy
//                                         └──► headlines: geometric and arithmetic mean of the speed-ups at 2 points a model,
//                                              prefill, and prefill + decode steps
//

import type { ComparedMachine, Comparison } from "./data-file.js";
import { type Estimate, type EstimatedEnergy, estimate } from "./estimate.js";
import type { FormulaModel, Phase, Revision } from "./tables.js";

interface ReproduceRequest {
  revision: Revision;
  batch: number;
  context: number;
}

export interface Reproduction extends ReproduceRequest {
  models: string[];
  machines: { name: string; label: string; peAreaUm2: number }[];
  /** The machine that speed-ups of rows are over. */
  reference: string;
  rows: ReproducedRow[];
  /** Decode steps in the second point of a model. */
  decodeSteps: number;
  headlines: Headline[];
  /** Of the cited figures. */
  source: string;
}

export interface ReproducedRow {
  model: string;
  phase: Phase;
  machine: string;
  cycles: number;
  seconds: number;
  computeCycles: number;
  tiles: number;
  /** Cycles of the reference machine over these. */
  speedup: number;
  energyPj: EstimatedEnergy;
}

interface Headline {
  machine: string;
  over: string;
  points: number;
  geometricMean: number;
  arithmeticMean: number;
  /** As published. */
  cited: number;
}

type Lookup = (model: FormulaModel, machine: string, phase: Phase) => Estimate;

const PHASES: readonly Phase[] = ["prefill", "decode"];

export function reproduce(comparison: Comparison, request: ReproduceRequest): Reproduction {
  const { machines, models, headline } = comparison;
  const all = estimates(comparison, request);
  const row = (model: FormulaModel, phase: Phase, { name: machine }: ComparedMachine): ReproducedRow => {
    const { cycles, computeCycles, tiles, energyPj } = all(model, machine, phase);
    const speedup = all(model, headline.reference, phase).cycles / cycles;
    const seconds = cycles / (comparison.clockMHz * 1e6);
    return { model: model.name, phase, machine, cycles, seconds, computeCycles, tiles, speedup, energyPj };
  };
  return {
    ...request,
    models: models.map(({ name }) => name),
    machines: machines.map(({ name, label, peAreaUm2 }) => ({ name, label, peAreaUm2 })),
    reference: headline.reference,
    rows: models.flatMap((model) => PHASES.flatMap((phase) => machines.map((machine) => row(model, phase, machine)))),
    decodeSteps: headline.decodeSteps,
    headlines: Object.keys(headline.over).map((over) => headlineOver(comparison, all, over)),
    source: headline.source,
  };
}

function estimates({ machines, models }: Comparison, request: ReproduceRequest): Lookup {
  const key = (model: string, machine: string, phase: Phase) => [model, machine, phase].join(" ");
  const known = new Map<string, Estimate>();
  for (const model of models)
    for (const machine of machines)
      for (const phase of PHASES)
        known.set(key(model.name, machine.name, phase), estimate(model, machine, { ...request, phase }));
  return (model, machine, phase) => known.get(key(model.name, machine, phase))!;
}

function headlineOver({ models, headline }: Comparison, all: Lookup, over: string): Headline {
  const { machine, decodeSteps } = headline;
  const speedup = (cycles: (of: string) => number): number => cycles(over) / cycles(machine);
  const speedups = models.flatMap((model) => [
    speedup((of) => all(model, of, "prefill").cycles),
    speedup((of) => all(model, of, "prefill").cycles + decodeSteps * all(model, of, "decode").cycles),
  ]);
  const mean = (values: number[]): number => values.reduce((sum, value) => sum + value, 0) / values.length;
  return {
    machine,
    over,
    points: speedups.length,
    geometricMean: Math.exp(mean(speedups.map(Math.log))),
    arithmeticMean: mean(speedups),
    cited: headline.over[over],
  };
}
