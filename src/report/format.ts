//
//   How numbers look in every report: exact where they are counts, four digits with a unit where they are quantities.
//   Nothing here depends on the locale.
//

import type { Band } from "../basics/band.js";

const DIGITS = 4;

/** 1234567 -> "1,234,567". */
export function integer(value: number): string {
  const [sign, text] = [value < 0 ? "-" : "", Math.round(Math.abs(value)).toString()];
  return sign + text.replace(/\B(?=(\d{3})+$)/g, ",");
}

/** Four significant digits, no exponent between 0.001 and 1e15: 0.01234, 12.34, 123,457. */
export function significant(value: number): string {
  const size = Math.abs(value);
  if (value === 0) return "0";
  if (size >= 10 ** (DIGITS - 1)) return integer(value);
  if (size < 0.001) return value.toExponential(DIGITS - 1);
  return value.toPrecision(DIGITS);
}

/** Share of a whole in percent; what is not zero does not look like zero; "-" when there is no whole. */
export function percent(part: number, whole: number): string {
  if (whole === 0) return "-";
  const share = (100 * part) / whole;
  if (share !== 0 && Math.abs(share) < 0.05) return `${share < 0 ? ">-0.1" : "<0.1"} %`;
  return `${share.toFixed(1)} %`;
}

/** 1536 -> "1.500 KiB". */
export function bytes(value: number): string {
  return scaled(value, 1024, ["B", "KiB", "MiB", "GiB", "TiB"]);
}

/** 0.00123 -> "1.230 ms". */
export function seconds(value: number): string {
  return value >= 1 ? `${significant(value)} s` : scaled(value * 1e9, 1000, ["ns", "us", "ms", "s"]);
}

/** 1.5e6 pJ -> "1.500 uJ". */
export function energy(picojoules: number): string {
  return scaled(picojoules, 1000, ["pJ", "nJ", "uJ", "mJ", "J", "kJ"]);
}

/** "low - high", or one value where both ends are the same. */
export function band({ low, high }: Band, show: (value: number) => string): string {
  const [from, to] = [show(low), show(high)];
  return from === to ? from : `${from} - ${to}`;
}

/** A figure that may be unknown. */
export function known(value: number | null, show: (value: number) => string): string {
  return value === null ? "-" : show(value);
}

function scaled(value: number, step: number, units: string[]): string {
  let [size, unit] = [value, 0];
  while (Math.abs(size) >= step && unit < units.length - 1) {
    size /= step;
    unit++;
  }
  return `${unit === 0 && Number.isInteger(size) ? integer(size) : significant(size)} ${units[unit]}`;
}
