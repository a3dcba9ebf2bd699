//
//   Golden driver: replays a request list on the channels of a device under the conventions of public DRAM simulators.
//
//     requests ──► one head of line for all channels ──► channel 0 controller
//     [transaction, write, not before | dependent]   └─► channel 1 controller ...
//
//   Cycle law   before the controllers of clock t, requests are offered in order until one is refused or may not come yet. A
//               paced request names its first clock; a dependent one comes one clock after the completion of the one before.
//   Observed    for who asks: the acceptance clock of every request, a histogram of read latencies, the commands.
//   Left out    the FIFOs of the channels: here one refused request stops all channels.
//   Source      the conventions of the golden results: test/golden/dram-ddr4.json, field `conventions`.

import { Dram } from "../../contract";
import { make } from "../alloc";
import { NEVER } from "../state";
import { channelTransactions, dramWord } from "./address";
import { Channel, newChannel } from "./channel";
import { Completions, newCompletions } from "./completions";
import { Part } from "./runs";

/** Most requests of one batch. */
const BATCH: i32 = 4096;
/**
 * A request: i64 transaction * 2 + write, i64 first clock, -1 when it depends on the request before. An observed replay
 * overwrites the first clock with acceptance clock * 2 + answered (forwarded or merged, so that no command follows).
 */
const REQUEST_BYTES: usize = 16;
/** More transactions than anybody replays: the parts of a driven channel never complete. */
const ENDLESS: i32 = i32.MAX_VALUE;

/** A channel and the two parts that its requests belong to. */
@unmanaged
class Port {
  channel: Channel;
  reads: Part;
  writes: Part;
  latency: i64; // the channel's sum of read latencies that the histogram knows
}

/** A replay under way. */
@unmanaged
class Driver {
  now: i64; // the offers of this clock are under way
  unfinished: i64; // accepted requests without a completion clock
  completion: i64; // latest completion clock so far
  ports: usize; // Port pointers
  channels: i32;
  channelShift: i64;
  channelBits: i64;
  localMask: i64;
  out: Completions;
  batch: usize;
  histogram: usize; // i32[buckets]; 0: nobody observes
  buckets: i32;
  answered: bool; // the latest request was forwarded or merged

  build(device: usize): void {
    this.channels = dramWord(device, Dram.Channels);
    this.channelShift = <i64>dramWord(device, Dram.ChannelShift);
    this.channelBits = <i64>ctz(this.channels);
    this.localMask = channelTransactions(device) - 1;
    this.out = newCompletions(1);
    this.batch = heap.alloc(<usize>BATCH * REQUEST_BYTES);
    this.histogram = 0;
    this.ports = heap.alloc(<usize>this.channels * sizeof<usize>());
    for (let i = 0; i < this.channels; i++) {
      const port = make<Port>();
      port.channel = newChannel(device, i, 2);
      port.reads = port.channel.runs.push(0, ENDLESS, false, 0, 0);
      port.writes = port.channel.runs.push(0, ENDLESS, true, 0, 0);
      port.latency = 0;
      store<usize>(this.ports + <usize>i * sizeof<usize>(), changetype<usize>(port));
    }
  }

  port(i: i32): Port {
    return changetype<Port>(load<usize>(this.ports + <usize>i * sizeof<usize>()));
  }

  /** Offers one request and everything that happens before it is accepted. */
  request(transaction: i64, write: bool, firstClock: i64): void {
    while (firstClock < 0 && this.unfinished > 0) this.serveNext(NEVER);
    const first = firstClock < 0 ? this.completion + 1 : firstClock;
    while (this.now < first) this.serveNext(first);
    const port = this.aim(transaction, write);
    const controller = port.channel.controller;
    while (!this.accept(port, write)) {
      // Its queue is full: only a clock that takes an entry out lets it in.
      controller.freed = false;
      while (!controller.freed) this.serveNext(NEVER);
    }
  }

  /** Goes on to a clock: the next offers come at it. */
  advance(clock: i64): void {
    while (this.now < clock) this.serveNext(clock);
  }

  /** Runs until the last completion; gives its clock. */
  finish(): i64 {
    while (this.unfinished > 0) this.serveNext(NEVER);
    while (this.now < this.completion) this.serveNext(this.completion);
    return this.completion;
  }

