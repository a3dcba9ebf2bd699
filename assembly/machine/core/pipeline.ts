//
//   The array's output pipeline: records that have left the array and are not visible yet, in order.
//
//   Records that become visible in the same cycle share an entry, so the ring never holds more entries than the pipeline has
//   cycles. A dropped record waits for the record before it.
//   Source      docs/machine.md, section 6.

import { powerOfTwo, zeroed } from "../alloc";
import { NEVER, StateReader, StateWriter } from "../state";

// One entry: cycle (i64), records (i64).
const ENTRY: usize = 16;


@unmanaged
export class Pipeline {
  base: usize;
  mask: i32;
  head: i32;
  size: i32;

  reset(latency: i32): void {
    const capacity = powerOfTwo(latency + 4);
    this.base = zeroed(<usize>capacity * ENTRY);
    this.mask = capacity - 1;
    this.head = this.size = 0;
  }

  private at(rank: i32): usize {
    return this.base + <usize>((this.head + rank) & this.mask) * ENTRY;
  }

  wake(): i64 {
    return this.size == 0 ? NEVER : load<i64>(this.at(0));
  }

  /** When the next `records` records are visible; NEVER while they have not all left the array. */
  visibleAt(records: i64): i64 {
    for (let rank = 0; rank < this.size; rank++) {
      records -= load<i64>(this.at(rank), 8);
      if (records <= 0) return load<i64>(this.at(rank));
    }
    return NEVER;
  }

  /** One record becomes visible at `cycle`, or with the record before it if that is later. */
  push(cycle: i64): void {
    if (this.size > 0) {
      const last = this.at(this.size - 1);
      if (load<i64>(last) >= cycle) {
        store<i64>(last, load<i64>(last, 8) + 1, 8);
        return;
      }
    }
    const entry = this.at(this.size++);
    store<i64>(entry, cycle);
    store<i64>(entry, 1, 8);
  }

  /** Records that become visible up to `now`. */
  take(now: i64): i32 {
    let records: i64 = 0;
    while (this.size > 0 && load<i64>(this.at(0)) <= now) {
      records += load<i64>(this.at(0), 8);
      this.head = (this.head + 1) & this.mask;
      this.size--;
    }
    return <i32>records;
  }

  canonical(now: i64, into: StateWriter): void {
    into.put(this.size);
    for (let rank = 0; rank < this.size; rank++) {
      into.put(load<i64>(this.at(rank)) - now);
      into.put(load<i64>(this.at(rank), 8));
    }
  }

  load(now: i64, from: StateReader): void {
    this.head = 0;
    this.size = <i32>from.take();
    for (let rank = 0; rank < this.size; rank++) {
      store<i64>(this.at(rank), now + from.take());
      store<i64>(this.at(rank), from.take(), 8);
    }
  }
}
