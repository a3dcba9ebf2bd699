//
//   How a group of weights becomes levels of a grid: one rule a function, every step one FP32 operation.
//
//     w f32[n] ──► symmetric(bits)        s = max|w| / q                  half to even, keeps -0
//              ├─► asymmetric(bits)       s = (max - min) / (2^b - 1)     half to even, zero point
//              ├─► nearest(grid)          s = max|w| / max|grid|          a tie goes to the lower value, +0
//              ├─► absmean(grid)          s = mean|w|                     nearest, beyond the grid clipped
//              ├─► best(grids)            nearest of each, the first with the least MSE
//              └─► sharedExponent(grid)   s = 2^floor(log2 max|w|)        times a scale of the element
//
//   A scale lies within 1e-5..1e4, so a group of zeros has one. Laws: test/formats/; goldens: `mobisim check quant`.
//
//   Source      BitMoD, HPCA 2025, public quantizer: docs/numbers.md section 5.
//

import { exponentOf, roundHalfEven } from "../basics/half.js";

/** A quantized group: value of a weight = (level - zeroPoint) * element * scale, each product rounded to FP32. */
export interface GroupLevels {
  /** In grid units. */
  levels: Float32Array;
  scale: number;
  zeroPoint: number;
  /** Scale of the element inside a shared exponent; 1 otherwise. */
  element: number;
  /** Which of several grids. */
  selector: number;
}

export type GroupRule = (weights: Float32Array) => GroupLevels;

const { fround } = Math;
const LEAST_SCALE = fround(1e-5);
const LARGEST_SCALE = fround(1e4);

/** INT, symmetric: -q..q. */
export function symmetric(bits: number): GroupRule {
  const q = 2 ** (bits - 1) - 1;
  return (weights) => {
    const scale = boundedScale(fround(absMax(weights) / q));
    return plain(
      weights.map((w) => clamp(roundHalfEven(fround(w / scale)), -q, q)),
      scale,
    );
  };
}

/** INT with a zero point: 0..2^bits - 1. */
export function asymmetric(bits: number): GroupRule {
  const top = 2 ** bits - 1;
  return (weights) => {
    const [low, high] = [weights.reduce((a, b) => Math.min(a, b)), weights.reduce((a, b) => Math.max(a, b))];
    const scale = boundedScale(fround(fround(high - low) / top));
    const zeroPoint = clamp(roundHalfEven(fround(-low / scale)), 0, top);
    const level = (w: number) => clamp(fround(roundHalfEven(fround(w / scale)) + zeroPoint), 0, top);
    return { ...plain(weights.map(level), scale), zeroPoint };
  };
}

/** Nearest value of a grid; the scale comes from its largest magnitude, whichever side it lies on. */
export function nearest(grid: readonly number[]): GroupRule {
  const [values, largest] = ordered(grid);
  return (weights) => {
    const scale = boundedScale(fround(absMax(weights) / largest));
    return plain(
      weights.map((w) => nearestOf(values, fround(w / scale))),
      scale,
    );
  };
}

/** Nearest value of a grid whose unit is the mean magnitude; what lies beyond the grid is clipped. */
export function absmean(grid: readonly number[]): GroupRule {
  const [values] = ordered(grid);
  return (weights) => {
    const sum = weights.reduce((total, w) => total + Math.abs(w), 0);
    const scale = boundedScale(fround(sum / weights.length));
    return plain(
      weights.map((w) => nearestOf(values, fround(w / scale))),
      scale,
    );
  };
}

/** The first of several grids with the least mean squared error. */
export function best(grids: readonly (readonly number[])[]): GroupRule {
  const rules = grids.map(nearest);
  return (weights) => {
    let [chosen, least] = [rules[0](weights), Number.POSITIVE_INFINITY];
    for (const [selector, rule] of rules.entries()) {
      const candidate = { ...rule(weights), selector };
      const error = meanSquare(weights, valuesOf(candidate));
      if (!(error < least)) continue;
      [chosen, least] = [candidate, error];
    }
    return chosen;
  };
}

/** A block with the exponent of its largest magnitude; `element` is what one grid unit is beside it. */
export function sharedExponent(grid: readonly number[], element: number): GroupRule {
  const [values] = ordered(grid);
  return (weights) => {
    const largest = absMax(weights);
    if (largest === 0) return { ...plain(new Float32Array(weights.length), 1), element };
    const scale = 2 ** exponentOf(largest);
    const levels = weights.map((w) => nearestOf(values, fround(fround(w / scale) / element)));
    return { ...plain(levels, scale), element };
  };
}

/** One grid unit where the grid's largest magnitude is just below 2. */
export function fittedElement(grid: readonly number[]): number {
  return fround(2 / absMax(grid));
}

/** One grid unit where it is a power of two (OCP MX): magnitudes beyond the grid are clipped. */
export function powerOfTwoElement(grid: readonly number[]): number {
  return 2 ** -exponentOf(absMax(grid));
}

/** The weights that a group stands for. */
export function valuesOf({ levels, scale, zeroPoint, element }: GroupLevels): Float32Array {
  if (zeroPoint !== 0) return levels.map((level) => fround(fround(level - zeroPoint) * scale));
  return levels.map((level) => fround(fround(level * element) * scale));
}

/** Mean squared difference: squares in FP32, where those of FP16 would underflow. */
function meanSquare(a: Float32Array, b: Float32Array): number {
  const squares = a.map((value, i) => fround(fround(value - b[i]) ** 2));
  return fround(squares.reduce((sum, square) => sum + square, 0) / a.length);
}

function plain(levels: Float32Array, scale: number): GroupLevels {
  return { levels, scale, zeroPoint: 0, element: 1, selector: 0 };
}

/** The value nearest to x; of two the lower one. */
function nearestOf(values: readonly number[], x: number): number {
  let i = 0;
  while (i < values.length - 1 && x > (values[i] + values[i + 1]) / 2) i++;
  return values[i];
}

/** Ascending, its zero +0; and the largest magnitude. */
function ordered(grid: readonly number[]): [number[], number] {
  return [grid.map((value) => value + 0).sort((a, b) => a - b), absMax(grid)];
}

function boundedScale(scale: number): number {
  return clamp(scale, LEAST_SCALE, LARGEST_SCALE);
}

function absMax(values: ArrayLike<number>): number {
  let largest = 0;
  for (let i = 0; i < values.length; i++) largest = Math.max(largest, Math.abs(values[i]));
  return largest;
}

/** Keeps -0. */
function clamp(value: number, low: number, high: number): number {
  return value < low ? low : value > high ? high : value;
}