  /** The port of a request's channel, its part set to the request. */
  private aim(transaction: i64, write: bool): Port {
    const shift = this.channelShift;
    const channel = (<i32>(transaction >> shift)) & (this.channels - 1);
    const below = transaction & (((<i64>1) << shift) - 1);
    const port = this.port(channel);
    const part = write ? port.writes : port.reads;
    part.local = (((transaction >> (shift + this.channelBits)) << shift) | below) & this.localMask;
    return port;
  }

  private accept(port: Port, write: bool): bool {
    const part = write ? port.writes : port.reads;
    const tally = port.channel.controller.tally;
    const answeredBefore = tally.forwarded + tally.merged;
    if (!port.channel.controller.accept(part, this.now, this.out)) return false;
    this.answered = tally.forwarded + tally.merged != answeredBefore;
    this.unfinished++;
    this.observe(port);
    return true;
  }

  /** The controllers' next clock before `until`; `now` goes on behind it, or to `until`. */
  private serveNext(until: i64): void {
    let next = until;
    for (let i = 0; i < this.channels; i++) next = min<i64>(next, this.port(i).channel.controller.serveAt);
    const t = max<i64>(next, this.now);
    if (t >= until) {
      this.now = until;
      return;
    }
    for (let i = 0; i < this.channels; i++) {
      const port = this.port(i);
      if (port.channel.controller.serveAt > t) continue;
      port.channel.service.serve(t, this.out);
      this.observe(port);
    }
    this.now = t + 1;
  }

  /** Takes note of what completed on a channel. */
  private observe(port: Port): void {
    this.settle(port.reads);
    this.settle(port.writes);
    if (this.histogram != 0) this.noteLatency(port);
  }

  /** An acceptance or a controller clock completes one read of a channel at most. */
  private noteLatency(port: Port): void {
    const sum = port.channel.controller.tally.readLatency;
    if (sum == port.latency) return;
    const bucket = <i32>min<i64>(sum - port.latency, <i64>(this.buckets - 1));
    const slot = this.histogram + ((<usize>bucket) << 2);
    store<i32>(slot, load<i32>(slot) + 1);
    port.latency = sum;
  }

  private settle(part: Part): void {
    this.unfinished -= ENDLESS - part.toComplete;
    part.toComplete = ENDLESS;
    part.toOffer = ENDLESS;
    this.completion = max<i64>(this.completion, part.completion);
  }
}

/** A driver for the channels of a device vector. */
export function dramDriver(device: usize): Driver {
  const driver = make<Driver>();
  driver.build(device);
  return driver;
}

/** Where the next batch of requests is written, and how many fit. */
export function dramBatch(driver: Driver): usize {
  return driver.batch;
}

export function dramBatchCapacity(): i32 {
  return BATCH;
}

/** Replays the batch up to the acceptance of its last request. */
export function dramReplay(driver: Driver, count: i32): void {
  for (let i = 0; i < count; i++) {
    const request = driver.batch + <usize>i * REQUEST_BYTES;
    const word = load<i64>(request);
    driver.request(word >> 1, (word & 1) != 0, load<i64>(request, 8));
    if (driver.histogram != 0) store<i64>(request, (driver.now << 1) | (driver.answered ? 1 : 0), 8);
  }
}

/** Idles until a clock, so that a long pause can be observed in pieces. */
export function dramAdvance(driver: Driver, clock: i64): void {
  driver.advance(clock);
}

/** Observes from now on: read latencies in clocks go to i32[buckets], the longest ones to the last. */
export function dramObserve(driver: Driver, histogram: usize, buckets: i32): void {
  driver.histogram = histogram;
  driver.buckets = buckets;
}

/** Ends the replay; gives the clock of the last completion. */
export function dramFinish(driver: Driver): i64 {
  return driver.finish();
}

/** Adds the counters of all channels to i64[Counter.Count]. */
export function dramCounters(driver: Driver, counters: usize): void {
  for (let i = 0; i < driver.channels; i++) {
    const controller = driver.port(i).channel.controller;
    controller.tally.collect(counters, controller.pool.readAges(driver.now));
  }
}

/** Logs the commands of one channel: lines of 24 bytes, clk i64, command i32, bank i32, row i64. */
export function dramLog(driver: Driver, channel: i32, lines: usize, count: i32): void {
  driver.port(channel).channel.controller.tally.logInto(lines, count);
}

/** Where the next line of a channel's log goes. */
export function dramLogEnd(driver: Driver, channel: i32): usize {
  return driver.port(channel).channel.controller.tally.log;
}
