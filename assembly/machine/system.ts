//
//   The machine: one core and its DRAM channels on two clocks. Wires them, nothing else.
//
//      ┌──────┐  run, store  (request latency, crossing)   ┌─────────┐
//      │ CORE │ ─────────────────────────────────────────► │ CHANNEL │ x n
//      └──────┘ ◄───────────────────────────────────────── └─────────┘
//                 part done  (crossing, return latency)
//
//   Time        the core jumps from event to event, past what comes due without anybody waiting for it. A channel is advanced
//               no further than the first clock at which a grant of the future could reach it, and the core no further than the
//               first cycle at which a completion of the future that it waits for could; both latencies are at least one edge,
//               so one of them can always go on. A channel that remembers knows its completions ahead, and the core goes that
//               much further at a time.
//   Source      docs/machine.md, sections 1, 3 and 8.

import { Counter, Dram, Field, Knob, Status } from "../contract";
import { ceilDiv, count, knob, make, zeroed } from "./alloc";
import { Clock } from "./clock";
import { Core, newCore } from "./core/core";
import { FETCH_RUN } from "./core/board";
import { Channels, newChannels } from "./memory/channels";
import { NEVER, StateReader, StateWriter } from "./state";
import { word } from "./core/record";


@unmanaged
export class System {
  now: i64;
  clock: Clock;
  core: Core;
  counters: usize;
  collected: usize;
  channels: Channels;
  transactionBytes: i64;
  idealDram: bool;
  /** Every channel has processed at least the clocks below this one, or is idle. */
  horizon: i64;
  /** What completes after clock `sure` does not reach the core before cycle `safe`. */
  sure: i64;
  safe: i64;
  /** The cycle `now` has been through phases 1 and 2 and waits for records. */
  dispatching: bool;
  acted: bool;
  /** A unit may see something new in the next cycle, without anything coming due. */
  again: bool;
  cause: i32;

  reset(knobs: usize, device: usize): void {
    this.now = 0;
    this.counters = zeroed(Counter.Count * 8);
    this.collected = zeroed(Counter.Count * 8);
    this.clock = make<Clock>();
    this.clock.reset(knobs);
    this.core = newCore();
    this.core.reset(knobs, this.counters);
    this.idealDram = knob(knobs, Knob.IdealDram) != 0;
    this.horizon = 0;
    this.sure = -1;
    this.dispatching = false;
    this.transactionBytes = knob(device, Dram.TransactionBytes);
    const fifo = knob(knobs, Knob.OutstandingRuns) + knob(knobs, Knob.OutstandingStores);
    this.channels = newChannels(device, fifo, this.idealDram ? 0 : knob(knobs, Knob.MemoKiB) << 10);
  }

  /** From here on what happens is written down (core/events.ts). */
  observe(limit: i32): void {
    this.core.board.events.observe(this.now, limit, this.core.fetch.limit + this.core.store.limit);
  }

  /** Simulates cycles below `limit`; a Status. */
  run(limit: i64): i32 {
    const sequencer = this.core.sequencer;
    if (!this.dispatching && sequencer.wantsWork()) return Status.NeedsWork;
    const events = this.core.board.events;
    while (this.now < limit) {
      if (events.full()) return Status.Events;
      if (!this.dispatching && this.beginCycle()) return Status.Quiet;
      if (sequencer.dispatch()) this.acted = true;
      if (sequencer.news) this.again = true;
      this.dispatching = sequencer.wantsWork();
      if (this.dispatching) return Status.NeedsWork;
      if (!this.endCycle(limit)) return Status.Stuck;
    }
    this.catchUp();
    return Status.Limit;
  }

  /** Phases 1 and 2 of cycle `now`; true when the run is over. */
  private beginCycle(): bool {
    const core = this.core;
    core.arrive(this.now);
    if (core.done()) {
      this.catchUp();
      return true;
    }
    core.step(this.now);
    this.acted = core.acted;
    this.again = core.again;
    if (core.fetch.granted != 0) this.sendRun(core.fetch.granted);
    if (core.store.granted != 0) this.sendStore(core.store.granted);
    this.cause = core.cause();
    return false;
  }

  /** Goes to the next cycle at which something can happen; false when there is none. */
  private endCycle(limit: i64): bool {
    const all = this.core.isClose();
    let next = this.nextEvent(this.again ? min(this.now + 1, limit) : limit, all);
    if (next == limit && this.channels.partsLeft == 0) {
      const pending = this.core.pending();
      if (pending == NEVER && !this.acted) return false;
      next = min(pending == NEVER ? this.now + 1 : pending, limit);
    }
    this.core.charge(this.cause, next - this.now);
    this.now = next;
    return true;
  }

