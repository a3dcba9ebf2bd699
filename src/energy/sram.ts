//
//   SRAM: what one bank costs, from a table of CACTI runs, and what a buffer made of banks costs.
//
//     csv ──► parseSramCsv ──► sramBank(technology, KiB, bits)     between two sizes: a straight line in log-log
//                                   └──► sramBuffer(KiB, access bits, organisation)
//
//   Left out    bank conflicts, the wires between banks and ports, sleep modes.
//

import { InputError } from "../basics/errors.js";
import { PJ_PER_NJ } from "../basics/units.js";

interface SramBank {
  technologyNm: number;
  bankKiB: number;
  ioBits: number;
  readPj: number;
  writePj: number;
  leakageMw: number;
  areaMm2: number;
  accessNs: number;
  cycleNs: number;
}

export interface SramTable {
  label: string;
  banks: readonly SramBank[];
}

interface Organisation {
  banks: number;
  /** Banks that work together for one access. */
  accessBanks: number;
}

/** A buffer; an access moves `accessBits`, a word of every bank that takes part in it. */
export interface SramBuffer {
  accessReadPj: number;
  accessWritePj: number;
  readPjPerBit: number;
  writePjPerBit: number;
  leakageMw: number;
  areaMm2: number;
  bankKiB: number;
  cycleNs: number;
}

const COLUMNS = [
  "tech_nm",
  "bank_kib",
  "io_bits",
  "read_nj",
  "write_nj",
  "leakage_mw",
  "area_mm2",
  "access_ns",
  "cycle_ns",
];
/** What lies between two bank sizes on a straight line in log-log. */
const PRICED = ["readPj", "writePj", "leakageMw", "areaMm2", "accessNs", "cycleNs"] as const;

export function parseSramCsv(text: string, label: string): SramTable {
  const [header, ...lines] = text.replace(/\s+$/, "").split(/\r?\n/);
  if (header !== COLUMNS.join(",")) {
    throw new InputError(`${label}:1: the header is ${header.slice(0, 60)}; allowed ${COLUMNS.join(",")}`);
  }
  return { label, banks: lines.map((line, i) => parseRow(line, `${label}:${i + 2}`)) };
}

/** One bank of any size between the smallest and the largest of the table, of a width that is in the table. */
export function sramBank(table: SramTable, technologyNm: number, bankKiB: number, ioBits: number): SramBank {
  const sizes = table.banks
    .filter((bank) => bank.technologyNm === technologyNm && bank.ioBits === ioBits)
    .sort((a, b) => a.bankKiB - b.bankKiB);
  const above = sizes.findIndex((bank) => bank.bankKiB >= bankKiB);
  if (sizes.length === 0 || above < 0 || bankKiB < sizes[0].bankKiB)
    throw outside(table, technologyNm, bankKiB, ioBits);
  const [low, high] = [sizes[Math.max(0, above - 1)], sizes[above]];
  return high.bankKiB === bankKiB ? high : between(low, high, bankKiB);
}

/** The buffer's price; a word as wide as the table has it, or as many of the widest as an access takes. */
export function sramBuffer(
  table: SramTable,
  technologyNm: number,
  sizeKiB: number,
  accessBits: number,
  { banks, accessBanks }: Organisation,
): SramBuffer {
  const bits = accessBits / accessBanks;
  const ioBits = wordBits(table, technologyNm, bits);
  const bank = sramBank(table, technologyNm, sizeKiB / banks, ioBits);
  const words = accessBanks * Math.ceil(bits / ioBits);
  return {
    accessReadPj: words * bank.readPj,
    accessWritePj: words * bank.writePj,
    readPjPerBit: (words * bank.readPj) / accessBits,
    writePjPerBit: (words * bank.writePj) / accessBits,
    leakageMw: banks * bank.leakageMw,
    areaMm2: banks * bank.areaMm2,
    bankKiB: bank.bankKiB,
    cycleNs: bank.cycleNs,
  };
}

/** The smallest bank of the table, for what is smaller still. */
export function smallestBankKiB(table: SramTable, technologyNm: number): number {
  return Math.min(...table.banks.filter((bank) => bank.technologyNm === technologyNm).map((bank) => bank.bankKiB));
}

function wordBits(table: SramTable, technologyNm: number, bits: number): number {
  const known = table.banks.filter((bank) => bank.technologyNm === technologyNm).map((bank) => bank.ioBits);
  const wide = known.filter((ioBits) => ioBits >= bits);
  if (known.length === 0) return bits;
  return wide.length > 0 ? Math.min(...wide) : Math.max(...known);
}

function between(low: SramBank, high: SramBank, bankKiB: number): SramBank {
  const share = Math.log(bankKiB / low.bankKiB) / Math.log(high.bankKiB / low.bankKiB);
  const bank = { ...low, bankKiB };
  for (const key of PRICED) bank[key] = low[key] * (high[key] / low[key]) ** share;
  return bank;
}

function parseRow(line: string, where: string): SramBank {
  const words = line.split(",");
  if (words.length !== COLUMNS.length) {
    throw new InputError(`${where}: ${words.length} columns; allowed are the ${COLUMNS.length} of the header`);
  }
  const values = words.map(Number);
  const wrong = values.findIndex((value) => !(Number.isFinite(value) && value > 0));
  if (wrong >= 0) throw new InputError(`${where}: ${COLUMNS[wrong]} is ${words[wrong]}; allowed a number above 0`);
  const [technologyNm, bankKiB, ioBits, readNj, writeNj, leakageMw, areaMm2, accessNs, cycleNs] = values;
  const energy = { readPj: readNj * PJ_PER_NJ, writePj: writeNj * PJ_PER_NJ };
  return { technologyNm, bankKiB, ioBits, ...energy, leakageMw, areaMm2, accessNs, cycleNs };
}

function outside({ label, banks }: SramTable, technologyNm: number, bankKiB: number, ioBits: number): InputError {
  const range = (values: number[]): string => [...new Set(values)].sort((a, b) => a - b).join(", ");
  const sizes = banks.map((bank) => bank.bankKiB);
  return new InputError(
    `${label}: a bank of ${bankKiB} KiB, ${ioBits} bits, ${technologyNm} nm is not in the table; allowed ` +
      `${Math.min(...sizes)}..${Math.max(...sizes)} KiB, ${range(banks.map((bank) => bank.ioBits))} bits, ` +
      `${range(banks.map((bank) => bank.technologyNm))} nm`,
  );
}
