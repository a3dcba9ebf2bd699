//
//   Waiting writes: when a state may leave out what is in the write queue, and putting it back.
//
//   Source      docs/machine.md section 9, "Remembering".

import { Controller } from "./controller";
import { listed } from "./queue";
import { Part } from "./runs";

/** Marks requests that a look has seen. */
const SEEN: i32 = -1;

/** Whether in read mode every queued write is older than all other requests, and than what may come in the clock now. */
export function writesAreOldest(base: Controller, now: i64): bool {
  if (base.writeMode) return false;
  let latest: i64 = i64.MIN_VALUE;
  base.writes.inOrder(base.sorted);
  for (let i = 0; i < base.writes.count; i++) {
    latest = max<i64>(latest, listed(base.sorted, i).accepted);
    listed(base.sorted, i).age = SEEN;
  }
  let oldest = now;
  for (let i = 0; i < base.pool.capacity; i++) {
    const request = base.pool.at(i);
    if (!request.waiting) continue;
    if (request.age != SEEN) oldest = min<i64>(oldest, request.accepted);
    request.age = 0;
  }
  return latest < oldest;
}

/** A write that a state has left out, younger than those before it and older than all requests of the state. */
export function takeWrite(base: Controller, part: Part, local: i64, accepted: i64, classified: bool): void {
  const request = base.pool.take();
  const place = base.map.place(local);
  request.part = part;
  request.local = local;
  request.accepted = accepted;
  request.row = base.map.row(place);
  request.bank = base.map.bank(place);
  request.write = true;
  request.classified = classified;
  part.toComplete++;
  base.writes.append(request, base.banks.row(request.bank));
}
