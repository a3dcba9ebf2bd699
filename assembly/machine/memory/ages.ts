//
//   Ages: the requests of a channel by their clocks of acceptance. Those are only compared (frfcfs.ts), so their ranks stand
//   for them in a state: 0 is the clock now, at which more may be accepted, 1 the latest one before, and so on.
//
//     read queue, active list (, write queue) ──► oldest first ──► age of each request, number of ranks
//

import { RequestQueue } from "./queue";
import { Request, RequestPool } from "./request";

/** Clocks between two ranks of a state that is loaded: writes set aside fit between (shelf.ts). */
export const GAP: i64 = 1 << 10;

/** Requests, oldest first. */
@unmanaged
export class Ages {
  sorted: usize; // Request pointers
  count: i32;
  ranks: i32; // clocks, now included

  build(capacity: i32): void {
    this.sorted = heap.alloc(<usize>capacity * sizeof<usize>());
    this.count = 0;
  }

  /** Gives every waiting request its rank, or every one but the queued writes. */
  rank(reads: RequestQueue, pool: RequestPool, now: i64, withWrites: bool): void {
    this.count = 0;
    let read = reads.first;
    while (read != null) {
      this.insert(read);
      read = read.later;
    }
    for (let i = 0; i < pool.capacity; i++) {
      const request = pool.at(i);
      if (request.waiting && (!request.queued || (withWrites && request.write))) this.insert(request);
    }
    let rank = 0;
    let clock = now;
    for (let i = this.count - 1; i >= 0; i--) {
      const request = this.at(i);
      if (request.accepted != clock) {
        clock = request.accepted;
        rank++;
      }
      request.age = rank;
    }
    this.ranks = rank + 1;
  }


  @inline
  at(i: i32): Request {
    return changetype<Request>(load<usize>(this.sorted + <usize>i * sizeof<usize>()));
  }

  /** Bit per rank at `start`, as it was loaded, of which a request still waits at `now`. */
  left(start: i64, now: i64): u64 {
    let ranks: u64 = start == now ? 1 : 0;
    for (let i = 0; i < this.count; i++) {
      const distance = start - this.at(i).accepted;
      if (distance < 0) break;
      const rank = <u64>(distance / GAP);
      ranks |= (<u64>1) << rank;
    }
    return ranks;
  }

  /** Clocks after `start` among the ranks, now included. */
  since(start: i64, now: i64): i32 {
    if (start == now) return 0;
    let oldest = this.count;
    while (oldest > 0 && this.at(oldest - 1).accepted > start) oldest--;
    return oldest == this.count ? 1 : this.at(oldest).age + 1;
  }


  @inline
  private insert(request: Request): void {
    let place = this.count++;
    while (place > 0 && this.at(place - 1).accepted > request.accepted) {
      store<usize>(this.sorted + <usize>place * sizeof<usize>(), changetype<usize>(this.at(place - 1)));
      place--;
    }
    store<usize>(this.sorted + <usize>place * sizeof<usize>(), changetype<usize>(request));
  }
}
