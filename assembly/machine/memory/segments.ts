//
//   Segments: which one begins at a boundary, looked up in the memo, or rehearsed and entered.
//
//     [state, input, refresh, relations] ──► memo ──► entry
//                                              └──► rehearsal.ts ──► entry
//
//   Key         a segment that offers: the piece's direction, its first transaction and number inside the aligned stretch, the bank
//               of its base, what it has to do with the frame. One that idles: until nothing binds any more, or for so many
//               clocks where something arrives earlier. Where a refresh falls due inside, the clocks until then and its turn.
//   Source      docs/machine.md section 9, "Remembering".

import { NEVER } from "../state";
import { Frame } from "./frame";
import { keyOfAside, keyOfHead } from "./frame-key";
import { Memo } from "./memo";
import { Entry, followerOf, Next, Place } from "./memo-records";
import { Origin } from "./origin";
import { LARGEST, SMALL } from "./piece";
import { Rehearsal } from "./rehearsal";
import { Part, Runs } from "./runs";
import {
  inputOf,
  isCarefree,
  mayBegin,
  NONE,
  noteBegin,
  offering,
  refreshOf,
  SETTLE,
  sizeOf,
  WHATEVER,
} from "./segment-key";

/** A piece is accepted within so many clocks, whatever happens. */
const LONGEST_PIECE: i64 = 1 << 20;


@unmanaged
export class Segments {
  memo: Memo;
  rehearsal: Rehearsal;
  room: i32; // bytes that one choice may add to the memo
  frame: Frame;
  place: Place;
  origin: Origin; // the boundary
  taking: i32; // transactions that the segment under way offers; 0: it idles
  offset: i32; // of the first of them in the piece's stretch
  reads: bool; // the piece is read, and none of its transactions is set aside
  flips: bool; // every other clock is a rising edge
  pace: i64; // clocks that the latest piece of the largest size took

  /** Writes that have come only join those set aside, as long as there is room, and none for the same transaction; how many. */
  join(whole: Runs): i32 {
    const shelf = this.frame.shelf;
    let joined = 0;
    if (!this.place.state.reading) return joined;
    for (let part = whole.offering; part != null && part.write; part = whole.offering) {
      if (part.arrive > this.origin.now || shelf.count == shelf.capacity || shelf.holds(part.local, 1)) break;
      this.frame.join(part);
      this.rehearsal.forget();
      whole.offered(part, 1);
      joined++;
    }
    return joined;
  }

  /** The segment that begins at the boundary; false when nothing does before a clock. */
  choose(head: Part | null, until: i64): bool {
    const origin = this.origin;
    const quiet = this.place.state.quiet;
    if (head != null && head.arrive > origin.now && quiet) this.skip(min<i64>(head.arrive, until));
    const offers = head != null && head.arrive <= origin.now;
    if (!offers && quiet && (head == null || head.arrive >= until)) return false;
    this.memo.reserve(this.room);
    const entry = offers ? this.chooseOffer(head!) : this.chooseIdle(head == null ? NEVER : head.arrive - origin.now);
    this.place.entry = changetype<usize>(entry);
    this.noteFollower(entry);
    if (this.taking == LARGEST) this.pace = entry.length;
    return true;
  }

  /** The entry that followed the last one before, null when none has. */
  @inline
  private follower(next: Next): Entry | null {
    if (this.place.last == 0) return null;
    const follower = load<usize>(followerOf(changetype<Entry>(this.place.last), next));
    return follower == 0 ? null : changetype<Entry>(follower);
  }

  /** Takes note of the entry that follows the last one; clocks before a refresh are too many to expect one of them again. */
  @inline
  private noteFollower(entry: Entry): void {
    if (this.place.last == 0 || (refreshOf(entry) != NONE && this.taking > 0)) return;
    const next = this.taking == 0 ? Next.Idle : this.isNear() ? Next.Hurried : this.nextOffered();
    store<usize>(followerOf(changetype<Entry>(this.place.last), next), changetype<usize>(entry));
  }


  @inline
  private nextOffered(): Next {
    return this.taking == LARGEST ? Next.Whole : Next.Rest;
  }

  /** A refresh may fall due inside a piece of the largest size. */
  @inline
  private isNear(): bool {
    return this.untilRefresh() < this.pace + (this.pace >> 3);
  }

