//
//   What a sweep looks for: objectives to make small or large, constraints to keep; and what can be said before a run.
//
//     best of a point ──► judge ──► undefined: run it | why no run can make it part of the front
//
//   Law   the front with pruning is the front without. A point is left out only if a constraint fails even at its best, or
//         if a point that was run, keeps the constraints and is on the front dominates the best of it. What it really
//         reaches is no better, so it is dominated, too.
//

import { type Goal, type Measure, measure } from "./measures.js";
import { type Costs, Front } from "./pareto.js";
import type { Answered, Figures, Planned } from "./record.js";

export interface Objective {
  readonly measure: string;
  readonly goal: Goal;
}

export interface Constraint {
  readonly text: string;
  readonly measure: string;
  readonly operator: "<=" | ">=" | "<" | ">";
  readonly limit: number;
}

export interface Aims {
  readonly objectives: readonly Objective[];
  readonly constraints: readonly Constraint[];
}

const HOLDS: Readonly<Record<Constraint["operator"], (value: number, limit: number) => boolean>> = {
  "<=": (value, limit) => value <= limit,
  ">=": (value, limit) => value >= limit,
  "<": (value, limit) => value < limit,
  ">": (value, limit) => value > limit,
};

/** The objectives' values as costs; undefined where one has none. */
export function costsOf({ objectives }: Aims, figures: Figures): Costs | undefined {
  const costs = objectives.map(({ measure: name, goal }) => {
    const value = figures[name];
    return value === null || value === undefined ? undefined : goal === "min" ? value : -value;
  });
  return costs.every((one) => one !== undefined) ? costs : undefined;
}

/** The constraints that a run does not keep; a measure that it has not keeps none. */
export function violated({ constraints }: Aims, figures: Figures): string[] {
  return constraints.filter((one) => !holds(one, figures)).map(({ text }) => text);
}

/** The points of a front: they ran, keep the constraints, and nothing that did is better. */
export function frontOf(aims: Aims, answers: Iterable<Answered>): Front<Answered> {
  const front = new Front<Answered>();
  for (const answer of answers) enter(aims, front, answer);
  return front;
}

/** Adds what may be part of a front. */
export function enter(aims: Aims, front: Front<Answered>, answer: Answered): void {
  const { status, measures, violates = [] } = answer;
  if (status !== "ok" || measures === undefined || violates.length > 0) return;
  const costs = costsOf(aims, measures);
  if (costs !== undefined) front.add(answer, costs);
}

/** Why no run of this point can be part of the front; undefined where one might. */
export function judge(aims: Aims, front: Front<Answered>, { best = {} }: Planned): string | undefined {
  const broken = aims.constraints.find((one) => boundsIt(one) && !holds(one, best));
  if (broken !== undefined)
    return `${broken.measure} is ${best[broken.measure]} at its best; constraint ${broken.text}`;
  const costs = costsOf(aims, best);
  const dominator = costs === undefined ? undefined : front.dominator(costs);
  return dominator === undefined ? undefined : `${dominator.id} dominates the best that it can reach`;
}

/** The smaller the earlier: the product of what a point costs at its best; what cannot run comes last. */
export function promise({ objectives }: Aims, { best }: Planned): number {
  if (best === undefined) return Number.POSITIVE_INFINITY;
  return objectives.reduce((sum, { measure: name, goal }) => {
    const value = best[name] ?? 0;
    return value > 0 ? sum + (goal === "min" ? Math.log(value) : -Math.log(value)) : sum;
  }, 0);
}

function holds({ measure: name, operator, limit }: Constraint, figures: Figures): boolean {
  const value = figures[name];
  return value !== null && value !== undefined && HOLDS[operator](value, limit);
}

/** Whether the best that a point can reach says something: the constraint asks for what the measure is best at. */
function boundsIt({ measure: name, operator }: Constraint): boolean {
  const { best, goal } = measure(name) as Measure;
  return best !== undefined && goal === (operator.startsWith("<") ? "min" : "max");
}
