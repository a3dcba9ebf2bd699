//
//   Run parts: what a channel still has to do for the runs and stores that were granted.
//
//     push ──► [part][part][part] ──► offering: one transaction after the other, in order, until one is refused
//                 │
//                 └─ lives on until the completion clock of its last transaction is known, in push order
//
//   Cycle law   a part is offered from its arrival clock on; parts are offered in the order in which they were pushed.
//   Left out    nothing: addresses inside a part are consecutive local transactions (docs/machine.md section 3).

import { StateReader, StateWriter } from "../state";
import { Completions } from "./completions";

/** What is left of one run on this channel. */
@unmanaged
export class Part {
  next: Part | null; // live parts in push order; also the list of free ones
  previous: Part | null;
  local: i64; // next transaction to offer
  arrive: i64;
  completion: i64; // latest completion clock so far
  toOffer: i32;
  toComplete: i32;
  slot: i32;
  write: bool;
}

/** The parts under way. */
@unmanaged
export class Runs {
  first: Part | null; // oldest live part
  last: Part | null;
  offering: Part | null; // first part with a transaction to offer
  free: Part | null;
  pool: usize;
  capacity: i32;
  capacityMask: i64; // local transactions of the channel - 1: addresses wrap

  build(capacity: i32, capacityMask: i64): void {
    this.capacity = capacity;
    this.capacityMask = capacityMask;
    this.pool = heap.alloc(<usize>capacity * offsetof<Part>());
    this.reset();
  }

  reset(): void {
    this.first = null;
    this.last = null;
    this.offering = null;
    this.free = null;
    for (let i = this.capacity - 1; i >= 0; i--) {
      const part = changetype<Part>(this.pool + <usize>i * offsetof<Part>());
      part.next = this.free;
      this.free = part;
    }
  }

  push(local: i64, count: i32, write: bool, slot: i32, arrive: i64): Part {
    const part = this.append();
    part.local = local & this.capacityMask;
    part.toOffer = count;
    part.toComplete = count;
    part.write = write;
    part.slot = slot;
    part.arrive = arrive;
    part.completion = -1;
    if (this.offering == null) this.offering = part;
    return part;
  }

  /** Its transaction was accepted: goes on to the next one. */
  @inline
  accepted(part: Part): void {
    part.local = (part.local + 1) & this.capacityMask;
    if (--part.toOffer == 0) this.offering = part.next;
  }

  /** One of its transactions completes at a clock; with the last one the part is reported and done. */
  @inline
  complete(part: Part, clock: i64, out: Completions): void {
    if (clock > part.completion) part.completion = clock;
    if (--part.toComplete != 0) return;
    out.add(part.slot, part.write, part.completion);
    this.retire(part);
  }

  private retire(part: Part): void {
    const next = part.next;
    const previous = part.previous;
    if (previous == null) this.first = next;
    else previous.next = next;
    if (next == null) this.last = previous;
    else next.previous = previous;
    part.next = this.free;
    this.free = part;
  }

  /** Position among the live parts. */
  rank(part: Part): i32 {
    let rank = 0;
    let other = this.first;
    while (other != null && other != part) {
      rank++;
      other = other.next;
    }
    return rank;
  }

  at(rank: i32): Part {
    let part = this.first!;
    for (; rank > 0; rank--) part = part.next!;
    return part;
  }

  canonical(now: i64, into: StateWriter, firstRun: i32, firstStore: i32): void {
    into.put(this.last == null ? 0 : this.rank(this.last!) + 1);
    let part = this.first;
    while (part != null) {
      const offered = part.toOffer == 0;
      into.put(offered ? 0 : part.local);
      into.put(part.toOffer);
      into.put(part.toComplete);
      into.put(<i64>part.write);
      into.put(part.slot - (part.write ? firstStore : firstRun));
      into.time(offered ? now - 1 : part.arrive - 1, now);
      into.time(part.completion - 2, now);
      part = part.next;
    }
  }

  load(now: i64, from: StateReader): void {
    this.reset();
    const count = from.take();
    for (let i = 0; i < count; i++) {
      const part = this.append();
      part.local = from.take();
      part.toOffer = from.take();
      part.toComplete = from.take();
      part.write = from.take() != 0;
      part.slot = from.take();
      part.arrive = from.time(now) + 1;
      part.completion = from.time(now) + 2;
      if (this.offering == null && part.toOffer > 0) this.offering = part;
    }
  }

  private append(): Part {
    if (this.free == null) abort("more run parts are under way than the channel was built for");
    const part = this.free!;
    const last = this.last;
    this.free = part.next;
    part.previous = last;
    part.next = null;
    if (last == null) this.first = part;
    else last.next = part;
    this.last = part;
    return part;
  }
}
