//
//   Results of tokens that lie side by side, to where each token's results begin.
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
