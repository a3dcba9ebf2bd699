//
//   Segments: which one begins at a boundary.
//
//     a write has come, reads are served ──► it joins the writes set aside
//     a part has arrived                 ──► offers.ts ──► entry
//     nothing has                        ──► idles.ts  ──► entry
//
//   Source      docs/machine.md section 9, "Remembering".

import { NEVER } from "../state";
import { Boundary } from "./boundary";
import { Idles } from "./idles";
import { Next } from "./memo-records";
import { Offers } from "./offers";
import { Part, Runs } from "./runs";


@unmanaged
export class Segments {
  at: Boundary;
  offers: Offers;
  idles: Idles;
  room: i32; // bytes that one choice may add to the memo
  taking: i32; // transactions that the segment under way offers; 0: it idles
  flips: bool; // every other clock is a rising edge

  /** Writes that have come only join those set aside, as long as there is room, and none for the same transaction; how many. */
  join(whole: Runs): i32 {
    const at = this.at;
    const shelf = at.frame.shelf;
    let joined = 0;
    if (!at.place.state.reading) return joined;
    for (let part = whole.offering; part != null && part.write; part = whole.offering) {
      if (part.arrive > at.origin.now || shelf.count == shelf.capacity || shelf.holds(part.local, 1)) break;
      at.frame.join(part);
      at.rehearsal.forget();
      whole.offered(part, 1);
      joined++;
    }
    return joined;
  }

  /** The segment that begins at the boundary; false when nothing does before a clock. */
  choose(head: Part | null, until: i64): bool {
    const at = this.at;
    const quiet = at.place.state.quiet;
    if (head != null && head.arrive > at.origin.now && quiet) this.skip(min<i64>(head.arrive, until));
    const offers = head != null && head.arrive <= at.origin.now;
    if (!offers && quiet && (head == null || head.arrive >= until)) return false;
    at.memo.reserve(this.room);
    if (offers) this.offer(head!);
    else this.idle(head == null ? NEVER : head.arrive - at.origin.now);
    return true;
  }


  @inline
  private offer(part: Part): void {
    const entry = this.offers.choose(part);
    this.taking = this.offers.taking;
    this.at.place.entry = changetype<usize>(entry);
    this.offers.note(entry);
  }

  private idle(limit: i64): void {
    const entry = this.idles.choose(limit);
    this.taking = 0;
    this.at.place.entry = changetype<usize>(entry);
    this.at.noteFollower(Next.Idle, entry);
  }

  /** Nothing happens to a quiet channel before a part arrives or a refresh falls due. */
  private skip(until: i64): void {
    const origin = this.at.origin;
    const to = min<i64>(until, origin.refresh - 1);
    const clocks = to - origin.now;
    if (clocks > 0) origin.now += this.flips ? clocks & ~1 : clocks;
  }
}
