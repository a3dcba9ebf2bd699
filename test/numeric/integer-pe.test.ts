//
//   The integer PE against plain sums, in both builds.
//

import fc from "fast-check";
import { suite } from "uvu";
import * as assert from "uvu/assert";
import { GROUP_SUM_BITS, LONGEST_GROUP } from "../../assembly/numeric/contract.js";
import { termTable } from "../../src/formats/term-table.js";
import { twosComplement } from "../oracle/pe.js";
import { RUNS, SEED } from "../support/build.js";
import { arithmetic, BUILDS } from "../support/numeric.js";
import { coded, groupArbitrary } from "../support/terms.js";

const integer = suite("integer PE");

const int8 = fc.integer({ min: -128, max: 127 });
const pairs = fc.array(fc.tuple(int8, int8), { maxLength: LONGEST_GROUP });
const dot = (a: readonly number[], b: readonly number[]) => a.reduce((sum, x, i) => sum + x * b[i], 0);

for (const build of BUILDS) {
  integer(`${build}: terms add up to the integer dot product, seed ${SEED}`, async () => {
    const unit = await arithmetic(build);
    const law = fc.property(groupArbitrary(8), (one) => {
      const { table, codes } = coded(one);
      const x = one.x.map((bits) => twosComplement(bits, 8));
      unit.useTerms(table);
      assert.is(unit.groupInt8(Int8Array.from(x), codes), dot(x, one.weights));
    });
    fc.assert(law, { seed: SEED, numRuns: RUNS * 10 });
  });

  integer(`${build}: a group sum has ${GROUP_SUM_BITS} bits`, async () => {
    const unit = await arithmetic(build);
    const [weight, n] = [-(2 ** 8), 512];
    unit.useTerms(termTable([weight], 5, "booth"));
    const sum = (x: number, length: number) => unit.groupInt8(new Int8Array(length).fill(x), new Uint8Array(length));
    assert.is(sum(127, 128), 127 * 128 * weight, "fits");
    assert.is(sum(127, n), twosComplement(127 * n * weight, GROUP_SUM_BITS), "does not");
  });

  integer(`${build}: the SIMD sum of all products, whatever the length, seed ${SEED}`, async () => {
    const unit = await arithmetic(build);
    const law = fc.property(pairs, (drawn) => {
      const [a, b] = [drawn.map(([x]) => x), drawn.map(([, y]) => y)];
      assert.is(unit.dotInt8(Int8Array.from(a), Int8Array.from(b)), dot(a, b));
    });
    fc.assert(law, { seed: SEED, numRuns: RUNS });
    const full = (value: number) => new Int8Array(LONGEST_GROUP).fill(value);
    assert.is(unit.dotInt8(full(-128), full(-128)), LONGEST_GROUP * 2 ** 14);
    assert.is(unit.dotInt8(full(-128), full(127)), -LONGEST_GROUP * 128 * 127);
  });
}

integer("groups of different lengths, or too long ones, are refused", async () => {
  const unit = await arithmetic();
  assert.throws(() => unit.dotInt8(new Int8Array(3), new Int8Array(4)), /internal: groups of 3 and 4 values/);
  const long = new Int8Array(LONGEST_GROUP + 1);
  assert.throws(() => unit.dotInt8(long, long), /internal/);
});

integer.run();
