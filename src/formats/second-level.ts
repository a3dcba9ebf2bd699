//
//   A second level of scales: those of a row's groups as integers beside one real scale of the row.
//
//     scales f32[groups] ──► step = max / (2^bits - 1), q = round half to even ──► q * step
//

import { roundHalfEven } from "../half.js";

const { fround } = Math;

/** The scales of one row after their own quantization; every step one FP32 operation. */
export function integerScales(scales: readonly number[], bits: number): number[] {
  const top = 2 ** bits - 1;
  const step = fround(Math.max(...scales) / top);
  return scales.map((scale) => fround(Math.min(Math.max(roundHalfEven(fround(scale / step)), 0), top) * step));
}