  /** Nothing happens to a quiet channel before a part arrives or a refresh falls due. */
  private skip(until: i64): void {
    const origin = this.origin;
    const to = min<i64>(until, origin.refresh - 1);
    const clocks = to - origin.now;
    if (clocks > 0) origin.now += this.flips ? clocks & ~1 : clocks;
  }

  private chooseOffer(part: Part): Entry {
    const near = this.isNear();
    let known: Entry | null = near ? this.foretellHurried(part) : null;
    if (known != null) return known;
    this.aim(part, LARGEST);
    if (!near) {
      const next = this.follower(this.nextOffered());
      if (next != null && this.isTimely(next) && this.isOffered(next)) return next;
    }
    known = this.findOffer();
    // Cut, there are fewer clocks for the refresh to fall on.
    if (known == null && this.taking > SMALL && near) {
      this.aim(part, SMALL);
      known = this.findOffer();
    }
    return known != null ? known : this.rehearseOffer();
  }

  /** The entry that followed the last one before a refresh, if it is the piece's, or that with the refresh inside. */
  private foretellHurried(part: Part): Entry | null {
    const entry = this.follower(Next.Hurried);
    if (entry == null) return null;
    this.aim(part, sizeOf(inputOf(entry)) == SMALL ? SMALL : LARGEST);
    if (!this.isOffered(entry)) return null;
    if (this.isTimely(entry)) return entry;
    return this.taking > SMALL ? null : this.offered(<i32>this.untilRefresh(), isCarefree(entry));
  }

  /** Whether a refresh falls due inside a segment where an entry has it, or not at all. */
  @inline
  private isTimely(entry: Entry): bool {
    const refresh = refreshOf(entry);
    return refresh == NONE ? this.untilRefresh() > entry.length : this.untilRefresh() == refresh;
  }

  /** Whether an entry is that of the piece about to be offered. */
  @inline
  private isOffered(entry: Entry): bool {
    if (inputOf(entry) != this.input()) return false;
    const carefree = isCarefree(entry);
    if (carefree && !this.reads) return false;
    this.offerKey(refreshOf(entry), carefree);
    return this.memo.isKeyOf(entry);
  }

  /** The next piece of a part, one transaction or a small one where that is all that is left. */
  private aim(part: Part, largest: i32): void {
    const beyond = ((<i32>part.local) & (SMALL - 1)) + part.toOffer;
    const size = part.toOffer == 1 ? 1 : beyond > SMALL ? largest : SMALL;
    const offset = (<i32>part.local) & (size - 1);
    this.taking = min<i32>(size - offset, part.toOffer);
    this.frame.aim(part, size, part.local - offset, this.taking);
    this.offset = offset;
    this.reads = this.ignoresWrites() && !part.write && !this.frame.shelf.holds(part.local, this.taking);
  }

  /** Whether what is set aside changes nothing before the controller turns to it. */
  @inline
  private ignoresWrites(): bool {
    return this.place.state.reading && this.frame.shelf.count <= this.rehearsal.channel.controller.writeHigh;
  }

  private rehearseOffer(): Entry {
    const rehearsal = this.rehearsal;
    const refresh = this.untilRefresh();
    rehearsal.begin(this.place.state, this.frame, this.origin);
    rehearsal.offer(this.frame);
    rehearsal.outcome.conclude(this.origin.now);
    const word = rehearsal.refreshed(this.origin) ? <i32>refresh : NONE;
    this.offerKey(word, this.reads && !rehearsal.outcome.wrote());
    return this.enter(this.origin);
  }

  /** The entry of the piece, null when there is none, or when a refresh cuts a large one. */
  private findOffer(): Entry | null {
    const refresh = this.untilRefresh();
    const ways = this.reads ? 2 : 1;
    for (let way = 0; way < ways; way++) {
      const carefree = this.reads && way == 0;
      const plain = this.offered(NONE, carefree);
      if (plain != null) {
        if (refresh > plain.length) return plain;
        if (this.taking > SMALL) return null;
      }
      if (refresh > LONGEST_PIECE || (this.taking > SMALL && this.isNear())) continue;
      const refreshed = this.offered(<i32>refresh, carefree);
      if (refreshed != null) return refreshed;
    }
    return null;
  }

