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
import { listed, Request, RequestPool, RequestQueue } from "./queue";
import { Runs } from "./runs";

/** Gives every waiting request the rank of its age. `sorted` has room for all of them. */
export function rankAges(pool: RequestPool, now: i64, sorted: usize): void {
  const count = sortByAge(pool, sorted);
  let rank = 0;
  let clock = now;
  for (let i = 0; i < count; i++) {
    const request = listed(sorted, i);
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
    while (place > 0 && listed(sorted, place - 1).accepted < request.accepted) {
      store<usize>(sorted + <usize>place * sizeof<usize>(), changetype<usize>(listed(sorted, place - 1)));
      place--;
    }
    store<usize>(sorted + <usize>place * sizeof<usize>(), changetype<usize>(request));
  }
  return count;
}

/** Requests in the order of their acceptance; `sorted` has room for them. */
export function putQueue(queue: RequestQueue, sorted: usize, into: StateWriter): void {
  into.put(queue.count);
  queue.inOrder(sorted);
  for (let i = 0; i < queue.count; i++) putRequest(listed(sorted, i), into);
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
