//
//   What is on its way to the core with a known time of arrival: a few (cycle, number) pairs, the earliest at hand.

import { NONE, zeroed } from "../alloc";
import { NEVER, StateReader, StateWriter } from "../state";

// One entry: cycle (i64), number (i64).
const ENTRY: usize = 16;


@unmanaged
export class Arrivals {
  base: usize;
  size: i32;
  earliest: i64;

  reset(capacity: i32): void {
    this.base = zeroed(<usize>capacity * ENTRY);
    this.size = 0;
    this.earliest = NEVER;
  }

  // @ts-ignore: decorator
  @inline
  private at(index: i32): usize {
    return this.base + <usize>index * ENTRY;
  }

  add(cycle: i64, number: i32): void {
    const entry = this.at(this.size++);
    store<i64>(entry, cycle);
    store<i64>(entry, number, 8);
    this.earliest = min(this.earliest, cycle);
  }

  /** Takes one number that is due; NONE when no more are. */
  take(now: i64): i32 {
    if (this.earliest > now) return NONE;
    let taken: i64 = NONE;
    let earliest = NEVER;
    for (let i = 0; i < this.size; i++) {
      const cycle = load<i64>(this.at(i));
      if (taken < 0 && cycle <= now) {
        taken = load<i64>(this.at(i), 8);
        memory.copy(this.at(i), this.at(--this.size), ENTRY);
        i--;
      } else earliest = min(earliest, cycle);
    }
    this.earliest = earliest;
    return <i32>taken;
  }

  /** Ordered by number, so that equal futures are equal states. */
  canonical(now: i64, first: i32, into: StateWriter): void {
    into.put(this.size);
    let below = i64.MIN_VALUE;
    for (let written = 0; written < this.size; written++) {
      const next = this.nextAbove(below);
      into.put(load<i64>(this.at(next)) - now);
      below = load<i64>(this.at(next), 8);
      into.put(below - first);
    }
  }

  private nextAbove(number: i64): i32 {
    let best = -1;
    for (let i = 0; i < this.size; i++) {
      const candidate = load<i64>(this.at(i), 8);
      if (candidate > number && (best < 0 || candidate < load<i64>(this.at(best), 8))) best = i;
    }
    return best;
  }

  load(now: i64, from: StateReader): void {
    this.size = 0;
    this.earliest = NEVER;
    for (let left = <i32>from.take(); left > 0; left--) {
      const cycle = now + from.take();
      this.add(cycle, <i32>from.take());
    }
  }
}
