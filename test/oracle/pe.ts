//
//   PE arithmetic told again, in plain numbers, one rule a line: nothing is packed, shifts are divisions that round down.
//
//     unpack ──► step: exponents, deltas, sum of four products ──► accumulate: value = mantissa * 2^(exponent - 28)
//

export interface OracleTerm {
  sign: number;
  exp: number;
  man: number;
}

interface OracleAccumulator {
  exponent: number;
  mantissa: number;
}

/** The parts of an FP16 number; a field of zero has no hidden one. */
function unpack(bits: number): { sign: number; exponent: number; mantissa: number } {
  const exponent = Math.floor(bits / 1024) % 32;
  return { sign: Math.floor(bits / 32768), exponent, mantissa: (bits % 1024) + (exponent === 0 ? 0 : 1024) };
}

/** What is left of a mantissa with three guard bits, `delta` places down. */
function aligned(mantissa: number, delta: number): number {
  return delta < 14 ? Math.floor((mantissa * 8) / 2 ** delta) : 0;
}

/** Four lanes in one cycle. */
export function step(x: readonly number[], terms: readonly OracleTerm[]) {
  const lanes = x.map((bits, i) => ({ ...unpack(bits), term: terms[i] }));
  const exponents = lanes.map(({ exponent, term }) => exponent + term.exp);
  const max = Math.max(...exponents);
  const deltas = exponents.map((exponent) => max - exponent);
  const products = lanes.map(({ sign, mantissa, term }, i) => {
    const magnitude = term.man === 1 ? aligned(mantissa, deltas[i]) : 0;
    return sign === term.sign ? magnitude : -magnitude;
  });
  return { max, deltas, sum: products.reduce((a, b) => a + b, 0) };
}

/** A value modulo 2^bits, as two's complement. */
export function twosComplement(value: number, bits: number): number {
  const modulus = 2 ** bits;
  const rest = ((value % modulus) + modulus) % modulus;
  return rest >= modulus / 2 ? rest - modulus : rest;
}

/** Adds one cycle's sum to the accumulator. */
function accumulate(
  before: OracleAccumulator,
  { max, sum }: { max: number; sum: number },
  bsig: number,
  alignIncoming: boolean,
): OracleAccumulator {
  const largest = Math.max(before.exponent, max);
  const shifted = sum * 2 ** bsig;
  const incoming = alignIncoming ? Math.floor(shifted / 2 ** (largest - max)) : shifted;
  const distance = largest - before.exponent;
  const kept = distance <= 13 ? Math.floor(before.mantissa / 2 ** distance) : 0;
  const total = twosComplement(incoming + kept, 23);
  const leading = total === 0 ? -1 : Math.floor(Math.log2(Math.abs(total)));
  const excess = leading >= 13 && leading <= 21 ? leading - 13 : 0;
  const mantissa = twosComplement(Math.floor(total / 2 ** excess), 15);
  return { exponent: (excess + largest) % 64, mantissa };
}

/** A group: all terms of four lanes, then of the next four; `terms[i]` of weight i, one a slot. */
export function group(
  x: readonly number[],
  terms: readonly (readonly OracleTerm[])[],
  bsigs: readonly number[],
  alignIncoming: boolean,
): OracleAccumulator {
  let accumulator = { exponent: 0, mantissa: 0 };
  for (let i = 0; i < x.length; i += 4) {
    for (const [slot, bsig] of bsigs.entries()) {
      const one = step(
        x.slice(i, i + 4),
        terms.slice(i, i + 4).map((of) => of[slot]),
      );
      accumulator = accumulate(accumulator, one, bsig, alignIncoming);
    }
  }
  return accumulator;
}

/** Radix-4 Booth digits of an integer, lowest first, the digit of slot k with the shift 2k. */
export function booth(value: number, slots: number): OracleTerm[] {
  const bit = (i: number) => (i < 0 ? 0 : Math.abs(Math.floor(value / 2 ** i) % 2));
  return Array.from({ length: slots }, (_, k) => {
    const digit = bit(2 * k) + bit(2 * k - 1) - 2 * bit(2 * k + 1);
    return { sign: digit < 0 ? 1 : 0, exp: Math.abs(digit) === 2 ? 1 : 0, man: digit === 0 ? 0 : 1 };
  });
}

/** What an accumulator means. */
export function accumulatorValue({ exponent, mantissa }: OracleAccumulator): number {
  return mantissa * 2 ** (exponent - 28);
}

/** The FP16 number that some bits are, subnormals as zeros of their fraction: as the PE reads them. */
export function fp16Value(bits: number): number {
  const { sign, exponent, mantissa } = unpack(bits);
  return (sign === 1 ? -1 : 1) * mantissa * 2 ** (exponent - 25);
}

/** The dequantizer's register after eight cycles: one multiplication, and what was there moves up. */
export function dequantize(before: number, sum: number, scale: number): number {
  return twosComplement(sum * scale + 256 * before, 21);
}
