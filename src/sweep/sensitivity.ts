//
//   What each knob does to an objective, others equal: main effects of the points that were simulated.
//
//     log(objective) = mean + sum over knobs of effect(level)        least squares, by backfitting
//
//   A model of sums knows nothing of knobs that work together; how much of the variance it explains stands beside it. Knobs
//   with many values are cut into thirds. Points that were pruned or invalid are missing: that is why plain averages by level
//   would mix up knobs, and this does not.
//

import type { Answered } from "./record.js";

/** Change of the objective at a level, relative to the mean of all: -0.2 is 20 % less. */
interface LevelEffect {
  readonly level: string;
  readonly effect: number;
}

interface KnobEffect {
  readonly knob: string;
  readonly levels: readonly LevelEffect[];
  /** Between its lowest and its highest level. */
  readonly swing: number;
}

export interface Sensitivity {
  readonly objective: string;
  /** The strongest knob first. */
  readonly knobs: readonly KnobEffect[];
  /** Of the variance of the logarithm: 0..1. */
  readonly explained: number;
  readonly points: number;
}

/** More values than these are cut into thirds. */
const MOST_LEVELS = 8;
const SWEEPS = 200;
const SETTLED = 1e-12;

/** Undefined where there is nothing to tell apart: fewer than two points, or a value that has no logarithm. */
export function sensitivityOf(
  objective: string,
  knobs: readonly string[],
  answers: readonly Answered[],
): Sensitivity | undefined {
  const there = answers.filter(({ measures }) => typeof measures?.[objective] === "number");
  const logs = there.map(({ measures }) => Math.log(measures?.[objective] as number));
  if (logs.length < 2 || !logs.every(Number.isFinite)) return undefined;
  const factors = knobs.map((knob) => factorOf(knob, there)).filter(({ names }) => names.length > 1);
  const mean = meanOf(logs);
  const rest = backfit(factors, logs, mean);
  const variance = sumOfSquares(logs.map((one) => one - mean));
  const effects = factors.map(effectOf).sort((a, b) => b.swing - a.swing);
  const explained = variance === 0 ? 1 : 1 - sumOfSquares(rest) / variance;
  return { objective, knobs: effects, explained, points: there.length };
}

/** One knob: the level of every point, by its place in `names`. */
interface Factor {
  knob: string;
  names: string[];
  places: number[];
  /** Effect of every level on the logarithm. */
  effects: number[];
}

function factorOf(knob: string, answers: readonly Answered[]): Factor {
  const values = answers.map(({ values: own }) => own[knob]);
  const distinct = [...new Set(values)];
  const numbers = distinct.filter((one): one is number => typeof one === "number").sort((a, b) => a - b);
  const isMany = distinct.length > MOST_LEVELS && numbers.length === distinct.length;
  const labelOf = isMany ? thirdOf(numbers) : (value: unknown) => String(value ?? "-");
  const ordered = numbers.length === distinct.length ? numbers : distinct;
  const names = [...new Set(ordered.map(labelOf))];
  return { knob, names, places: values.map((value) => names.indexOf(labelOf(value))), effects: names.map(() => 0) };
}

/** The third of the distinct values that a value lies in, as FROM..TO. */
function thirdOf(sorted: readonly number[]): (value: unknown) => string {
  const cuts = [0, 1, 2, 3].map((third) => Math.round((third * sorted.length) / 3));
  return (value) => {
    const place = sorted.indexOf(value as number);
    const third = cuts.findIndex((cut, i) => place >= cut && place < cuts[i + 1]);
    return `${sorted[cuts[third]]}..${sorted[cuts[third + 1] - 1]}`;
  };
}

/** Fits the effects of all factors; what they leave unexplained. */
function backfit(factors: readonly Factor[], logs: readonly number[], mean: number): number[] {
  const rest = logs.map((one) => one - mean);
  for (let sweep = 0; sweep < SWEEPS; sweep++) {
    const moved = Math.max(0, ...factors.map((factor) => refit(factor, rest)));
    if (moved < SETTLED) break;
  }
  return rest;
}

/** Moves a factor's effects to where the rest is zero in the mean of each level; the largest move. */
function refit({ names, places, effects }: Factor, rest: number[]): number {
  const [sums, counts] = [names.map(() => 0), names.map(() => 0)];
  for (const [i, place] of places.entries()) {
    sums[place] += rest[i];
    counts[place]++;
  }
  const moves = sums.map((sum, place) => sum / counts[place]);
  for (const [place, move] of moves.entries()) effects[place] += move;
  for (const [i, place] of places.entries()) rest[i] -= moves[place];
  return Math.max(...moves.map(Math.abs));
}

function effectOf({ knob, names, effects }: Factor): KnobEffect {
  const middle = meanOf(effects);
  const levels = names.map((level, i) => ({ level, effect: Math.exp(effects[i] - middle) - 1 }));
  const shares = levels.map(({ effect }) => effect);
  return { knob, levels, swing: Math.max(...shares) - Math.min(...shares) };
}

function meanOf(values: readonly number[]): number {
  return values.reduce((sum, one) => sum + one, 0) / values.length;
}

function sumOfSquares(values: readonly number[]): number {
  return values.reduce((sum, one) => sum + one * one, 0);
}
