//
//   The whole boundary between TypeScript and numeric.wasm: positions and limits that both compilers read.
//
//     TypeScript ──► vectors at addresses of `allocate`        operands, term tables
//                ◄── vectors, sums                             results
//
//   The machine knows nothing of this module and has a memory of its own, so weights never share one with it.

/** Codes of a term table. */
export const CODES = 256;
/** Bytes of a code's term in a slot, as the kernels take it: its value, FP32, and its exponent as an FP32's exponent field. */
export const CODE_TERM_BYTES = 8;
/** Most terms of a code. */
export const MAX_SLOTS = 8;
/** Bits of an integer group sum, two's complement. */
export const GROUP_SUM_BITS = 24;
/** The longest group: 512 * 128 * 127 < 2^23, so no INT8 code times an activation within +-127 leaves the group sum. */
export const LONGEST_GROUP = 512;
/** Bits of the mantissa of the FP16 PE's accumulator, two's complement; its exponent lies above. */
export const ACCUMULATOR_BITS = 15;
/** Accumulator value = mantissa * 2^(exponent - this): bias 15, 10 fraction bits, 3 guard bits. */
export const ACCUMULATOR_BIAS = 28;

/** Consecutive inputs of a row that share a scale. */
export const GROUP = 128;
/** Tokens that go through a kernel side by side, FP32 and INT8. */
export const FLOAT_TILE = 8;
export const INTEGER_TILE = 4;

/** Bits of a term: (-1)^Sign * Man * 2^((term & Exp) / 2), times 2^bsig of its slot. A missing term has no Man. */
export enum Term {
  Man = 1,
  Exp = 62,
  Sign = 64,
}

/** Words of what `fp16Dot4` writes. */
export enum Dot4 {
  MaxExponent,
  Delta, // of four lanes
  Sum = 5,
  Count,
}

/** How the FP16 PE adds a dot product to a larger accumulator. */
export enum Alignment {
  Raw, // not aligned: the public RTL as it is, long groups are meaningless
  Aligned, // shifted to the accumulator's exponent: what the machine's numbers mean
}
