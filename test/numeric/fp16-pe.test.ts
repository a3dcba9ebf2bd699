//
//   The FP16 PE against the oracle's, bit by bit, in both builds; and how near it comes to the exact dot product.
//

import fc from "fast-check";
import { suite } from "uvu";
import * as assert from "uvu/assert";
import { Alignment } from "../../assembly/numeric/contract.js";
import { packTerm } from "../../src/formats/term-table.js";
import { accumulatorValue, fp16Value, group, step } from "../oracle/pe.js";
import { RUNS, SEED } from "../support/build.js";
import { arithmetic, BUILDS } from "../support/numeric.js";
import { coded, groupArbitrary, oracleTerms, type PeGroup } from "../support/terms.js";

const pe = suite("FP16 PE");

const term = fc.record({ sign: fc.nat(1), exp: fc.nat(3), man: fc.nat(1) });
const four = <T>(one: fc.Arbitrary<T>) => fc.array(one, { minLength: 4, maxLength: 4 });

for (const build of BUILDS) {
  pe(`${build}: four lanes, any FP16 bits, seed ${SEED}`, async () => {
    const unit = await arithmetic(build);
    const law = fc.property(four(fc.nat(0xffff)), four(term), (x, terms) => {
      const packed = terms.map(({ sign, exp, man }) => packTerm({ negative: sign === 1, exp, man: man === 1 ? 1 : 0 }));
      const { max, deltas, sum } = step(x, terms);
      assert.equal(unit.fp16Dot4(Uint16Array.from(x), Uint8Array.from(packed)), { maxExponent: max, deltas, sum });
    });
    fc.assert(law, { seed: SEED, numRuns: RUNS * 10 });
  });

  for (const alignment of [Alignment.Aligned, Alignment.Raw]) {
    pe(`${build}: a group, ${Alignment[alignment]}, seed ${SEED}`, async () => {
      const unit = await arithmetic(build);
      const law = fc.property(groupArbitrary(16), (one) => {
        const { table, codes } = coded(one);
        const { terms, bsigs } = oracleTerms(one);
        unit.useTerms(table);
        const want = group(one.x, terms, bsigs, alignment === Alignment.Aligned);
        assert.equal(unit.groupFp16(Uint16Array.from(one.x), codes, alignment), want);
      });
      fc.assert(law, { seed: SEED, numRuns: RUNS * 10 });
    });
  }
}

pe(`aligned comes near the dot product; the RTL as it is does not, seed ${SEED}`, async () => {
  const unit = await arithmetic("release");
  const errors = { [Alignment.Aligned]: [] as number[], [Alignment.Raw]: [] as number[] };
  const near = fc.double({ min: -3, max: 3, noNaN: true });
  const x = fc.array(near, { minLength: 128, maxLength: 128 });
  const weights = fc.array(fc.integer({ min: -7, max: 7 }), { minLength: 128, maxLength: 128 });
  const sample = fc.sample(fc.tuple(x, weights), { seed: SEED, numRuns: 40 });
  for (const [values, integers] of sample) {
    const bits = values.map((value) => halfNear(value));
    const one: PeGroup = { recoding: "booth", slots: 2, weights: integers, x: bits };
    const { table, codes } = coded(one);
    unit.useTerms(table);
    const products = integers.map((w, i) => w * fp16Value(bits[i]));
    const [exact, size] = [sumOf(products), sumOf(products.map(Math.abs))];
    for (const alignment of [Alignment.Aligned, Alignment.Raw] as const) {
      const got = accumulatorValue(unit.groupFp16(Uint16Array.from(bits), codes, alignment));
      errors[alignment].push(Math.abs(got - exact) / size);
    }
  }
  const median = (values: number[]) => values.sort((a, b) => a - b)[values.length >> 1];
  assert.ok(median(errors[Alignment.Aligned]) < 5e-4, `aligned ${median(errors[Alignment.Aligned])}`);
  assert.ok(median(errors[Alignment.Raw]) > 5e-3, `raw ${median(errors[Alignment.Raw])}`);
});

/** A normal FP16 number near a value. */
function halfNear(value: number): number {
  const exponent = Math.max(-14, Math.floor(Math.log2(Math.max(Math.abs(value), 2 ** -14))));
  const fraction = Math.min(1023, Math.max(0, Math.floor((Math.abs(value) / 2 ** exponent - 1) * 1024)));
  return (value < 0 ? 0x8000 : 0) + (exponent + 15) * 1024 + fraction;
}

function sumOf(values: readonly number[]): number {
  return values.reduce((a, b) => a + b, 0);
}

pe.run();
