//
//   DRAM channel: FIFO of run parts in front of a controller.
//
//     push(part) ──► FIFO (runs.ts) ──offers──► controller.ts ──► completion clock of each part ──► out
//                                                  │ service.ts: the kind (ddr.ts lpddr5.ts hbm.ts) on frfcfs.ts queue.ts
//                                                  │ bank.ts rules.ts maintenance.ts
//
//   Cycle law   memory clock t: offers, in order until one is refused, then the controller with clk = t + 1 (docs/machine.md
//               section 9). Clocks at which neither can do anything are jumped over.
//   Left out    more than one rank; power-down.
//   State       canonical() holds everything relative to now: ready times and window histories clipped where they no longer
//               bind, requests and parts by rank, clocks of acceptance by rank too (request-state.ts); rows and slots as they
//               are. Counters are not state; halves add up because a waiting read counts with its clocks so far.
//   Source      policy: docs/machine.md section 9; timings: the device file; proof: test/golden/dram-ddr4.json.

import { make } from "../alloc";
import { NEVER, StateReader, StateWriter } from "../state";
import { channelTransactions } from "./address";
import { Completions } from "./completions";
import { Controller } from "./controller";
import { Runs } from "./runs";
import { newService, Service } from "./service";

/** One channel; see the head of the file. */
@unmanaged
export class Channel {
  now: i64; // next memory clock to process
  offerAt: i64; // earliest clock at which the FIFO may get rid of something
  runs: Runs;
  controller: Controller;
  service: Service;

  /** Back to clock 0: nothing queued, all banks closed, counters zero. */
  reset(): void {
    this.now = 0;
    this.offerAt = NEVER;
    this.runs.reset();
    this.service.reset();
  }

  /** Appends one run part: `count` transactions from `firstLocal` on, offered from clock `arriveTick` on. */
  push(firstLocal: i64, count: i32, write: bool, slot: i32, arriveTick: i64): void {
    assert(count > 0, "an empty run part");
    const part = this.runs.push(firstLocal, count, write, slot, arriveTick);
    if (this.runs.offering == part) this.offerAt = arriveTick;
  }

  /** No part is under way: nothing but refresh can happen. */
  idle(): bool {
    return this.runs.first == null;
  }

  /** Earliest clock at which anything but a refresh of an idle channel can happen. */
  wake(): i64 {
    return this.idle() ? NEVER : this.nextEvent();
  }

  /** Processes all memory clocks t < untilTick; parts whose last completion clock got known go to `out`. */
  advance(untilTick: i64, out: Completions): void {
    this.process(untilTick, false, out);
  }

  /** As `advance`, but stops where the channel falls idle: what refresh does after that can wait until somebody asks. */
  work(untilTick: i64, out: Completions): void {
    if (!this.idle()) this.process(untilTick, true, out);
  }

  /** Processes clocks until the last transaction at hand is accepted: stops in that clock, before the controller's part. */
  offerAll(out: Completions): void {
    const controller = this.controller;
    for (;;) {
      const t = this.nextEvent();
      this.now = t + 1;
      out.now = t;
      if (this.offerAt <= t) {
        this.offer(t, out);
        if (this.runs.offering == null) {
          this.now = t;
          return;
        }
      }
      if (controller.serveAt > t) continue;
      this.service.serve(t, out);
      if (controller.freed) this.offerSoon();
    }
  }

  private process(untilTick: i64, stopIdle: bool, out: Completions): void {
    if (untilTick <= this.now) return;
    const controller = this.controller;
    const service = this.service;
    for (let t = this.nextEvent(); t < untilTick; t = this.nextEvent()) {
      this.now = t + 1;
      out.now = t;
      if (this.offerAt <= t) this.offer(t, out);
      if (controller.serveAt > t) continue;
      service.serve(t, out);
      if (stopIdle && this.idle()) return;
      if (controller.freed) this.offerSoon();
    }
    this.now = untilTick;
  }

  /** Adds this channel's counters to a vector of Counter.Count. */
  collect(counters: usize): void {
    this.controller.tally.collect(counters, this.controller.pool.readAges(this.now));
  }

  /** Slots are written as distances from the first live run and store. */
  canonical(into: StateWriter, firstRun: i32, firstStore: i32): void {
    this.runs.canonical(this.now, into, firstRun, firstStore);
    this.service.canonical(this.now, into);
  }

  /** Becomes the channel that wrote the words, with `now` as its next clock. */
  load(now: i64, from: StateReader): void {
    this.now = now;
    this.runs.load(now, from);
    this.service.load(now, from);
    this.offerSoon();
  }

  /** Next clock at which something may happen, refreshes of an idle channel included. */
  @inline
  private nextEvent(): i64 {
    return max<i64>(this.now, min<i64>(this.offerAt, this.controller.serveAt));
  }

  /** A queue may have room: the FIFO tries again at the next clock. */
  offerSoon(): void {
    const part = this.runs.offering;
    this.offerAt = part == null ? NEVER : max<i64>(this.now, part.arrive);
  }

  private offer(t: i64, out: Completions): void {
    this.offerAt = NEVER; // unless a part is still to come; a refused one waits for offerSoon()
    let part = this.runs.offering;
    while (part != null) {
      if (part.arrive > t) {
        this.offerAt = part.arrive;
        return;
      }
      if (!this.controller.accept(part, t, out)) return;
      part = this.runs.offering;
    }
  }
}

/** Builds channel number `index` of a device vector; its FIFO holds up to `fifoCapacity` parts that are not complete. */
export function newChannel(device: usize, index: i32, fifoCapacity: i32): Channel {
  const channel = make<Channel>();
  channel.runs = make<Runs>();
  channel.runs.build(fifoCapacity, channelTransactions(device) - 1);
  channel.controller = make<Controller>();
  channel.controller.build(device, index, channel.runs);
  channel.service = newService(device, channel.controller);
  channel.reset();
  return channel;
}
