//
//   The formats that are shipped: the list that every contract test walks through.
//

import { readdirSync, readFileSync } from "node:fs";
import fc from "fast-check";
import { type Format, parseFormat } from "../../src/formats/format.js";

const folder = new URL("../../../formats/", import.meta.url);

export const SHIPPED: readonly Format[] = readdirSync(folder)
  .sort()
  .map((file) => parseFormat(formatText(file.replace(/\.yaml$/, "")), `formats/${file}`));

export function formatText(name: string): string {
  return readFileSync(new URL(`${name}.yaml`, folder), "utf8");
}

export function shipped(name: string): Format {
  return parseFormat(formatText(name), `formats/${name}.yaml`);
}

/** Weights of `rows` rows of `columns`, some of them tiny, zero, or far out. */
export function weightsArbitrary(rows: number, columns: number): fc.Arbitrary<Float32Array> {
  const weight = fc.oneof(
    { weight: 6, arbitrary: fc.float({ min: -2, max: 2, noNaN: true }) },
    { weight: 1, arbitrary: fc.float({ min: -(2 ** -16), max: 2 ** -16, noNaN: true }) },
    { weight: 1, arbitrary: fc.constantFrom(0, 1, -1, 8) },
  );
  const size = rows * columns;
  return fc.array(weight, { minLength: size, maxLength: size }).map((values) => Float32Array.from(values));
}
