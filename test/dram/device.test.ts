//
//   DRAM parts: their files say what the golden tables say, vectors follow from them, bad files get one line.
//

import { readFileSync } from "node:fs";
import { suite } from "uvu";
import * as assert from "uvu/assert";
import { Command, Dram, Level, RULE_WORDS } from "../../assembly/contract.js";
import { InputError } from "../../src/basics/errors.js";
import { deviceFromGolden } from "../../src/check/device-golden.js";
import {
  capacityBytes,
  channelVector,
  dramEnergy,
  type Mapping,
  parseDevice,
  peakGBps,
  stripeBytes,
} from "../../src/dram/device.js";
import { ExpressionError, evaluate } from "../../src/dram/expression.js";
import { rulesOf } from "../support/dram-channel.js";
import { shippedDevice, shippedText, shippedVector } from "../support/dram-parts.js";

const devices = suite("DRAM parts");
const tables = JSON.parse(
  readFileSync(new URL("../../../test/golden/dram-ddr4.json", import.meta.url), "utf8"),
).devices;
const others = JSON.parse(
  readFileSync(new URL("../../../test/golden/dram-others.json", import.meta.url), "utf8"),
).devices;
const REFRESH_BANK = String(Command.RefreshBank);
const addressBits = (vector: Int32Array) => [...vector.subarray(Dram.Count + vector[Dram.RuleCount] * RULE_WORDS)];
const words = (vector: Int32Array) => [...vector.subarray(0, Dram.RuleCount)];
/** Rows between ranks bind nothing in a channel of one rank, so part files leave them out. */
const binding = (vector: Int32Array) =>
  rulesOf(vector)
    .filter(([level, , , , , sibling]) => level > Level.Rank || sibling === 0)
    .map((row) => row.join(" "))
    .sort();

for (const [table, mapping] of [
  ["R2_DDR4_3200_M_A", "A"],
  ["R2_DDR4_3200_M_B", "B"],
]) {
  devices(`ddr4-3200 with mapping ${mapping} is ${table}`, () => {
    const golden = deviceFromGolden(table, tables);
    const expected = channelVector(golden.device, golden.options);
    const shipped = shippedVector("ddr4-3200", { mapping });
    assert.equal(words(shipped), words(expected));
    assert.equal(binding(shipped), binding(expected));
    assert.is(capacityBytes(shippedDevice("ddr4-3200"), 1), capacityBytes(golden.device, 1));
  });
}

for (const [part, table, options] of [
  ["lpddr5-6400", "R2_LPDDR5_6400_A", { mapping: "A", dieGb: 16 }],
  ["lpddr5-6400", "R2_LPDDR5_6400_B_4ch", { channels: 4, dieGb: 16 }],
  ["lpddr5-6400", "R2_LPDDR5_6400_B_PB", { refresh: "per-bank", dieGb: 16 }],
  ["hbm2-2000", "R2_HBM2_2000_A", { mapping: "A" }],
  ["hbm2-2000", "R2_HBM2_2000_B_8ch", { channels: 8 }],
  ["hbm3-6400", "R2_HBM3_6400_A", { mapping: "A" }],
  ["hbm3-6400", "R2_HBM3_6400_B", {}],
  ["gddr6-14000", "R2_GDDR6_14000_B", {}],
] as const) {
  devices(`${part} is ${table}`, () => {
    const golden = deviceFromGolden(table, others);
    const expected = channelVector(golden.device, golden.options);
    const shipped = shippedVector(part, options);
    assert.equal(words(shipped), words(expected));
    // Parts without per-bank refresh leave its rows out: nobody issues it.
    const isIssued = (row: string) => part === "lpddr5-6400" || !row.split(" ").slice(1, 3).includes(REFRESH_BANK);
    assert.equal(binding(shipped), binding(expected).filter(isIssued));
    assert.equal(addressBits(shipped), addressBits(expected));
    const { channels } = golden.options;
    assert.is(capacityBytes(shippedDevice(part), channels, options.dieGb), others[table].capacity_bytes);
    assert.is(capacityBytes(golden.device, channels), others[table].capacity_bytes);
    const { clockKHz, clockKHzDivisor } = shippedDevice(part);
    assert.is(clockKHz * golden.device.clockKHzDivisor, golden.device.clockKHz * clockKHzDivisor);
  });
}

devices("an address has its bits where the mapping puts them", () => {
  const bit = (i: number) => 2 ** i;
  const b = shippedVector("lpddr5-6400", { channels: 4, dieGb: 32 });
  assert.is(b[Dram.ChannelShift], 0);
  assert.equal(addressBits(b), [8, 9, 0, 1, ...Array.from({ length: 17 }, (_, i) => 10 + i)].map(bit));
  const mapping = ["row", "channel", "bank", { level: "bankGroup", bits: 2 }, "column"] as const;
  const high = shippedVector("lpddr5-6400", { channels: 4, mapping });
  assert.is(high[Dram.ChannelShift], 10);
  assert.equal(addressBits(high).slice(0, 4), [8, 9, 6, 7].map(bit));
});