  /**
   * The next event, no later than `limit`: of all, or of those that change what a unit can do. Advances the channels as far as
   * it takes to be sure of it, and of what arrives until then.
   */
  private nextEvent(limit: i64, all: bool): i64 {
    const channels = this.channels;
    const core = this.core;
    const awaited = all || core.awaitsParts();
    while (channels.partsLeft > 0) {
      const next = min(all ? core.pending() : core.wake(), limit);
      const safe = this.safeAfter(max<i64>(this.horizon, channels.certain));
      if (next < safe) return next;
      const last = this.clock.clockOf(next);
      if (this.horizon >= last) return next;
      this.horizon = awaited ? min(this.clock.requestAt(safe), last) : last;
      channels.work(this.horizon);
      this.drain();
    }
    return min(all ? core.pending() : core.wake(), limit);
  }

  /** The first core cycle that a completion after clock `sure` could reach. */
  private safeAfter(sure: i64): i64 {
    if (this.sure != sure) {
      this.sure = sure;
      this.safe = this.clock.returnAt(sure + 1);
    }
    return this.safe;
  }

  /** Brings every channel, refresh included, to the clock of cycle `now`, and the core to what came due before it. */
  private catchUp(): void {
    this.channels.advance(this.clock.clockOf(this.now));
    this.drain();
    this.core.settle(this.now);
  }

  /** Parts that are done: the last one of a run or store gives its arrival at the core. */
  private drain(): void {
    const done = this.channels.completions;
    for (let i = 0; i < done.count; i++) {
      const arrival = this.clock.returnAt(done.clock(i));
      const parts = done.parts(i);
      if (done.write(i)) this.core.store.partsDone(done.slot(i), parts, arrival);
      else this.core.fetch.partsDone(done.slot(i), parts, arrival);
      this.channels.partsLeft -= parts;
    }
    done.clear();
  }

  private sendRun(record: usize): void {
    const run = word(record, FETCH_RUN) - 1;
    const transactions = this.transactions(record, Field.FetchAddressLow, word(record, Field.FetchBytes));
    const bytes: i64 = word(record, Field.FetchBytes);
    count(this.counters, Counter.TransactionsRead, transactions);
    count(this.counters, Counter.BytesReadPadding, transactions * this.transactionBytes - bytes);
    const parts = this.idealDram ? 1 : this.push(record, Field.FetchAddressLow, transactions, false, run);
    this.core.board.runs.setParts(run, parts);
    if (this.idealDram) this.core.fetch.partsDone(run, 1, this.now + 1);
  }

  private sendStore(record: usize): void {
    const number = this.core.store.next - 1;
    const transactions = this.transactions(record, Field.StoreAddressLow, word(record, Field.StoreBytes));
    const bytes: i64 = word(record, Field.StoreBytes);
    count(this.counters, Counter.TransactionsWritten, transactions);
    count(this.counters, Counter.BytesWrittenPadding, transactions * this.transactionBytes - bytes);
    if (this.idealDram) return this.core.store.arrivals.add(this.now + 1, number);
    this.core.store.setParts(number, this.push(record, Field.StoreAddressLow, transactions, true, number));
  }

  private transactions(record: usize, addressField: i32, bytes: i64): i64 {
    const address = addressOf(record, addressField);
    return ceilDiv(address + bytes, this.transactionBytes) - address / this.transactionBytes;
  }

  /** Gives every channel its part; the number of parts. */
  private push(record: usize, addressField: i32, transactions: i64, write: bool, slot: i32): i32 {
    const first = addressOf(record, addressField) / this.transactionBytes;
    const arrive = this.clock.requestAt(this.now);
    this.channels.meet(first, transactions, this.clock.clockOf(this.now));
    this.drain();
    if (this.channels.partsLeft == 0) this.horizon = max(this.horizon, arrive);
    return this.channels.push(first, transactions, write, slot, arrive);
  }

  /** Counters of the core and of the channels together. */
  collect(): usize {
    memory.copy(this.collected, this.counters, Counter.Count * 8);
    this.channels.collect(this.collected);
    return this.collected;
  }

  /** State at a cut (after Status.Limit), undispatched records aside. */
  canonical(into: StateWriter): void {
    const clock = this.clock.clockOf(this.now);
    into.put(clock * this.clock.memoryPeriod - this.now * this.clock.corePeriod);
    into.put(this.channels.partsLeft);
    this.core.canonical(this.now, into);
    const board = this.core.board;
    this.channels.canonical(into, board.runs.first, board.storesDone);
  }

  /** Goes on at cycle `now`, which must have the clock phase of the cut. */
  load(now: i64, from: StateReader): void {
    const clock = this.clock.clockOf(now);
    const phase: i64 = from.take();
    assert(phase == clock * this.clock.memoryPeriod - now * this.clock.corePeriod, "another clock phase");
    this.now = now;
    this.horizon = clock;
    const partsLeft = from.take();
    this.dispatching = false;
    this.core.load(now, from);
    this.channels.load(clock, partsLeft, from);
  }
}

/** The byte address whose low word is `field`; the high word follows. */
function addressOf(record: usize, field: i32): i64 {
  return load<i64>(record + ((<usize>field) << 2));
}
