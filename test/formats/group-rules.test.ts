//
//   Group rules by hand: ties, zeros, clamps, the first of equals.
//

import { suite } from "uvu";
import * as assert from "uvu/assert";
import {
  absmean,
  asymmetric,
  best,
  fittedElement,
  type GroupRule,
  nearest,
  powerOfTwoElement,
  sharedExponent,
  symmetric,
  valuesOf,
} from "../../src/formats/group-rules.js";

const rules = suite("group rules");

const FP4 = [-12, -8, -6, -4, -3, -2, -1, 0, 1, 2, 3, 4, 6, 8, 12];
const levels = (rule: GroupRule, ...weights: number[]) => [...rule(Float32Array.from(weights)).levels];
const values = (rule: GroupRule, ...weights: number[]) => [...valuesOf(rule(Float32Array.from(weights)))];

rules("half-way: integers go to the even one, grids to the lower one", () => {
  assert.equal(levels(symmetric(4), 7, 0.5, 1.5, 2.5, -0.5, -1.5), [7, 0, 2, 2, -0, -2]);
  assert.equal(levels(nearest(FP4), 12, 5, 10, -5, -10, 0.5, -0.5), [12, 4, 8, -6, -12, 0, -1]);
  assert.equal(levels(asymmetric(4), 0, 15, 0.5, 1.5), [0, 15, 0, 2]);
});

rules("the scale of a one-sided special comes from its magnitude, on whichever side the weights are", () => {
  const grid = [-6, -4, -2, -1, 0, 1, 2, 4];
  assert.equal(levels(nearest(grid), 6, -6, 3), [4, -6, 2]);
});

rules("of equal errors the first grid", () => {
  const one = best([FP4, [...FP4, 16], [...FP4, -16]])(Float32Array.of(1, 0, 0));
  assert.equal([one.selector, one.scale], [0, Math.fround(1 / 12)]);
  assert.is(best([FP4, [...FP4, 16]])(Float32Array.of(16, 12, 1)).selector, 1);
});

rules("a group of zeros has the least scale and stays zero; scales are bounded", () => {
  for (const rule of [symmetric(4), asymmetric(4), nearest(FP4), best([FP4]), absmean([-1, 0, 1])]) {
    const zero = rule(new Float32Array(4));
    assert.is(zero.scale, Math.fround(1e-5));
    assert.equal([...valuesOf(zero)], [0, 0, 0, 0]);
  }
  assert.is(nearest(FP4)(Float32Array.of(1e9)).scale, 1e4);
  assert.equal(values(sharedExponent(FP4, fittedElement(FP4)), 0, -0, 0), [0, 0, 0]);
});

rules("the sign of zero: integers keep it, grids do not", () => {
  const [negative] = levels(symmetric(4), -0.1, 7);
  assert.ok(Object.is(negative, -0));
  const [positive] = levels(nearest(FP4), -0.1, 12);
  assert.ok(Object.is(positive, 0));
});

rules("a shared exponent: fitted elements reach 2, powers of two clip what lies beyond", () => {
  assert.equal(values(sharedExponent(FP4, powerOfTwoElement(FP4)), 1.9, 1, 0.5), [1.5, 1, 0.5]);
  const [top] = values(sharedExponent(FP4, fittedElement(FP4)), 1.9, 1);
  assert.ok(Math.abs(top - 2) < 1e-6);
});

rules("the mean magnitude is the unit of ternary and binary weights", () => {
  assert.equal(values(absmean([-1, 0, 1]), 3, -1, 0.25, 0.75), [1.25, -1.25, 0, 1.25]);
  assert.equal(values(absmean([-1, 1]), 3, -1), [2, -2]);
});

rules.run();
