//
//   Integer sums of products: what an integer PE must come to, at the speed of SIMD.
//
//     a i8[n] ──┐
//               ├──► 16 products at a time, i16 x i16 summed in pairs ──► four i32 lanes ──► one i32
//     b i8[n] ──┘
//
//   Law         sum of a[i] * b[i], exact for n <= INT8_GROUP (any n whose sum fits 32 bits).
//

/** The dot product of two INT8 vectors. */
export function dotInt8(a: usize, b: usize, n: i32): i32 {
  let lanes = i32x4.splat(0);
  const whole = n & ~15;
  for (let i = 0; i < whole; i += 16) {
    const x = v128.load(a + i);
    const y = v128.load(b + i);
    lanes = i32x4.add(lanes, i32x4.extadd_pairwise_i16x8_s(i16x8.extmul_low_i8x16_s(x, y)));
    lanes = i32x4.add(lanes, i32x4.extadd_pairwise_i16x8_s(i16x8.extmul_high_i8x16_s(x, y)));
  }
  let sum =
    i32x4.extract_lane(lanes, 0) +
    i32x4.extract_lane(lanes, 1) +
    i32x4.extract_lane(lanes, 2) +
    i32x4.extract_lane(lanes, 3);
  for (let i = whole; i < n; i++) sum += <i32>load<i8>(a + i) * <i32>load<i8>(b + i);
  return sum;
}
