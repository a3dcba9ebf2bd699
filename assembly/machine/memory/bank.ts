//
//   Banks of a channel: the open row of each, and the active list, the requests whose bank was activated for them.
//
//        ACT ──► open[bank] = row, active[bank] = request      at most one active request a bank:
//     RD, WR ──► active[bank] leaves                           an ACT needs a closed bank, and nobody
//        PRE ──► open[bank] = closed                           precharges a bank that is held
//
//   The active list is apart from the queues: a request frees its queue entry with its ACT.

import { StateReader, StateWriter } from "../state";
import { Request } from "./request";

const CLOSED: i32 = -1;

/** Open rows and active requests of all banks. */
@unmanaged
export class Banks {
  open: u64; // bit per open bank
  held: u64; // bit per bank with an active request
  rows: usize; // i32[banks]
  active: usize; // Request pointers, by bank
  banks: i32;
  activated: i64; // order of the next ACT
  activeFrom: i64; // no active request is ready before this clock

  build(banks: i32): void {
    this.banks = banks;
    this.rows = heap.alloc((<usize>banks) << 2);
    this.active = heap.alloc(<usize>banks * sizeof<usize>());
    this.reset();
  }

  reset(): void {
    this.open = 0;
    this.held = 0;
    this.activated = 0;
    this.activeFrom = 0;
    for (let bank = 0; bank < this.banks; bank++) store<i32>(this.rows + ((<usize>bank) << 2), CLOSED);
  }

  /** The open row of a bank, -1 when it is closed. */
  @inline
  row(bank: i32): i32 {
    return load<i32>(this.rows + ((<usize>bank) << 2));
  }

  /** The active request of a held bank. */
  @inline
  request(bank: i32): Request {
    return changetype<Request>(load<usize>(this.active + <usize>bank * sizeof<usize>()));
  }

  /** The bank of a request is opened for it. */
  activate(request: Request): void {
    this.hold(request);
    this.open |= (<u64>1) << request.bank;
    store<i32>(this.rows + ((<usize>request.bank) << 2), request.row);
  }

  /** The active request of a bank got its RD or WR. */
  release(bank: i32): void {
    this.held &= ~((<u64>1) << bank);
  }

  precharge(bank: i32): void {
    this.open &= ~((<u64>1) << bank);
    store<i32>(this.rows + ((<usize>bank) << 2), CLOSED);
  }

  /** The active request with the smallest order that is not below a bound; null when there is none. */
  notBefore(order: i64): Request | null {
    let best: Request | null = null;
    for (let mask = this.held; mask != 0; mask &= mask - 1) {
      const request = this.request(<i32>ctz(mask));
      if (request.order >= order && (best == null || request.order < best.order)) best = request;
    }
    return best;
  }

  canonical(into: StateWriter): void {
    for (let bank = 0; bank < this.banks; bank++) into.put(this.row(bank));
  }

  /** Reads the rows; the active requests follow by hold(). */
  load(from: StateReader): void {
    this.reset();
    for (let bank = 0; bank < this.banks; bank++) {
      const row = from.take();
      store<i32>(this.rows + ((<usize>bank) << 2), row);
      if (row != CLOSED) this.open |= (<u64>1) << bank;
    }
  }

  /** After reset(): a bank is open. */
  restore(bank: i32, row: i32): void {
    store<i32>(this.rows + ((<usize>bank) << 2), row);
    this.open |= (<u64>1) << bank;
  }

  hold(request: Request): void {
    request.order = this.activated++;
    this.activeFrom = 0;
    this.held |= (<u64>1) << request.bank;
    store<usize>(this.active + <usize>request.bank * sizeof<usize>(), changetype<usize>(request));
  }
}
