//
//   Idles: the segments that begin at a boundary where nothing has arrived: until nothing binds any more, or something arrives.
//
//   Key         until nothing binds any more, or the number of clocks where something arrives earlier; where a refresh falls due
//               inside, the clocks until then and its turn.
//   Source      docs/machine.md section 9, "Remembering".

import { NEVER } from "../state";
import { Boundary } from "./boundary";
import { Entry, Next } from "./memo-records";
import { inputOf, isCarefree, NONE, refreshOf, SETTLE } from "./segment-key";


@unmanaged
export class Idles {
  at: Boundary;

  /** The idle segment up to an arrival after `limit` clocks. */
  choose(limit: i64): Entry {
    const known = this.foretell(limit);
    if (known != null) return known;
    const refresh = this.at.untilRefresh();
    const plain = this.idling(SETTLE, NONE);
    if (limit >= plain.length) {
      if (refresh > plain.length) return plain;
      const refreshed = this.idling(SETTLE, <i32>refresh);
      if (limit >= refreshed.length) return refreshed;
    }
    return this.idling(SETTLE - <i32>limit, refresh > limit ? NONE : <i32>refresh);
  }

  /** The entry that followed the last one before, if it idles as long; else null. */
  private foretell(limit: i64): Entry | null {
    const entry = this.at.follower(Next.Idle);
    if (entry == null || !this.at.isTimely(entry)) return null;
    const input = inputOf(entry);
    if (input == SETTLE ? limit < entry.length : limit != <i64>(SETTLE - input)) return null;
    const carefree = isCarefree(entry);
    if (carefree && !this.at.ignoresWrites()) return null;
    this.key(input, refreshOf(entry), carefree);
    return this.at.memo.isKeyOf(entry) ? entry : null;
  }

  private idling(input: i32, refresh: i32): Entry {
    const known = this.find(input, refresh);
    return known != null ? known : this.rehearse(input, refresh);
  }

  private rehearse(input: i32, refresh: i32): Entry {
    const at = this.at;
    const due = at.origin.refresh;
    if (refresh == NONE) at.origin.refresh = NEVER;
    const rehearsal = at.rehearse();
    if (input == SETTLE) rehearsal.idle();
    else rehearsal.wait(<i64>(SETTLE - input));
    rehearsal.outcome.conclude(at.origin.now);
    this.key(input, refresh, input != SETTLE && at.ignoresWrites() && !rehearsal.outcome.wrote());
    const entry = at.enter(0);
    at.origin.refresh = due;
    return entry;
  }

  private find(input: i32, refresh: i32): Entry | null {
    // What idles until nothing binds any more has turned to writes.
    const known: Entry | null = input != SETTLE && this.at.ignoresWrites() ? this.look(input, refresh, true) : null;
    return known != null ? known : this.look(input, refresh, false);
  }

  private look(input: i32, refresh: i32, carefree: bool): Entry | null {
    if (!this.at.mayKnow(input, refresh, carefree)) return null;
    this.key(input, refresh, carefree);
    return this.at.memo.find();
  }

  private key(input: i32, refresh: i32, carefree: bool): void {
    this.at.beginKey(input, refresh, carefree, false);
  }
}
