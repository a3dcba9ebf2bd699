//
//   What a memo holds: states, entries, and the places that channels have in it.
//
//      state   [next, hash, bytes, open, quiet | packed words]
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
  reading: bool; // in read mode: nothing depends on the writes set aside until that changes
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
  rows: i32;
  turns: i32; // refreshes served
  uses: i32; // since its counters were added last
  usedBefore: usize; // the entry that was used first before it since then, 0 when there is none
  due: i32; // times that refreshes were added
  counters: usize; // i32[COUNTERS]
  done: usize; // [label, clock at which it gets known, completion clock], relative to the begin
  aside: usize; // [label, distance to its base, classified, age, whether it is all that is left of its piece]
  opened: usize; // [bank, label of the row's part, difference to the row of its base]
}

/** Words of a completion, of a write set aside, of a row. */
export const DONE_WORDS: i32 = 3;
export const ASIDE_WORDS: i32 = 5;
export const OPENED_WORDS: i32 = 3;

/** A channel's hold on its state; and on the entry that it is in, 0 when that has to be looked for again. */
@unmanaged
export class Place {
  state: State;
  entry: usize;

  /** The channel holds none. */
  clear(): void {
    this.state = changetype<State>(0);
    this.entry = 0;
  }

  isFree(): bool {
    return changetype<usize>(this.state) == 0;
  }
}

/** The packed words of a state. */
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
