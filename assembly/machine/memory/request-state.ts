//
//   Requests in the canonical state: by rank, with nothing absolute.
//
//     [local transaction, rank of its part, classified, clocks since acceptance]    bank and row follow from the transaction
//
//   Queues are written in acceptance order, the active list in order of ACT; appending them again restores the orders.

import { StateReader, StateWriter } from "../state";
import { AddressMap } from "./address";
import { Request, RequestQueue } from "./queue";
import { Runs } from "./runs";

export function putQueue(queue: RequestQueue, runs: Runs, now: i64, into: StateWriter): void {
  into.put(queue.count);
  let request = queue.notBefore(0);
  while (request != null) {
    putRequest(request, runs, now, into);
    request = queue.notBefore(request.order + 1);
  }
}

export function putRequest(request: Request, runs: Runs, now: i64, into: StateWriter): void {
  into.put(request.local);
  into.put(runs.rank(request.part));
  into.put(<i64>request.classified);
  into.put(now - request.accepted);
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
  request.local = from.take();
  request.part = runs.at(from.take());
  request.classified = from.take() != 0;
  request.accepted = now - from.take();
  const place = map.place(request.local);
  request.bank = map.bank(place);
  request.row = map.row(place);
  request.write = write;
  return request;
}
