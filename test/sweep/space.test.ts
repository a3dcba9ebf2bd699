//
//   Space files: axes from lists and ranges with units, conditions, values that follow; expressions.
//

import { suite } from "uvu";
import * as assert from "uvu/assert";
import { parseExpression, type Value } from "../../src/sweep/expression.js";
import { quantity } from "../../src/sweep/quantity.js";
import { gridSize, parseSpace, type Space, valuesAt } from "../../src/sweep/space.js";
import { refusal } from "../support/refusal.js";

const test = suite("sweep/space");

const OPTIONS = { machine: () => {}, batch: () => {}, budget: () => {}, slices: () => {} };

function space(vary: string, rest = ""): Space {
  return parseSpace(`vary: {${vary}}\nobjectives: [cycles]\n${rest}`, "dir/chip.yaml", OPTIONS);
}

function levels(vary: string): (number | string)[] {
  const [{ levels: found }] = space(vary).axes;
  return Array.from({ length: found.count }, (_, i) => found.at(i));
}

test("axes: lists, ranges by step, factor and count, in the knob's unit", () => {
  const cases: [string, (number | string)[]][] = [
    ["array.rows: [64, 16]", [64, 16]],
    ["array.rows: 64", [64]],
    ["dram.device: [lpddr5-6400, ddr4-3200]", ["lpddr5-6400", "ddr4-3200"]],
    ["buffers.sliceKiB: [1 MiB, 96]", [1024, 96]],
    ["buffers.sliceKiB: {from: 256 KiB, to: 2 MiB, factor: 2}", [256, 512, 1024, 2048]],
    ["clock.coreMHz: {from: 0.5 GHz, to: 1.1 GHz, step: 250 MHz}", [500, 750, 1000]],
    ["array.columns: {from: 1, to: 16, count: 4}", [1, 6, 11, 16]],
    ["router.macs: {from: 10, to: 1000, count: 3, scale: log}", [10, 100, 1000]],
    ["array.columns: {from: 3, to: 6}", [3, 4, 5, 6]],
    ["dram.channels: {from: 2, to: 20}", [2, 4, 8, 16]],
    ["dram.dieGb: {from: 4, to: 16}", [4, 8, 16]],
    ["weights.codeBits: {from: 3, to: 3.5, step: 0.25}", [3, 3.25, 3.5]],
    ["budget: {from: 2.5, to: 4, step: 0.5}", [2.5, 3, 3.5, 4]],
    ["batch: {from: 1, to: 100, factor: 10}", [1, 10, 100]],
  ];
  for (const [written, values] of cases) assert.equal(levels(written), values, written);
});

test("a range that is drawn by ratio means every value of the knob", () => {
  const [{ levels: found }] = space("router.macs: {from: 16, to: 1024, scale: log}").axes;
  assert.is(found.count, 1009);
  assert.equal(
    [0, 0.5, 0.999].map((u) => found.at(found.indexAt(u))),
    [16, 128, 1020],
  );
  for (const index of [0, 1, 500, 1008]) assert.is(found.indexAt(found.shareOf(index)), index);
});

test("quantities: units that convert, units that do not", () => {
  assert.equal(
    [quantity("2 MiB", "KiB"), quantity("1.5GHz", "MHz"), quantity(3, "KiB"), quantity("8e3", "cycles")],
    [2048, 1500, 3, 8000],
  );
  assert.equal(
    [quantity("2 MHz", "KiB"), quantity("2 W", ""), quantity("two", "KiB")],
    [undefined, undefined, undefined],
  );
});

