//
//   Requests of a channel: accepted transactions, in a queue or on the active list.
//
//     free ──take──► read or write queue ──► active list ──give──► free        one pool for all
//

import { Part } from "./runs";

/** One accepted transaction. */
@unmanaged
export class Request {
  next: Request | null; // in the bank's list; also the list of free ones
  previous: Request | null;
  later: Request | null; // in the order of acceptance, of all banks
  earlier: Request | null;
  part: Part;
  local: i64;
  accepted: i64; // clock of acceptance
  order: i64; // of acceptance in its queue; in the active list, of ACT
  row: i32;
  bank: i32;
  write: bool;
  classified: bool; // counted as row hit, miss or conflict
  waiting: bool; // not free
  queued: bool; // in its queue
  age: i32; // in canonical(): rank of its clock of acceptance, see ages.ts
}

/** All requests a channel can hold, and which of them are free. */
@unmanaged
export class RequestPool {
  requests: usize;
  capacity: i32;
  free: Request | null;

  build(capacity: i32): void {
    this.capacity = capacity;
    this.requests = heap.alloc(<usize>capacity * offsetof<Request>());
    this.reset();
  }

  reset(): void {
    this.free = null;
    for (let i = this.capacity - 1; i >= 0; i--) {
      this.at(i).queued = false;
      this.give(this.at(i));
    }
  }

  /** There is one for every queue entry and every bank's active request. */
  @inline
  take(): Request {
    const request = this.free!;
    this.free = request.next;
    request.waiting = true;
    return request;
  }

  /** Request i, free or not. */
  @inline
  at(i: i32): Request {
    return changetype<Request>(this.requests + <usize>i * offsetof<Request>());
  }

  /** Sum over the waiting reads of the clocks since their acceptance. */
  readAges(now: i64): i64 {
    let sum: i64 = 0;
    for (let i = 0; i < this.capacity; i++) {
      const request = this.at(i);
      if (request.waiting && !request.write) sum += now - request.accepted;
    }
    return sum;
  }

  /** Takes a request back. */
  @inline
  give(request: Request): void {
    request.waiting = false;
    request.next = this.free;
    this.free = request;
  }
}
