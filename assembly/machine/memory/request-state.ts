//
//   Requests in the canonical state: by rank, with nothing absolute.
//
//     [local transaction - base of its part, rank of its part, classified, age rank]    bank and row follow from the transaction
//
//   Queues are written in acceptance order, the active list in order of ACT; appending them again restores the orders. The
//   clock of acceptance is only compared (frfcfs.ts), so its rank stands for it: 0 is the clock now, at which more may be
//   accepted, 1 the latest one before, and so on.

import { StateReader, StateWriter } from "../state";
import { AddressMap } from "./address";
import { Controller } from "./controller";
import { Request, RequestPool, RequestQueue } from "./queue";
import { Runs } from "./runs";

/** Queues and active list; the parts have their ranks. Without its requests the write queue looks empty. */
export function putRequests(base: Controller, now: i64, withWrites: bool, into: StateWriter): void {
  rankAges(base.pool, now, base.sorted);
  into.put(<i64>base.writeMode);
  putQueue(base.reads, into);
  if (withWrites) putQueue(base.writes, into);
  else into.put(0);
  into.put(<i64>popcnt(base.banks.held));
  let request = base.banks.notBefore(0);
  while (request != null) {
    into.put(<i64>request.write);
    putRequest(request, into);
    request = base.banks.notBefore(request.order + 1);
  }
}

/** Reads them; parts and open rows are there already. */
export function takeRequests(base: Controller, now: i64, from: StateReader): void {
  base.writeMode = from.take() != 0;
  base.pool.reset();
  takeQueue(base, base.reads, false, now, from);
  takeQueue(base, base.writes, true, now, from);
  const active = from.take();
  for (let i = 0; i < active; i++) {
    const write = from.take() != 0;
    base.banks.hold(base.takeRequest(write, now, from));
  }
  base.serveAt = now; // looking too early finds the same
  base.freed = false;
}

function takeQueue(base: Controller, queue: RequestQueue, write: bool, now: i64, from: StateReader): void {
  queue.reset();
  const count = from.take();
  for (let i = 0; i < count; i++) {
    const request = base.takeRequest(write, now, from);
    queue.append(request, base.banks.row(request.bank));
  }
}

/** Gives every waiting request the rank of its age. `sorted` has room for all of them. */
function rankAges(pool: RequestPool, now: i64, sorted: usize): void {
  const count = sortByAge(pool, sorted);
  let rank = 0;
  let clock = now;
  for (let i = 0; i < count; i++) {
    const request = sortedAt(sorted, i);
    if (request.accepted != clock) {
      clock = request.accepted;
      rank++;
    }
    request.age = rank;
  }
}

/** The waiting requests, the youngest first. */
function sortByAge(pool: RequestPool, sorted: usize): i32 {
  let count = 0;
  for (let i = 0; i < pool.capacity; i++) {
    const request = pool.at(i);
    if (!request.waiting) continue;
    let place = count++;
    while (place > 0 && sortedAt(sorted, place - 1).accepted < request.accepted) {
      store<usize>(sorted + <usize>place * sizeof<usize>(), changetype<usize>(sortedAt(sorted, place - 1)));
      place--;
    }
    store<usize>(sorted + <usize>place * sizeof<usize>(), changetype<usize>(request));
  }
  return count;
}

/** Request i of the list. */
@inline
function sortedAt(sorted: usize, i: i32): Request {
  return changetype<Request>(load<usize>(sorted + <usize>i * sizeof<usize>()));
}

function putQueue(queue: RequestQueue, into: StateWriter): void {
  into.put(queue.count);
  let request = queue.notBefore(0);
  while (request != null) {
    putRequest(request, into);
    request = queue.notBefore(request.order + 1);
  }
}

export function putRequest(request: Request, into: StateWriter): void {
  into.put(request.local - request.part.base);
  into.put(request.part.rank);
  into.put(<i64>request.classified);
  into.put(request.age);
}

/** Fills a free request; the parts are there already. */
export function takeRequest(
  request: Request,
  write: bool,
  map: AddressMap,
  runs: Runs,
  now: i64,
  from: StateReader,
): Request {
  const offset = <i64>from.take();
  const label = from.take();
  request.local = runs.baseOf(label) + offset;
  request.part = runs.labelled(label);
  request.part.toComplete++;
  request.classified = from.take() != 0;
  request.accepted = now - from.take();
  const place = map.place(request.local);
  request.bank = map.bank(place);
  request.row = map.row(place);
  request.write = write;
  return request;
}
