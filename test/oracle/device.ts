//
//   Device vectors by hand: named words, rule rows, and the address fields from the lowest bits to the highest.

import { Dram } from "../../assembly/contract.js";
import type { RuleRow } from "./rules.js";

export type DeviceWords = Partial<Record<keyof typeof Dram, number>>;
export type AddressField = "column" | "bank" | "bankGroup" | "sid" | "pseudoChannel" | "row";

const PLAIN: DeviceWords = {
  ...{ Channels: 1, PseudoChannels: 1, Sids: 1, TicksPerClock: 1 },
  ...{ ActTicks: 1, PreTicks: 1, PreAllTicks: 1, ReadTicks: 1, WriteTicks: 1, RefreshTicks: 1, RefreshBankTicks: 1 },
  ...{ Act2Ticks: 1, CasReadTicks: 1, CasWriteTicks: 1 },
};
const BANK_INDEX = ["bank", "bankGroup", "sid", "pseudoChannel"] as const;

/** `hashed`: every bit of the bank index is added to the row bit of the same number, where there is one. */
export function deviceOf(
  named: DeviceWords,
  rules: readonly RuleRow[],
  order: readonly AddressField[],
  hashed = false,
): Int32Array {
  const values = { ...PLAIN, ...named, RuleCount: rules.length };
  const words = new Int32Array(Dram.Count);
  for (const [name, value] of Object.entries(values)) words[Dram[name as keyof typeof Dram]] = value;
  const sizes = {
    bank: Dram.BanksPerGroup,
    bankGroup: Dram.BankGroups,
    sid: Dram.Sids,
    pseudoChannel: Dram.PseudoChannels,
  };
  const widthOf = (field: AddressField) => {
    if (field === "column" || field === "row") return words[field === "column" ? Dram.ColumnBits : Dram.RowBits];
    return Math.log2(words[sizes[field]]);
  };
  const masks = new Map<AddressField, number[]>();
  let at = 0;
  for (const field of order)
    masks.set(
      field,
      Array.from({ length: widthOf(field) }, () => 1 << at++),
    );
  const row = masks.get("row") ?? [];
  const banks = BANK_INDEX.flatMap((field) => masks.get(field) ?? []);
  return Int32Array.from([
    ...words,
    ...rules.flat(),
    ...banks.map((mask, i) => mask ^ (hashed ? (row[i] ?? 0) : 0)),
    ...row,
  ]);
}
