//
//   Memo: what a channel did, to be done again without simulating it. Two kinds of records in a bounded arena, each found by
//   the hash of its key and compared in full, so that a collision of hashes never changes a result.
//
//      state  [words of a channel at a boundary]                                 one address for equal states
//      entry  [state | input | relations] ──► length, next state, what completes when, rows, counters
//
//   Bounded     when the arena is full, all is forgotten but the states that channels are in (their `Place`); what was
//               remembered is simulated again, so that only the time of a run depends on the size.
//   Source      docs/machine.md section 9, "Remembering".

import { MemoCount } from "../../contract";
import { make, zeroed } from "../alloc";
import { Balance } from "./balance";
import {
  addCounters,
  ASIDE_WORDS,
  COUNTERS,
  DONE_WORDS,
  Entry,
  entryKey,
  OPENED_WORDS,
  Place,
  State,
  stateBytes,
} from "./memo-records";

/** Segments that one choice may add. */
export const MOST_SEGMENTS: i32 = 3;
/** Bytes of arena for each bucket. */
const BYTES_A_BUCKET: i32 = 256;

/** The two tables and their arena. */
@unmanaged
export class Memo {
  arena: usize;
  top: usize;
  end: usize;
  buckets: usize; // of states, then of entries
  bucketMask: u32;
  places: usize;
  placeCount: i32;
  states: i32;
  entries: i32;
  key: usize; // i32[], the key that is looked for
  keyWords: i32;
  aside: usize; // room for the states of all places
  balance: Balance;
  rehearsals: i64; // entries made
  forgotten: i64; // times that the arena was full
  counters: usize; // i64[COUNTERS] of entries used
  used: usize; // entries whose uses are not in them, 0 when there is none

  /**
   * A memo of at least the bytes that the places need, each a state, and one of them so many segments more; for channels that
   * hold so many requests.
   */
  build(wanted: i32, places: i32, segmentBytes: i32, keyCapacity: i32, requests: i32): void {
    const bytes = max<i32>(wanted, (places + MOST_SEGMENTS) * segmentBytes);
    let count = 64;
    while (count < bytes / BYTES_A_BUCKET) count <<= 1;
    this.bucketMask = count - 1;
    this.buckets = heap.alloc((<usize>count) << 3);
    this.arena = heap.alloc(<usize>bytes);
    this.end = this.arena + <usize>bytes;
    this.places = heap.alloc(<usize>places * sizeof<usize>());
    this.aside = heap.alloc(<usize>(places * segmentBytes));
    this.key = heap.alloc((<usize>keyCapacity) << 2);
    this.placeCount = 0;
    this.balance = make<Balance>();
    this.balance.build(wanted, requests);
    this.rehearsals = 0;
    this.forgotten = 0;
    this.counters = zeroed(COUNTERS << 3);
    this.used = 0;
    this.clear();
  }

  /** A channel's place. */
  settle(place: Place): void {
    store<usize>(this.places + <usize>this.placeCount * sizeof<usize>(), changetype<usize>(place));
    this.placeCount++;
  }

  /** What an entry tells has been done by so many channels once more. */
  @inline
  use(entry: Entry, times: i32): void {
    entry.uses += times;
    if (entry.uses != times) return;
    entry.usedBefore = this.used;
    this.used = changetype<usize>(entry);
  }

  /** Adds the counters of all that was remembered to i64[COUNTERS]. */
  collect(counters: usize): void {
    this.addUses();
    addCounters(this.counters, counters);
  }

  private addUses(): void {
    while (this.used != 0) {
      const entry = changetype<Entry>(this.used);
      for (let i: usize = 0; i < <usize>COUNTERS; i++) {
        const into = this.counters + (i << 3);
        store<i64>(into, load<i64>(into) + <i64>load<i32>(entry.counters + (i << 2)) * <i64>entry.uses);
      }
      entry.uses = 0;
      this.used = entry.usedBefore;
    }
  }

  /** Makes sure of so many bytes: forgets all else if they are not there. */
  reserve(bytes: i32): void {
    if (this.top + <usize>bytes > this.end) this.forget();
  }

  /** The one state of these bytes. */
  intern(bytes: usize, count: i32, open: u64, reading: bool, quiet: bool): State {
    const hash = hashOf(bytes, count);
    const bucket = this.buckets + ((<usize>(hash & this.bucketMask)) << 3);
    let at = <usize>load<u32>(bucket);
    while (at != 0) {
      const state = changetype<State>(at);
      if (state.hash == hash && state.bytes == count && memory.compare(stateBytes(state), bytes, count) == 0) {
        return state;
      }
      at = state.next;
    }
    const state = changetype<State>(this.take(offsetof<State>() + <usize>count));
    state.next = <usize>load<u32>(bucket);
    state.hash = hash;
    state.bytes = count;
    state.open = open;
    state.begins = 0;
    state.carefree = 0;
    state.reading = reading;
    state.quiet = quiet;
    memory.copy(stateBytes(state), bytes, count);
    store<u32>(bucket, <u32>changetype<usize>(state));
    this.states++;
    return state;
  }

  /** Begins a key. */
  @inline
  begin(): void {
    this.keyWords = 0;
  }

  /** One more word of it. */
  @inline
  add(word: i32): void {
    store<i32>(this.key + ((<usize>this.keyWords) << 2), word);
    this.keyWords++;
  }

