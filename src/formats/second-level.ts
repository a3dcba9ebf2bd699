//
//   A second level of scales: those of some groups as values of a grid beside one real scale of all of them.
//
//     scales f32[groups] ──► unit = largest / largest of the grid ──► nearest grid value, a tie to the even place ──► * unit
//

const { fround } = Math;

/** 0 .. 2^bits - 1. */
export function integerGrid(bits: number): number[] {
  return Array.from({ length: 2 ** bits }, (_, i) => i);
}

/** The scales after their own quantization on an ascending grid from 0 on; every step one FP32 operation. */
export function scalesOnGrid(scales: readonly number[], grid: readonly number[]): number[] {
  const unit = fround(Math.max(...scales) / grid[grid.length - 1]);
  return scales.map((scale) => fround(grid[nearestPlace(grid, fround(scale / unit))] * unit));
}

/** Where the nearest value of an ascending grid is; of two the even place. */
function nearestPlace(grid: readonly number[], x: number): number {
  let [low, high] = [0, grid.length - 1];
  while (high - low > 1) {
    const middle = (low + high) >> 1;
    if (grid[middle] <= x) low = middle;
    else high = middle;
  }
  const [below, above] = [x - grid[low], grid[high] - x];
  if (below === above) return low % 2 === 0 ? low : high;
  return below < above ? low : high;
}
