//
//   FP16: numbers to half precision, round to nearest even, as bits and back, or as FP32 in place.
//
//     normal halves have 11 significant bits; below 2^-14 they lie 2^-24 apart; from 65520 on there is none
//

const FRACTION = 10;
const BIAS = 15;
/** An FP32 and its bits. */
const word = new Float32Array(1);
const bits = new Int32Array(word.buffer);

/** The number that 16 bits are. */
export function fp16ToNumber(bits: number): number {
  const sign = bits & 0x8000 ? -1 : 1;
  const exponent = (bits >> FRACTION) & 31;
  const fraction = bits & 0x3ff;
  if (exponent === 31) return fraction === 0 ? sign * Number.POSITIVE_INFINITY : Number.NaN;
  if (exponent === 0) return sign * fraction * 2 ** (1 - BIAS - FRACTION);
  return sign * (1024 + fraction) * 2 ** (exponent - BIAS - FRACTION);
}

/** IEEE binary16 bit patterns to f32; NaN payloads keep their high bits. */
export function decodeF16(halves: Uint16Array): Float32Array {
  const values = new Float32Array(halves.length);
  const bits = new Uint32Array(values.buffer);
  for (let i = 0; i < halves.length; i++) {
    const sign = (halves[i] & 0x8000) << 16;
    const exponent = (halves[i] >> 10) & 31;
    const fraction = halves[i] & 1023;
    if (exponent === 0) values[i] = (sign < 0 ? -fraction : fraction) * 2 ** -24;
    else bits[i] = sign | ((exponent === 31 ? 255 : exponent + 112) << 23) | (fraction << 13);
  }
  return values;
}

/** The bits of the nearest FP16 number, a tie to the even one; overflow is infinity. */
export function numberToFp16(value: number): number {
  const sign = value < 0 || Object.is(value, -0) ? 0x8000 : 0;
  if (Number.isNaN(value)) return 0x7e00;
  const magnitude = Math.abs(value);
  if (magnitude === Number.POSITIVE_INFINITY) return sign | 0x7c00;
  const exponent = Math.max(magnitude === 0 ? 1 - BIAS : exponentOf(magnitude), 1 - BIAS);
  const units = roundHalfEven(magnitude / 2 ** (exponent - FRACTION));
  // The hidden one of `units` carries into the exponent field, as does a fraction that rounds up to the next power.
  return sign | Math.min(((exponent + BIAS - 1) << FRACTION) + units, 0x7c00);
}

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

/** The nearest integer, a tie to the even one; keeps the sign of zero. */
export function roundHalfEven(value: number): number {
  const below = Math.floor(value);
  const rest = value - below;
  if (rest === 0) return value;
  const even = below % 2 === 0 ? below : below + 1;
  const nearest = rest < 0.5 ? below : rest > 0.5 ? below + 1 : even;
  return nearest === 0 && value < 0 ? -0 : nearest;
}

/** floor(log2(magnitude)) of a number above 0, exact. */
export function exponentOf(magnitude: number): number {
  const guess = Math.floor(Math.log2(magnitude));
  if (2 ** guess > magnitude) return guess - 1;
  return 2 ** (guess + 1) <= magnitude ? guess + 1 : guess;
}
