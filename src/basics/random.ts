//
//   Random numbers by counting: Philox 4x32-10 (Salmon et al., Parallel random numbers: as easy as 1, 2, 3, SC 2011). A draw
//   is a function of a counter and a key, so it does not depend on what was drawn before.
//
//     (counter of 4 words, key of 2 words) ──► 10 rounds of multiply, swap, xor ──► 4 words
//

const MULTIPLIERS = [0xd2511f53, 0xcd9e8d57] as const;
/** Added to the key after each round: golden ratio, sqrt(3) - 1. */
const WEYL = [0x9e3779b9, 0xbb67ae85] as const;
const ROUNDS = 10;

export type Words = [number, number, number, number];

/** Four words of 32 bits, unsigned; written into `into` if given. */
export function philox(counter: Readonly<Words>, key: readonly [number, number], into: Words = [0, 0, 0, 0]): Words {
  let a = counter[0];
  let b = counter[1];
  let c = counter[2];
  let d = counter[3];
  let k0 = key[0];
  let k1 = key[1];
  for (let round = 0; round < ROUNDS; round++) {
    const high0 = multiplyHigh(MULTIPLIERS[0], a);
    const high1 = multiplyHigh(MULTIPLIERS[1], c);
    const low0 = Math.imul(MULTIPLIERS[0], a);
    const low1 = Math.imul(MULTIPLIERS[1], c);
    a = high1 ^ b ^ k0;
    b = low1;
    c = high0 ^ d ^ k1;
    d = low0;
    k0 = (k0 + WEYL[0]) | 0;
    k1 = (k1 + WEYL[1]) | 0;
  }
  into[0] = a >>> 0;
  into[1] = b >>> 0;
  into[2] = c >>> 0;
  into[3] = d >>> 0;
  return into;
}

/** Upper word of the product of two unsigned words, from products of halves. */
function multiplyHigh(x: number, y: number): number {
  const xHigh = x >>> 16;
  const xLow = x & 0xffff;
  const yHigh = y >>> 16;
  const yLow = y & 0xffff;
  const middle = xHigh * yLow + Math.floor((xLow * yLow) / 0x10000);
  const carry = xLow * yHigh + (middle & 0xffff);
  return (xHigh * yHigh + Math.floor(middle / 0x10000) + Math.floor(carry / 0x10000)) | 0;
}

/** A normal variate from two uniform ones (Box and Muller, 1958). */
export function normal(first: number, second: number): number {
  return Math.sqrt(-2 * Math.log(first)) * Math.cos(2 * Math.PI * second);
}

/** A word as a number strictly between 0 and 1. */
export function uniform(word: number): number {
  return (word + 0.5) / 2 ** 32;
}

/**
 * Logarithm of a gamma variate of this shape (Marsaglia and Tsang, 2000); `attempt` gives the words of its n-th attempt.
 * A logarithm, because variates of a small shape are too small for a number.
 */
export function gamma(shape: number, attempt: (n: number) => Readonly<Words>): number {
  const d = (shape < 1 ? shape + 1 : shape) - 1 / 3;
  for (let n = 0; ; n++) {
    const words = attempt(n);
    const x = normal(uniform(words[0]), uniform(words[1]));
    const v = (1 + x / Math.sqrt(9 * d)) ** 3;
    if (v <= 0 || Math.log(uniform(words[2])) >= x * x * 0.5 + d - d * v + d * Math.log(v)) continue;
    const log = Math.log(d * v);
    return shape < 1 ? log + Math.log(uniform(words[3])) / shape : log;
  }
}
