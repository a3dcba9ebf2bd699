//
//   Request queue of a channel (one for reads, one for writes): lists in acceptance order, of all requests and of each bank's,
//   and for every bank the first request that hits its open row and the first that does not.
//
//     append ──► bank 0: [r]─[r]─[r]        hit    bit per bank: some request hits the open row
//                bank 1: [r]                miss   bit per bank: some request wants another row than the open one
//                ...                        closed bit per bank: the bank is closed and wanted
//
//   The three masks are all that the choice looks at (frfcfs.ts), so it never walks over requests.

import { Request } from "./request";

/** What the first request of a bank is waiting for, and who that is. */
export enum Wish {
  Hit, // its RD or WR: the first that hits the open row
  Miss, // a PRE: the first that wants another row
  Closed, // an ACT: the first of all
}

/** The requests of one bank in acceptance order. */
@unmanaged
class BankList {
  first: Request | null;
  last: Request | null;
  firstHit: Request | null;
  firstMiss: Request | null;
}

/** The queue of one kind of request. */
@unmanaged
export class RequestQueue {
  hit: u64;
  miss: u64;
  closed: u64;
  hitFrom: i64; // no wish of a kind can be met before these clocks
  missFrom: i64;
  closedFrom: i64;
  first: Request | null; // in the order of acceptance
  last: Request | null;
  lists: usize; // BankList[banks]
  banks: i32;
  count: i32;
  capacity: i32;
  appended: i64; // order of the next request

  build(banks: i32, capacity: i32): void {
    this.banks = banks;
    this.capacity = capacity;
    this.lists = heap.alloc(<usize>banks * offsetof<BankList>());
    this.reset();
  }

  reset(): void {
    this.hit = 0;
    this.miss = 0;
    this.closed = 0;
    this.hitFrom = 0;
    this.missFrom = 0;
    this.closedFrom = 0;
    this.count = 0;
    this.first = null;
    this.last = null;
    this.appended = 0;
    memory.fill(this.lists, 0, <usize>this.banks * offsetof<BankList>());
  }

  /** Whether a request more is refused. */
  @inline
  full(): bool {
    return this.count >= this.capacity;
  }

  /** The first request of a bank with a wish. */
  @inline
  head(wish: Wish, bank: i32): Request {
    const list = this.list(bank);
    return wish == Wish.Hit ? list.firstHit! : wish == Wish.Miss ? list.firstMiss! : list.first!;
  }

  /** No wish of a kind can be met before this clock. */
  @inline
  from(wish: Wish): i64 {
    return wish == Wish.Hit ? this.hitFrom : wish == Wish.Miss ? this.missFrom : this.closedFrom;
  }

  /** Takes note of that; it holds until a bank joins. */
  @inline
  wait(wish: Wish, until: i64): void {
    if (wish == Wish.Hit) this.hitFrom = until;
    else if (wish == Wish.Miss) this.missFrom = until;
    else this.closedFrom = until;
  }

  /** A bank is no longer held: a PRE may close it. */
  @inline
  released(): void {
    this.missFrom = 0;
  }

  /** Adds a request behind all others; openRow is that of its bank, -1 when closed. True: its bank has a new wish. */
  append(request: Request, openRow: i32): bool {
    const list = this.list(request.bank);
    request.order = this.appended++;
    const last = list.last;
    request.previous = last;
    request.next = null;
    if (last == null) list.first = request;
    else last.next = request;
    list.last = request;
    this.enlist(request);
    const bit = (<u64>1) << request.bank;
    if (openRow < 0) {
      if (this.closed & bit) return false;
      this.closed |= bit;
      this.closedFrom = 0;
    } else if (request.row == openRow) {
      if (this.hit & bit) return false;
      this.hit |= bit;
      this.hitFrom = 0;
      list.firstHit = request;
    } else {
      if (this.miss & bit) return false;
      this.miss |= bit;
      this.missFrom = 0;
      list.firstMiss = request;
    }
    return true;
  }

  /** Takes out a request that hits the open row of its bank (its RD or WR goes). */
  removeHit(request: Request): void {
    const list = this.list(request.bank);
    this.unlink(list, request);
    if (list.firstHit != request) return;
    const row = request.row;
    let next = request.next;
    while (next != null && next.row != row) next = next.next;
    list.firstHit = next;
    if (next == null) this.hit &= ~((<u64>1) << request.bank);
  }

  /** Takes out a request of a closed bank (its ACT goes); opened() follows. */
  removeClosed(request: Request): void {
    this.unlink(this.list(request.bank), request);
  }

  /** A bank was opened at a row. */
  opened(bank: i32, row: i32): void {
    const list = this.list(bank);
    const bit = (<u64>1) << bank;
    this.closed &= ~bit;
    let hit: Request | null = null;
    let miss: Request | null = null;
    let request = list.first;
    while (request != null && (hit == null || miss == null)) {
      if (request.row == row) {
        if (hit == null) hit = request;
      } else if (miss == null) miss = request;
      request = request.next;
    }
    list.firstHit = hit;
    list.firstMiss = miss;
    if (hit != null) this.hit |= bit;
    if (miss != null) this.miss |= bit;
    this.hitFrom = 0;
    this.missFrom = 0;
  }

  /** A bank was closed. */
  precharged(bank: i32): void {
    const bit = (<u64>1) << bank;
    this.hit &= ~bit;
    this.miss &= ~bit;
    if (this.list(bank).first != null) this.closed |= bit;
    this.closedFrom = 0;
  }

  /** Whether a request for this transaction is queued. */
  holds(bank: i32, local: i64): bool {
    let request = this.list(bank).last;
    while (request != null && request.local != local) request = request.previous;
    return request != null;
  }

  /** Behind all others, in the order of acceptance. */
  @inline
  private enlist(request: Request): void {
    const last = this.last;
    request.earlier = last;
    request.later = null;
    if (last == null) this.first = request;
    else last.later = request;
    this.last = request;
    request.queued = true;
    this.count++;
  }

  /** Not among all any more. */
  @inline
  private delist(request: Request): void {
    const later = request.later;
    const earlier = request.earlier;
    if (earlier == null) this.first = later;
    else earlier.later = later;
    if (later == null) this.last = earlier;
    else later.earlier = earlier;
    request.queued = false;
    this.count--;
  }

  /** The list of a bank. */
  @inline
  private list(bank: i32): BankList {
    return changetype<BankList>(this.lists + <usize>bank * offsetof<BankList>());
  }

  /** Takes a request out of its bank's list. */
  @inline
  private unlink(list: BankList, request: Request): void {
    const next = request.next;
    const previous = request.previous;
    if (previous == null) list.first = next;
    else previous.next = next;
    if (next == null) list.last = previous;
    else next.previous = previous;
    this.delist(request);
  }
}
