//
//   From group sums to FP32: the serial dequantizer against one multiplication; the slice step against the hardware form of
//   nested slices, exactly; the FP32 reference against plain numbers.
//

import fc from "fast-check";
import { suite } from "uvu";
import * as assert from "uvu/assert";
import { dequantize } from "../oracle/pe.js";
import { RUNS, SEED } from "../support/build.js";
import { arithmetic, BUILDS } from "../support/numeric.js";

const dequant = suite("dequantization");

const sum15 = fc.integer({ min: -(2 ** 14), max: 2 ** 14 - 1 });
const codes = fc.array(fc.tuple(fc.nat(255), fc.integer({ min: -127, max: 127 })), { minLength: 1, maxLength: 128 });

for (const build of BUILDS) {
  dequant(`${build}: eight cycles are a multiplication, and what was there moves up, seed ${SEED}`, async () => {
    const unit = await arithmetic(build);
    const rows = fc.array(fc.tuple(fc.boolean(), sum15, fc.nat(255)), { maxLength: 20 });
    const law = fc.property(rows, (drawn) => {
      let [got, want] = [0, 0];
      for (const [reset, sum, scale] of drawn) {
        got = unit.dequantize(reset ? 0 : got, sum, scale);
        want = dequantize(reset ? 0 : want, sum, scale);
        assert.is(got, want);
      }
    });
    fc.assert(law, { seed: SEED, numRuns: RUNS });
  });

  dequant(`${build}: slices add up to s * sum((code - z + 1/2) * x), at every depth, seed ${SEED}`, async () => {
    const unit = await arithmetic(build);
    // Scales and zero points whose products need no rounding: then the hardware form is an identity, not a tolerance.
    const law = fc.property(codes, fc.integer({ min: -6, max: 6 }), fc.nat(12), (pairs, exponent, quarters) => {
      const [scale, zeroPoint] = [2 ** exponent, quarters / 4];
      const sumX = pairs.reduce((sum, [, x]) => sum + x, 0);
      let total = 0;
      for (let slice = 1; slice <= 4; slice++) {
        const digit = (code: number) => ((code >> (8 - 2 * slice)) & 3) - 2;
        const sum = pairs.reduce((all, [code, x]) => all + digit(code) * x, 0);
        total += unit.sliceTerm(sum, sumX, scale, zeroPoint, slice);
        const step = scale / 4 ** (slice - 1);
        const value = (code: number) => step * ((code >> (8 - 2 * slice)) + 0.5) - scale * zeroPoint;
        assert.is(
          total,
          pairs.reduce((all, [code, x]) => all + value(code) * x, 0),
        );
      }
    });
    fc.assert(law, { seed: SEED, numRuns: RUNS });
  });

  dequant(`${build}: every operation of the slice step rounds once, seed ${SEED}`, async () => {
    const unit = await arithmetic(build);
    const float = fc.float({ min: -1000, max: 1000, noNaN: true });
    const { fround } = Math;
    const law = fc.property(
      float,
      float,
      float,
      float,
      fc.integer({ min: 2, max: 4 }),
      (sum, sumX, scale, z, slice) => {
        const first = fround(scale * fround(sum + fround(fround(2.5 - z) * sumX)));
        assert.is(unit.sliceTerm(sum, sumX, scale, z, 1), first);
        const step = fround(scale / 4 ** (slice - 1));
        assert.is(unit.sliceTerm(sum, sumX, scale, z, slice), fround(step * fround(sum + fround(0.5 * sumX))));
      },
    );
    fc.assert(law, { seed: SEED, numRuns: RUNS * 5 });
  });

  dequant(`${build}: the FP32 reference rounds once in four products, seed ${SEED}`, async () => {
    const unit = await arithmetic(build);
    const float = fc.float({ min: -1000, max: 1000, noNaN: true });
    const pairs = fc.array(fc.tuple(float, float), { maxLength: 20 });
    const law = fc.property(pairs, float, (drawn, start) => {
      let want = start;
      for (let i = 0; i < drawn.length; i += 4) {
        want = Math.fround(want + drawn.slice(i, i + 4).reduce((sum, [w, x]) => sum + w * x, 0));
      }
      const [w, x] = [Float32Array.from(drawn, ([a]) => a), Float32Array.from(drawn, ([, b]) => b)];
      assert.is(unit.dotFp32(start, w, x), want);
    });
    fc.assert(law, { seed: SEED, numRuns: RUNS * 5 });
  });
}

dequant.run();
