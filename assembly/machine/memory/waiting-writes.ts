//
//   Waiting writes: putting back what a state has left out of the write queue.
//
//   Source      docs/machine.md section 9, "Remembering".

import { Controller } from "./controller";
import { Part } from "./runs";

/** A write that a state has left out, younger than those before it. */
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
