//
//   The run table and the slice buffer's credits.
//
//        dispatch ──► queued ──► granted ──► arrived ──► released         (a residual run may go queued ──► dropped)
//                               credit taken            credit returned
//
//   A run is one tile's one slice (or one scale block, one KV block, ...). Its credit is taken for the whole run at the
//   grant and returned by the record that uses it last. Entries retire in dispatch order.
//   Source      docs/machine.md, sections 2 and 3.

import { powerOfTwo, zeroed } from "../alloc";
import { NEVER, StateReader, StateWriter } from "../state";

export enum RunState {
  Queued,
  Granted,
  Arrived,
  Gone,
}

// One entry: state, credit, queue, parts still on their way (i32 each), latest arrival of the parts that are done (i64).
const ENTRY: usize = 24;
const WORDS: usize = 16;


@unmanaged
export class RunTable {
  base: usize;
  mask: i32;
  entries: i32;
  /** Runs [first, next) are dispatched and unretired. */
  first: i32;
  next: i32;
  free: i32;
  /** Credit of runs released in a decision: free from the next cycle on. */
  returning: i32;

  reset(entries: i32, bufferBytes: i32): void {
    const capacity = powerOfTwo(entries);
    this.base = zeroed(<usize>capacity * ENTRY);
    this.mask = capacity - 1;
    this.entries = entries;
    this.first = this.next = 0;
    this.free = bufferBytes;
    this.returning = 0;
  }

  // @ts-ignore: decorator
  @inline
  private at(run: i32): usize {
    return this.base + <usize>(run & this.mask) * ENTRY;
  }

  full(): bool {
    return this.next - this.first >= this.entries;
  }

  dispatch(queue: i32): i32 {
    const entry = this.at(this.next);
    store<i32>(entry, RunState.Queued);
    store<i32>(entry, 0, 4);
    store<i32>(entry, queue, 8);
    store<i32>(entry, 0, 12);
    store<i64>(entry, 0, 16);
    return this.next++;
  }

  state(run: i32): i32 {
    return load<i32>(this.at(run));
  }

  queue(run: i32): i32 {
    return load<i32>(this.at(run), 8);
  }

  /** Whether run number `reference - 1` is in the buffer; 0 names none, and a retired run is asked for no more. */
  here(reference: i32): bool {
    return reference <= this.first || this.state(reference - 1) == RunState.Arrived;
  }

  /** The reference, if its run is not in the buffer; else 0. */
  missing(reference: i32): i32 {
    return this.here(reference) ? 0 : reference;
  }

  /** When run number `reference - 1` arrives; NEVER if that is not known, if it has arrived, and for 0. */
  arrival(reference: i32): i64 {
    if (reference <= this.first) return NEVER;
    const entry = this.at(reference - 1);
    const known = load<i32>(entry) == RunState.Granted && load<i32>(entry, 12) == 0;
    return known ? load<i64>(entry, 16) : NEVER;
  }

  grant(run: i32, credit: i32): void {
    const entry = this.at(run);
    store<i32>(entry, RunState.Granted);
    store<i32>(entry, credit, 4);
    this.free -= credit;
  }

  setParts(run: i32, parts: i32): void {
    store<i32>(this.at(run), parts, 12);
  }

  /** Parts, each of a channel, reach the core at `arrival`; the arrival of the run when the last one is among them, else NEVER. */
  partsDone(run: i32, parts: i32, arrival: i64): i64 {
    const entry = this.at(run);
    const left = load<i32>(entry, 12) - parts;
    const latest = max(load<i64>(entry, 16), arrival);
    store<i32>(entry, left, 12);
    store<i64>(entry, latest, 16);
    return left == 0 ? latest : NEVER;
  }

  arrive(run: i32): void {
    store<i32>(this.at(run), RunState.Arrived);
  }

  drop(run: i32): void {
    store<i32>(this.at(run), RunState.Gone);
    this.retire();
  }

  /** Phase 1: credit released by the decisions of the last cycle is free. */
  settle(): void {
    this.free += this.returning;
    this.returning = 0;
  }

  /** As `release`, by a unit that decides: the others see the credit from the next cycle on. */
  releaseLater(reference: i32): void {
    const before = this.free;
    this.release(reference);
    this.returning += this.free - before;
    this.free = before;
  }

  /** Returns the credit of run `reference - 1`; a run that was dropped has none. */
  release(reference: i32): void {
    if (reference <= this.first) return;
    const entry = this.at(reference - 1);
    this.free += load<i32>(entry, 4);
    store<i32>(entry, 0, 4);
    store<i32>(entry, RunState.Gone);
    this.retire();
  }

  private retire(): void {
    while (this.first < this.next && this.state(this.first) == RunState.Gone) this.first++;
  }

  canonical(now: i64, into: StateWriter): void {
    into.put(this.free + this.returning);
    into.put(this.next - this.first);
    for (let run = this.first; run < this.next; run++) {
      for (let offset: usize = 0; offset < WORDS; offset += 4) into.put(load<i32>(this.at(run) + offset));
      into.time(load<i64>(this.at(run), 16), now);
    }
  }

  load(now: i64, from: StateReader): void {
    this.free = from.take();
    this.returning = 0;
    this.first = 0;
    this.next = from.take();
    for (let run = 0; run < this.next; run++) {
      for (let offset: usize = 0; offset < WORDS; offset += 4) store<i32>(this.at(run) + offset, from.take());
      store<i64>(this.at(run), from.time(now), 16);
    }
  }
}
