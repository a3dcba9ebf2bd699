//
//   Run parts: what a channel still has to do for the runs and stores that were granted.
//
//     push ──► [part][part][part] ──► offering: one transaction after the other, in order, until one is refused
//                 │
//                 └─ lives on until the completion clock of its last transaction is known, in push order
//
//   Cycle law   a part is offered from its arrival clock on; parts are offered in the order in which they were pushed.
//   State       the clocks of completions so far are state only while none of a part's transactions waits: a transaction that
//               waits completes after all of them. Requests name their part by rank.
//   Left out    nothing: addresses inside a part are consecutive local transactions (docs/machine.md section 3).

import { StateReader, StateWriter } from "../state";
import { Completions } from "./completions";

/** What is left of one run on this channel. */
@unmanaged
export class Part {
  next: Part | null; // live parts in push order; also the list of free ones
  previous: Part | null;
  local: i64; // next transaction to offer
  base: i64; // requests of the canonical state are written as distances to it
  arrive: i64;
  completion: i64; // latest completion clock so far
  toOffer: i32;
  toComplete: i32;
  toReport: i32; // what a memo channel has not told the core yet
  reported: i64; // latest completion clock that it has told
  slot: i32;
  rank: i32; // in canonical(): position among the live parts
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
  parts: usize; // Part pointers by label: how the requests of a state name them
  bases: usize; // i64, what their transactions are relative to

  build(capacity: i32, capacityMask: i64): void {
    this.capacity = capacity;
    this.capacityMask = capacityMask;
    this.pool = heap.alloc(<usize>capacity * offsetof<Part>());
    this.parts = heap.alloc(<usize>capacity * sizeof<usize>());
    this.bases = heap.alloc((<usize>capacity) << 3);
    this.first = null;
    this.last = null;
    this.offering = null;
    this.free = null;
    for (let i = capacity - 1; i >= 0; i--) {
      const part = changetype<Part>(this.pool + <usize>i * offsetof<Part>());
      part.next = this.free;
      this.free = part;
    }
  }

  /** No part is under way. */
  reset(): void {
    if (this.first != null) {
      this.last!.next = this.free;
      this.free = this.first;
    }
    this.first = null;
    this.last = null;
    this.offering = null;
  }

  push(local: i64, count: i32, write: bool, slot: i32, arrive: i64): Part {
    const part = this.append();
    part.local = local & this.capacityMask;
    part.base = 0;
    part.toOffer = count;
    part.toComplete = count;
    part.toReport = count;
    part.write = write;
    part.slot = slot;
    part.arrive = arrive;
    part.completion = -1;
    part.reported = -1;
    if (this.offering == null && count > 0) this.offering = part;
    return part;
  }

  /** A part of other runs, as far as it is done. */
  take(other: Part): Part {
    const part = this.push(other.local, other.toOffer, other.write, other.slot, other.arrive);
    part.toComplete = other.toComplete;
    part.toReport = other.toComplete;
    part.completion = other.completion;
    part.reported = other.completion;
    return part;
  }

  /** The same parts as other runs; every one gets its rank, by which it is labelled here. */
  copy(other: Runs): void {
    this.reset();
    let rank = 0;
    let from = other.first;
    while (from != null) {
      const part = this.take(from);
      part.toReport = from.toReport;
      part.reported = from.reported;
      from.rank = rank;
      this.label(rank++, part, 0);
      from = from.next;
    }
  }

  /** Its transaction was accepted: goes on to the next one. */
  @inline
  accepted(part: Part): void {
    this.offered(part, 1);
  }

  /** So were several. */
  @inline
  offered(part: Part, count: i32): void {
    part.local = (part.local + count) & this.capacityMask;
    part.toOffer -= count;
    if (part.toOffer == 0) this.offering = part.next;
  }

  /** One of its transactions completes at a clock; with the last one the part is reported and done. */
  @inline
  complete(part: Part, clock: i64, out: Completions): void {
    if (clock > part.completion) part.completion = clock;
    if (--part.toComplete != 0) return;
    out.add(part.slot, part.write, part.completion);
    this.retire(part);
  }

  /** Several of its transactions completed, the last one at a clock; reported elsewhere. */
  settle(part: Part, count: i32, clock: i64): void {
    if (clock > part.completion) part.completion = clock;
    part.toComplete -= count;
    if (part.toComplete == 0) this.retire(part);
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

  /** Requests of the state to come name this part, and their transactions from `base` on, by a label. */
  label(label: i32, part: Part, base: i64): void {
    store<usize>(this.parts + <usize>label * sizeof<usize>(), changetype<usize>(part));
    store<i64>(this.bases + ((<usize>label) << 3), base);
  }


  @inline
  labelled(label: i32): Part {
    return changetype<Part>(load<usize>(this.parts + <usize>label * sizeof<usize>()));
  }


  @inline
  baseOf(label: i32): i64 {
    return load<i64>(this.bases + ((<usize>label) << 3));
  }

  /** Gives every live part its rank; the number of parts. */
  number(): i32 {
    let rank = 0;
    let part = this.first;
    while (part != null) {
      part.rank = rank++;
      part = part.next;
    }
    return rank;
  }

  canonical(now: i64, into: StateWriter, firstRun: i32, firstStore: i32): void {
    into.put(this.number());
    let part = this.first;
    while (part != null) {
      const offered = part.toOffer == 0;
      into.put(offered ? 0 : part.local);
      into.put(part.toOffer);
      into.put(<i64>part.write);
      into.put(part.slot - (part.write ? firstStore : firstRun));
      into.time(offered ? now - 1 : part.arrive - 1, now);
      into.time(part.toComplete == part.toOffer ? part.completion - 2 : now - 1, now);
      part = part.next;
    }
  }

  /** Reads the parts; the requests that follow say what is not complete. */
  load(now: i64, from: StateReader): void {
    this.reset();
    const count = from.take();
    for (let i = 0; i < count; i++) {
      const local = from.take();
      const toOffer = from.take();
      const write = from.take() != 0;
      const slot = from.take();
      const part = this.push(local, toOffer, write, slot, from.time(now) + 1);
      part.completion = from.time(now) + 2;
      this.label(i, part, 0);
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
