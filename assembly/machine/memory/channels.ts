//
//   Channels: all of a machine, of which one stands for all as long as they are alike.
//
//     push(run) ──► a part for every channel ──► MemoChannel x n ──► completions          apart
//              └──► parts alike, channels alike ──► channel 0 ──► completions, n times     together
//
//   Together    where every channel gets the same local transactions and all are in the same canonical state at the same clock,
//               they will do the same: only the first is simulated, its counters count n times. With the first run that gives
//               them different parts the others become copies of it. Only with a memo: without, every channel is simulated.
//   Source      docs/machine.md sections 3 and 9.

import { Counter, Dram, MemoCount } from "../../contract";
import { make, zeroed } from "../alloc";
import { StateReader, StateWriter } from "../state";
import { dramWord } from "./address";
import { Completions, newCompletions } from "./completions";
import { areAlike, makeAlike } from "./likeness";
import { Memo } from "./memo";
import { FIRST_COUNTER } from "./memo-records";
import { newMemo, newMemoChannel } from "./memo-build";
import { MemoChannel } from "./memo-channel";


@unmanaged
export class Channels {
  count: i32;
  shift: i64; // log2 of the transactions that are neighbours in a channel
  bits: i64;
  pointers: usize;
  completions: Completions;
  memo: Memo | null; // null: every clock of every channel is simulated
  partsLeft: i32; // pushed and not reported
  certain: i64; // no part gets known to be done below this clock, whatever is granted
  together: bool;
  shared: i64; // transactions that another channel stood for

  private at(index: i32): MemoChannel {
    return changetype<MemoChannel>(load<usize>(this.pointers + <usize>index * sizeof<usize>()));
  }

  /** Channels that are simulated. */
  @inline
  private simulated(): i32 {
    return this.together ? 1 : this.count;
  }

  /** Gives every channel its part of transactions from `first` on; the number of parts. */
  push(first: i64, transactions: i64, write: bool, slot: i32, arrive: i64): i32 {
    const parts = this.isEven(first, transactions) && this.comeTogether() ? 1 : this.count;
    if (parts > 1) this.comeApart();
    let pushed = 0;
    for (let i = 0; i < parts; i++) {
      const from = this.localBelow(first, i);
      const part = <i32>(this.localBelow(first + transactions, i) - from);
      if (part == 0) continue;
      this.at(i).push(from, part, write, slot, arrive);
      pushed++;
    }
    if (this.together) {
      pushed = this.count;
      this.shared += transactions - transactions / this.count;
    }
    this.partsLeft += pushed;
    this.foresee();
    return pushed;
  }

  /** Brings channels that a run may find alike to the clock now. */
  meet(first: i64, transactions: i64, now: i64): void {
    if (!this.together && this.mayMeet() && this.isEven(first, transactions)) this.advance(now);
  }

  /** Processes clocks below `until` where there is something to do. */
  work(until: i64): void {
    for (let i = 0; i < this.simulated(); i++) {
      if (this.at(i).certain < until) this.at(i).work(until, this.completions);
    }
    this.foresee();
  }

  /** Processes all clocks below `until`, refresh included. */
  advance(until: i64): void {
    for (let i = 0; i < this.simulated(); i++) this.at(i).advance(until, this.completions);
  }

  /** Parts that one line of the completions stands for. */
  @inline
  times(): i32 {
    return this.together ? this.count : 1;
  }

  /** Adds the counters of all to i64[Counter.Count]. */
  collect(counters: usize): void {
    this.comeApart();
    for (let i = 0; i < this.count; i++) this.at(i).collect(counters);
    if (this.memo != null) this.memo!.collect(counters + (FIRST_COUNTER << 3));
  }

  /** Writes i64[MemoCount.Count]; nothing without a memo. */
  countMemo(into: usize): void {
    if (this.memo == null) return;
    this.memo!.count(into);
    const remembered = into + (MemoCount.Remembered << 3);
    store<i64>(remembered, load<i64>(remembered) + this.shared);
  }

  canonical(into: StateWriter, firstRun: i32, firstStore: i32): void {
    this.comeApart();
    for (let i = 0; i < this.count; i++) this.at(i).canonical(into, firstRun, firstStore);
  }

  load(clock: i64, partsLeft: i32, from: StateReader): void {
    this.together = false;
    this.at(0).times = 1;
    this.partsLeft = partsLeft;
    this.certain = 0;
    for (let i = 0; i < this.count; i++) this.at(i).load(clock, from);
  }

  /** Where all channels are certain to. */
  private foresee(): void {
    this.certain = i64.MAX_VALUE;
    for (let i = 0; i < this.simulated(); i++) this.certain = min(this.certain, this.at(i).certain);
  }

  /** Transactions below `global` that belong to a channel. */
  private localBelow(global: i64, channel: i32): i64 {
    const block: i64 = 1 << this.shift;
    const inSuper = (global & ((block << this.bits) - 1)) - ((<i64>channel) << this.shift);
    return ((global >> (this.shift + this.bits)) << this.shift) + min(max(inSuper, 0), block);
  }

  /** Whether every channel gets the same part. */
  @inline
  private isEven(first: i64, transactions: i64): bool {
    return ((first | transactions) & (((<i64>1) << (this.shift + this.bits)) - 1)) == 0;
  }

  /** Whether there is a memo, and more than one channel. */
  @inline
  private mayMeet(): bool {
    return this.memo != null && this.count > 1;
  }

  /** Lets the first channel stand for all, if they are alike; whether it does. */
  private comeTogether(): bool {
    if (this.together) return true;
    if (!this.mayMeet()) return false;
    for (let i = 1; i < this.count; i++) if (!areAlike(this.at(0), this.at(i))) return false;
    this.together = true;
    this.at(0).times = this.count;
    return true;
  }

  /** Makes every channel a copy of the first one. */
  private comeApart(): void {
    if (!this.together) return;
    for (let i = 1; i < this.count; i++) makeAlike(this.at(i), this.at(0));
    this.together = false;
    this.at(0).times = 1;
  }
}

/** The channels of a device, each with a FIFO of `fifo` parts; a memo of some bytes, or none. */
export function newChannels(device: usize, fifo: i32, memoBytes: i32): Channels {
  const channels = make<Channels>();
  channels.count = dramWord(device, Dram.Channels);
  channels.shift = dramWord(device, Dram.ChannelShift);
  channels.bits = ctz(channels.count);
  channels.pointers = zeroed(<usize>channels.count * sizeof<usize>());
  channels.completions = newCompletions(fifo * channels.count + 1);
  for (let i = 0; i < channels.count; i++) {
    const channel = newMemoChannel(device, i, fifo);
    store<usize>(channels.pointers + <usize>i * sizeof<usize>(), changetype<usize>(channel));
  }
  if (memoBytes == 0) return channels;
  const first = changetype<MemoChannel>(load<usize>(channels.pointers));
  channels.memo = newMemo(first, channels.count, memoBytes);
  for (let i = 0; i < channels.count; i++) {
    changetype<MemoChannel>(load<usize>(channels.pointers + <usize>i * sizeof<usize>())).use(channels.memo!);
  }
  return channels;
}
