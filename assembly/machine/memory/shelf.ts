//
//   Shelf: writes that wait in their queue while reads are served. They change nothing until the controller turns to writes, so
//   a state leaves them out, and what is remembered of reads holds whatever waits.
//
//     write queue ──set aside──► [write][write] ...  ──part of a key──► where a segment turned to writes, or met one of them
//
//   Age         of a write: how many clocks of acceptance among the state's requests are younger, and whether one is its own.
//               What is remembered of reads says which of those clocks are left at its end, and how many have come.
//   Source      docs/machine.md section 9, "Remembering".

import { GAP } from "./ages";
import { Piece } from "./piece";

/** Rank of a write that is older than all requests of the state. */
export const OLDEST: i32 = -1;
/** Ranks of a state from which writes are set aside, at most. */
export const MOST_RANKS: i32 = 64;
/** Clocks by which such a write is older than now. */
const OLDER: i64 = 1 << 20;

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

  /** One write more, to be filled. */
  add(): Piece {
    if (this.count >= this.capacity) abort("more writes are set aside than the queue holds");
    return this.write(this.count++);
  }

  /** Takes note of the transaction of a write. */
  note(base: i64): void {
    this.lowest = min<i64>(this.lowest, base);
    this.highest = max<i64>(this.highest, base);
  }

  /** The latest write has been accepted in the clock now. */
  isNow(): bool {
    if (this.count == 0) return false;
    const last = this.write(this.count - 1);
    return last.rank == 0 && last.tied;
  }

  /** Requests of a state at ranks `left` are left, at `since` younger clocks others have come. */
  age(left: u64, since: i32): void {
    for (let i = this.count - 1; i >= 0; i--) {
      const write = this.write(i);
      if (write.rank == OLDEST) return;
      const older = left >> (<u64>write.rank);
      write.tied = write.tied && (older & 1) != 0;
      write.rank = older == 0 ? OLDEST : since + <i32>popcnt(left & (((<u64>1) << (<u64>write.rank)) - 1));
    }
  }

  /** A clock of acceptance for write i that has its age, of a state loaded at `now`; `before`: that of the one before. */
  clock(i: i32, now: i64, before: i64): i64 {
    const write = this.write(i);
    if (write.joined) return before;
    if (write.rank == OLDEST) return now - OLDER + <i64>i;
    const rank = now - <i64>write.rank * GAP;
    return write.tied ? rank : rank + 1 + <i64>i;
  }

  /** The same as another shelf. */
  copy(other: Shelf): void {
    this.count = other.count;
    this.lowest = other.lowest;
    this.highest = other.highest;
    memory.copy(this.writes, other.writes, <usize>other.count * offsetof<Piece>());
  }
}
