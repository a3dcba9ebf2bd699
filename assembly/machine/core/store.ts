//
//   Store unit: writes KV entries and spilled activations to DRAM.
//
//     result ready ──►┌───────┐──► write run (one a cycle) ──► every channel
//                     │ STORE │◄── acknowledged
//                     └───────┘──► done (in order), staging bytes free
//
//   Cycle law   one grant a cycle while fewer than `outstanding` stores are granted and not yet done in order.
//   Left out    the path from the staging buffers to the DRAM controller: it is as wide as the controller.
//   Source      docs/machine.md, section 8.

import { Counter, Field, Knob, Pool, Stream } from "../../contract";
import { Event } from "../../events";
import { count, knob, powerOfTwo, zeroed } from "../alloc";
import { NEVER, StateReader, StateWriter } from "../state";
import { Arrivals } from "./arrivals";
import { Board } from "./board";
import { RecordQueue } from "./queue";
import { word } from "./record";

// One granted store: parts on their way, acknowledged, bytes, pool (i32 each), latest acknowledgement so far (i64).
const ENTRY: usize = 24;
const WORDS: usize = 16;


@unmanaged
export class StoreUnit {
  board: Board;
  queue: RecordQueue;
  counters: usize;
  arrivals: Arrivals;
  entries: usize;
  mask: i32;
  limit: i32;
  /** Stores granted so far; those below `board.storesDone` are done. */
  next: i32;
  /** The record granted in this cycle, 0 when none: the wiring sends it out. */
  granted: usize;

  reset(board: Board, queue: RecordQueue, knobs: usize, counters: usize): void {
    this.board = board;
    this.queue = queue;
    this.counters = counters;
    this.limit = knob(knobs, Knob.OutstandingStores);
    const capacity = powerOfTwo(this.limit + 1);
    this.entries = zeroed(<usize>capacity * ENTRY);
    this.mask = capacity - 1;
    this.arrivals.reset(this.limit + 1);
    this.next = 0;
    this.granted = 0;
  }

  private at(store: i32): usize {
    return this.entries + <usize>(store & this.mask) * ENTRY;
  }

  /** When an acknowledgement comes that a unit waits for. */
  wake(): i64 {
    return this.board.awaitsStore ? this.arrivals.earliest : NEVER;
  }

  /** Phase 1: acknowledgements free staging bytes; stores are done in order. */
  arrive(now: i64): void {
    while (this.arrivals.earliest <= now) {
      const number = this.arrivals.take(now);
      const entry = this.at(number);
      store<i32>(entry, 1, 4);
      if (this.board.events.on) this.board.events.done(Event.Stored, number);
      if (load<i32>(entry, 12) == Pool.Array) this.board.arrayStaging += load<i32>(entry, 8);
      if (load<i32>(entry, 12) == Pool.Vector) this.board.vectorStaging += load<i32>(entry, 8);
    }
    const board = this.board;
    while (board.storesDone < this.next && load<i32>(this.at(board.storesDone), 4) != 0) board.storesDone++;
  }

  /** Phase 2: grants at most one store; true when it did. */
  step(): bool {
    this.granted = 0;
    if (this.queue.size == 0) return false;
    if (this.board.lacksStore(this.next - this.board.storesDone >= this.limit)) return false;
    const record = this.queue.front();
    if (!this.board.ready(record)) return false;
    const entry = this.at(this.next++);
    const bytes = word(record, Field.StoreBytes);
    store<i32>(entry, 0);
    store<i32>(entry, 0, 4);
    store<i32>(entry, bytes, 8);
    store<i32>(entry, word(record, Field.StorePool), 12);
    store<i64>(entry, 0, 16);
    this.granted = record;
    this.queue.pop();
    count(this.counters, Counter.StoresGranted, 1);
    const stream = word(record, Field.StoreStream);
    count(this.counters, stream == Stream.Kv ? Counter.BytesWrittenKv : Counter.BytesWrittenActivations, bytes);
    const events = this.board.events;
    if (events.on) events.transfer(Event.Store, record, this.next - 1, stream, bytes, Field.StoreAddressLow);
    return true;
  }

  setParts(number: i32, parts: i32): void {
    store<i32>(this.at(number), parts);
  }

  /** Acknowledgements of channels reach the core at `arrival`; the store is acknowledged by the last one. */
  partsDone(number: i32, parts: i32, arrival: i64): void {
    const entry = this.at(number);
    const left = load<i32>(entry) - parts;
    const latest = max(load<i64>(entry, 16), arrival);
    store<i32>(entry, left);
    store<i64>(entry, latest, 16);
    if (left == 0) this.arrivals.add(latest, number);
  }

  canonical(now: i64, into: StateWriter): void {
    const done = this.board.storesDone;
    into.put(this.next - done);
    for (let number = done; number < this.next; number++) {
      for (let offset: usize = 0; offset < WORDS; offset += 4) into.put(load<i32>(this.at(number) + offset));
      into.time(load<i64>(this.at(number), 16), now);
    }
    this.arrivals.canonical(now, done, into);
  }

  load(now: i64, from: StateReader): void {
    this.next = <i32>from.take();
    this.granted = 0;
    for (let number = 0; number < this.next; number++) {
      for (let offset: usize = 0; offset < WORDS; offset += 4) store<i32>(this.at(number) + offset, from.take());
      store<i64>(this.at(number), from.time(now), 16);
    }
    this.arrivals.load(now, from);
  }
}
