//
//   Random groups for the PEs: integers that a term table holds, codes of them, activations.
//

import fc from "fast-check";
import { bitTerms, boothSlots, boothTerms, type Recoding, termTable } from "../../src/formats/term-table.js";
import type { OracleTerm } from "../oracle/pe.js";

export interface PeGroup {
  recoding: Recoding;
  slots: number;
  /** Weights in integer units. */
  weights: number[];
  /** Bits of as many activations. */
  x: number[];
}

/** Up to 40 weights of one recoding: any integers of 2..9 bits, or those of BitMoD's grids. */
export function groupArbitrary(xBits: number): fc.Arbitrary<PeGroup> {
  const bits = fc
    .integer({ min: 2, max: 9 })
    .map((width) => fc.integer({ min: -(2 ** (width - 1)), max: 2 ** (width - 1) - 1 }));
  const grids = fc.constant(fc.constantFrom(...[0, 1, 2, 3, 4, 5, 6, 8, 10, 12, 16].flatMap((v) => [v, -v])));
  const kind = fc.oneof(
    bits.map((weight) => ({ recoding: "booth" as const, weight })),
    grids.map((weight) => ({ recoding: "bits" as const, weight })),
  );
  return kind.chain(({ recoding, weight }) =>
    fc
      .array(fc.tuple(weight, fc.integer({ min: 0, max: 2 ** xBits - 1 })), { minLength: 1, maxLength: 40 })
      .map((pairs) => {
        const weights = pairs.map(([w]) => w);
        const slots = recoding === "booth" ? boothSlots(weights) : 2;
        return { recoding, slots, weights, x: pairs.map(([, x]) => x) };
      }),
  );
}

/** The table and the codes of a group's weights. */
export function coded({ recoding, slots, weights }: PeGroup) {
  const values = [...new Set(weights)];
  return { table: termTable(values, slots, recoding), codes: Uint8Array.from(weights, (w) => values.indexOf(w)) };
}

/** The terms of each weight as the oracle takes them, and the shift of each slot. */
export function oracleTerms({ recoding, slots, weights }: PeGroup): { terms: OracleTerm[][]; bsigs: number[] } {
  const termsOf = (value: number) => (recoding === "booth" ? boothTerms(value, slots) : bitTerms(value, slots)!);
  const terms = weights.map((value) =>
    termsOf(value).map(({ negative, exp, man }) => ({ sign: Number(negative), exp, man })),
  );
  return { terms, bsigs: termsOf(0).map(({ bsig }) => bsig) };
}
