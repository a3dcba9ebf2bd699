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
import { Memo, MOST_SEGMENTS } from "./memo";
import { Entry, entryKey, Place } from "./memo-records";
import { Origin } from "./origin";
import { LARGEST, SMALL } from "./piece";
import { Rehearsal } from "./rehearsal";
import { Part, Runs } from "./runs";

/** Key words that say no refresh falls due, that something idles until nothing binds any more. */
const NONE: i32 = 0;
const SETTLE: i32 = -1;
/** A piece is accepted within so many clocks, whatever happens. */
const LONGEST_PIECE: i64 = 1 << 20;
/** Where the size of a piece lies in the word that says what is offered. */
const SIZE: i32 = 21;
/** So many clocks before a refresh a large piece that is not known is cut: fewer clocks for the refresh to fall on. */
const NEAR: i64 = 1024;
/** Stands for the writes set aside where they make no difference. */
const WHATEVER: i32 = -1;


@unmanaged
export class Segments {
  memo: Memo;
  rehearsal: Rehearsal;
  frame: Frame;
  place: Place;
  origin: Origin; // the boundary
  taking: i32; // transactions that the segment under way offers; 0: it idles
  offset: i32; // of the first of them in the piece's stretch
  reads: bool; // the piece is read, and none of its transactions is set aside
  flips: bool; // every other clock is a rising edge

  /** Writes that have come only join those set aside, as long as there is room, and none for the same transaction. */
  join(whole: Runs): void {
    const shelf = this.frame.shelf;
    if (!this.place.state.reading) return;
    let joined = 0;
    for (let part = whole.offering; part != null && part.write; part = whole.offering) {
      if (part.arrive > this.origin.now || shelf.count == shelf.capacity || shelf.holds(part.local, 1)) break;
      this.frame.join(part);
      whole.offered(part, 1);
      joined++;
    }
    if (joined > 0) this.memo.balance.note(true, joined);
  }

  /** The segment that begins at the boundary; false when nothing does before a clock. */
  choose(head: Part | null, until: i64): bool {
    const memo = this.memo;
    const origin = this.origin;
    if (head != null && head.arrive > origin.now && this.place.state.quiet) this.skip(min<i64>(head.arrive, until));
    memo.reserve(this.rehearsal.outcome.mostBytes() * MOST_SEGMENTS);
    const missesBefore = memo.rehearsals;
    let entry: Entry;
    if (head != null && head.arrive <= origin.now) entry = this.chooseOffer(head);
    else {
      if (this.place.state.quiet && (head == null || head.arrive >= until)) return false;
      this.taking = 0;
      entry = this.chooseIdle(head == null ? NEVER : head.arrive - origin.now);
    }
    this.place.entry = changetype<usize>(entry);
    if (this.place.last != 0) changetype<Entry>(this.place.last).follower = changetype<usize>(entry);
    memo.balance.note(memo.rehearsals == missesBefore, this.taking);
    return true;
  }

  /** Nothing happens to a quiet channel before a part arrives or a refresh falls due. */
  private skip(until: i64): void {
    const origin = this.origin;
    const to = min<i64>(until, origin.refresh - 1);
    const clocks = to - origin.now;
    if (clocks > 0) origin.now += this.flips ? clocks & ~1 : clocks;
  }

  private chooseOffer(part: Part): Entry {
    let known = this.foretell(part);
    if (known != null) return known;
    this.aim(part, LARGEST);
    known = this.findOffer();
    if (known == null && this.taking > SMALL && this.untilRefresh() < NEAR) {
      this.aim(part, SMALL);
      known = this.findOffer();
    }
    return known != null ? known : this.rehearseOffer();
  }

  /** The entry that followed the last one before, if it is the piece's; else null. */
  private foretell(part: Part): Entry | null {
    const last = this.place.last;
    if (last == 0 || changetype<Entry>(last).follower == 0) return null;
    const entry = changetype<Entry>(changetype<Entry>(last).follower);
    const key = entryKey(entry);
    const refresh = load<i32>(key, 8);
    const until = this.untilRefresh();
    if (refresh == NONE ? until <= entry.length : until != refresh) return null;
    const cut = until < NEAR && load<i32>(entryKey(changetype<Entry>(last)), 4) >> SIZE == SMALL;
    this.aim(part, cut ? SMALL : LARGEST);
    if (load<i32>(key, 4) != this.input()) return null;
    const whatever = (refresh == NONE ? load<i32>(key, 12) : load<i32>(key, 16)) == WHATEVER;
    if (whatever && !this.reads) return null;
    this.offerKey(refresh, whatever);
    return this.memo.isKeyOf(entry) ? entry : null;
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
    return rehearsal.outcome.enter(this.memo, this.frame, this.taking, this.origin);
  }

  /** The entry of the piece, null when there is none, or when a refresh cuts a large one. */
  private findOffer(): Entry | null {
    const refresh = this.untilRefresh();
    const ways = this.reads ? 2 : 1;
    for (let way = 0; way < ways; way++) {
      const whatever = this.reads && way == 0;
      this.offerKey(NONE, whatever);
      const plain = this.memo.find();
      if (plain != null) {
        if (refresh > plain.length) return plain;
        if (this.taking > SMALL) return null;
      }
      if (refresh > LONGEST_PIECE) continue;
      this.offerKey(<i32>refresh, whatever);
      const refreshed = this.memo.find();
      if (refreshed != null) return refreshed;
    }
    return null;
  }

  /** The piece, as a word of the key. */
  @inline
  private input(): i32 {
    const head = this.frame.head();
    return this.offset | (this.taking << 8) | ((<i32>head.write) << 20) | (head.size << SIZE);
  }

  private offerKey(refresh: i32, whatever: bool): void {
    const memo = this.memo;
    const open = this.place.state.open;
    this.beginKey(this.input(), refresh);
    if (whatever) memo.add(WHATEVER);
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
    const refresh = this.untilRefresh();
    const plain = this.idling(SETTLE, NONE);
    if (limit >= plain.length) {
      if (refresh > plain.length) return plain;
      const refreshed = this.idling(SETTLE, <i32>refresh);
      if (limit >= refreshed.length) return refreshed;
    }
    return this.idling(SETTLE - <i32>limit, refresh > limit ? NONE : <i32>refresh);
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
    const entry = this.rehearsal.outcome.enter(this.memo, this.frame, 0, origin);
    origin.refresh = due;
    return entry;
  }

  private findIdle(input: i32, refresh: i32): Entry | null {
    // What idles until nothing binds any more has turned to writes.
    if (input != SETTLE && this.ignoresWrites()) {
      this.idleKey(input, refresh, true);
      const known = this.memo.find();
      if (known != null) return known;
    }
    this.idleKey(input, refresh, false);
    return this.memo.find();
  }

  private idleKey(input: i32, refresh: i32, whatever: bool): void {
    this.beginKey(input, refresh);
    if (whatever) this.memo.add(WHATEVER);
    else keyOfAside(this.frame, this.place.state.open, false, this.memo);
  }

  /** Clocks until the refresh that is next; more than any segment's when there is none. */
  @inline
  private untilRefresh(): i64 {
    return this.origin.refresh - this.origin.now;
  }
}
