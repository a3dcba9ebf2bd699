//
//   Softmax, gated SiLU and FP16 rounding against FP64 and against the definition of FP16, in both builds.
//

import fc from "fast-check";
import { suite } from "uvu";
import * as assert from "uvu/assert";
import { roundToHalf } from "../../src/basics/half.js";
import { RUNS, SEED } from "../support/build.js";
import { kernels } from "../support/infer.js";
import { BUILDS } from "../support/numeric.js";

const elementwise = suite("element by element");
/** Two units in the last place of FP32, and what exponential and quotient add. */
const RELATIVE = 5e-7;

function near(found: number, wanted: number, text: string): void {
  const tolerance = RELATIVE * Math.abs(wanted) + 1e-37;
  assert.ok(Math.abs(found - wanted) <= tolerance, `${text}: ${found}, wanted ${wanted}`);
}

for (const build of BUILDS) {
  elementwise(`${build}: settle is the nearest FP16 number, seed ${SEED}`, async () => {
    const one = await kernels(build);
    const wide = fc.oneof(fc.float({ noNaN: true }), fc.float({ min: -70000, max: 70000, noNaN: true }));
    const tiny = fc.float({ min: Math.fround(-1e-4), max: Math.fround(1e-4), noNaN: true });
    const vector = one.floats(64);
    const law = fc.property(fc.array(fc.oneof(wide, tiny), { minLength: 1, maxLength: 64 }), (values) => {
      vector.view.fill(1 / 3).set(values);
      one.settle(vector, values.length);
      const found = vector.view.slice(0, values.length);
      assert.equal(
        [...found],
        values.map((value) => roundToHalf(value)),
      );
    });
    fc.assert(law, { seed: SEED, numRuns: RUNS * 5 });
    vector.view.set([Number.NaN]);
    one.settle(vector, 4);
    assert.ok(Number.isNaN(vector.view[0]));
  });

  elementwise(`${build}: gated SiLU`, async () => {
    const one = await kernels(build);
    const values = Float32Array.from({ length: 401 }, (_, i) => (i - 200) / 2.3);
    const [g, u] = [one.floats(values), one.floats(values.map((value) => 3 - value))];
    one.gate(g, u, values.length);
    for (const [i, value] of values.entries()) {
      const wanted = (value / (1 + Math.exp(-value))) * Math.fround(3 - value);
      if (value > -80) near(g.view[i], wanted, `silu(${value})`);
      else assert.ok(Math.abs(g.view[i]) < 1e-30);
    }
  });

  elementwise(`${build}: what lies behind the values, in whole vectors of four, stays`, async () => {
    const one = await kernels(build);
    const third = Math.fround(1 / 3);
    for (const count of [1, 4, 6, 8]) {
      const [x, y] = [one.floats(16), one.floats(16)];
      const acts = [
        () => one.settle(x, count),
        () => one.scaleHalves({ vector: x, pitch: 16 }, 0, y, count),
        () => one.gate(x, y, count),
      ];
      for (const act of acts) {
        x.view.fill(third);
        y.view.fill(3);
        act();
        for (const [i, value] of x.view.entries()) {
          assert.is(value === third, i >= Math.ceil(count / 4) * 4, `value ${i} of ${count}`);
        }
      }
    }
  });

  elementwise(`${build}: softmax of a row, seed ${SEED}`, async () => {
    const one = await kernels(build);
    const rows = { vector: one.floats(3 * 40), pitch: 40 };
    const scores = fc.array(fc.float({ min: -60, max: 60, noNaN: true }), { minLength: 1, maxLength: 37 });
    const law = fc.property(scores, fc.integer({ min: 0, max: 3 }), (values, more) => {
      rows.vector.view.fill(7);
      rows.vector.view.set(values, 40);
      one.softmax(rows, 1, values.length, values.length + more, 0.5, false);
      const largest = Math.max(...values);
      const powers = values.map((value) => Math.exp(value * 0.5 - largest * 0.5));
      const sum = powers.reduce((total, power) => total + power, 0);
      for (const [i, power] of powers.entries()) {
        const found = rows.vector.view[40 + i];
        assert.ok(Math.abs(found - power / sum) <= 4e-6 * (power / sum) + 1e-37, `${found}, wanted ${power / sum}`);
      }
      for (let i = 0; i < more; i++) assert.is(rows.vector.view[40 + values.length + i], 0);
      assert.equal([rows.vector.view[39], rows.vector.view[80]], [7, 7], "other rows stay");
    });
    fc.assert(law, { seed: SEED, numRuns: RUNS });
  });

  elementwise(`${build}: softmax in FP16 rounds scores and probabilities`, async () => {
    const one = await kernels(build);
    const values = [0.1, 2.0003, -1.7, 0.9];
    const rows = { vector: one.floats(Float32Array.from(values)), pitch: 4 };
    one.softmax(rows, 0, 4, 4, 1, true);
    const powers = values.map((value) => Math.exp(roundToHalf(value)));
    const sum = powers.reduce((total, power) => total + power, 0);
    assert.equal(
      [...rows.vector.view],
      powers.map((power) => roundToHalf(power / sum)),
    );
  });
}

elementwise.run();
