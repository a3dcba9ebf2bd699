//
//   A quantity as a space file writes it: a number in the knob's own unit, or with a unit that is converted to it.
//
//     "2 MiB" of buffers.sliceKiB (KiB) ──► 2048        "1.5 GHz" of clock.coreMHz (MHz) ──► 1500        64 ──► 64
//

/** Sizes of units that may stand for each other. */
const FAMILIES: readonly Readonly<Record<string, number>>[] = [
  { B: 1, bytes: 1, KiB: 2 ** 10, MiB: 2 ** 20, GiB: 2 ** 30 },
  { kHz: 1, MHz: 1e3, GHz: 1e6 },
  { Mb: 1, Gb: 1e3 },
];
const QUANTITY = /^([-+]?(?:\d+\.?\d*|\.\d+)(?:e[-+]?\d+)?)\s*([A-Za-z]*)$/;

/** The number in `unit`; undefined for what is none, or of another unit. */
export function quantity(written: unknown, unit: string): number | undefined {
  if (typeof written === "number") return written;
  const [, number, given] = QUANTITY.exec(String(written).trim()) ?? [];
  if (number === undefined) return undefined;
  if (given === "" || given === unit) return Number(number);
  const family = FAMILIES.find((one) => unit in one && given in one);
  return family === undefined ? undefined : (Number(number) * family[given]) / family[unit];
}

/** The units that are understood where `unit` is meant. */
export function unitsFor(unit: string): string[] {
  const family = FAMILIES.find((one) => unit in one);
  return family === undefined ? [unit].filter(Boolean) : Object.keys(family);
}
