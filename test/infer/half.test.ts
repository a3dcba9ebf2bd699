//
//   Rounding to FP16 against the definition: the nearest of all halves, ties to the even one.
//

import { suite } from "uvu";
import * as assert from "uvu/assert";
import { roundToHalf } from "../../src/infer/half.js";
import { decodeF16 } from "../../src/safetensors.js";

const half = suite("FP16");
/** All finite halves of 0 or more, ascending: their bits are their places. */
const HALVES = decodeF16(Uint16Array.from({ length: 0x7c00 }, (_, bits) => bits));

half("every half is itself", () => {
  for (const value of HALVES) assert.is(roundToHalf(value), value);
});

half("between two halves: the nearer one; halfway: the one with an even last bit; both signs", () => {
  for (let bits = 0; bits + 1 < HALVES.length; bits++) {
    const [low, high] = [HALVES[bits], HALVES[bits + 1]];
    const middle = (low + high) / 2;
    const step = (high - low) / 1024;
    assert.is(roundToHalf(middle), bits % 2 === 0 ? low : high);
    assert.is(roundToHalf(middle - step), low);
    assert.is(roundToHalf(-middle - step), -high);
  }
});

half("from 65520 on there is none", () => {
  assert.equal([roundToHalf(65519.99), roundToHalf(65520), roundToHalf(-1e30)], [65504, Infinity, -Infinity]);
  assert.ok(Number.isNaN(roundToHalf(Number.NaN)));
});

half.run();
