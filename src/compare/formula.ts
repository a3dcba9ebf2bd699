//
//   The published comparison, simulated: every model, machine and phase beside the formula, and what the formula missed.
//
//     grid ──► formula's step ──► estimate ─────────┐
//         └──► request ──► job, four machines ──────┴──► missedBy ──► FormulaRow | reason
//

import { InputError, Interrupted, nearest } from "../basics/errors.js";
import type { ComparedMachine, ComparedModel, Comparison } from "../bitmod/data-file.js";
import { estimate } from "../bitmod/estimate.js";
import type { FormulaStep, Phase } from "../bitmod/tables.js";
import { type OnProgress, prepare } from "../job.js";
import { type Missed, missedBy, requestFor } from "./missed.js";
import { pointsOf } from "./points.js";

/** What to compare; what is not given is all of the published table, batch 1, context 256. */
export interface Grid {
  models: readonly string[] | undefined;
  machines: readonly string[] | undefined;
  phases: readonly string[] | undefined;
  batches: readonly string[] | undefined;
  contexts: readonly string[] | undefined;
  sets: readonly string[];
}

export interface FormulaRow {
  readonly model: string;
  readonly machine: string;
  readonly phase: Phase;
  readonly batch: number;
  readonly context: number;
  /** One of the two. */
  readonly missed?: Missed;
  readonly refused?: string;
}

export interface FormulaComparison {
  readonly rows: readonly FormulaRow[];
  readonly sets: readonly string[];
  /** Interrupted: rows after these were not run. */
  readonly partial: boolean;
}

const PHASES = ["prefill", "decode"];

export async function compareFormula(
  comparison: Comparison,
  grid: Grid,
  onProgress: OnProgress = () => {},
  signal?: AbortSignal,
): Promise<FormulaComparison> {
  const { models, machines } = comparison;
  const points = pointsOf([
    {
      name: "model",
      values: chosen(
        "--model",
        grid.models,
        models.map(({ name }) => name),
      ),
    },
    { name: "phase", values: chosen("--phase", grid.phases, PHASES) },
    {
      name: "machine",
      values: chosen(
        "--machine",
        grid.machines,
        machines.map(({ name }) => name),
      ),
    },
    { name: "batch", values: grid.batches ?? ["1"] },
    { name: "context", values: grid.contexts ?? ["256"] },
  ]);
  const rows: FormulaRow[] = [];
  for (const [index, { model, machine, phase, batch, context }] of points.entries()) {
    const step: FormulaStep = {
      revision: "head",
      phase: phase as Phase,
      batch: Number(batch),
      context: Number(context),
    };
    const about = { model, machine, phase: step.phase, batch: step.batch, context: step.context };
    const progress: OnProgress = (done, total) => onProgress(index * total + done, points.length * total);
    const one = { model: named(models, model), machine: named(machines, machine), step, sets: grid.sets };
    const answer = await answerOf(one, progress, signal);
    if (answer === null) return { rows, sets: grid.sets, partial: true };
    rows.push({ ...about, ...answer });
  }
  const [{ refused }] = rows;
  if (refused !== undefined && rows.every(({ missed }) => missed === undefined)) throw new InputError(refused);
  return { rows, sets: grid.sets, partial: false };
}

interface One {
  model: ComparedModel;
  machine: ComparedMachine;
  step: FormulaStep;
  sets: readonly string[];
}

/** Null when interrupted. */
async function answerOf({ model, machine, step, sets }: One, onProgress: OnProgress, signal?: AbortSignal) {
  try {
    const job = prepare(requestFor(machine, model, step, sets));
    const { bitsPerCycle } = machine.platform.dram;
    const missed = await missedBy(estimate(model, machine, step), bitsPerCycle, job, onProgress, signal);
    return signal?.aborted === true ? null : { missed };
  } catch (error) {
    if (error instanceof Interrupted) return null;
    if (error instanceof InputError) return { refused: error.message };
    throw error;
  }
}

function chosen(option: string, asked: readonly string[] | undefined, known: readonly string[]): readonly string[] {
  const stranger = asked?.find((name) => !known.includes(name));
  if (stranger === undefined) return asked ?? known;
  const near = nearest(stranger, known);
  const guess = near === undefined ? "" : `; did you mean ${near}?`;
  throw new InputError(`${option} ${stranger}: allowed with --formula ${known.join(", ")}${guess}`);
}

function named<T extends { name: string }>(all: readonly T[], name: string): T {
  return all.find((one) => one.name === name) as T;
}
