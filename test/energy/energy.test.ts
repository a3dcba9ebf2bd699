//
//   Energy: every counter has a price or a reason, the sum is linear, and prices are what their sources say.
//

import fc from "fast-check";
import { suite } from "uvu";
import * as assert from "uvu/assert";
import { Counter } from "../../assembly/contract.js";
import type { Band } from "../../src/basics/band.js";
import { type CounterName, type DramEnergy, energyOf, priceList, UNPRICED } from "../../src/energy/energy.js";
import { energyNotes, energyTables } from "../../src/energy/tables.js";
import { parseMachine } from "../../src/hardware/machine.js";
import { readNamed } from "../../src/io/files.js";
import { refusal } from "../support/refusal.js";

const test = suite("energy");
const SEED = 20263;
const COUNTERS = Object.keys(Counter).filter((name) => Number.isNaN(Number(name)) && name !== "Count") as CounterName[];

const DRAM: DramEnergy = {
  transactionBytes: 32,
  activatePrechargePj: { low: 1000, high: 2000 },
  readPjPerBit: { low: 8.1, high: 18.75 },
  writePjPerBit: { low: 8.1, high: 18.75 },
  refreshPj: { low: 5, high: 6 },
  refreshBankPj: { low: 0.5, high: 0.7 },
  standbyMw: { low: 10, high: 20 },
};

const edgeFile = readNamed("hw-configs", "edge", ".yaml");
const read = (name: string, suffix: string) => readNamed("hw-configs/energy", name, suffix);
const edge = (...sets: string[]) => parseMachine(edgeFile.text, edgeFile.label, sets);
const machine = edge();
const tables = energyTables(machine, read);

type Counts = Record<string, number>;
const none = (): Counts => Object.fromEntries(COUNTERS.map((name) => [name, 0]));
const energy = (counts: Counts, seconds = 0, on = machine) =>
  energyOf({ ...none(), ...counts }, on, energyTables(on, read), DRAM, seconds);

const near = (got: Band, low: number, high = low) => {
  for (const [value, want] of [
    [got.low, low],
    [got.high, high],
  ]) {
    assert.ok(Math.abs(value - want) <= 1e-9 * Math.abs(want), `${value}, ${want}`);
  }
};

for (const name of COUNTERS) {
  test(`${name} has a price, or a reason to have none`, () => {
    const prices = priceList(machine, tables, DRAM).events.filter(({ counter }) => counter === name);
    const reason = UNPRICED[name];
    assert.is(prices.length > 0, reason === undefined, `${prices.length} prices, reason: ${reason}`);
    for (const { pj } of prices) assert.ok(0 <= pj.low && pj.low <= pj.high && pj.high > 0);
    near(energy({ [name]: 1 }).total, ...sumOf(prices.map(({ pj }) => pj)));
  });
}

function sumOf(bands: Band[]): [number, number] {
  return [bands.reduce((sum, { low }) => sum + low, 0), bands.reduce((sum, { high }) => sum + high, 0)];
}

test("energy is linear in counters and time, and the blocks add up to the total", () => {
  const counts = fc.array(fc.integer({ min: 0, max: 2 ** 40 }), {
    minLength: COUNTERS.length,
    maxLength: COUNTERS.length,
  });
  const seconds = fc.double({ min: 0, max: 10, noNaN: true });
  const named = (values: number[]) => Object.fromEntries(COUNTERS.map((name, i) => [name, values[i]]));
  const check = (a: number[], b: number[], s: number, t: number) => {
    const parts = [energy(named(a), s), energy(named(b), t)];
    const whole = energy(named(a.map((value, i) => value + b[i])), s + t);
    near(whole.total, ...sumOf(parts.map(({ total }) => total)));
    near(whole.total, ...sumOf(Object.values(whole.blocks)));
    assert.ok(whole.total.low <= whole.total.high);
  };
  fc.assert(fc.property(counts, counts, seconds, seconds, check), { seed: SEED, numRuns: 50 });
});

test("a counter that is missing is an error of the program", () => {
  const { DramRead: _, ...rest } = none();
  assert.throws(() => energyOf(rest, machine, tables, DRAM, 0), /counter DramRead is missing/);
});

