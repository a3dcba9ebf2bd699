//
//   FP16 and back.
//

import { suite } from "uvu";
import * as assert from "uvu/assert";
import { exponentOf, fp16ToNumber, numberToFp16, roundHalfEven } from "../src/half.js";

const half = suite("FP16");

half("every number comes back as its bits", () => {
  for (let bits = 0; bits < 0x10000; bits++) {
    const value = fp16ToNumber(bits);
    if (!Number.isNaN(value)) assert.is(numberToFp16(value), bits);
  }
});

half("half-way between neighbours is the even one", () => {
  for (let bits = 0; bits < 0x7bff; bits++) {
    const [low, high] = [fp16ToNumber(bits), fp16ToNumber(bits + 1)];
    const middle = (low + high) / 2;
    assert.is(numberToFp16(middle), bits % 2 === 0 ? bits : bits + 1);
    assert.is(numberToFp16(-(middle + (high - low) / 1024)), 0x8000 + bits + 1);
  }
});

half("known numbers", () => {
  assert.equal(
    [1, -2, 65504, 65520, 2 ** -24, 0, -0].map(numberToFp16),
    [0x3c00, 0xc000, 0x7bff, 0x7c00, 0x0001, 0, 0x8000],
  );
  assert.ok(Number.isNaN(fp16ToNumber(numberToFp16(Number.NaN))));
  assert.is(fp16ToNumber(0xfc00), Number.NEGATIVE_INFINITY);
});

half("rounding is to even and keeps the sign of zero; exponents are exact", () => {
  assert.equal([0.5, 1.5, 2.5, -0.5, -1.5, 1.49, -2.51].map(roundHalfEven), [0, 2, 2, -0, -2, 1, -3]);
  assert.ok(Object.is(roundHalfEven(-0.2), -0) && Object.is(roundHalfEven(-0.5), -0));
  for (let e = -149; e < 128; e++) {
    assert.is(exponentOf(2 ** e), e);
    assert.is(exponentOf(2 ** e * (1 - 2 ** -24)), e - 1);
  }
});

half.run();
