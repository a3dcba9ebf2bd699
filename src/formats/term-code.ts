//
//   TermCode: which integers a code stands for, and how many signed powers of two each of them is.
//
//     digits      low..high of b bits: symmetric, two's complement, unsigned, or a centred radix-4 digit
//     minifloat   sign, E exponent bits, M mantissa bits, subnormals, in units of the smallest magnitude
//     codebook    a list of integers
//     planes      b planes of {0, 1} or {-1, 1}, each with a weight
//     pow2        sign and shift: +-2^0 .. +-2^n, no zero
//
//   Terms are counted, not declared: the fewest signed powers of two of a value (term-table.ts). Lanes in lock step pay the
//   largest count for every code, lanes that skip what is missing pay the mean.
//

import { boothSlots, signedPowers } from "./term-table.js";

export type TermCodeSpec =
  | { kind: "digits"; bits: number; range: "symmetric" | "signed" | "unsigned" | "centred" }
  | { kind: "minifloat"; exponentBits: number; mantissaBits: number; reserved?: number | undefined }
  | { kind: "codebook"; values: readonly number[]; bits?: number | undefined }
  | { kind: "planes"; alphabet: "binary" | "sign"; weights: readonly number[] }
  | { kind: "pow2"; bits: number };

export interface TermCode {
  kind: TermCodeSpec["kind"];
  /** Integers in units of the code, ascending, each once. */
  values: readonly number[];
  /** Bits of a code in memory. */
  bits: number;
}

/** Terms of the codes of a TermCode, all equally likely. */
export interface TermCount {
  /** Codes with 0, 1, 2, ... terms. */
  histogram: readonly number[];
  /** What lanes in lock step pay. */
  max: number;
  mean: number;
  /** Radix-4 Booth digits of the values as integers. */
  radix4: number;
}

export function termCodeOf(spec: TermCodeSpec): TermCode {
  const [values, bits] = valuesOf(spec);
  return { kind: spec.kind, values: [...new Set(values)].sort((a, b) => a - b), bits };
}

/** Over several codes that a selector chooses from, equally often. */
export function termCount(codes: readonly TermCode[]): TermCount {
  const counts = codes.map(({ values }) => values.map((value) => signedPowers(value).length));
  const max = Math.max(...counts.flat());
  const all = counts.flat();
  const histogram = Array.from({ length: max + 1 }, (_, n) => all.filter((count) => count === n).length);
  const means = counts.map((of) => of.reduce((sum, count) => sum + count, 0) / of.length);
  const mean = means.reduce((sum, one) => sum + one, 0) / means.length;
  return { histogram, max, mean, radix4: Math.max(...codes.map(({ values }) => boothSlots(values))) };
}

function valuesOf(spec: TermCodeSpec): [number[], number] {
  switch (spec.kind) {
    case "digits":
      return [range(...limitsOf(spec.bits, spec.range)), spec.bits];
    case "minifloat":
      return [mirrored(minifloat(spec)), 1 + spec.exponentBits + spec.mantissaBits];
    case "codebook":
      return [[...spec.values], spec.bits ?? Math.ceil(Math.log2(spec.values.length))];
    case "planes":
      return [planes(spec), spec.weights.length];
    case "pow2":
      return [mirrored(range(0, 2 ** (spec.bits - 1) - 1).map((shift) => 2 ** shift)), spec.bits];
  }
}

/** Smallest and largest integer of `bits` bits. A centred digit is code - 2^(bits-1). */
function limitsOf(bits: number, kind: "symmetric" | "signed" | "unsigned" | "centred"): [number, number] {
  if (kind === "unsigned") return [0, 2 ** bits - 1];
  const half = 2 ** (bits - 1);
  return [kind === "symmetric" ? 1 - half : -half, half - 1];
}

/** Magnitudes in units of the smallest: exponent 0 has no hidden one; the `reserved` largest stand for no number. */
function minifloat(spec: { exponentBits: number; mantissaBits: number; reserved?: number | undefined }): number[] {
  const steps = 2 ** spec.mantissaBits;
  const all = range(0, 2 ** spec.exponentBits * steps - 1).map((code) => {
    const [exponent, mantissa] = [Math.floor(code / steps), code % steps];
    return exponent === 0 ? mantissa : (steps + mantissa) * 2 ** (exponent - 1);
  });
  return all.slice(0, all.length - (spec.reserved ?? 0));
}

function planes({ alphabet, weights }: { alphabet: "binary" | "sign"; weights: readonly number[] }): number[] {
  const low = alphabet === "binary" ? 0 : -1;
  return weights.reduce((sums, weight) => sums.flatMap((sum) => [sum + low * weight, sum + weight]), [0]);
}

function mirrored(magnitudes: readonly number[]): number[] {
  return magnitudes.flatMap((magnitude) => (magnitude === 0 ? [0] : [-magnitude, magnitude]));
}

function range(low: number, high: number): number[] {
  return Array.from({ length: high - low + 1 }, (_, i) => low + i);
}
