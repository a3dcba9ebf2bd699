//
//   State of a controller: timing, refresh, open rows, and all requests by rank.
//

import { StateReader, StateWriter } from "../state";
import { Controller } from "./controller";
import { RequestQueue } from "./queue";
import { putQueue, putRequest } from "./request-state";

/** Writes all of it; the parts have their ranks. */
export function putController(base: Controller, now: i64, into: StateWriter): void {
  base.timing.canonical(now, into);
  base.maintenance.canonical(now, into);
  base.banks.canonical(into);
  base.ages.rank(base.reads, base.pool, now, true);
  putRequests(base, true, into);
}

/** Reads it; the parts are there already. */
export function takeController(base: Controller, now: i64, from: StateReader): void {
  base.timing.load(now, from);
  base.maintenance.load(now, from);
  base.banks.load(from);
  takeRequests(base, now, from);
}

/** Queues and active list; parts and requests have their ranks. Without its requests the write queue looks empty. */
export function putRequests(base: Controller, withWrites: bool, into: StateWriter): void {
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
