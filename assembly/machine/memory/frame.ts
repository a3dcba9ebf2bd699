//
//   Frame: the addresses that a remembered state leaves out, so that the same behaviour at other rows is the same state.
//
//      pieces   parts of runs in flight: first transaction (aligned), count, whose part      state: by label, their order
//      rows     open row of every bank                                                      state: which piece's row it is
//
//   A piece is a stretch of 2^b aligned transactions. The address map is linear over bits (address.ts), so the place of
//   base + i is that of the base xor that of i: which banks two pieces share follows from the banks of their bases, and
//   which rows are equal from the xor of the rows of their bases. That, and equal addresses, is all the hardware compares:
//   relation = 0 unrelated, 1 + xor of the rows where that can be made by bits inside a piece, below 0 the same transactions.
//
//   Inside a segment a label below `count` is a piece in flight, `count` the one that is offered, above it a write set aside.

import { make } from "../alloc";
import { AddressMap } from "./address";
import { Aside, ASIDE_WORDS, DONE_WORDS, Entry, OPENED_WORDS } from "./memo-records";
import { LARGEST, Piece, SMALL } from "./piece";
import { Part } from "./runs";
import { Shelf } from "./shelf";

/** What a channel's state is relative to. */
@unmanaged
export class Frame {
  map: AddressMap;
  pieces: usize; // Piece[capacity], oldest first; the one behind them is about to be offered
  capacity: i32;
  count: i32;
  shelf: Shelf;
  rows: usize; // i32[banks]
  touched: usize; // u64[2][banks]: banks that a small and a large piece touch, by the bank of its base
  rowMask: i32; // row bits that cannot differ inside a piece
  twist: i32; // a bank of the state is that bank xor this one of the channel
  twistMask: i32; // bits of a bank that the channel treats alike

