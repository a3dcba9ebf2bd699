//
//   Address map of a channel: local transaction ──► bank, row.
//
//     local   row .......... | bank | column | bank group      (mapping B; A has the column lowest)
//     bank index = group * banks of a group + bank of the group
//
//   The column is not needed: requests are told apart by their transaction. Addresses wrap modulo the channel's capacity,
//   which runs.ts sees to.

import { Dram } from "../../contract";

/** Shifts and masks of the fields. */
@unmanaged
export class AddressMap {
  groupShift: i64;
  bankShift: i64;
  rowShift: i64;
  groupMask: i32;
  bankMask: i32;
  rowMask: i32;
  bankBits: i32;

  build(device: usize): void {
    this.groupShift = <i64>dramWord(device, Dram.BankGroupShift);
    this.bankShift = <i64>dramWord(device, Dram.BankShift);
    this.rowShift = <i64>dramWord(device, Dram.RowShift);
    this.groupMask = dramWord(device, Dram.BankGroups) - 1;
    this.bankMask = dramWord(device, Dram.BanksPerGroup) - 1;
    this.rowMask = (1 << dramWord(device, Dram.RowBits)) - 1;
    this.bankBits = popcnt(this.bankMask);
  }

  /** Bank index of a transaction. */
  @inline
  bank(local: i64): i32 {
    const group = (<i32>(local >> this.groupShift)) & this.groupMask;
    return (group << this.bankBits) | ((<i32>(local >> this.bankShift)) & this.bankMask);
  }

  /** Row of a transaction. */
  @inline
  row(local: i64): i32 {
    return (<i32>(local >> this.rowShift)) & this.rowMask;
  }
}

/** One word of a device vector. */
export function dramWord(device: usize, field: i32): i32 {
  return load<i32>(device + ((<usize>field) << 2));
}

/** Local transactions of a channel. */
export function channelTransactions(device: usize): i64 {
  const banks = <i64>dramWord(device, Dram.BankGroups) * <i64>dramWord(device, Dram.BanksPerGroup);
  const inBank = dramWord(device, Dram.ColumnBits) + dramWord(device, Dram.RowBits);
  return banks << (<i64>inBank);
}
