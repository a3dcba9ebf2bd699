//
//   Area: what each block is made of, and machines scaled to the area of another.
//

import { suite } from "uvu";
import * as assert from "uvu/assert";
import { areaOf, ISO_AREA_END, isoAreaColumns, withColumns } from "../../src/energy/area.js";
import { energyTables } from "../../src/energy/tables.js";
import { parseMachine } from "../../src/hardware/machine.js";
import { knownNames, readNamed } from "../../src/io/files.js";
import { readInputs } from "../../src/io/inputs.js";
import { refusal } from "../support/refusal.js";

const test = suite("area");
const read = (name: string, suffix: string) => readNamed("hw-configs/energy", name, suffix);

function machineOf(name: string, ...sets: string[]) {
  const { text, label } = readNamed("hw-configs", name, ".yaml");
  const machine = parseMachine(text, label, sets);
  const tables = energyTables(machine, read);
  return { machine, tables, area: areaOf(machine, tables), name };
}

const near = (got: number, want: number) => assert.ok(Math.abs(got - want) <= 1e-9 * Math.abs(want), `${got}, ${want}`);

for (const name of knownNames("hw-configs", ".yaml")) {
  test(`${name}: blocks add up to the total, no band is upside down`, () => {
    const { total, blocks } = machineOf(name).area;
    for (const end of ["low", "high"] as const) {
      near(
        Object.values(blocks).reduce((sum, block) => sum + block[end], 0),
        total[end],
      );
    }
    for (const { low, high } of [total, ...Object.values(blocks)]) assert.ok(0 <= low && low <= high);
  });
}

test("edge: 1,024 PEs, BitMoD's 512 KiB at 512 bits, and estimates of the rest", () => {
  const { blocks } = machineOf("edge").area;
  near(blocks.array.low, 1024 * 1507.7e-6);
  near(blocks.array.high, 1024 * 1793.7e-6);
  assert.is(blocks.sliceBuffer.low.toFixed(3), "1.602"); // the area published with BitMoD
  near(blocks.router.high, 256 * 419e-6);
  near(blocks.vector.high, 16 * 11884e-6);
  near(blocks.sumAdders.high, 16 * 4 * 4184e-6);
});

test("PEs count by their lanes; what a machine does not use it does not have", () => {
  near(machineOf("edge", "array.lanes=8").area.blocks.array.low, 2048 * 1507.7e-6);
  near(machineOf("bit-parallel").area.blocks.array.low, 1024 * 1318.6e-6);
  for (const name of ["fp16", "bitmod-lossless"]) {
    const { router, sumAdders } = machineOf(name).area.blocks;
    assert.equal([router.high, sumAdders.high], [0, 0]);
  }
  assert.ok(machineOf("fp16", "weights.dequants=2").area.blocks.sumAdders.low > 0);
});

test("the columns of equal area fit, one more do not", () => {
  for (const [name, limit] of [
    ["edge", "fp16"],
    ["edge", "bit-parallel"],
    ["fp16", "edge"],
    ["bit-parallel", "edge"],
    ["stripes", "fp16"],
  ]) {
    const [one, other] = [machineOf(name), machineOf(limit)];
    const columns = isoAreaColumns(one.machine, one.tables, other);
    const areaWith = (count: number) => areaOf(withColumns(one.machine, count), one.tables).total[ISO_AREA_END];
    const most = other.area.total[ISO_AREA_END];
    assert.ok(areaWith(columns) <= most, `${name}, ${limit}: ${columns} columns`);
    assert.ok(areaWith(columns + 1) > most, `${name}, ${limit}: ${columns} columns`);
  }
});

test("a machine has the columns of its own area, and its port follows them", () => {
  for (const name of ["edge", "cloud", "fp16", "bit-parallel"]) {
    const one = machineOf(name);
    assert.is(isoAreaColumns(one.machine, one.tables, one), one.machine.array.columns);
  }
  assert.is(withColumns(machineOf("edge").machine, 9).array.activationPortBits, 576);
  assert.is(withColumns(machineOf("fp16").machine, 1).array.activationPortBits, 16);
});

test("a run on the scaled machine says so", () => {
  const { machine, isoArea } = readInputs({ machine: "edge", isoArea: "fp16", sets: [], model: "tiny-llama" });
  const { columns } = machine.array;
  assert.is(
    isoArea,
    `iso-area with fp16, high ends: array.columns=${columns}, array.activationPortBits=${64 * columns}`,
  );
  assert.ok(columns < 16);
});

test("what cannot be is one line", () => {
  const iso = (machine: string, isoArea: string) =>
    refusal(() => readInputs({ machine, isoArea, sets: [], model: "tiny-llama" }));
  assert.match(
    iso("cloud", "fp16"),
    /^--iso-area fp16: cloud takes at least [\d.]+ mm2, however few its columns; fp16 has 5\.\d+ \(high ends\)$/,
  );
  assert.match(
    iso("edge", "cloud"),
    /^--iso-area cloud: more than 256 columns fit, and the SRAM table has no banks for them; allowed /,
  );
  assert.match(iso("edge", "fp15"), /^fp15: no such file .*did you mean /);
});

test.run();
