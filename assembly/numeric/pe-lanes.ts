//
//   Activations as the lanes of FP16 PEs: exponent and signed mantissa of four tokens side by side.
//
//     x f32 (FP16 numbers) of each token ──► exponent i32[4], {1 or 0, fraction} f32[4] of every input
//
//   As the PE takes them (fp16-pe.ts): an exponent field of 0 has no hidden one, of 31 no meaning of its own.
//

const VECTOR = 16;
/** Bytes of a lane. */
const LANE_BYTES = 32;
/** FP32's exponent field of FP16's field 0; FP16's largest; of a mantissa with its hidden one at 2^10. */
const ZERO_FIELD = 112;
const LARGEST_FIELD = 31;
const MANTISSA_FIELD: i32 = (127 + 10) << 23;
const SIGN_AND_FRACTION: i32 = 0x807fe000;
/** Of FP16's smallest number the inverse. */
const SUBNORMAL_UNIT: f32 = 16777216;
/** An exponent below that of any lane, whatever its term. */
const NO_LANE: i32 = -60;

/**
 * Lays the tokens at `rows` (u32[4]; 0: none) into lanes; whole pairs of quads. With `own` (i32[4]; 0: none) a token ends before
 * the others: what follows in its row is no lane at all.
 */
export function packHalves(rows: usize, inputs: i32, own: usize, lanes: usize): void {
  const padded = (inputs + 7) & ~7;
  const tokens = i32x4.ne(v128.load(rows), i32x4.splat(0));
  const ends = own == 0 ? i32x4.splat(padded) : v128.load(own);
  for (let k = 0; k < padded; k++, lanes += LANE_BYTES) {
    const bits = k < inputs ? v128.and(inputOf(rows, (<usize>k) << 2), tokens) : i32x4.splat(0);
    const there = i32x4.gt_s(ends, i32x4.splat(k));
    const field = i32x4.sub(v128.and(i32x4.shr_u(bits, 23), i32x4.splat(255)), i32x4.splat(ZERO_FIELD));
    const exponent = i32x4.min_s(i32x4.max_s(field, i32x4.splat(0)), i32x4.splat(LARGEST_FIELD));
    v128.store(lanes, v128.bitselect(exponent, i32x4.splat(NO_LANE), there));
    const normal = v128.or(v128.and(bits, i32x4.splat(SIGN_AND_FRACTION)), i32x4.splat(MANTISSA_FIELD));
    const subnormal = f32x4.mul(bits, f32x4.splat(SUBNORMAL_UNIT));
    const mantissa = v128.bitselect(normal, subnormal, i32x4.gt_s(field, i32x4.splat(0)));
    v128.store(lanes, v128.and(mantissa, there), VECTOR);
  }
}

/** An input of four tokens. */
// @ts-ignore: decorator
@inline
function inputOf(rows: usize, at: usize): v128 {
  const first = v128.load32_zero(<usize>load<u32>(rows) + at);
  const second = v128.load_lane<u32>(<usize>load<u32>(rows, 4) + at, first, 1);
  const third = v128.load_lane<u32>(<usize>load<u32>(rows, 8) + at, second, 2);
  return v128.load_lane<u32>(<usize>load<u32>(rows, 12) + at, third, 3);
}
