//
//   FP16 and back, decoded by its definition; rounding in place against the definition: the nearest of all halves, ties to the
//   even one.
//

import { suite } from "uvu";
import * as assert from "uvu/assert";
import {
  decodeF16,
  exponentOf,
  fp16ToNumber,
  numberToFp16,
  roundHalfEven,
  roundToHalf,
} from "../../src/basics/half.js";

const half = suite("FP16");
/** All finite halves of 0 or more, ascending: their bits are their places. */
const HALVES = decodeF16(Uint16Array.from({ length: 0x7c00 }, (_, bits) => bits));

half("every number comes back as its bits", () => {
  for (let bits = 0; bits < 0x10000; bits++) {
    const value = fp16ToNumber(bits);
    if (!Number.isNaN(value)) assert.is(numberToFp16(value), bits);
  }
});

half("decoded: all 65536 patterns by the definition", () => {
  const values = decodeF16(Uint16Array.from({ length: 65536 }, (_, bits) => bits));
  for (let bits = 0; bits < 65536; bits++) {
    const [exponent, fraction] = [(bits >> 10) & 31, bits & 1023];
    const sign = bits < 32768 ? 1 : -1;
    const special = fraction === 0 ? sign * Number.POSITIVE_INFINITY : Number.NaN;
    const small = sign * fraction * 2 ** -24;
    const normal = sign * (1 + fraction / 1024) * 2 ** (exponent - 15);
    const wanted = exponent === 31 ? special : exponent === 0 ? small : normal;
    if (!Object.is(values[bits], wanted)) assert.unreachable(`${bits}: ${values[bits]}, wanted ${wanted}`);
  }
});

half("in place: every half is itself", () => {
  for (const value of HALVES) assert.is(roundToHalf(value), value);
});

half("in place, between two halves: the nearer one; halfway: the one with an even last bit; both signs", () => {
  for (let bits = 0; bits + 1 < HALVES.length; bits++) {
    const [low, high] = [HALVES[bits], HALVES[bits + 1]];
    const middle = (low + high) / 2;
    const step = (high - low) / 1024;
    assert.is(roundToHalf(middle), bits % 2 === 0 ? low : high);
    assert.is(roundToHalf(middle - step), low);
    assert.is(roundToHalf(-middle - step), -high);
  }
});

half("in place, from 65520 on there is none", () => {
  assert.equal([roundToHalf(65519.99), roundToHalf(65520), roundToHalf(-1e30)], [65504, Infinity, -Infinity]);
  assert.ok(Number.isNaN(roundToHalf(Number.NaN)));
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