devices("a field may lie in pieces, and bank bits may be hashed", () => {
  const bit = (i: number) => 2 ** i;
  const pieces = ["row", "bank", { level: "column", bits: 4 }, "bankGroup", { level: "column", bits: 2 }] as const;
  assert.equal(addressBits(shippedVector("lpddr5-6400", { mapping: pieces })).slice(0, 5), [8, 9, 2, 3, 10].map(bit));
  const hashed = [
    "row",
    { level: "bank", xor: { level: "row" } },
    "column",
    { level: "bankGroup", xor: [{ level: "row", from: 2 }] },
  ];
  const vector = shippedVector("lpddr5-6400", { mapping: hashed as Mapping });
  const [bank0, bank1, group0, group1] = [8, 9, 0, 1].map(bit);
  assert.equal(addressBits(vector).slice(0, 4), [
    ...[bank0 + bit(10), bank1 + bit(11), group0 + bit(12), group1 + bit(13)],
  ]);
  const ask = (mapping: unknown) => () => shippedVector("lpddr5-6400", { mapping: mapping as Mapping });
  const first = "row, bank, bankGroup".split(", ");
  refused(
    ask([...first, { level: "column", bits: 3 }, { level: "column", bits: 2 }]),
    /column is 5 bits in all; allowed 6/,
  );
  refused(
    ask([...first, "column", { level: "column", bits: 2 }]),
    /column is there twice; allowed each field once, or in/,
  );
  refused(
    ask([{ level: "row", xor: { level: "column" } }, "bank", "bankGroup", "column"]),
    /row has a xor; allowed for/,
  );
  const far = { level: "bank", xor: { level: "row", from: 16 } };
  refused(ask(["row", far, "bankGroup", "column"]), /bank is xored with bits 16\.\. of row, which has 16|which has 17/);
});

devices("further dies of a channel are further rows, with their refresh and standby", () => {
  for (const part of ["lpddr5-6400", "hbm3-6400", "ddr4-3200"] as const) {
    const device = shippedDevice(part);
    const of = (diesPerChannel: number) => shippedVector(part, { diesPerChannel });
    assert.is(of(4)[Dram.RowBits], of(1)[Dram.RowBits] + 2);
    assert.is(of(4).length, of(1).length + 2, "a mask a row bit");
    assert.is(capacityBytes(device, 2, undefined, 4), 4 * capacityBytes(device, 2));
    const [one, four] = [dramEnergy(device, 2), dramEnergy(device, 2, 4)];
    for (const price of ["refreshPj", "refreshBankPj", "standbyMw"] as const) {
      assert.is(four[price].high, 4 * one[price].high, price);
    }
    assert.equal(four.readPjPerBit, one.readPjPerBit);
  }
});

devices("sizes, peak and prices follow from the data sheet", () => {
  const lpddr5 = shippedDevice("lpddr5-6400");
  assert.is(stripeBytes(lpddr5, 4), 32 * 1024);
  assert.is(peakGBps(lpddr5, 4), 51.2);
  assert.is(capacityBytes(lpddr5, 4, 32), 16 * 2 ** 30);
  assert.is(lpddr5.clockKHz / lpddr5.clockKHzDivisor, 800_000);
  assert.is(dramEnergy(lpddr5, 4).readPjPerBit.high, 18.75);
  assert.is(shippedVector("lpddr5-6400", { refresh: "off" })[Dram.RefreshClocks], 0);
  const ddr4 = shippedDevice("ddr4-3200");
  assert.is(peakGBps(ddr4, 1), 25.6);
  assert.is(dramEnergy(ddr4, 2).standbyMw.high, 998.4);
  const operations = tables.D3_DDR4_3200_M_B_noref.energy_per_operation;
  assert.is(dramEnergy(ddr4, 1).activatePrechargePj.low, operations.act_pre_pJ);
  assert.is(dramEnergy(ddr4, 1).readPjPerBit.low, operations.read_pJ_per_bit);
  assert.is(dramEnergy(ddr4, 1).writePjPerBit.low * 512, operations.write_pJ_per_tx);
  assert.is(dramEnergy(ddr4, 1).refreshPj.low, operations.refab_pJ);
  const hbm2 = shippedDevice("hbm2-2000");
  const measured = others.D3_HBM2_1ch_B.energy_per_operation;
  assert.is(dramEnergy(hbm2, 1).activatePrechargePj.high, measured.act_pre_pJ);
  assert.is(dramEnergy(hbm2, 1).readPjPerBit.low * 512, measured.read_pJ_per_tx);
  assert.is(dramEnergy(hbm2, 1).writePjPerBit.low * 512, measured.write_pJ_per_tx);
  assert.is(dramEnergy(hbm2, 1).refreshPj.high, measured.refab_pJ);
  assert.is(peakGBps(hbm2, 8), 256);
  assert.is(peakGBps(shippedDevice("hbm3-6400"), 1), 51.2);
  assert.is(peakGBps(shippedDevice("gddr6-14000"), 2), 56);
});

