//
//   Formats on a machine: the bytes that its program fetches and the terms that its passes take are the composition's.
//

import { suite } from "uvu";
import * as assert from "uvu/assert";
import { Field, Stream, Work } from "../../assembly/contract.js";
import { depthCosts, type Format, parseFormat } from "../../src/formats/format.js";
import { machineSets } from "../../src/formats/on-machine.js";
import { blocksOf, dequantizations, groupSize } from "../../src/formats/scale-tree.js";
import { codeBitsOf } from "../../src/formats/slice-layout.js";
import { Op } from "../../src/schedule/program.js";
import { codesPlan, constantPlan } from "../../src/trace/plan.js";
import { formatText, SHIPPED, shipped } from "../support/formats.js";
import { embeddedModel } from "../support/pack.js";
import { bytesOf, type Recorded } from "../support/record.js";
import { machineOf, recordOf } from "../support/schedule.js";

const test = suite("formats on a machine");

const tiny = embeddedModel("tiny-llama");
const LINEARS = [Op.Q, Op.K, Op.V, Op.O, Op.GateUp, Op.Down];
const sum = (values: number[]) => values.reduce((total, value) => total + value, 0);

function setsOf(format: Format): Record<string, number | string> {
  const sets = machineSets(format).map((set) => set.split("=") as [string, string]);
  return Object.fromEntries(sets.map(([path, value]) => [path, Number.isNaN(Number(value)) ? value : Number(value)]));
}

function programOf(format: Format, depth?: number, more: Record<string, number> = {}): Recorded {
  const machine = machineOf({ ...setsOf(format), ...more });
  const plan = depth === undefined ? codesPlan(machine.weights.codeBits) : constantPlan(depth);
  return recordOf({ machine, model: tiny, plan, sequences: 1, counts: [[1]], context: 1 });
}

const bytesRead = ({ of }: Recorded, ...streams: Stream[]) =>
  sum(of[Work.Fetch].filter(({ words }) => streams.includes(words[Field.FetchStream])).map(bytesOf));
const passesOf = ({ of }: Recorded) => of[Work.Compute].filter(({ op }) => LINEARS.includes(op));

/** Codes, and what a group has: its own scale, zero point, selector. */
function bitsOf({ scales, selectorBits, layout }: Format, rows: number, columns: number): number {
  const [{ block, bits, zeroPointBits }] = scales;
  const ofGroup = block === "tensor" ? 0 : bits + zeroPointBits + selectorBits;
  return rows * columns * codeBitsOf(layout) + blocksOf(block, rows, columns) * ofGroup;
}

for (const format of SHIPPED.filter(({ layout }) => layout.read !== "prefix")) {
  test(`${format.name}: bytes fetched, terms, groups and dequantizations are the composition's`, () => {
    const recorded = programOf(format);
    const bits = sum(tiny.linears.map((linear) => bitsOf(format, linear.out, linear.in)));
    const fetched = bytesRead(recorded, Stream.Slice1, Stream.Scales);
    const spread = format.layout.slices[0] % 1 === 0 ? 0 : sum(tiny.linears.map((l) => l.out * l.in)) / 128 / 8;
    assert.ok(fetched >= bits / 8 && fetched <= bits / 8 + spread, `${fetched} bytes, ${bits / 8} wanted`);
    const terms = depthCosts(format).at(-1)?.terms;
    for (const { words } of passesOf(recorded)) {
      assert.is(words[Field.ComputeTerms], terms);
      assert.is(words[Field.ComputeGroup], groupSize(format.scales, 65536));
      assert.is(words[Field.ComputeDequants], dequantizations(format.scales));
    }
  });
}

test("a stack of residuals is the machine's slices: bytes and terms at every depth", () => {
  const format = shipped("mobiquant");
  const weights = sum(tiny.linears.map((linear) => linear.in * linear.out));
  for (const { depth, fetchedBits, terms } of depthCosts(format)) {
    const recorded = programOf(format, depth);
    const streams = [Stream.Slice1, Stream.Slice2, Stream.Slice3, Stream.Slice4];
    assert.is(bytesRead(recorded, ...streams), (weights * fetchedBits) / 8);
    assert.is(bytesRead(recorded, Stream.Scales), (weights / 128) * 4);
    const [first] = passesOf(recorded).filter(({ op }) => op === Op.Q);
    assert.is(first.words[Field.ComputeTerms] * depth, terms);
  }
});

test("the stack of residuals is what the edge machine has by default", () => {
  assert.equal(machineOf(setsOf(shipped("mobiquant"))), machineOf());
});

test("a lane that takes no terms takes bits: serial ones all of them, parallel ones a code a cycle", () => {
  const terms = (name: string, bitsPerCycle: number) =>
    passesOf(programOf(shipped(name), undefined, { "array.bitsPerCycle": bitsPerCycle }))[0].words[Field.ComputeTerms];
  assert.equal([terms("fp8-e4m3", 2), terms("fp8-e4m3", 1), terms("fp8-e4m3", 16)], [3, 8, 1]);
  assert.equal([terms("pow2-4", 2), terms("pow2-4", 1), terms("pow2-4", 16)], [1, 4, 1]);
});

test("the serial dequantizer takes the bits of a scale", () => {
  const cycles = (name: string) => machineSets(shipped(name)).at(-1);
  assert.equal(["int4", "bitmod-4", "mxfp4", "nvfp4"].map(cycles), [
    ...["array.dequantCycles=11", "array.dequantCycles=8", "array.dequantCycles=0", "array.dequantCycles=4"],
  ]);
});

test("slices that the machine has not are refused", () => {
  const two = formatText("mobiquant").replace(/^slices.*$/m, "slices: [2, 2]");
  assert.throws(
    () => machineSets(parseFormat(two, "own.yaml")),
    /format mobiquant has slices of 2, 2 bits and 1 terms; allowed/,
  );
});

test.run();
