//
//   SRAM: exact at the rows of the CACTI table, between them in between, refused outside, and equal to what BitMoD published.
//

import fc from "fast-check";
import { suite } from "uvu";
import * as assert from "uvu/assert";
import { parseSramCsv, sramBank, sramBuffer } from "../../src/energy/sram.js";
import { readNamed } from "../../src/io/files.js";
import { refusal } from "../support/refusal.js";

const test = suite("sram");
const SEED = 20262;
const { text, label } = readNamed("hw-configs/energy", "sram-cacti7", ".csv");
const table = parseSramCsv(text, label);

const near = (got: number, want: number, relative: number) =>
  assert.ok(Math.abs(got / want - 1) <= relative, `${got}, ${want}`);

test("every row comes back exactly", () => {
  assert.is(table.banks.length, 165);
  for (const bank of table.banks) assert.is(sramBank(table, bank.technologyNm, bank.bankKiB, bank.ioBits), bank);
  const bank = sramBank(table, 28, 64, 64);
  assert.equal([bank.readPj, bank.writePj, bank.leakageMw, bank.areaMm2], [11.5993, 10.4192, 42.6437, 0.200237]);
});

test("between two rows: on the line in log-log, so between their values", () => {
  near(sramBank(table, 28, 64 * Math.SQRT2, 64).readPj, Math.sqrt(11.5993 * 17.9689), 1e-12);
  const check = (kib: number, ioBits: number) => {
    const bank = sramBank(table, 28, kib, ioBits);
    const low = sramBank(table, 28, 2 ** Math.floor(Math.log2(kib)), ioBits);
    const high = sramBank(table, 28, 2 ** Math.ceil(Math.log2(kib)), ioBits);
    for (const key of ["readPj", "writePj", "leakageMw", "areaMm2", "accessNs", "cycleNs"] as const) {
      assert.ok(bank[key] >= Math.min(low[key], high[key]) * (1 - 1e-12), key);
      assert.ok(bank[key] <= Math.max(low[key], high[key]) * (1 + 1e-12), key);
    }
  };
  const kib = fc.double({ min: 2, max: 2048, noNaN: true });
  fc.assert(fc.property(kib, fc.constantFrom(32, 64, 128, 256, 512), check), { seed: SEED });
});

test("outside the table is refused", () => {
  const allowed = "is not in the table; allowed 2..2048 KiB, 32, 64, 128, 256, 512 bits, 22, 28, 45 nm";
  const asked: [number, number, number][] = [
    [28, 1.9, 64],
    [28, 2049, 64],
    [28, 64, 48],
    [16, 64, 64],
  ];
  for (const [nm, kib, bits] of asked) {
    const line = `hw-configs/energy/sram-cacti7.csv: a bank of ${kib} KiB, ${bits} bits, ${nm} nm ${allowed}`;
    assert.is(
      refusal(() => sramBank(table, nm, kib, bits)),
      line,
    );
  }
});

test("8 banks that read together cost what BitMoD published for 512 KiB", () => {
  const published: [bits: number, readPj: number, writePj: number, mm2: number][] = [
    [256, 70.093, 51.718, 1.485],
    [512, 92.794, 83.354, 1.602],
    [1024, 138.442, 156.09, 1.571],
  ];
  for (const [bits, readPj, writePj, mm2] of published) {
    const buffer = sramBuffer(table, 28, 512, bits, { banks: 8, accessBanks: 8 });
    near(buffer.accessReadPj, readPj, 1e-5);
    near(buffer.accessWritePj, writePj, 1e-5);
    near(buffer.areaMm2, mm2, 5e-4);
  }
});

test("1 MiB of these cells leaks 0.68 W", () => {
  near(2 * sramBuffer(table, 28, 512, 512, { banks: 8, accessBanks: 8 }).leakageMw, 682, 1e-3);
});

test("a word is as wide as the table has it, an access as many words as it takes", () => {
  const one = { banks: 1, accessBanks: 1 };
  assert.is(sramBuffer(table, 28, 64, 48, one).accessReadPj, sramBank(table, 28, 64, 64).readPj);
  assert.is(sramBuffer(table, 28, 64, 16, one).accessReadPj, sramBank(table, 28, 64, 32).readPj);
  assert.is(sramBuffer(table, 28, 64, 1536, one).accessReadPj, 3 * sramBank(table, 28, 64, 512).readPj);
});

test("a bad table names its line", () => {
  const lines = text.split("\n");
  const change = (row: string) => [...lines.slice(0, 4), row, ...lines.slice(5)].join("\n");
  assert.is(
    refusal(() => parseSramCsv(change("28,2,32,x,1,1,1,1,1"), "t.csv")),
    "t.csv:5: read_nj is x; allowed a number above 0",
  );
  assert.is(
    refusal(() => parseSramCsv(change("28,2,32"), "t.csv")),
    "t.csv:5: 3 columns; allowed are the 9 of the header",
  );
  assert.match(
    refusal(() => parseSramCsv("a,b\n", "t.csv")),
    /^t\.csv:1: the header is a,b; allowed tech_nm,/,
  );
});

test.run();
