//
//   Offers: the segments that begin at a boundary where a part has arrived: a piece of it is offered.
//
//     part ──aim──► piece ──► the follower ──no──► memo ──no──► rehearsed
//                                 └──► entry ◄──────┘
//
//   Key         the piece's direction, its first transaction and number inside the aligned stretch, the bank of its base, what it
//               has to do with the frame. Where a refresh falls due inside, the clocks until then and its turn.
//   Source      docs/machine.md section 9, "Remembering".

import { Boundary } from "./boundary";
import { keyOfHead } from "./frame-key";
import { Entry, Next } from "./memo-records";
import { LARGEST, SMALL } from "./piece";
import { Part } from "./runs";
import { inputOf, isCarefree, NONE, offering, refreshOf, sizeOf } from "./segment-key";

/** A piece is accepted within so many clocks, whatever happens. */
const LONGEST_PIECE: i64 = 1 << 20;


@unmanaged
export class Offers {
  at: Boundary;
  taking: i32; // transactions that are offered
  offset: i32; // of the first of them in the piece's stretch
  reads: bool; // the piece is read, and none of its transactions is set aside
  pace: i64; // clocks that the latest piece of the largest size took

  /** The segment that offers the next piece of a part. */
  choose(part: Part): Entry {
    const near = this.isNear();
    const hurried: Entry | null = near ? this.foretellHurried(part) : null;
    if (hurried != null) return hurried;
    this.aim(part, LARGEST);
    let known: Entry | null = near ? null : this.at.follower(this.next());
    if (known != null && this.at.isTimely(known) && this.isOffered(known)) return known;
    known = this.find();
    // Cut, there are fewer clocks for the refresh to fall on.
    if (known == null && this.taking > SMALL && near) {
      this.aim(part, SMALL);
      known = this.find();
    }
    return known != null ? known : this.rehearse();
  }

  /** Takes note of the entry that was chosen; clocks before a refresh are too many to expect one of them again. */
  @inline
  note(entry: Entry): void {
    if (refreshOf(entry) == NONE) this.at.noteFollower(this.isNear() ? Next.Hurried : this.next(), entry);
    if (this.taking == LARGEST) this.pace = entry.length;
  }


  @inline
  private next(): Next {
    return this.taking == LARGEST ? Next.Whole : Next.Rest;
  }

  /** A refresh may fall due inside a piece of the largest size. */
  @inline
  private isNear(): bool {
    return this.at.untilRefresh() < this.pace + (this.pace >> 3);
  }

  /** The entry that followed the last one before a refresh, if it is the piece's, or that with the refresh inside. */
  private foretellHurried(part: Part): Entry | null {
    const entry = this.at.follower(Next.Hurried);
    if (entry == null) return null;
    this.aim(part, sizeOf(inputOf(entry)) == SMALL ? SMALL : LARGEST);
    if (!this.isOffered(entry)) return null;
    if (this.at.isTimely(entry)) return entry;
    return this.taking > SMALL ? null : this.look(<i32>this.at.untilRefresh(), isCarefree(entry));
  }

  /** Whether an entry is that of the piece about to be offered. */
  @inline
  private isOffered(entry: Entry): bool {
    const carefree = isCarefree(entry);
    if (inputOf(entry) != this.input() || (carefree && !this.reads)) return false;
    this.key(refreshOf(entry), carefree);
    return this.at.memo.isKeyOf(entry);
  }

  /** The next piece of a part, one transaction or a small one where that is all that is left. */
  private aim(part: Part, largest: i32): void {
    const frame = this.at.frame;
    const beyond = ((<i32>part.local) & (SMALL - 1)) + part.toOffer;
    const size = part.toOffer == 1 ? 1 : beyond > SMALL ? largest : SMALL;
    const offset = (<i32>part.local) & (size - 1);
    this.taking = min<i32>(size - offset, part.toOffer);
    frame.aim(part, size, part.local - offset, this.taking);
    this.offset = offset;
    this.reads = this.at.ignoresWrites() && !part.write && !frame.shelf.holds(part.local, this.taking);
  }

  private rehearse(): Entry {
    const at = this.at;
    const refresh = at.untilRefresh();
    const rehearsal = at.rehearse();
    rehearsal.offer(at.frame);
    rehearsal.outcome.conclude(at.origin.now);
    const word = rehearsal.refreshed(at.origin) ? <i32>refresh : NONE;
    this.key(word, this.reads && !rehearsal.outcome.wrote());
    return at.enter(this.taking);
  }

  /** The entry of the piece, null when there is none, or when a refresh cuts a large one. */
  private find(): Entry | null {
    const refresh = this.at.untilRefresh();
    const ways = this.reads ? 2 : 1;
    for (let way = 0; way < ways; way++) {
      const carefree = this.reads && way == 0;
      const plain = this.look(NONE, carefree);
      if (plain != null) {
        if (refresh > plain.length) return plain;
        if (this.taking > SMALL) return null;
      }
      if (refresh > LONGEST_PIECE || (this.taking > SMALL && this.isNear())) continue;
      const refreshed = this.look(<i32>refresh, carefree);
      if (refreshed != null) return refreshed;
    }
    return null;
  }

  /** The entry of the piece with a word for the refresh. */
  private look(refresh: i32, carefree: bool): Entry | null {
    if (!this.at.mayKnow(this.input(), refresh, carefree)) return null;
    this.key(refresh, carefree);
    return this.at.memo.find();
  }

  private key(refresh: i32, carefree: bool): void {
    const at = this.at;
    at.beginKey(this.input(), refresh, carefree, true);
    keyOfHead(at.frame, at.place.state.open, at.memo);
  }

  /** The piece, as a word of the key. */
  @inline
  private input(): i32 {
    const head = this.at.frame.head();
    return offering(this.offset, this.taking, head.write, head.size);
  }
}
