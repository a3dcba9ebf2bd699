//
//   Integer sums of products against plain sums, in both builds.
//

import fc from "fast-check";
import { suite } from "uvu";
import * as assert from "uvu/assert";
import { INT8_GROUP } from "../../assembly/numeric/contract.js";
import { RUNS, SEED } from "../support/build.js";
import { arithmetic, BUILDS } from "../support/numeric.js";

const integer = suite("integer sums");

const int8 = fc.integer({ min: -128, max: 127 });
const pairs = fc.array(fc.tuple(int8, int8), { maxLength: INT8_GROUP });

for (const build of BUILDS) {
  integer(`${build}: the sum of all products, whatever the length, seed ${SEED}`, async () => {
    const unit = await arithmetic(build);
    const law = fc.property(pairs, (drawn) => {
      const [a, b] = [drawn.map(([x]) => x), drawn.map(([, y]) => y)];
      const want = a.reduce((sum, x, i) => sum + x * b[i], 0);
      assert.is(unit.dotInt8(Int8Array.from(a), Int8Array.from(b)), want);
    });
    fc.assert(law, { seed: SEED, numRuns: RUNS });
  });

  integer(`${build}: the largest sums are exact`, async () => {
    const unit = await arithmetic(build);
    const full = (value: number) => new Int8Array(INT8_GROUP).fill(value);
    assert.is(unit.dotInt8(full(-128), full(-128)), INT8_GROUP * 2 ** 14);
    assert.is(unit.dotInt8(full(-128), full(127)), -INT8_GROUP * 128 * 127);
  });
}

integer("groups of different lengths, or too long ones, are refused", async () => {
  const unit = await arithmetic();
  assert.throws(() => unit.dotInt8(new Int8Array(3), new Int8Array(4)), /internal: groups of 3 and 4 values/);
  assert.throws(() => unit.dotInt8(new Int8Array(INT8_GROUP + 1), new Int8Array(INT8_GROUP + 1)), /internal/);
});

integer.run();
