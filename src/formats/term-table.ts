//
//   Terms of a PE: what a code becomes on its way into a lane, one signed power of two a cycle.
//
//     integer ──► booth   radix-4 digits -2..2, lowest first; the digit of slot k weighs 4^k        any integer
//             ├─► bits    set bits of |value|, leading first; sign and magnitude, 16 = 8 + 8        exp <= 3, few bits
//             └─► signed  the fewest signed powers of two, leading first; a wide shift in each lane  any integer
//     terms of all codes ──► termTable ──► u8[slots * CODES] and a shift a slot                     numeric.wasm
//
//   A slot is one cycle of a group of lanes: its shift (bsig) is theirs together, sign, exponent and man are each lane's.
//   A code with fewer terms than slots fills up with terms that say nothing but its sign.
//
//   Source      BitMoD, HPCA 2025; docs/numbers.md.
//

import { CODES, MAX_SLOTS, Term } from "../../assembly/numeric/contract.js";

/** How integers become terms: a property of the PE. */
export type Recoding = "booth" | "bits" | "signed";

/** One lane of one cycle: (-1)^negative * man * 2^exp * 2^bsig; BitMoD's lanes shift by 0..3. */
export interface PeTerm {
  negative: boolean;
  man: 0 | 1;
  exp: number;
  bsig: number;
}

/** The terms of up to CODES codes. */
export interface TermTable {
  slots: number;
  /** The term of a code in a slot, at slot * CODES + code, as `Term` says. */
  terms: Uint8Array;
  /** Shift of a slot. */
  bsigs: Uint8Array;
}

/** The largest exponent of a lane. */
const LARGEST_EXP = 3;

/** Whether every value has its terms within `slots`. */
export function fitsSlots(values: readonly number[], slots: number, recoding: Recoding): boolean {
  if (recoding === "booth") return boothSlots(values) <= slots;
  if (recoding === "signed") return values.every((value) => signedPowers(value).length <= slots);
  return values.every((value) => bitTerms(value, slots) !== undefined);
}

/** Slots that every value fits, Booth: an integer of b bits, two's complement, takes ceil(b / 2). */
export function boothSlots(values: readonly number[]): number {
  return Math.max(...values.map((value) => Math.ceil(signedBits(value) / 2)));
}

/** Radix-4 Booth digits of an integer, lowest first; `slots` of them. */
export function boothTerms(value: number, slots: number): PeTerm[] {
  const bit = (i: number) => (i < 0 ? 0 : Math.floor(value / 2 ** i) & 1);
  return Array.from({ length: slots }, (_, k) => {
    const digit = bit(2 * k) + bit(2 * k - 1) - 2 * bit(2 * k + 1);
    return { negative: digit < 0, man: digit === 0 ? 0 : 1, exp: Math.abs(digit) === 2 ? 1 : 0, bsig: 2 * k };
  });
}

/** Set bits of |value|, leading first, filled up to `slots`; undefined where they are too many or too high. */
export function bitTerms(value: number, slots: number): PeTerm[] | undefined {
  const negative = value < 0;
  const exps: number[] = [];
  let rest = Math.abs(value);
  while (rest > 0) {
    const exp = Math.min(Math.floor(Math.log2(rest)), LARGEST_EXP);
    exps.push(exp);
    rest -= 2 ** exp;
  }
  if (exps.length > slots) return undefined;
  return Array.from({ length: slots }, (_, i) => ({
    negative,
    man: i < exps.length ? 1 : 0,
    exp: exps[i] ?? 0,
    bsig: 0,
  }));
}

/** The fewest signed powers of two that add up to an integer (no two are neighbours), leading first. */
export function signedPowers(value: number): { negative: boolean; exp: number }[] {
  const powers: { negative: boolean; exp: number }[] = [];
  let rest = Math.abs(value);
  for (let exp = 0; rest > 0; exp++) {
    if (rest % 2 === 1) {
      const below = rest % 4 === 3;
      powers.unshift({ negative: below !== value < 0, exp });
      rest += below ? 1 : -1;
    }
    rest /= 2;
  }
  return powers;
}

/** The same, filled up to `slots`. */
export function signedTerms(value: number, slots: number): PeTerm[] {
  const powers = signedPowers(value);
  const missing: PeTerm = { negative: value < 0, man: 0, exp: 0, bsig: 0 };
  return Array.from({ length: slots }, (_, i) => (i < powers.length ? { ...powers[i], man: 1, bsig: 0 } : missing));
}

/** The table of codes 0, 1, 2, ... that stand for `values`. */
export function termTable(values: readonly number[], slots: number, recoding: Recoding): TermTable {
  const fits = values.length <= CODES && slots <= MAX_SLOTS && fitsSlots(values, slots, recoding);
  if (!fits) throw new Error(`internal: ${values.length} codes do not fit ${slots} slots`);
  const table = { slots, terms: new Uint8Array(slots * CODES), bsigs: new Uint8Array(slots) };
  for (const [code, value] of values.entries()) {
    for (const [slot, term] of termsOf(value, slots, recoding).entries()) {
      table.terms[slot * CODES + code] = packTerm(term);
      table.bsigs[slot] = term.bsig;
    }
  }
  return table;
}

function termsOf(value: number, slots: number, recoding: Recoding): PeTerm[] {
  if (recoding === "booth") return boothTerms(value, slots);
  return recoding === "signed" ? signedTerms(value, slots) : bitTerms(value, slots)!;
}

/** A term as the lanes read it. */
export function packTerm({ negative, man, exp }: Omit<PeTerm, "bsig">): number {
  return (negative ? Term.Sign : 0) | (exp << 1) | (man === 1 ? Term.Man : 0);
}

/** Bits of an integer in two's complement. */
function signedBits(value: number): number {
  let bits = 1;
  while (value < -(2 ** (bits - 1)) || value >= 2 ** (bits - 1)) bits++;
  return bits;
}
