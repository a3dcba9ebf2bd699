//
//   Channels: all of a machine, of which one stands for those that are alike.
//
//     push(run) ──► a part for every channel ──► 0 ──► completions, 3 times           leaders 0 0 2 0: 2 is simulated apart
//                                                1 ┘
//                                                2 ──► completions
//                                                3 ┘ (of 0)
//
//   Alike       where a run gives channels the same local transactions, and they are in the same canonical state at the same
//               clock, they will do the same: only the first of them is simulated, its counters count for all. A channel that
//               gets another part becomes a copy of it. Only with a memo: without, every channel is simulated.
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

/** Even runs between two comparisons of channels, at most. */
const PATIENCE: i32 = 8;

/** All channels of a machine. */
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
  leaders: usize; // i32[count]: who stands for each channel, itself where it is simulated
  leading: i32; // channels that are simulated
  shared: i64; // transactions that another channel stood for
  patience: i32; // even runs from one comparison to the next: twice as many after each that was in vain
  pause: i32; // until the next one

  /** Gives every channel its part of transactions from `first` on; the number of parts. */
  push(first: i64, transactions: i64, write: bool, slot: i32, arrive: i64): i32 {
    if (!this.isEven(first, transactions)) this.comeApart(first, transactions);
    let pushed = 0;
    for (let i = 0; i < this.count; i++) {
      if (!this.leads(i)) continue;
      const part = this.partOf(first, transactions, i);
      if (part == 0) continue;
      const channel = this.at(i);
      channel.push(this.localBelow(first, i), part, write, slot, arrive);
      pushed += channel.times;
      this.shared += <i64>(part * (channel.times - 1));
    }
    this.partsLeft += pushed;
    this.foresee();
    return pushed;
  }

  /** Before a run at the clock now: the first of channels that it finds alike stands for the others. */
  meet(first: i64, transactions: i64, now: i64): void {
    if (this.memo == null || this.leading == 1 || !this.isEven(first, transactions)) return;
    if (--this.pause > 0) return;
    this.advance(now);
    const before = this.leading;
    this.comeTogether();
    this.patience = this.leading < before ? 1 : min<i32>(2 * this.patience, PATIENCE);
    this.pause = this.patience;
  }

  /** Processes clocks below `until` where there is something to do. */
  work(until: i64): void {
    for (let i = 0; i < this.count; i++) {
      if (!this.leads(i) || this.at(i).certain >= until) continue;
      this.completions.times = this.at(i).times;
      this.at(i).work(until, this.completions);
    }
    this.foresee();
  }

  /** Processes all clocks below `until`, refresh included. */
  advance(until: i64): void {
    for (let i = 0; i < this.count; i++) {
      if (!this.leads(i)) continue;
      this.completions.times = this.at(i).times;
      this.at(i).advance(until, this.completions);
    }
  }

  /** Adds the counters of all to i64[Counter.Count]. */
  collect(counters: usize): void {
    this.separate();
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
    this.separate();
    for (let i = 0; i < this.count; i++) this.at(i).canonical(into, firstRun, firstStore);
  }

  load(clock: i64, partsLeft: i32, from: StateReader): void {
    for (let i = 0; i < this.count; i++) this.lead(i);
    this.partsLeft = partsLeft;
    this.certain = 0;
    for (let i = 0; i < this.count; i++) this.at(i).load(clock, from);
  }

  private at(index: i32): MemoChannel {
    return changetype<MemoChannel>(load<usize>(this.pointers + <usize>index * sizeof<usize>()));
  }


  @inline
  private leaderOf(index: i32): i32 {
    return load<i32>(this.leaders + ((<usize>index) << 2));
  }


  @inline
  private setLeader(index: i32, leader: i32): void {
    store<i32>(this.leaders + ((<usize>index) << 2), leader);
  }

  /** Whether a channel is simulated. */
  @inline
  private leads(index: i32): bool {
    return this.leaderOf(index) == index;
  }

  /** A channel stands for itself alone. */
  private lead(index: i32): void {
    if (!this.leads(index)) this.leading++;
    this.setLeader(index, index);
    this.at(index).times = 1;
  }

  /** Where all channels are certain to. */
  private foresee(): void {
    this.certain = i64.MAX_VALUE;
    for (let i = 0; i < this.count; i++) if (this.leads(i)) this.certain = min(this.certain, this.at(i).certain);
  }

  /** Transactions of a run that are a channel's. */
  @inline
  private partOf(first: i64, transactions: i64, channel: i32): i32 {
    return <i32>(this.localBelow(first + transactions, channel) - this.localBelow(first, channel));
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

  /** Lets the first of channels that are alike stand for the others. */
  private comeTogether(): void {
    for (let i = 1; i < this.count; i++) {
      if (!this.leads(i)) continue;
      for (let leader = 0; leader < i; leader++) {
        if (!this.leads(leader) || !areAlike(this.at(leader), this.at(i))) continue;
        this.follow(i, leader);
        break;
      }
    }
  }

  /** A channel stands for another one, and for those that it has stood for. */
  private follow(index: i32, leader: i32): void {
    this.at(leader).times += this.at(index).times;
    for (let i = 0; i < this.count; i++) if (this.leaderOf(i) == index) this.setLeader(i, leader);
    this.leading--;
  }

  /** Channels that a run gives another part than to who stands for them become copies of that. */
  private comeApart(first: i64, transactions: i64): void {
    if (this.leading == this.count) return;
    for (let i = 1; i < this.count; i++) {
      const leader = this.leaderOf(i);
      const part = this.partOf(first, transactions, i);
      if (part != this.partOf(first, transactions, leader)) this.part(i);
      else if (part != 0 && this.localBelow(first, i) != this.localBelow(first, leader)) this.part(i);
    }
  }

  /** Every channel becomes a copy of who stands for it. */
  private separate(): void {
    for (let i = 1; i < this.count; i++) this.part(i);
  }

  private part(index: i32): void {
    const leader = this.leaderOf(index);
    if (leader == index) return;
    makeAlike(this.at(index), this.at(leader));
    this.at(leader).times--;
    this.lead(index);
    this.patience = 1;
    this.pause = 1;
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
  channels.leaders = zeroed((<usize>channels.count) << 2);
  channels.leading = channels.count;
  channels.patience = 1;
  channels.pause = 1;
  for (let i = 0; i < channels.count; i++) {
    store<i32>(channels.leaders + ((<usize>i) << 2), i);
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
