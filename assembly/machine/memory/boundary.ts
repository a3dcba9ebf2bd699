//
//   Boundary: where a channel that remembers is between two segments, and what it can look up there.
//
//     place (state), frame, origin ──► key ──► memo ──► entry
//                                       └────► rehearsal.ts, entered
//

import { keyOfAside } from "./frame-key";
import { Frame } from "./frame";
import { Memo } from "./memo";
import { Entry, followerOf, Next, Place } from "./memo-records";
import { Origin } from "./origin";
import { Rehearsal } from "./rehearsal";
import { mayBegin, NONE, noteBegin, refreshOf, WHATEVER } from "./segment-key";


@unmanaged
export class Boundary {
  memo: Memo;
  rehearsal: Rehearsal;
  frame: Frame;
  place: Place;
  origin: Origin;

  /** Clocks until the refresh that is next; more than any segment's when there is none. */
  @inline
  untilRefresh(): i64 {
    return this.origin.refresh - this.origin.now;
  }

  /** Whether what is set aside changes nothing before the controller turns to it. */
  @inline
  ignoresWrites(): bool {
    return this.place.state.reading && this.frame.shelf.count <= this.rehearsal.channel.controller.writeHigh;
  }

  /** Whether a refresh falls due inside a segment where an entry has it, or not at all. */
  @inline
  isTimely(entry: Entry): bool {
    const refresh = refreshOf(entry);
    return refresh == NONE ? this.untilRefresh() > entry.length : this.untilRefresh() == refresh;
  }

  /** The entry that followed the last one before, null when none has. */
  @inline
  follower(next: Next): Entry | null {
    if (this.place.last == 0) return null;
    const follower = load<usize>(followerOf(changetype<Entry>(this.place.last), next));
    return follower == 0 ? null : changetype<Entry>(follower);
  }

  /** Takes note of the entry that follows the last one. */
  @inline
  noteFollower(next: Next, entry: Entry): void {
    if (this.place.last == 0) return;
    store<usize>(followerOf(changetype<Entry>(this.place.last), next), changetype<usize>(entry));
  }

  /** Whether an entry may be known that begins like that. */
  @inline
  mayKnow(input: i32, refresh: i32, carefree: bool): bool {
    return mayBegin(this.place.state, input, refresh, carefree);
  }

  /** Begins a key; `withHead`: with what the writes set aside have to do with the piece about to be offered. */
  @inline
  beginKey(input: i32, refresh: i32, carefree: bool, withHead: bool): void {
    const memo = this.memo;
    memo.begin();
    memo.add(<i32>changetype<usize>(this.place.state));
    memo.add(input);
    memo.add(refresh);
    if (refresh != NONE) memo.add(this.origin.turn);
    if (carefree) memo.add(WHATEVER);
    else keyOfAside(this.frame, this.place.state.open, withHead, memo);
  }

  /** The channel at the boundary, to be rehearsed. */
  rehearse(): Rehearsal {
    this.rehearsal.begin(this.place.state, this.frame, this.origin);
    return this.rehearsal;
  }

  /** Remembers under the key what has been rehearsed: so many transactions were offered. */
  enter(taking: i32): Entry {
    const entry = this.rehearsal.outcome.enter(this.memo, this.frame, taking, this.origin);
    noteBegin(this.place.state, entry);
    this.rehearsal.keep(entry, this.memo.forgotten);
    return entry;
  }
}
