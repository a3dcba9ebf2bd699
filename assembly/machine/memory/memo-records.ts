//
//   What a memo holds: states, entries, and the places that channels have in it.
//
//      state   [next, hash, bytes, open, quiet | words]
//      entry   [next, hash, length, next state, ... | key | counters | completions | writes aside | opened rows]
//

import { Counter } from "../../contract";

/** First and number of the counters of a channel: a contiguous range of Counter. */
export const FIRST_COUNTER: i32 = Counter.DramAct;
export const COUNTERS: i32 = Counter.DramReadLatency - Counter.DramAct + 1;

/** A state: its words follow. */
@unmanaged
export class State {
  next: usize; // in its bucket
  hash: u32;
  bytes: i32;
  open: u64; // bit per open bank
  begins: u64; // a bit for what its entries' keys begin with (segment-key.ts), where they name the writes set aside
  carefree: u64; // and where they do not
  reading: bool; // queued writes are set aside: nothing depends on them until the controller turns to them
  quiet: bool; // nothing but a refresh or a new part changes it
}

/** An entry: key words, completions, writes and rows follow. */
@unmanaged
export class Entry {
  next: usize; // in its bucket
  hash: u32;
  keyWords: i32;
  length: i32; // clocks
  state: State; // at the end
  completions: i32;
  asides: i32; // writes set aside at the end; -1: those of before
  left: u64; // then: bit per rank of the begin that requests of the state still have (ages.ts)
  since: i32; // and how many ranks are younger
  rows: i32;
  turns: i32; // refreshes served
  uses: i32; // since its counters were added last
  usedBefore: usize; // the entry that was used first before it since then, 0 when there is none
  due: i32; // times that refreshes were added
  idle: usize; // the entry that followed last, 0 when none has: where nothing was offered (the four by Next),
  whole: usize; // a piece of the largest size,
  rest: usize; // another one,
  hurried: usize; // one before a refresh
  counters: usize; // i32[COUNTERS]
  done: usize; // [label, clock at which it gets known, completion clock], relative to the begin
  aside: usize; // [label, distance to its base, flags, rank]
  opened: usize; // [bank, label of the row's part, difference to the row of its base]
}

/** What follows an entry. */
// prettier-ignore
export enum Next { Idle, Whole, Rest, Hurried }

/** Flags of a write set aside; Last: it is all that is left of its piece. */
// prettier-ignore
export enum Aside { Classified = 1, Tied = 2, Joined = 4, Last = 8 }

/** Words of a completion, of a write set aside, of a row. */
export const DONE_WORDS: i32 = 3;
export const ASIDE_WORDS: i32 = 4;
export const OPENED_WORDS: i32 = 3;

/** A channel's hold on its state; on the entry that it is in, 0 when that has to be looked for again; and on the last one. */
@unmanaged
export class Place {
  state: State;
  entry: usize;
  last: usize; // 0 when there is none

  /** The channel holds none. */
  clear(): void {
    this.state = changetype<State>(0);
    this.entry = 0;
    this.last = 0;
  }

  isFree(): bool {
    return changetype<usize>(this.state) == 0;
  }
}

/** Where the entry that followed one last is kept. */
@inline
export function followerOf(entry: Entry, next: Next): usize {
  return changetype<usize>(entry) + offsetof<Entry>("idle") + <usize>next * sizeof<usize>();
}

/** The words of a state. */
@inline
export function stateBytes(state: State): usize {
  return changetype<usize>(state) + offsetof<State>();
}

/** The key words of an entry. */
@inline
export function entryKey(entry: Entry): usize {
  return changetype<usize>(entry) + offsetof<Entry>();
}

/** Adds i64[COUNTERS]. */
export function addCounters(from: usize, into: usize): void {
  for (let i: usize = 0; i < <usize>(COUNTERS << 3); i += 8)
    store<i64>(into + i, load<i64>(into + i) + load<i64>(from + i));
}
