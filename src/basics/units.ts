//
//   Units and exact ratios. Everything else in src/ writes its unit into the name and converts here.
//

export const BYTES_PER_KIB = 1024;
export const BITS_PER_BYTE = 8;
export const KHZ_PER_MHZ = 1000;
/** A clock of one MHz makes this many cycles in a second. */
export const HZ_PER_MHZ = 1e6;
export const PJ_PER_NJ = 1e3;
export const PJ_PER_UJ = 1e6;
export const PJ_PER_JOULE = 1e12;
/** 1 mW for 1 s is 1 mJ = 10^9 pJ. */
export const PJ_PER_MILLIJOULE = 1e9;

export function ceilDiv(value: number, divisor: number): number {
  return Math.ceil(value / divisor);
}

/** a : b as coprime integers; exact for integers of any size. */
export function coprime(a: bigint, b: bigint): [bigint, bigint] {
  let [divisor, rest] = [a, b];
  while (rest !== 0n) [divisor, rest] = [rest, divisor % rest];
  return [a / divisor, b / divisor];
}

export function secondsOf(cycles: number, coreMHz: number): number {
  return cycles / (coreMHz * HZ_PER_MHZ);
}
