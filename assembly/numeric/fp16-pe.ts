//
//   The FP16 PE of BitMoD: FP16 activations times signed powers of two, four lanes a cycle.
//
//     x fp16[4] ─► exponent, {1 or 0, fraction} ─┐ exponent match ─► 3 guard bits, truncated ─► dp ─► << bsig ─┐
//     term[4] ───► sign, exp, man ───────────────┘ to the largest                                             ▼
//                                                                    mantissa 15 b, exponent 6 b ◄── add, normalise
//
//   Law         v_i = a_exp + w_exp, max over all four lanes, those with a zero included; m_i = (a_man << 3) >> (max - v_i),
//               0 from a distance of 14 on; dp = sum of +-m_i. With mx = max(acc_exp, max): S = (dp << bsig) + (acc_man >>
//               (mx - acc_exp), 0 beyond 13), 23 bits; then S is shifted right until 14 bits of magnitude are left.
//               Aligned: dp << bsig is shifted right by mx - max first. Raw: it is not, a known defect of the public RTL.
//   Left out    subnormals, infinities, NaN: an exponent field of 0 has no hidden one, of 31 no meaning of its own.
//   Source      docs/numbers.md; BitMoD, HPCA 2025, section IV.
//

import { ACCUMULATOR_BITS, Alignment, CODES, Dot4, Term } from "./contract";

const FRACTION_BITS: i32 = 10;
const GUARD_BITS: i32 = 3;
/** From this distance on nothing of an 11-bit mantissa with its guard bits is left. */
const LONGEST_SHIFT: i32 = 14;
const ADDER_BITS: i32 = 23;
/** The leading bit of a normalised mantissa. */
const LEADING_BIT: i32 = ACCUMULATOR_BITS - 2;
const EXPONENT_MASK: i32 = 63;
const UNUSED_MANTISSA: i32 = 32 - ACCUMULATOR_BITS;
const UNUSED_ADDER: i32 = 32 - ADDER_BITS;

/** One step of the PE without its accumulator: x u16[4], terms u8[4] ──► i32[Dot4.Count]. */
export function fp16Dot4(x: usize, terms: usize, out: usize): void {
  const packed = load<u32>(terms);
  const dot = dot4(load<u64>(x), packed);
  const largest = dot & EXPONENT_MASK;
  store<i32>(out + (Dot4.MaxExponent << 2), largest);
  store<i32>(out + (Dot4.Sum << 2), dot >> 6);
  for (let lane = 0; lane < 4; lane++) {
    const exponent = exponentOf(load<u16>(x + lane * 2), (packed >> (lane * 8)) & 255);
    store<i32>(out + ((Dot4.Delta + lane) << 2), largest - exponent);
  }
}

/**
 * The accumulator after n codes: exponent << 15 | mantissa. `terms` u8[slots * CODES] says the term of a code in a slot,
 * `bsigs` u8[slots] the slot's shift. Lanes beyond n hold zeros.
 */
export function groupFp16(
  x: usize,
  codes: usize,
  n: i32,
  terms: usize,
  bsigs: usize,
  slots: i32,
  alignment: Alignment,
): i32 {
  let accumulator = 0;
  for (let i = 0; i < n; i += 4) {
    const four = i + 4 <= n ? load<u64>(x + i * 2) : tail(x + i * 2, n - i);
    for (let slot = 0; slot < slots; slot++) {
      const row = terms + slot * CODES;
      let packed: u32 = 0;
      for (let lane = 0, lanes = min(4, n - i); lane < lanes; lane++) {
        packed |= (<u32>load<u8>(row + load<u8>(codes + i + lane))) << (lane * 8);
      }
      accumulator = accumulate(accumulator, dot4(four, packed), load<u8>(bsigs + slot), alignment);
    }
  }
  return accumulator;
}

/** The last activations of a group that does not fill its lanes. */
function tail(x: usize, lanes: i32): u64 {
  let four: u64 = 0;
  for (let lane = 0; lane < lanes; lane++) four |= (<u64>load<u16>(x + lane * 2)) << (lane * 16);
  return four;
}

/** Sum of four products << 6 | the largest exponent. */
function dot4(x: u64, terms: u32): i32 {
  let largest = 0;
  for (let lane = 0; lane < 4; lane++) largest = max(largest, exponentOf(activation(x, lane), term(terms, lane)));
  let sum = 0;
  for (let lane = 0; lane < 4; lane++) sum += addend(activation(x, lane), term(terms, lane), largest);
  return (sum << 6) | largest;
}

/** Adds a dot product, at its slot's shift, to exponent << 15 | mantissa. */
function accumulate(accumulator: i32, dot: i32, bsig: i32, alignment: Alignment): i32 {
  const exponent = accumulator >> ACCUMULATOR_BITS;
  const mantissa = (accumulator << UNUSED_MANTISSA) >> UNUSED_MANTISSA;
  const largest = max(exponent, dot & EXPONENT_MASK);
  let incoming = (dot >> 6) << bsig;
  if (alignment == Alignment.Aligned) incoming >>= min(largest - (dot & EXPONENT_MASK), 31);
  const shift = largest - exponent;
  const kept = shift < LONGEST_SHIFT ? mantissa >> shift : 0;
  const sum = ((incoming + kept) << UNUSED_ADDER) >> UNUSED_ADDER;
  const leading = 31 - clz(abs(sum));
  const excess = leading > LEADING_BIT && leading < ADDER_BITS - 1 ? leading - LEADING_BIT : 0;
  const result = (sum >> excess) & ((1 << ACCUMULATOR_BITS) - 1);
  return (((excess + largest) & EXPONENT_MASK) << ACCUMULATOR_BITS) | result;
}

/** One product at the exponent of the largest, with guard bits. */
// @ts-ignore: decorator
@inline
function addend(x: i32, term: i32, largest: i32): i32 {
  const distance = largest - exponentOf(x, term);
  if ((term & Term.Man) == 0 || distance >= LONGEST_SHIFT) return 0;
  const hidden = (x & 0x7c00) != 0 ? 1 << FRACTION_BITS : 0;
  const magnitude = ((hidden | (x & 0x3ff)) << GUARD_BITS) >> distance;
  return ((x & 0x8000) != 0) != ((term & Term.Sign) != 0) ? -magnitude : magnitude;
}

// @ts-ignore: decorator
@inline
function exponentOf(x: i32, term: i32): i32 {
  return ((x >> FRACTION_BITS) & 31) + ((term & Term.Exp) >> 1);
}

// @ts-ignore: decorator
@inline
function activation(x: u64, lane: i32): i32 {
  return <i32>((x >> (lane * 16)) & 0xffff);
}

// @ts-ignore: decorator
@inline
function term(terms: u32, lane: i32): i32 {
  return (terms >> (lane * 8)) & 255;
}
