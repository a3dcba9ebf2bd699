//
//   Address map of a channel: local transaction ──► bank, row.
//
//     local   b3 b2 b1 b0   four bytes, a table each ──► xor ──► [ row | bank index ]
//     bank index = ((pseudo-channel * sids + sid) * groups + group) * banks of a group + bank of the group
//
//   Every bit of a bank index or row is the sum of some address bits, so any bit order and any XOR hashing is a map that is
//   linear over bits, and the sum of what it makes of each byte. The column is not needed: requests are told apart by their
//   transaction. Addresses wrap modulo the channel's capacity, which runs.ts sees to.

import { Dram, RULE_WORDS } from "../../contract";

/** Bytes of an address, values of a byte. */
const BYTES = 4;
const VALUES = 256;

/** The tables of the map. */
@unmanaged
export class AddressMap {
  tables: usize; // i32[BYTES][VALUES]
  bankBits: i32;
  bankMask: i32;
  above: u32; // the latest transaction without its lowest byte, and what that adds to a place
  abovePlace: i32;

  build(device: usize): void {
    this.bankBits = <i32>ctz(bankCount(device));
    this.bankMask = (1 << this.bankBits) - 1;
    this.tables = heap.alloc((BYTES * VALUES) << 2);
    const masks = device + ((<usize>(Dram.Count + dramWord(device, Dram.RuleCount) * RULE_WORDS)) << 2);
    const bits = this.bankBits + dramWord(device, Dram.RowBits);
    for (let byte = 0; byte < BYTES; byte++) {
      for (let value = 0; value < VALUES; value++) {
        let place = 0;
        for (let bit = 0; bit < bits; bit++) {
          const sum = popcnt(load<i32>(masks + ((<usize>bit) << 2)) & (value << (byte * 8)));
          place |= (sum & 1) << bit;
        }
        store<i32>(this.tables + ((<usize>(byte * VALUES + value)) << 2), place);
      }
    }
    this.look(0);
  }

  /** Row and bank index of a transaction in one word. */
  @inline
  place(local: i64): i32 {
    const above = (<u32>local) >> 8;
    if (above != this.above) this.look(above);
    return this.abovePlace ^ load<i32>(this.tables + ((<usize>((<u32>local) & 255)) << 2));
  }

  private look(above: u32): void {
    const tables = this.tables;
    this.above = above;
    this.abovePlace =
      load<i32>(tables + ((<usize>(above & 255)) << 2), VALUES * 4) ^
      load<i32>(tables + ((<usize>((above >> 8) & 255)) << 2), 2 * VALUES * 4) ^
      load<i32>(tables + ((<usize>(above >> 16)) << 2), 3 * VALUES * 4);
  }

  /** Bank index of a place. */
  @inline
  bank(place: i32): i32 {
    return place & this.bankMask;
  }

  /** Row of a place. */
  @inline
  row(place: i32): i32 {
    return place >> this.bankBits;
  }
}

/** One word of a device vector. */
export function dramWord(device: usize, field: i32): i32 {
  return load<i32>(device + ((<usize>field) << 2));
}

/** Banks of a channel. */
export function bankCount(device: usize): i32 {
  const groups =
    dramWord(device, Dram.PseudoChannels) * dramWord(device, Dram.Sids) * dramWord(device, Dram.BankGroups);
  return groups * dramWord(device, Dram.BanksPerGroup);
}

/** Local transactions of a channel. */
export function channelTransactions(device: usize): i64 {
  const inBank = dramWord(device, Dram.ColumnBits) + dramWord(device, Dram.RowBits);
  return (<i64>bankCount(device)) << (<i64>inBank);
}