  /** The entry of the piece with a word for the refresh. */
  private offered(refresh: i32, carefree: bool): Entry | null {
    if (!mayBegin(this.place.state, this.input(), refresh, carefree)) return null;
    this.offerKey(refresh, carefree);
    return this.memo.find();
  }

  /** Remembers what has been rehearsed from a boundary under the key. */
  private enter(origin: Origin): Entry {
    const entry = this.rehearsal.outcome.enter(this.memo, this.frame, this.taking, origin);
    noteBegin(this.place.state, entry);
    this.rehearsal.keep(entry, this.memo.forgotten);
    return entry;
  }

  /** The piece, as a word of the key. */
  @inline
  private input(): i32 {
    const head = this.frame.head();
    return offering(this.offset, this.taking, head.write, head.size);
  }

  private offerKey(refresh: i32, carefree: bool): void {
    const memo = this.memo;
    const open = this.place.state.open;
    this.beginKey(this.input(), refresh);
    if (carefree) memo.add(WHATEVER);
    else keyOfAside(this.frame, open, true, memo);
    keyOfHead(this.frame, open, memo);
  }


  @inline
  private beginKey(input: i32, refresh: i32): void {
    const memo = this.memo;
    memo.begin();
    memo.add(<i32>changetype<usize>(this.place.state));
    memo.add(input);
    memo.add(refresh);
    if (refresh != NONE) memo.add(this.origin.turn);
  }

  /** The idle segment up to an arrival after `limit` clocks. */
  private chooseIdle(limit: i64): Entry {
    this.taking = 0;
    const known = this.foretellIdle(limit);
    if (known != null) return known;
    const refresh = this.untilRefresh();
    const plain = this.idling(SETTLE, NONE);
    if (limit >= plain.length) {
      if (refresh > plain.length) return plain;
      const refreshed = this.idling(SETTLE, <i32>refresh);
      if (limit >= refreshed.length) return refreshed;
    }
    return this.idling(SETTLE - <i32>limit, refresh > limit ? NONE : <i32>refresh);
  }

  /** The entry that followed the last one before, if it idles as long; else null. */
  private foretellIdle(limit: i64): Entry | null {
    const entry = this.follower(Next.Idle);
    if (entry == null || !this.isTimely(entry)) return null;
    const input = inputOf(entry);
    if (input == SETTLE ? limit < entry.length : limit != <i64>(SETTLE - input)) return null;
    const carefree = isCarefree(entry);
    if (carefree && !this.ignoresWrites()) return null;
    this.idleKey(input, refreshOf(entry), carefree);
    return this.memo.isKeyOf(entry) ? entry : null;
  }

  private idling(input: i32, refresh: i32): Entry {
    const known = this.findIdle(input, refresh);
    if (known != null) return known;
    const origin = this.origin;
    const due = origin.refresh;
    if (refresh == NONE) origin.refresh = NEVER;
    this.rehearsal.begin(this.place.state, this.frame, origin);
    if (input == SETTLE) this.rehearsal.idle();
    else this.rehearsal.wait(<i64>(SETTLE - input));
    this.rehearsal.outcome.conclude(origin.now);
    this.idleKey(input, refresh, input != SETTLE && this.ignoresWrites() && !this.rehearsal.outcome.wrote());
    const entry = this.enter(origin);
    origin.refresh = due;
    return entry;
  }

  private findIdle(input: i32, refresh: i32): Entry | null {
    // What idles until nothing binds any more has turned to writes.
    const known = input != SETTLE && this.ignoresWrites() ? this.idled(input, refresh, true) : null;
    return known != null ? known : this.idled(input, refresh, false);
  }

  private idled(input: i32, refresh: i32, carefree: bool): Entry | null {
    if (!mayBegin(this.place.state, input, refresh, carefree)) return null;
    this.idleKey(input, refresh, carefree);
    return this.memo.find();
  }

  private idleKey(input: i32, refresh: i32, carefree: bool): void {
    this.beginKey(input, refresh);
    if (carefree) this.memo.add(WHATEVER);
    else keyOfAside(this.frame, this.place.state.open, false, this.memo);
  }

  /** Clocks until the refresh that is next; more than any segment's when there is none. */
  @inline
  private untilRefresh(): i64 {
    return this.origin.refresh - this.origin.now;
  }
}
