//
//   Terms add up to their integer, and a table says the same terms.
//

import { suite } from "uvu";
import * as assert from "uvu/assert";
import { CODES, Term } from "../../assembly/numeric/contract.js";
import { bitTerms, boothSlots, boothTerms, fitsSlots, type PeTerm, termTable } from "../../src/formats/term-table.js";

const terms = suite("term tables");

const sumOfTerms = (list: readonly PeTerm[]) =>
  list.reduce((sum, { negative, man, exp, bsig }) => sum + (negative ? -1 : 1) * man * 2 ** (exp + bsig), 0);
const range = (low: number, high: number) => Array.from({ length: high - low + 1 }, (_, i) => low + i);

terms("Booth digits of b bits are ceil(b / 2), and add up", () => {
  for (const bits of range(1, 10)) {
    const values = range(-(2 ** (bits - 1)), 2 ** (bits - 1) - 1);
    const slots = Math.ceil(bits / 2);
    assert.is(boothSlots(values), slots);
    for (const value of values) {
      const digits = boothTerms(value, slots);
      assert.is(sumOfTerms(digits), value);
      assert.equal(
        digits.map(({ bsig }) => bsig),
        range(0, slots - 1).map((k) => 2 * k),
      );
      assert.ok(digits.every(({ exp, man, negative }) => exp <= 1 && (man === 1 || !negative)));
    }
  }
  assert.is(boothSlots([255]), 5, "UINT8 needs a ninth bit");
  for (const [value, slots] of [
    [-2, 1],
    [-3, 2],
    [-8, 2],
    [-9, 3],
    [-128, 4],
    [-129, 5],
    [2, 2],
    [8, 3],
    [128, 5],
  ]) {
    assert.is(boothSlots([value]), slots, `${value} alone`);
    assert.is(sumOfTerms(boothTerms(value, slots)), value);
  }
});

terms("set bits lead with the highest, 16 is 8 + 8, and a missing term keeps the sign", () => {
  const short = (value: number) => bitTerms(value, 2)?.map(({ negative, man, exp }) => [Number(negative), man, exp]);
  assert.equal(short(-6), [
    [1, 1, 2],
    [1, 1, 1],
  ]);
  assert.equal(short(16), [
    [0, 1, 3],
    [0, 1, 3],
  ]);
  assert.equal(short(-4), [
    [1, 1, 2],
    [1, 0, 0],
  ]);
  assert.equal(short(0), [
    [0, 0, 0],
    [0, 0, 0],
  ]);
  assert.is(short(7), undefined);
  assert.is(fitsSlots([0, 7], 2, "bits"), false);
  assert.is(fitsSlots([0, 7], 3, "bits"), true);
  assert.is(fitsSlots([0, 11], 2, "signed"), false, "11 is 8 + 4 - 1");
  assert.is(fitsSlots([7, 11], 3, "signed"), true);
  for (const value of range(-16, 16)) assert.is(sumOfTerms(bitTerms(value, 4)!), value);
});

terms("a table holds the term of each code in each slot", () => {
  const values = [0, 5, -3];
  const table = termTable(values, 2, "booth");
  assert.equal([...table.bsigs], [0, 2]);
  for (const [code, value] of values.entries()) {
    const list = range(0, 1).map((slot): PeTerm => {
      const term = table.terms[slot * CODES + code];
      return {
        negative: (term & Term.Sign) !== 0,
        man: term & Term.Man ? 1 : 0,
        exp: (term & Term.Exp) >> 1,
        bsig: table.bsigs[slot],
      };
    });
    assert.is(sumOfTerms(list), value);
  }
  assert.throws(() => termTable([200], 4, "booth"), /internal: 1 codes do not fit 4 slots/);
});

terms.run();