  /** The entry of the key, null when there is none. */
  find(): Entry | null {
    const words = this.keyWords;
    const hash = this.keyHash();
    let at = <usize>load<u32>(this.entryBucket(hash));
    while (at != 0) {
      const entry = changetype<Entry>(at);
      if (entry.hash == hash && entry.keyWords == words && sameWords(entryKey(entry), this.key, words)) return entry;
      at = entry.next;
    }
    return null;
  }

  /** Whether the key is an entry's. */
  isKeyOf(entry: Entry): bool {
    return entry.keyWords == this.keyWords && sameWords(entryKey(entry), this.key, this.keyWords);
  }

  /** A new entry of the key that tells what a draft tells, its counters and rows to be filled. */
  enter(draft: Entry): Entry {
    const doneBytes = (<usize>(draft.completions * DONE_WORDS)) << 2;
    const asideBytes = (<usize>(max<i32>(draft.asides, 0) * ASIDE_WORDS)) << 2;
    const keyBytes = (<usize>this.keyWords) << 2;
    const counters = offsetof<Entry>() + keyBytes;
    const done = counters + (COUNTERS << 2);
    const aside = done + doneBytes;
    const opened = aside + asideBytes;
    const entry = changetype<Entry>(this.take(opened + ((<usize>(draft.rows * OPENED_WORDS)) << 2)));
    const at = changetype<usize>(entry);
    memory.copy(at, changetype<usize>(draft), offsetof<Entry>());
    memory.copy(entryKey(entry), this.key, keyBytes);
    memory.copy(at + done, draft.done, doneBytes);
    memory.copy(at + aside, draft.aside, asideBytes);
    entry.hash = this.keyHash();
    entry.keyWords = this.keyWords;
    entry.uses = 0;
    entry.idle = 0;
    entry.whole = 0;
    entry.rest = 0;
    entry.hurried = 0;
    entry.counters = at + counters;
    entry.done = at + done;
    entry.aside = at + aside;
    entry.opened = at + opened;
    const bucket = this.entryBucket(entry.hash);
    entry.next = <usize>load<u32>(bucket);
    store<u32>(bucket, <u32>at);
    this.entries++;
    this.rehearsals++;
    return entry;
  }

  /** Writes i64[MemoCount.Count]. */
  count(into: usize): void {
    const balance = this.balance;
    store<i64>(into + (MemoCount.Hits << 3), balance.hits);
    store<i64>(into + (MemoCount.Misses << 3), balance.misses);
    store<i64>(into + (MemoCount.Remembered << 3), balance.remembered);
    store<i64>(into + (MemoCount.Simulated << 3), balance.simulated);
    store<i64>(into + (MemoCount.Forgotten << 3), this.forgotten);
    store<i64>(into + (MemoCount.States << 3), this.states);
    store<i64>(into + (MemoCount.Entries << 3), this.entries);
    store<i64>(into + (MemoCount.Bytes << 3), <i64>(this.top - this.arena));
  }

  private clear(): void {
    this.top = this.arena;
    this.states = 0;
    this.entries = 0;
    memory.fill(this.buckets, 0, (<usize>this.bucketMask + 1) << 3);
  }

  /** Forgets all but the states that channels are in. */
  private forget(): void {
    this.addUses();
    let into = this.aside;
    for (let i = 0; i < this.placeCount; i++) {
      if (this.place(i).isFree()) continue;
      const state = this.place(i).state;
      const bytes = offsetof<State>() + <usize>state.bytes;
      memory.copy(into, changetype<usize>(state), bytes);
      into += (bytes + 7) & ~7;
    }
    this.clear();
    this.forgotten++;
    let from = this.aside;
    for (let i = 0; i < this.placeCount; i++) {
      if (this.place(i).isFree()) continue;
      const old = changetype<State>(from);
      this.place(i).state = this.intern(stateBytes(old), old.bytes, old.open, old.reading, old.quiet);
      this.place(i).entry = 0;
      this.place(i).last = 0;
      from += (offsetof<State>() + <usize>old.bytes + 7) & ~7;
    }
  }

  private place(i: i32): Place {
    return changetype<Place>(load<usize>(this.places + <usize>i * sizeof<usize>()));
  }

  private take(bytes: usize): usize {
    const at = this.top;
    this.top = (at + bytes + 7) & ~7;
    if (this.top > this.end) abort("the memo has not reserved enough");
    return at;
  }


  @inline
  private keyHash(): u32 {
    let hash: u32 = 0x9e3779b9;
    const end = this.key + ((<usize>this.keyWords) << 2);
    for (let at = this.key; at < end; at += 4) hash = mix(hash, load<u32>(at));
    return hash ^ (hash >> 15);
  }


  @inline
  private entryBucket(hash: u32): usize {
    return this.buckets + ((<usize>(hash & this.bucketMask)) << 3) + 4;
  }
}


@inline
function sameWords(a: usize, b: usize, words: i32): bool {
  const end = a + ((<usize>words) << 2);
  for (; a < end; a += 4, b += 4) if (load<i32>(a) != load<i32>(b)) return false;
  return true;
}


@inline
function mix(hash: u32, word: u32): u32 {
  return rotl<u32>(hash ^ (word * 0x85ebca6b), 13) * 5 + 0xe6546b64;
}

function hashOf(bytes: usize, count: i32): u32 {
  let hash: u32 = count;
  let i = 0;
  for (; i + 4 <= count; i += 4) hash = mix(hash, load<u32>(bytes + <usize>i));
  for (; i < count; i++) hash = mix(hash, load<u8>(bytes + <usize>i));
  return hash ^ (hash >> 15);
}