  build(map: AddressMap, capacity: i32, writes: i32, twistMask: i32): void {
    const banks = 1 << map.bankBits;
    this.twist = 0;
    this.shelf = make<Shelf>();
    this.shelf.build(writes);
    this.twistMask = twistMask;
    this.map = map;
    this.capacity = capacity;
    this.count = 0;
    this.pieces = heap.alloc((<usize>capacity + 1) * offsetof<Piece>());
    this.rows = heap.alloc((<usize>banks) << 2);
    this.touched = heap.alloc((<usize>(2 * banks)) << 3);
    memory.fill(this.rows, 0, (<usize>banks) << 2);
    memory.fill(this.touched, 0, (<usize>(2 * banks)) << 3);
    let rowBits = 0;
    for (let i = 0; i < LARGEST; i++) {
      const place = map.place(i);
      rowBits |= map.row(place);
      for (let bank = 0; bank < banks; bank++) {
        const bit = (<u64>1) << (bank ^ map.bank(place));
        const large = this.touched + ((<usize>(banks + bank)) << 3);
        store<u64>(large, load<u64>(large) | bit);
        if (i >= SMALL) continue;
        const small = this.touched + ((<usize>bank) << 3);
        store<u64>(small, load<u64>(small) | bit);
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

  /** The piece about to be offered: `count` transactions of a part in a stretch of a size. */
  aim(part: Part, size: i32, base: i64, count: i32): void {
    assert(this.count <= this.capacity, "too many pieces in flight");
    const head = this.head();
    this.place(head, base);
    head.size = size;
    head.banks = this.banksOf(head.size, head.bank);
    head.part = part;
    head.count = count;
    head.write = part.write;
  }

  /** Nothing in flight. */
  clear(): void {
    this.count = 0;
    this.twist = 0;
    this.shelf.clear();
  }

  /** One more piece in flight, around a transaction, which does not count yet. */
  append(part: Part, local: i64): void {
    this.aim(part, SMALL, local & ~(<i64>(SMALL - 1)), 0);
    this.count++;
  }

  /** Whether a piece has a transaction in its stretch. */
  covers(label: i32, local: i64): bool {
    const offset = local - this.piece(label).base;
    return offset >= 0 && offset < this.piece(label).size;
  }

  /** A piece by its label inside a segment. */
  labelled(label: i32): Piece {
    return label > this.count ? this.shelf.write(label - this.count - 1) : this.piece(label);
  }

  /** What a segment did to the pieces: what completed, and what is set aside after it. */
  follow(taken: bool, change: Entry): void {
    for (let i = 0; i < change.completions; i++) {
      this.labelled(load<i32>(change.done + <usize>(i * (DONE_WORDS << 2)))).count = 0;
    }
    let end = taken ? this.count + 1 : this.count;
    if (change.asides >= 0) end = this.setAside(change, end);
    else this.shelf.age(change.left, change.since);
    if (taken) this.twist = this.head().bank & this.twistMask;
    this.count = end;
    if (change.completions > 0 || change.asides >= 0) this.retire();
  }

  /** The next transaction of a part, a write, is accepted now, set aside at once. */
  join(part: Part): void {
    const shelf = this.shelf;
    const joined = shelf.isNow();
    const write = shelf.add();
    write.part = part;
    write.count = 1;
    write.write = true;
    write.classified = false;
    write.rank = 0;
    write.tied = true;
    write.joined = joined;
    this.shelve(write, part.local);
  }

  /** Changes what is set aside; writes that are not any more become pieces from `end` on. Where the pieces end now. */
  private setAside(change: Entry, end: i32): i32 {
    const shelf = this.shelf;
    const before = shelf.count;
    const first = this.count + 1;
    shelf.turn();
    for (let i = 0; i < change.asides; i++) {
      const line = change.aside + <usize>(i * (ASIDE_WORDS << 2));
      const label = load<i32>(line);
      const from = label < first ? this.piece(label) : setAsideBefore(shelf, label - first);
      const flags = load<i32>(line, 8);
      const write = shelf.add();
      memory.copy(changetype<usize>(write), changetype<usize>(from), offsetof<Piece>());
      write.classified = (flags & Aside.Classified) != 0;
      write.tied = (flags & Aside.Tied) != 0;
      write.joined = (flags & Aside.Joined) != 0;
      write.rank = load<i32>(line, 12);
      if ((flags & Aside.Last) == 0) write.count = 1;
      from.count -= write.count;
      this.shelve(write, from.base + <i64>load<i32>(line, 4));
    }
    for (let i = 0; i < before; i++) {
      const left = setAsideBefore(shelf, i);
      if (left.count > 0) memory.copy(changetype<usize>(this.piece(end++)), changetype<usize>(left), offsetof<Piece>());
    }
    return end;
  }

  /** A write on the shelf is a piece of one transaction. */
  private shelve(write: Piece, local: i64): void {
    this.place(write, local);
    write.size = 1;
    write.banks = this.banksOf(1, write.bank);
    this.shelf.note(local);
  }

  private place(piece: Piece, base: i64): void {
    const place = this.map.place(base);
    piece.base = base;
    piece.bank = this.map.bank(place);
    piece.row = this.map.row(place);
  }

  /** The oldest of the first `labels` pieces that touches a bank and may hold a row; -1 when none does. */
  sourceOf(bank: i32, row: i32, labels: i32): i32 {
    for (let label = 0; label < labels; label++) {
      const piece = this.piece(label);
      if ((piece.banks >> bank) & 1 && this.relation(piece.row, row) != 0) return label;
    }
    return -1;
  }

  /** The same among the first writes set aside: a label. */
  asideSourceOf(bank: i32, row: i32, writes: i32): i32 {
    for (let i = 0; i < writes; i++) {
      const write = this.shelf.write(i);
      if (write.bank == bank && this.relation(write.row, row) != 0) return this.count + 1 + i;
    }
    return -1;
  }

  /** Opens the rows that an entry opens. */
  open(entry: Entry): void {
    let at = entry.opened;
    for (let i = 0; i < entry.rows; i++, at += OPENED_WORDS << 2) {
      this.setRow(load<i32>(at) ^ this.twist, this.labelled(load<i32>(at, 4)).row ^ load<i32>(at, 8));
    }
  }

  /** The same as another frame of the channel. */
  copy(other: Frame): void {
    this.count = other.count;
    this.twist = other.twist;
    this.shelf.copy(other.shelf);
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

  /** Bit per bank that a stretch touches whose base is in a bank. */
  @inline
  banksOf(size: i32, bank: i32): u64 {
    if (size == 1) return (<u64>1) << bank;
    const table = size == LARGEST ? 1 << this.map.bankBits : 0;
    return load<u64>(this.touched + ((<usize>(table + bank)) << 3));
  }

  /** 1 + xor of two rows where bits inside a piece can make it, else 0. */
  @inline
  relation(a: i32, b: i32): i32 {
    const difference = a ^ b;
    return (difference & this.rowMask) == 0 ? 1 + difference : 0;
  }
}

/** Write i of what was set aside before the shelf turned. */
@inline
function setAsideBefore(shelf: Shelf, i: i32): Piece {
  return changetype<Piece>(shelf.spare + <usize>i * offsetof<Piece>());
}
