//
//   FP16 in FP32: rounding to the nearest half-precision number, ties to even, in place.
//
//     normal halves have 11 significant bits; below 2^-14 they lie 2^-24 apart; from 65520 on there is none
//

const word = new Float32Array(1);
const bits = new Int32Array(word.buffer);

/** The FP16 number nearest to an FP32; infinite from 65520 on. */
export function roundToHalf(value: number): number {
  word[0] = value;
  bits[0] = roundBits(bits[0]);
  return word[0];
}

/** FP32 bits of the nearest FP16. */
function roundBits(value: number): number {
  const magnitude = value & 0x7fffffff;
  if (magnitude >= 0x38800000) {
    const rounded = (magnitude + 0xfff + ((magnitude >> 13) & 1)) & ~0x1fff;
    const finite = rounded < 0x47800000 || magnitude > 0x7f800000;
    return (value & 0x80000000) | (finite ? rounded : 0x7f800000);
  }
  return (value & 0x80000000) | subnormal(magnitude);
}

/** Below 2^-14: adding 0.5 puts 2^-24 at the last bit of an FP32, which rounds. */
function subnormal(magnitude: number): number {
  bits[0] = magnitude;
  word[0] = Math.fround(word[0] + 0.5) - 0.5;
  return bits[0];
}