test("expressions: precedence, words, functions", () => {
  const values: Record<string, Value> = { "array.rows": 8, batch: 3, "dram.device": "hbm2-2000" };
  const value = (text: string) => parseExpression(text).value((name) => values[name]);
  const cases: [string, Value][] = [
    ["1 + 2 * 3 - 4 / 2", 5],
    ["(1 + 2) * -3", -9],
    ["10 - 2 - 3", 5],
    ["array.rows * batch >= 24", true],
    ["array.rows > 8 or batch == 3 and batch < 4", true],
    ["dram.device == hbm2-2000", true],
    ["dram.device != ddr4-3200", true],
    ["if(dram.device == hbm2-2000, batch * 2, 0) + if(batch > 3 or batch < 3, 1, 2)", 8],
    ["max(batch, 5) + ceilDiv(7, 2) + floor(log2(array.rows) + 0.5)", 12],
  ];
  for (const [text, expected] of cases) assert.is(value(text), expected, text);
  for (const [text, why] of [
    ["batch >", /ends too early/],
    ["(batch", /not closed/],
    ["if(batch == 3, 1)", /if wants a condition and two values/],
    ["batch $ 2", /\$ 2 is not understood/],
    ["batch 2", /2 is not expected/],
    ["batsch + 1", /batsch is no number/],
    ["batch and 1", /3 is no condition/],
    ["", /it is empty/],
  ] as const) {
    assert.throws(
      () => value(text),
      (error: Error) => error.name === "ExpressionError" && why.test(error.message),
      text,
    );
  }
});

test("a point's values: what follows, what exists only sometimes, what breaks a condition", () => {
  const chip = space(
    "machine: [edge, fp16], budget: {values: [3, 4], when: machine == edge}, array.rows: [16, 32]",
    "run: {batch: 2}\nfollow: {array.weightPortBits: array.rows * array.lanes * batch}\nwhere: [array.rows < 32 or machine == edge]",
  );
  assert.is(chip.name, "chip");
  assert.is(gridSize(chip), 8);
  const at = (...place: number[]) =>
    valuesAt(chip, place, (machine, path) => (path === "array.lanes" && machine === "fp16" ? 1 : 4));
  assert.equal(at(0, 1, 1), { values: { machine: "edge", budget: 4, "array.rows": 32, "array.weightPortBits": 256 } });
  assert.equal(at(1, 1, 0), { values: { machine: "fp16", "array.rows": 16, "array.weightPortBits": 32 } });
  assert.equal(at(1, 0, 1), { broken: "array.rows < 32 or machine == edge" });
});

test("what a file looks for: a name without an end means the high one, limits have units", () => {
  const { objectives, constraints } = parseSpace(
    "vary: {batch: [1]}\nobjectives: [energyPj, jPerTokenLow, tokensPerSecond]\nconstraints: [areaMm2 <= 2, tpotMs < 5 ms]\n",
    "a.yaml",
    OPTIONS,
  );
  assert.equal(objectives, [
    { measure: "energyPjHigh", goal: "min" },
    { measure: "jPerTokenLow", goal: "min" },
    { measure: "tokensPerSecond", goal: "max" },
  ]);
  assert.equal(constraints[0], { text: "areaMm2 <= 2", measure: "areaMm2High", operator: "<=", limit: 2 });
  assert.is(constraints[1].limit, 5);
});

test("refused with the line", () => {
  const cases: [() => unknown, RegExp][] = [
    [() => space("array.rows: {from: 1, to: 4, step: 1, count: 2}"), /:1: array\.rows: step, factor and count exclude/],
    [() => space("dram.device: {from: 1, to: 2}"), /:1: dram\.device takes words; allowed a list of them, no range$/],
    [() => space("array.rows: [1], batch: [2, 2]"), /:1: batch: 2 is there twice$/],
    [
      () => space("dram.channels: {from: 2, to: 8, step: 2}"),
      /:1: dram\.channels is 6; allowed powers of two 1\.\.128$/,
    ],
    [() => space("batch: [1]", "run: {batch: 2}"), /:1: batch is there twice; allowed once in run, vary and follow$/],
    [() => space("batch: [1]", "serch: {}"), /:3: unknown key serch; did you mean search\?$/],
    [
      () => space("batch: [1]", "search: {kind: gird}"),
      /:3: search\.kind is "gird"; allowed grid, random, lhs, evolution$/,
    ],
    [() => space("name: [a]"), /:1: unknown knob name; /],
  ];
  for (const [act, line] of cases) assert.match(refusal(act), line);
});

test.run();