devices("refresh time and rows follow the die", () => {
  const refreshTimes = (dieGb: number) =>
    rulesOf(shippedVector("lpddr5-6400", { dieGb }))
      .filter(([, after]) => after === 5)
      .map((row) => row[3]);
  assert.equal(refreshTimes(16), [224, 224, 224, 224]);
  assert.equal(refreshTimes(32), [304, 304, 304, 304]);
});

// What a file says instead, and the one line it gets.
const BAD: [string, string, RegExp][] = [
  ["nCL + nBL\n", "nCL + nOther\n", /^part\.yaml:\d+: readLatency is "nCL \+ nOther": nOther is wrong; allowed/],
  [
    "after: REF,",
    "after: REFS,",
    /^part\.yaml:\d+: rules\.\d+\.after is "REFS"; allowed ACT, PRE, PREA, RD, WR, REF, REFpb/,
  ],
  [
    "level: bank, after: PRE,",
    "level: bank, after: PREA,",
    /^part\.yaml:\d+: rules\.\d+\.level is bank; allowed channel, rank/,
  ],
  ["cycles: nRC }", "cycles: nRC - 99 }", /cycles is "nRC - 99", which is -25; allowed 0 or more$/],
  ["cycles: nRC }", "cycles: nRC nRP }", /cycles is "nRC nRP": nRP is wrong; allowed integers/],
  ["[row, bank, bankGroup,", "[row, bankGroup,", /^part\.yaml:\d+: mappings\.A: bank is missing; allowed/],
  ["[row, bank, bankGroup,", "[row, bank, bank,", /^part\.yaml:\d+: mappings\.A: bank is there twice; allowed/],
  ["bits: 7", "bits: 6", /^part\.yaml:\d+: mappings\.A: column is 6 bits; allowed 7$/],
  ["columns: 1024", "columns: 1000", /^part\.yaml:\d+: organisation\.columns is 1000; allowed powers of two/],
  ["rows: 65536", "rows: 32768", /^part\.yaml:\d+: dies\.0\.rows is 32768; allowed 65536/],
  ["nBL: 4", "nBL: -4", /^part\.yaml:\d+: timings\.nBL is -4; allowed 0\.\.1000000$/],
  ["  nRCD: 22", "\tnRCD: 22", /^part\.yaml:\d+: a tab/],
  ["writeLow: 7", "writeLow: 30", /^part\.yaml:\d+: queues\.writeLow is 30; allowed up to 25$/],
  ["writeHigh: 25", "writeHigh: 32", /^part\.yaml:\d+: queues\.writeHigh is 32; allowed below 32$/],
  ["banksPerGroup: 4", "banksPerGroup: 32", /^part\.yaml:\d+: organisation\.banksPerGroup is 32; allowed at most 16$/],
  ["controller: ddr", "controller: ddr9", /^part\.yaml:\d+: controller is "ddr9"; allowed ddr, lpddr5, hbm$/],
  ["rateMTps", "rate", /^part\.yaml:\d+: unknown key rate/],
];

for (const [found, instead, line] of BAD) {
  devices(`${instead.trim()} is refused in one line`, () => {
    const text = shippedText("ddr4-3200");
    assert.ok(text.includes(found));
    refused(() => parseDevice(text.replace(found, instead), "part.yaml"), line);
  });
}

devices("a machine that asks for what the part has not is refused", () => {
  const ask = (options: object) => () => shippedVector("lpddr5-6400", options);
  const hbm = () => shippedVector("hbm2-2000", { refresh: "per-bank" });
  refused(hbm, /^dram\.refresh is per-bank; allowed all-bank, off \(hbm2-2000 has no per-bank refresh\)$/);
  refused(ask({ dieGb: 8 }), /^dram\.dieGb is 8; allowed 16, 32 \(lpddr5-6400\)$/);
  refused(ask({ mapping: "C" }), /^dram\.mapping is C; allowed A, B, a list/);
  refused(ask({ mapping: ["row", "bank", "column"] }), /^dram\.mapping: bankGroup is missing/);
  refused(() => deviceFromGolden("nobody", tables), /^devices\.nobody: /);
});

devices("cycle expressions are sums of products", () => {
  const timings = { nCL: 22, nBL: 4, nCWL: 16 };
  assert.is(evaluate("nCL + nBL + 2 - nCWL", timings), 12);
  assert.is(evaluate("2 * nBL * 3 - nCL", timings), 2);
  assert.is(evaluate(" 7 ", timings), 7);
  for (const bad of ["", "nCL +", "+ nCL", "nCL nBL", "nCL / 2", "nRP", "2nBL", "constructor"]) {
    assert.throws(
      () => evaluate(bad, timings),
      (error: unknown) => error instanceof ExpressionError,
    );
  }
});

function refused(act: () => unknown, line: RegExp): void {
  assert.throws(act, (error: unknown) => {
    assert.instance(error, InputError);
    assert.match((error as InputError).message, line);
    assert.not.match((error as InputError).message, /\n/);
    return true;
  });
}

devices.run();
