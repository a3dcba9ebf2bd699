//
//   Results of tokens that lie side by side, to where each token's results begin; and what puts them side by side.
//
//     values f32[4], output o ──► results[token] + 4 * o        0: no token
//

/** Output `o` of four tokens. */
// @ts-ignore: decorator
@inline
export function scatterFour(values: v128, o: i32, results: usize): void {
  const at = (<usize>o) << 2;
  const first = <usize>load<u32>(results);
  if (first != 0) v128.store_lane<f32>(first + at, values, 0);
  const second = <usize>load<u32>(results, 4);
  if (second != 0) v128.store_lane<f32>(second + at, values, 1);
  const third = <usize>load<u32>(results, 8);
  if (third != 0) v128.store_lane<f32>(third + at, values, 2);
  const fourth = <usize>load<u32>(results, 12);
  if (fourth != 0) v128.store_lane<f32>(fourth + at, values, 3);
}

/** The sum of each vector's lanes. */
// @ts-ignore: decorator
@inline
export function across(a: v128, b: v128, c: v128, d: v128): v128 {
  const ab = i32x4.add(v128.shuffle<i32>(a, b, 0, 4, 1, 5), v128.shuffle<i32>(a, b, 2, 6, 3, 7));
  const cd = i32x4.add(v128.shuffle<i32>(c, d, 0, 4, 1, 5), v128.shuffle<i32>(c, d, 2, 6, 3, 7));
  return i32x4.add(v128.shuffle<i32>(ab, cd, 0, 1, 4, 5), v128.shuffle<i32>(ab, cd, 2, 3, 6, 7));
}
