//
//   From group sums to FP32: the bit-serial dequantizer of BitMoD, the scale step of bit slices, the FP32 reference.
//
//     sum ──► x 8-bit scale, most significant bit first, 8 cycles ──► 21 bits
//     P_e, sum(x) ──► s_e * (P_e + offset_e * sum(x)) ──► one FP32 add a group
//
//   Law         serial: each cycle doubles the register and adds the input if the scale's bit is set, modulo 2^21, so 8
//               cycles without a reset give in * scale + 256 * before.
//               slice: slice 1 adds s * (P + (2.5 - z) * sum(x)); slice e adds s / 4^(e-1) * (P + sum(x) / 2). Every
//               operation rounds to FP32 once.
//               reference: four products summed in FP64, one FP32 add, ascending.
//   Source      docs/machine.md section 5; docs/numbers.md.
//

const DEQUANT_BITS: i32 = 21;
const UNUSED: i32 = 32 - DEQUANT_BITS;
const SCALE_BITS: i32 = 8;
/** A digit is code - 2 and stands for code - z + 1/2; in a residual slice z is 2. */
const FIRST_OFFSET: f32 = 2.5;
const RESIDUAL_OFFSET: f32 = 0.5;

/** The register after a group sum met its scale, given what the register held. */
export function dequantize(before: i32, sum: i32, scale: i32): i32 {
  let register = before;
  for (let bit = SCALE_BITS - 1; bit >= 0; bit--) {
    register = (register << 1) + ((scale >> bit) & 1) * sum;
  }
  return (register << UNUSED) >> UNUSED;
}

/** What slice `slice` of a group adds: `sum` of its digits times x, `sumX` of x, scale and zero point of the group. */
export function sliceTerm(sum: f32, sumX: f32, scale: f32, zeroPoint: f32, slice: i32): f32 {
  if (slice == 1) return scale * (sum + (FIRST_OFFSET - zeroPoint) * sumX);
  return (scale / <f32>(1 << (2 * (slice - 1)))) * (sum + RESIDUAL_OFFSET * sumX);
}

/** The dot product of FP32 vectors in the machine's order, from an accumulator on. */
export function dotFp32(accumulator: f32, w: usize, x: usize, n: i32): f32 {
  for (let i = 0; i < n; i += 4) {
    let four: f64 = 0;
    for (let lane = i, end = min(i + 4, n); lane < end; lane++) {
      four += <f64>load<f32>(w + lane * 4) * <f64>load<f32>(x + lane * 4);
    }
    accumulator = <f32>(<f64>accumulator + four);
  }
  return accumulator;
}
