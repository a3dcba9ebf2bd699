//
//   Group quantization told again: every candidate is tried and the nearest kept; FP32 after each operation.
//

const f32 = Math.fround;
const bounded = (scale: number) => Math.min(Math.max(scale, f32(1e-5)), f32(1e4));
const absMax = (values: readonly number[]) => Math.max(...values.map(Math.abs));

/** Of all candidates the nearest; of two the one that `wins` says. */
function nearestOf(candidates: readonly number[], x: number, wins: (a: number, b: number) => boolean): number {
  return candidates.reduce((best, one) => {
    const [old, fresh] = [Math.abs(x - best), Math.abs(x - one)];
    return fresh < old || (fresh === old && wins(one, best)) ? one : best;
  });
}

const integers = (low: number, high: number) => Array.from({ length: high - low + 1 }, (_, i) => low + i);
const even = (a: number) => a % 2 === 0;
const lower = (a: number, b: number) => a < b;

export function symmetric(w: readonly number[], bits: number): number[] {
  const q = 2 ** (bits - 1) - 1;
  const s = bounded(f32(absMax(w) / q));
  return w.map((x) => {
    const level = nearestOf(integers(-q, q), f32(x / s), even);
    const negativeZero = level === 0 && (x < 0 || Object.is(x, -0));
    return negativeZero ? -0 : f32(level * s);
  });
}

export function asymmetric(w: readonly number[], bits: number): number[] {
  const top = 2 ** bits - 1;
  const [low, high] = [Math.min(...w), Math.max(...w)];
  const s = bounded(f32(f32(high - low) / top));
  const zero = nearestOf(integers(0, top), f32(-low / s), even);
  return w.map((x) => {
    const rounded = nearestOf(integers(-2 * top - 2, 2 * top + 2), f32(x / s), even);
    const level = Math.min(Math.max(rounded + zero, 0), top);
    return f32((level - zero) * s) + 0;
  });
}

export function onGrid(w: readonly number[], grid: readonly number[], scaleOf = (s: number) => s): number[] {
  const s = bounded(f32(absMax(w) / absMax(grid)));
  return w.map((x) => f32(nearestOf(grid, f32(x / s), lower) * scaleOf(s)));
}

/** The scale of a group on a grid. */
export function gridScale(w: readonly number[], grid: readonly number[]): number {
  return bounded(f32(absMax(w) / absMax(grid)));
}

export function onBestGrid(w: readonly number[], grids: readonly (readonly number[])[]): number[] {
  const all = grids.map((grid) => onGrid(w, grid));
  const errors = all.map((values) =>
    f32(values.reduce((sum, value, i) => sum + f32(f32(value - w[i]) ** 2), 0) / w.length),
  );
  return all[errors.indexOf(Math.min(...errors))];
}

export function sharedExponent(w: readonly number[], grid: readonly number[]): number[] {
  let power = 2 ** -149;
  while (power * 2 <= absMax(w)) power *= 2;
  const element = f32(2 / absMax(grid));
  if (absMax(w) === 0) return w.map(() => 0);
  return w.map((x) => f32(f32(nearestOf(grid, f32(f32(x / power) / element), lower) * element) * power));
}
