//
//   The integer PE: INT8 activations times signed powers of two.
//
//     x i8[4] ──┐
//               ├──► (+-x << exp) summed over four lanes ──► << bsig ──► 24-bit group sum
//     term[4] ──┘
//
//   Law         a slot is one cycle: four lanes, one term each. Sum = sum over lanes and slots of x * term * 2^bsig,
//               modulo 2^24; exact whenever the sum fits, so equal to the integer dot product (`dotInt8`).
//   Source      docs/machine.md section 5; docs/numbers.md.
//

import { CODES, GROUP_SUM_BITS, Term } from "./contract";

const UNUSED: i32 = 32 - GROUP_SUM_BITS;

/**
 * The group sum of n codes: `terms` u8[slots * CODES] says the term of a code in a slot, `bsigs` u8[slots] the slot's shift.
 */
export function groupInt8(x: usize, codes: usize, n: i32, terms: usize, bsigs: usize, slots: i32): i32 {
  let sum = 0;
  for (let i = 0; i < n; i += 4) {
    const lanes = min(4, n - i);
    for (let slot = 0; slot < slots; slot++) {
      const row = terms + slot * CODES;
      let dot = 0;
      for (let lane = 0; lane < lanes; lane++) {
        dot += product(load<i8>(x + i + lane), load<u8>(row + load<u8>(codes + i + lane)));
      }
      sum = wrapped(sum + (dot << load<u8>(bsigs + slot)));
    }
  }
  return sum;
}

/** The dot product of two INT8 vectors, 16 products at a time: what a group sum must come to. */
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

// @ts-ignore: decorator
@inline
function product(x: i32, term: i32): i32 {
  if ((term & Term.Man) == 0) return 0;
  const shifted = x << ((term & Term.Exp) >> 1);
  return (term & Term.Sign) != 0 ? -shifted : shifted;
}

// @ts-ignore: decorator
@inline
function wrapped(sum: i32): i32 {
  return (sum << UNUSED) >> UNUSED;
}
