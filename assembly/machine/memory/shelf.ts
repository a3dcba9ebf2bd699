//
//   Shelf: writes that wait in their queue while reads are served. They change nothing until the controller turns to writes, so
//   a state leaves them out, and what is remembered of reads holds whatever waits.
//
//     write queue ──set aside──► [write][write] ...  ──part of a key──► where a segment turned to writes, or met one of them
//
//   Cycle law   set aside are writes older than every other request, in read mode only (rehearsal.ts): whatever comes later is
//               younger, so the order of acceptance is kept by keeping their own.
//   Source      docs/machine.md section 9, "Remembering".

import { Piece } from "./piece";

/** Writes in the order of their acceptance. */
@unmanaged
export class Shelf {
  writes: usize; // Piece[capacity]
  spare: usize; // room for what comes next
  capacity: i32;
  count: i32;
  lowest: i64; // transactions of theirs lie in between
  highest: i64;

  build(capacity: i32): void {
    this.capacity = capacity;
    this.writes = heap.alloc(<usize>capacity * offsetof<Piece>());
    this.spare = heap.alloc(<usize>capacity * offsetof<Piece>());
    this.clear();
  }

  clear(): void {
    this.count = 0;
    this.lowest = i64.MAX_VALUE;
    this.highest = -1;
  }


  @inline
  write(i: i32): Piece {
    return changetype<Piece>(this.writes + <usize>i * offsetof<Piece>());
  }

  /** Whether one of them is among `count` transactions from `first` on. */
  holds(first: i64, count: i32): bool {
    if (first > this.highest || first + count <= this.lowest) return false;
    for (let i = 0; i < this.count; i++) {
      const offset = this.write(i).base - first;
      if (offset >= 0 && offset < count) return true;
    }
    return false;
  }

  /** Begins the next contents, in the spare room; add() fills it while the old contents can be read. */
  turn(): void {
    const old = this.writes;
    this.writes = this.spare;
    this.spare = old;
    this.clear();
  }

  /** One write more, a copy. */
  add(write: Piece): Piece {
    if (this.count >= this.capacity) abort("more writes are set aside than the queue holds");
    const own = this.write(this.count++);
    memory.copy(changetype<usize>(own), changetype<usize>(write), offsetof<Piece>());
    return own;
  }

  /** Takes note of the transaction of a write. */
  note(base: i64): void {
    this.lowest = min<i64>(this.lowest, base);
    this.highest = max<i64>(this.highest, base);
  }

  /** The same as another shelf. */
  copy(other: Shelf): void {
    this.count = other.count;
    this.lowest = other.lowest;
    this.highest = other.highest;
    memory.copy(this.writes, other.writes, <usize>other.count * offsetof<Piece>());
  }
}
