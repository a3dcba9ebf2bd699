//
//   Completions: what a channel tells the core, one line per run part whose last transaction got its completion clock.
//
//     channel.advance ──► [slot, write, completion clock, clock at which it got known] ... ──► drained after every advance
//
//   A part is reported once, so a list as long as the FIFOs of the channels that share it never overflows.

import { make } from "../alloc";

/** Bytes of one line: slot i32, write i32, completion clock i64, clock at which it got known i64, channels i32, padding. */
const LINE_SHIFT: usize = 5;

/** A list of fixed capacity. */
@unmanaged
export class Completions {
  lines: usize;
  capacity: i32;
  count: i32;
  now: i64; // the clock that is being processed
  times: i32; // channels that the one which adds lines stands for

  clear(): void {
    this.count = 0;
  }

  add(slot: i32, write: bool, clock: i64): void {
    if (this.count >= this.capacity) abort("the list of completions is not drained");
    const line = this.line(this.count++);
    store<i32>(line, slot);
    store<i32>(line, <i32>write, 4);
    store<i64>(line, clock, 8);
    store<i64>(line, this.now, 16);
    store<i32>(line, this.times, 24);
  }

  slot(i: i32): i32 {
    return load<i32>(this.line(i));
  }

  write(i: i32): bool {
    return load<i32>(this.line(i), 4) != 0;
  }

  clock(i: i32): i64 {
    return load<i64>(this.line(i), 8);
  }

  /** The clock whose processing made it known. */
  knownAt(i: i32): i64 {
    return load<i64>(this.line(i), 16);
  }

  /** Parts that are done: one of every channel that does the same. */
  parts(i: i32): i32 {
    return load<i32>(this.line(i), 24);
  }

  /** Address of line i. */
  @inline
  private line(i: i32): usize {
    return this.lines + ((<usize>i) << LINE_SHIFT);
  }
}

export function newCompletions(capacity: i32): Completions {
  const list = make<Completions>();
  list.capacity = capacity;
  list.lines = heap.alloc((<usize>capacity) << LINE_SHIFT);
  list.count = 0;
  list.times = 1;
  return list;
}
