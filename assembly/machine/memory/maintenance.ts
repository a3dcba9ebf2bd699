//
//   All-bank refresh: when one is due, and which of its two commands is next.
//
//     clk = i * period + stagger ──► due + 1 ──► a bank open: PREA     no bank open: REF ──► due - 1
//
//   Cycle law   one refresh is added at clk = i*RefreshClocks + channel*RefreshStagger, i = 1, 2, ...; a REF takes one away.
//               While one is due, the queues issue nothing (frfcfs.ts asks).
//   Left out    postponing and pulling in; per-bank refresh; self refresh.
//   Source      docs/machine.md section 9; tREFI and tRFC are of the device file.

import { NEVER, StateReader, StateWriter } from "../state";

/** Counts the refreshes that are due. */
@unmanaged
export class Maintenance {
  period: i64; // 0: refresh is off
  stagger: i64;
  next: i64; // clock at which the next refresh is added
  due: i32;

  build(period: i32, stagger: i64): void {
    this.period = period;
    this.stagger = stagger;
    this.reset();
  }

  reset(): void {
    this.due = 0;
    this.next = this.period == 0 ? NEVER : this.period + this.stagger;
  }

  /** Adds the refresh of this clock. */
  @inline
  observe(clk: i64): void {
    if (clk >= this.next) {
      this.due++;
      this.next += this.period;
    }
  }

  canonical(now: i64, into: StateWriter): void {
    into.put(this.due);
    into.time(this.next, now);
  }

  load(now: i64, from: StateReader): void {
    this.due = from.take();
    this.next = from.time(now);
  }
}
