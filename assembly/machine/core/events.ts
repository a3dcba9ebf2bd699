//
//   The observer's book: what the blocks say of themselves, for who asked. Apart from simulation: no block reads it.
//
//      array, router, vector, fetch, store ──► say ──►┌────────┐──► i32[n * EVENT_WORDS] (assembly/events.ts)
//                          core: cause of cycles ──► charge ──►└────────┘
//
//   Its clock is the sum of the cycles charged, which is the cycle the core is in. A stretch of cycles with one cause and one
//   tag is one event, as long as nobody empties the book meanwhile.

import { Counter, Field } from "../../contract";
import { Event, EVENT_WORDS, Seen } from "../../events";
import { zeroed } from "../alloc";
import { RunTable } from "./runs";
import { put, word } from "./record";

const EVENT_BYTES: usize = EVENT_WORDS * 4;
/** Most events of one cycle that are no arrivals: what ends or is granted, stretches of cycles. */
const OTHERS: i32 = 16;
/** The longest stretch that one event says. */
const LONGEST: i64 = i32.MAX_VALUE;


@unmanaged
export class Events {
  on: bool;
  base: usize;
  count: i32;
  limit: i32;
  runs: RunTable;
  now: i64;
  /** The open stretch. */
  cause: i32;
  tag: i32;
  since: i64;

  reset(runs: RunTable): void {
    this.on = false;
    this.count = 0;
    this.limit = i32.MAX_VALUE;
    this.runs = runs;
  }

  /** Begins to write; full at `limit` events, beyond which those of one cycle fit: `arrivals` runs and stores at most. */
  observe(now: i64, limit: i32, arrivals: i32): void {
    this.on = true;
    this.base = zeroed(<usize>(limit + arrivals + OTHERS) * EVENT_BYTES);
    this.limit = limit;
    this.now = this.since = now;
    this.cause = Counter.Count;
    this.tag = 0;
  }

  full(): bool {
    return this.count >= this.limit;
  }

  /** Ends the open stretch, so that all is written. */
  close(): void {
    if (this.now > this.since) {
      const at = this.add(Event.Cycles, this.tag, this.since, this.now - this.since);
      put(at, Seen.Cause, this.cause);
    }
    this.since = this.now;
  }

  empty(): void {
    this.count = 0;
  }

  /** `cycles` cycles belong to a cause; `head` is what the array executes or waits for, 0: nothing. */
  charge(cause: i32, head: usize, cycles: i64): void {
    const tag = head == 0 ? this.tag : word(head, Field.Tag);
    if (cause != this.cause || tag != this.tag || this.now - this.since > LONGEST - cycles) {
      this.close();
      this.cause = cause;
      this.tag = tag;
    }
    this.now += cycles;
  }

  /** Something of a record that took from `start` until now; the address of the event. */
  ended(event: i32, record: usize, start: i64): usize {
    return this.add(event, word(record, Field.Tag), start, this.now - start);
  }

  /** Something happened to a record's run or store; the address of the event. */
  transfer(event: i32, record: usize, number: i32, stream: i32, bytes: i32, addressField: i32): usize {
    const at = this.add(event, word(record, Field.Tag), this.now, 0);
    put(at, Seen.Number, number);
    put(at, Seen.Stream, stream);
    put(at, Seen.Bytes, bytes);
    put(at, Seen.AddressLow, word(record, addressField));
    put(at, Seen.AddressHigh, word(record, addressField + 1));
    return at;
  }

  /** A run or store of this number has come to its end. */
  done(event: i32, number: i32): void {
    put(this.add(event, 0, this.now, 0), Seen.Number, number);
  }

  private add(event: i32, tag: i32, start: i64, cycles: i64): usize {
    const at = this.base + <usize>this.count * EVENT_BYTES;
    this.count++;
    put(at, Seen.Event, event);
    put(at, Seen.Tag, tag);
    put(at, Seen.StartLow, <i32>start);
    put(at, Seen.StartHigh, <i32>(start >> 32));
    put(at, Seen.Cycles, <i32>cycles);
    put(at, Seen.FreeBytes, this.runs.free);
    return at;
  }
}
