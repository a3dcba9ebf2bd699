//
//   DRAM parts: their files say what the golden tables say, vectors follow from them, bad files get one line.
//

import { readFileSync } from "node:fs";
import { suite } from "uvu";
import * as assert from "uvu/assert";
import { Dram } from "../assembly/contract.js";
import { capacityBytes, channelVector, dramEnergy, parseDevice, peakGBps, stripeBytes } from "../src/device.js";
import { deviceFromGolden } from "../src/device-golden.js";
import { InputError } from "../src/errors.js";
import { ExpressionError, evaluate } from "../src/expression.js";
import { rulesOf } from "./support/dram-channel.js";
import { shippedDevice, shippedText, shippedVector } from "./support/dram-parts.js";
import { sharedPath } from "./support/shared.js";

const devices = suite("DRAM parts");
const tables = JSON.parse(readFileSync(new URL("../../test/golden/dram-ddr4.json", import.meta.url), "utf8")).devices;
const words = (vector: Int32Array) => [...vector.subarray(0, Dram.RuleCount)];
/** Rows between ranks bind nothing in a channel of one rank, so part files leave them out. */
const binding = (vector: Int32Array) =>
  rulesOf(vector)
    .filter(([level, , , , , sibling]) => level > 1 || sibling === 0)
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

devices("lpddr5-6400 is R2_LPDDR5_6400_B_4ch, ACT1 taken for ACT", () => {
  const path = sharedPath("golden", "dram.json");
  if (path === null) return;
  const table = JSON.stringify(JSON.parse(readFileSync(path, "utf8")).devices.R2_LPDDR5_6400_B_4ch);
  const asDdr = JSON.parse(
    table.replaceAll('"ACT1"', '"ACT"').replace('"controller":"LPDDR5"', '"controller":"GenericDDR"'),
  );
  const golden = deviceFromGolden("table", { table: asDdr });
  const expected = channelVector(golden.device, golden.options);
  const shipped = shippedVector("lpddr5-6400", { channels: 4, dieGb: 16 });
  assert.equal(words(shipped), words(expected));
  assert.equal(binding(shipped), binding(expected));
});

devices("an address has its bits where the mapping puts them", () => {
  const b = shippedVector("lpddr5-6400", { channels: 4, dieGb: 32 });
  const { ChannelShift, BankGroupShift, ColumnShift, BankShift, RowShift, RowBits } = Dram;
  const shifts = [ChannelShift, BankGroupShift, ColumnShift, BankShift, RowShift, RowBits];
  assert.equal(
    Array.from(shifts, (field) => b[field]),
    [0, 0, 2, 8, 10, 17],
  );
  const mapping = ["row", "channel", "bank", { level: "bankGroup", bits: 2 }, "column"] as const;
  const high = shippedVector("lpddr5-6400", { channels: 4, mapping });
  assert.equal(
    Array.from(shifts, (field) => high[field]),
    [10, 6, 0, 8, 10, 16],
  );
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
});

devices("refresh time and rows follow the die", () => {
  const refreshTimes = (dieGb: number) =>
    rulesOf(shippedVector("lpddr5-6400", { dieGb }))
      .filter(([, after]) => after === 5)
      .map((row) => row[3]);
  assert.equal(refreshTimes(16), [224, 224, 224]);
  assert.equal(refreshTimes(32), [304, 304, 304]);
});

// What a file says instead, and the one line it gets.
const BAD: [string, string, RegExp][] = [
  ["nCL + nBL\n", "nCL + nOther\n", /^part\.yaml:\d+: readLatency is "nCL \+ nOther": nOther is wrong; allowed/],
  ["after: REF,", "after: REFS,", /^part\.yaml:\d+: rules\.\d+\.after is "REFS"; allowed ACT, PRE, PREA, RD, WR, REF/],
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
  ["controller: ddr", "controller: hbm", /^part\.yaml:\d+: controller is "hbm"; allowed ddr$/],
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
  refused(ask({ refresh: "per-bank" }), /^dram\.refresh is per-bank; allowed all-bank, off \(per-bank refresh arrives/);
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
