//
//   Weights as the PEs take them, for every file in formats/: integers, scales and offsets are the format's own values again.
//

import fc from "fast-check";
import { suite } from "uvu";
import * as assert from "uvu/assert";
import { codedWeights, decoded, largestInteger, recodingOf } from "../../src/formats/coded.js";
import { depthCosts, parseFormat } from "../../src/formats/format.js";
import { dequantize, quantize } from "../../src/formats/quantizer.js";
import { fitsSlots } from "../../src/formats/term-table.js";
import { RUNS, SEED } from "../support/build.js";
import { formatText, SHIPPED, shipped, weightsArbitrary } from "../support/formats.js";
import { refusal } from "../support/refusal.js";

const coded = suite("coded weights");
const COLUMNS = 160;
const CODED = SHIPPED.filter(({ layout }) => layout.read !== "prefix");

for (const format of CODED) {
  coded(`${format.name}: code, scale and offset are the values that the format stands for, seed ${SEED}`, () => {
    const law = fc.property(weightsArbitrary(3, COLUMNS), (weights) => {
      const wanted = dequantize(format, quantize(format, weights, COLUMNS));
      const found = decoded(codedWeights(format, weights, COLUMNS));
      assert.equal(
        [...found].map((value) => value + 0),
        [...wanted].map((value) => value + 0),
      );
    });
    fc.assert(law, { seed: SEED, numRuns: Math.ceil(RUNS / 6) });
  });

  coded(`${format.name}: its integers fit the cycles that a machine is charged`, () => {
    const { values } = codedWeights(format, new Float32Array(COLUMNS), COLUMNS);
    const slots = depthCosts(format).at(-1)?.terms ?? 0;
    assert.ok(fitsSlots(values, slots, recodingOf(values, slots)));
  });
}

coded("integers that 24-bit sums of 128 INT8 activations hold", () => {
  assert.is(largestInteger(128), 516);
  assert.ok(516 * 127 * 128 < 2 ** 23 && 517 * 127 * 128 > 2 ** 23);
  assert.is(largestInteger(32), 2064);
  assert.is(largestInteger(4096), 516);
});

coded("blocks that end inside a kernel's step are refused in one line", () => {
  const odd = parseFormat(formatText("int4").replace("block: 128", "block: 36"), "odd.yaml");
  assert.is(
    refusal(() => codedWeights(odd, new Float32Array(72), 72)),
    "format int4: a block is 36 inputs; allowed multiples of 8",
  );
  assert.is(codedWeights(shipped("int4"), new Float32Array(72), 36).block, 128);
});

coded.run();
