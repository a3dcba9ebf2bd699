//
//   One bare channel for tests and benchmarks: the API that the system wiring uses, as functions.
//
//     channelPush ──► Channel ──► channelAdvance gives the number of completions, read by channelCompletion*

import { make } from "../alloc";
import { StateReader, StateWriter } from "../state";
import { Completions, newCompletions } from "./completions";
import { FIRST_COUNTER } from "./memo-records";
import { newMemo, newMemoChannel } from "./memo-build";
import { MemoChannel } from "./memo-channel";

/** A channel with what its callers need around it. */
@unmanaged
class Bare {
  channel: MemoChannel;
  out: Completions;
  writer: StateWriter;
  reader: StateReader;
}

export function channelOpen(device: usize, index: i32, fifoCapacity: i32): Bare {
  const bare = make<Bare>();
  bare.channel = newMemoChannel(device, index, fifoCapacity);
  bare.out = newCompletions(fifoCapacity);
  bare.writer = make<StateWriter>();
  bare.reader = make<StateReader>();
  return bare;
}

/** The channel remembers from now on, up to so many KiB. */
export function channelRemember(bare: Bare, kib: i32): void {
  bare.channel.use(newMemo(bare.channel, 1, kib << 10));
}

/** i64[MemoCount.Count]. */
export function channelMemo(bare: Bare, into: usize): void {
  bare.channel.memo!.count(into);
}

export function channelPush(bare: Bare, firstLocal: i32, count: i32, write: bool, slot: i32, arriveTick: i32): void {
  bare.channel.push(<i64>firstLocal, count, write, slot, <i64>arriveTick);
}

/** Processes all clocks before `untilTick`; gives the number of parts that completed. */
export function channelAdvance(bare: Bare, untilTick: i32): i32 {
  bare.out.clear();
  bare.channel.advance(<i64>untilTick, bare.out);
  return bare.out.count;
}

export function channelCompletionSlot(bare: Bare, i: i32): i32 {
  return bare.out.slot(i);
}

export function channelCompletionWrite(bare: Bare, i: i32): bool {
  return bare.out.write(i);
}

export function channelCompletionClock(bare: Bare, i: i32): i32 {
  return <i32>bare.out.clock(i);
}

/** Next clock at which something can happen in a channel without a memo, -1 when it is idle. */
export function channelWake(bare: Bare): i32 {
  return bare.channel.idle() ? -1 : <i32>bare.channel.rehearsal.channel.wake();
}

export function channelCounters(bare: Bare, counters: usize): void {
  bare.channel.collect(counters);
  if (bare.channel.memo != null) bare.channel.memo!.collect(counters + (FIRST_COUNTER << 3));
}

export function channelLog(bare: Bare, lines: usize, count: i32): void {
  bare.channel.rehearsal.channel.controller.tally.logInto(lines, count);
}

/** Writes the canonical state; gives its number of words. */
export function channelState(bare: Bare, words: usize, capacity: i32): i32 {
  bare.writer.reset(words, capacity);
  bare.channel.canonical(bare.writer, 0, 0);
  return bare.writer.count;
}

export function channelLoad(bare: Bare, words: usize, count: i32, now: i32): void {
  bare.reader.reset(words, count);
  bare.channel.load(<i64>now, bare.reader);
}

/**
 * Streams `parts` parts of `transactions` each, at most `underWay` at a time; first local transactions are multiples of
 * `stride`, in order, or random when `seed` is not 0. Gives the clock of the last completion.
 */
export function channelStream(bare: Bare, parts: i32, transactions: i32, underWay: i32, stride: i32, seed: i64): i64 {
  let pushed = 0;
  let done = 0;
  let last: i64 = 0;
  let now: i64 = 0;
  let random = seed;
  while (done < parts) {
    while (pushed < parts && pushed - done < underWay) {
      random ^= random << 13;
      random ^= <i64>((<u64>random) >> 7);
      random ^= random << 17;
      const place = seed != 0 ? (random >> 20) & 0x3fffff : <i64>pushed;
      bare.channel.push(place * <i64>stride, transactions, false, pushed, now);
      pushed++;
    }
    bare.out.clear();
    now += 32;
    bare.channel.advance(now, bare.out);
    done += bare.out.count;
    for (let i = 0; i < bare.out.count; i++) last = max<i64>(last, bare.out.clock(i));
  }
  return last;
}