test("a PE with its dequantizer costs what BitMoD synthesised, or what its formula charges", () => {
  const { array } = energy({ PeActiveCycles: 1 }).blocks;
  const { dequantizer } = energy({ Dequantizations: 1 }).blocks;
  near(dequantizer, 11 * 0.07);
  near({ low: array.low + 0.07, high: array.high + 0.07 }, 0.586, 0.56 * 1.5);
});

test("an access of the weight port costs what BitMoD published for 512 bits of 512 KiB", () => {
  near(energy({ WeightPortReads: 1 }).blocks.sliceBuffer, 92.7944);
});

test("a byte from DRAM is 8 bits of the part's band, and of one write into the slice buffer", () => {
  near(energy({ DramRead: 1 }).blocks.dram, 32 * 8 * 8.1, 32 * 8 * 18.75);
  near(energy({ BytesReadSlice3: 64 }).blocks.sliceBuffer, 83.3536);
  near(energy({ DramAct: 2, DramPre: 2, DramRefresh: 1 }).blocks.dram, 2005, 4006);
});

test("time costs leakage and standby: 1.1 MiB of SRAM at 0.68 W per MiB", () => {
  const { blocks } = energy({}, 1);
  near(blocks.dram, 10e9, 20e9);
  near(blocks.sramLeakage, 1e9 * (8 * 42.6437 + 16 * 21.3219 + 2 * 3.02305 + 21.2966 + 42.5126));
});

test("prices follow the machine", () => {
  near(energy({ CyclesDram: 1 }).blocks.array, 0, 1024 * 0.0586);
  near(energy({ PeActiveCycles: 1 }, 0, edge("array.lanes=8")).blocks.array, 2 * 0.516, 2 * 0.77);
  near(energy({ Dequantizations: 1 }, 0, edge("array.dequantCycles=8")).blocks.dequantizer, 8 * 0.07);
});

test("what rests on assumptions is said", () => {
  const notes = (...sets: string[]) => energyNotes(edge(...sets), tables).join("\n");
  assert.match(notes(), /^SRAM leakage: itrs-hp cells at 360 K, 28 nm\nestimates: gatedCyclePj, .*macPj$/);
  assert.match(notes("clock.coreMHz=1500"), /assumed: PE energy per cycle at 1500 MHz as synthesised at 1000 MHz/);
  assert.match(
    notes("buffers.sliceKiB=2048", "clock.coreMHz=1500"),
    /too slow for 1500 MHz: slice banks of 256 KiB, 0\.83 ns/,
  );
  assert.match(notes("array.activationBits=8"), /assumed: PE energy as with 16-bit activations/);
});

test("tables are checked: process, numbers, names, sizes", () => {
  const load = (...sets: string[]) => refusal(() => energyTables(edge(...sets), read));
  assert.is(
    load("energy.technologyNm=45"),
    "energy.technologyNm is 45; hw-configs/energy/cacti7.yaml (energy.sram) is of 28 nm; allowed are tables of the same process",
  );
  assert.match(load("energy.pe=bitmod"), /^bitmod: no such file and no name in .*; did you mean bitmod-28nm\?$/);
  assert.match(load("energy.pe=cacti7"), /^hw-configs\/energy\/cacti7\.yaml:\d+: unknown key /);
  assert.match(
    refusal(() => energy({}, 0, edge("buffers.sliceKiB=65536"))),
    /^hw-configs\/energy\/sram-cacti7\.csv: a bank of 8192 KiB, 64 bits, 28 nm is not in the table; allowed 2\.\.2048 KiB/,
  );
  const crossed = (name: string, suffix: string) => {
    const table = read(name, suffix);
    return { ...table, text: table.text.replace("low: 1.92", "low: 5") };
  };
  assert.match(
    refusal(() => energyTables(machine, crossed)),
    /^hw-configs\/energy\/vector-estimate-28nm\.yaml:9: elementPassPj is .*; allowed is a low that is not above its high$/,
  );
});

test.run();
