//
//   Requests in the canonical state: by rank, with nothing absolute.
//
//     [local transaction - base of its part, rank of its part, classified, age rank]    bank and row follow from the transaction
//
//   Queues are written in acceptance order, the active list in order of ACT; appending them again restores the orders. Of the
//   clock of acceptance there is the rank (ages.ts).

import { StateReader, StateWriter } from "../state";
import { AddressMap } from "./address";
import { GAP } from "./ages";
import { RequestQueue } from "./queue";
import { Request } from "./request";
import { Runs } from "./runs";

/** Where the fields of a request lie in a word: transaction inside a piece, classified, rank of the part, age. */
const CLASSIFIED: i32 = 9;
const RANK: i32 = 10;
const AGE: i32 = 20;
/** Ranks and ages that fit. */
const FIELD: i32 = 1 << 10;
/** A word of no request. */
const LONG: i32 = -1;

/** Requests in the order of their acceptance. */
export function putQueue(queue: RequestQueue, into: StateWriter): void {
  into.put(queue.count);
  let request = queue.first;
  while (request != null) {
    putRequest(request, into);
    request = request.later;
  }
}

export function putRequest(request: Request, into: StateWriter): void {
  if (into.brief) return putBrief(request, into);
  into.put(request.local - request.part.base);
  into.put(request.part.rank);
  into.put(<i64>request.classified);
  into.put(request.age);
}

/** The same in a word, or, where that does not do, behind LONG. The transaction lies inside a piece. */
function putBrief(request: Request, into: StateWriter): void {
  const offset = (<i32>(request.local - request.part.base)) | ((<i32>request.classified) << CLASSIFIED);
  if (request.part.rank < FIELD && request.age < FIELD) {
    into.put(offset | (request.part.rank << RANK) | (request.age << AGE));
    return;
  }
  into.put(LONG);
  into.put(offset);
  into.put(request.part.rank);
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
  let offset = from.take();
  let label: i32, classified: i32, age: i32;
  if (from.brief) {
    const word = offset;
    const long = word == LONG;
    offset = long ? from.take() : word;
    label = long ? from.take() : (word >> RANK) & (FIELD - 1);
    age = long ? from.take() : word >> AGE;
    classified = (offset >> CLASSIFIED) & 1;
    offset &= (1 << CLASSIFIED) - 1;
  } else {
    label = from.take();
    classified = from.take();
    age = from.take();
  }
  request.local = runs.baseOf(label) + <i64>offset;
  request.part = runs.labelled(label);
  request.part.toComplete++;
  request.classified = classified != 0;
  request.accepted = now - <i64>age * GAP;
  const place = map.place(request.local);
  request.bank = map.bank(place);
  request.row = map.row(place);
  request.write = write;
  return request;
}
