//
//   Frame: the addresses that a remembered state leaves out, so that the same behaviour at other rows is the same state.
//
//      pieces   parts of runs in flight: first transaction (aligned), count, whose part      state: by label, their order
//      rows     open row of every bank                                                      state: which piece's row it is
//
//   A piece is a stretch of 2^b aligned transactions. The address map is linear over bits (address.ts), so the place of
//   base + i is that of the base xor that of i: which banks two pieces share follows from the banks of their bases, and
//   which rows are equal from the xor of the rows of their bases. That, and equal addresses, is all the hardware compares:
//   relation = 0 unrelated, 1 + xor of the rows where that can be made by bits inside a piece, -1 the same transactions.

import { StateReader, StateWriter } from "../state";
import { AddressMap } from "./address";
import { Memo } from "./memo";
import { Entry, OPENED_WORDS } from "./memo-records";
import { Part } from "./runs";

/** A piece of a run in flight. */
@unmanaged
export class Piece {
  base: i64;
  part: Part; // the channel's
  count: i32; // transactions of it
  bank: i32; // of the base
  row: i32;
  write: bool;
}

/** What a channel's state is relative to. */
@unmanaged
export class Frame {
  map: AddressMap;
  pieces: usize; // Piece[capacity], oldest first; the one behind them is about to be offered
  capacity: i32;
  count: i32;
  rows: usize; // i32[banks]
  touched: usize; // u64[banks]: banks that a piece touches, by the bank of its base
  rowMask: i32; // row bits that cannot differ inside a piece

  build(map: AddressMap, pieceBits: i32, capacity: i32): void {
    const banks = 1 << map.bankBits;
    this.map = map;
    this.capacity = capacity;
    this.count = 0;
    this.pieces = heap.alloc((<usize>capacity + 1) * offsetof<Piece>());
    this.rows = heap.alloc((<usize>banks) << 2);
    this.touched = heap.alloc((<usize>banks) << 3);
    memory.fill(this.rows, 0, (<usize>banks) << 2);
    memory.fill(this.touched, 0, (<usize>banks) << 3);
    let rowBits = 0;
    for (let i = 0; i < 1 << pieceBits; i++) {
      const place = map.place(i);
      rowBits |= map.row(place);
      for (let bank = 0; bank < banks; bank++) {
        const at = this.touched + ((<usize>bank) << 3);
        store<u64>(at, load<u64>(at) | ((<u64>1) << (bank ^ map.bank(place))));
      }
    }
    let low = 1;
    while (low <= rowBits) low <<= 1;
    this.rowMask = ~(low - 1);
  }


  @inline
  piece(label: i32): Piece {
    return changetype<Piece>(this.pieces + <usize>label * offsetof<Piece>());
  }


  @inline
  row(bank: i32): i32 {
    return load<i32>(this.rows + ((<usize>bank) << 2));
  }


  @inline
  setRow(bank: i32, row: i32): void {
    store<i32>(this.rows + ((<usize>bank) << 2), row);
  }

  /** The piece about to be offered. */
  @inline
  head(): Piece {
    return this.piece(this.count);
  }

  aim(part: Part, base: i64, count: i32): void {
    assert(this.count <= this.capacity, "too many pieces in flight");
    const head = this.head();
    const place = this.map.place(base);
    head.base = base;
    head.part = part;
    head.count = count;
    head.bank = this.map.bank(place);
    head.row = this.map.row(place);
    head.write = part.write;
  }

  /** Adds to a key what the head has to do with the state. */
  relate(open: u64, memo: Memo): void {
    const head = this.head();
    const touched = this.banksOf(head);
    for (let label = 0; label < this.count; label++) {
      const piece = this.piece(label);
      if (!((touched >> piece.bank) & 1)) continue;
      const same = piece.write && piece.base == head.base;
      memo.add(same ? -1 : this.relation(piece.row, head.row));
    }
    for (let mask = open & touched; mask != 0; mask &= mask - 1) {
      memo.add(this.relation(this.row(<i32>ctz(mask)), head.row));
    }
  }

  /** Writes how pieces and open rows are related among each other. */
  canonical(open: u64, into: StateWriter): void {
    into.put(<i64>(<i32>open));
    into.put(<i64>(<i32>(open >> 32)));
    into.put(this.count);
    for (let label = 0; label < this.count; label++) {
      const piece = this.piece(label);
      into.put(piece.bank);
      into.put(<i64>piece.write);
      this.putSource(this.sourceOf(piece.bank, piece.row, label), piece.row, into);
    }
    for (let mask = open; mask != 0; mask &= mask - 1) {
      const bank = <i32>ctz(mask);
      this.putSource(this.sourceOf(bank, this.row(bank), this.count), this.row(bank), into);
    }
  }

  /** Skips what canonical() wrote; gives the open banks. */
  load(from: StateReader): u64 {
    let open = <u64>(<u32>from.take());
    open |= (<u64>(<u32>from.take())) << 32;
    for (let words = from.take() * 4 + <i32>popcnt(open) * 2; words > 0; words--) from.take();
    return open;
  }

  /** The oldest of the first `labels` pieces that touches a bank and may hold a row; -1 when none does. */
  sourceOf(bank: i32, row: i32, labels: i32): i32 {
    for (let label = 0; label < labels; label++) {
      const piece = this.piece(label);
      if ((this.banksOf(piece) >> bank) & 1 && this.relation(piece.row, row) != 0) return label;
    }
    return -1;
  }

  /** Opens the rows that an entry opens. */
  open(entry: Entry): void {
    let at = entry.opened;
    for (let i = 0; i < entry.rows; i++, at += OPENED_WORDS << 2) {
      this.setRow(load<i32>(at), this.piece(load<i32>(at, 4)).row ^ load<i32>(at, 8));
    }
  }

  /** The same as another frame of the channel. */
  copy(other: Frame): void {
    this.count = other.count;
    memory.copy(this.pieces, other.pieces, (<usize>other.count + 1) * offsetof<Piece>());
    memory.copy(this.rows, other.rows, (<usize>(1 << this.map.bankBits)) << 2);
  }

  /** Takes out what is complete: pieces of no transaction. */
  retire(): void {
    let kept = 0;
    for (let label = 0; label < this.count; label++) {
      if (this.piece(label).count == 0) continue;
      if (kept != label)
        memory.copy(changetype<usize>(this.piece(kept)), changetype<usize>(this.piece(label)), offsetof<Piece>());
      kept++;
    }
    this.count = kept;
  }

  /** Bit per bank that a piece touches. */
  @inline
  private banksOf(piece: Piece): u64 {
    return load<u64>(this.touched + ((<usize>piece.bank) << 3));
  }

  /** 1 + xor of two rows where bits inside a piece can make it, else 0. */
  @inline
  private relation(a: i32, b: i32): i32 {
    const difference = a ^ b;
    return (difference & this.rowMask) == 0 ? 1 + difference : 0;
  }

  private putSource(label: i32, row: i32, into: StateWriter): void {
    into.put(label);
    into.put(label < 0 ? 0 : row ^ this.piece(label).row);
  }
}
