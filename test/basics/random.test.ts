//
//   Philox against the known answers of its authors' library (Random123, kat_vectors), and the variates made from it.
//

import { suite } from "uvu";
import * as assert from "uvu/assert";
import { gamma, normal, philox, uniform, type Words } from "../../src/basics/random.js";

const test = suite("random");

const hex = (words: readonly number[]) => words.map((word) => word.toString(16).padStart(8, "0")).join(" ");

test("Philox 4x32-10 gives its published answers", () => {
  const ones = 0xffffffff;
  assert.is(hex(philox([0, 0, 0, 0], [0, 0])), "6627e8d5 e169c58d bc57ac4c 9b00dbd8");
  assert.is(hex(philox([ones, ones, ones, ones], [ones, ones])), "408f276d 41c83b0e a20bc7c6 6d5451fd");
  const pi: Words = [0x243f6a88, 0x85a308d3, 0x13198a2e, 0x03707344];
  assert.is(hex(philox(pi, [0xa4093822, 0x299f31d0])), "d16cfe09 94fdcceb 5001e420 24126ea1");
});

test("a draw depends on counter and key alone, and leaves them as they are", () => {
  const counter: Words = [1, 2, 3, 4];
  const into: Words = [9, 9, 9, 9];
  assert.is(philox(counter, [5, 6], into), into);
  assert.equal(into, philox([1, 2, 3, 4], [5, 6]));
  assert.equal(counter, [1, 2, 3, 4]);
  assert.not.equal(philox([1, 2, 3, 5], [5, 6]), into);
  assert.not.equal(philox([1, 2, 3, 4], [5, 7]), into);
});

test("uniform numbers lie strictly between 0 and 1", () => {
  assert.ok(uniform(0) > 0);
  assert.ok(uniform(0xffffffff) < 1);
  assert.is(uniform(0x7fffffff) + uniform(0x80000000), 1);
});

/** Mean and variance of `count` values. */
function moments(count: number, value: (i: number) => number): { mean: number; variance: number } {
  const values = Array.from({ length: count }, (_, i) => value(i));
  const mean = values.reduce((sum, one) => sum + one, 0) / count;
  return { mean, variance: values.reduce((sum, one) => sum + (one - mean) ** 2, 0) / count };
}

test("normal variates have mean 0 and variance 1", () => {
  const { mean, variance } = moments(20000, (i) => {
    const [a, b] = philox([i, 0, 0, 0], [20261122, 0]);
    return normal(uniform(a), uniform(b));
  });
  // Five standard errors: 1 / sqrt(n), sqrt(2 / n).
  assert.ok(Math.abs(mean) < 5 / Math.sqrt(20000), `mean ${mean}`);
  assert.ok(Math.abs(variance - 1) < 5 * Math.sqrt(2 / 20000), `variance ${variance}`);
});

test("gamma variates have mean and variance of their shape, below 1 and above", () => {
  const count = 20000;
  for (const [which, shape] of [0.05, 0.5, 1, 3.5].entries()) {
    const { mean, variance } = moments(count, (i) =>
      Math.exp(gamma(shape, (n) => philox([i, n, which, 0], [20261122, 0]))),
    );
    // Central moments of a gamma variate: variance shape, fourth 3 shape^2 + 6 shape.
    const errors = [Math.sqrt(shape / count), Math.sqrt((2 * shape ** 2 + 6 * shape) / count)];
    assert.ok(Math.abs(mean - shape) < 5 * errors[0], `shape ${shape}: mean ${mean}`);
    assert.ok(Math.abs(variance - shape) < 5 * errors[1], `shape ${shape}: variance ${variance}`);
  }
});

test("a shape so small that its variates are no numbers has a finite logarithm", () => {
  const log = gamma(1e-5, (n) => philox([7, n, 0, 0], [1, 0]));
  assert.ok(Number.isFinite(log) && log < -1000, `${log}`);
});

test.run();
