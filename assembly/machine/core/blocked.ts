//
//   Why nothing can happen any more: what each unit waits for, for who reports it.
//

import { Blocked, Field, Unit } from "../../contract";
import { Core, UNITS } from "./core";
import { RecordQueue } from "./queue";
import { word } from "./record";

/** Why each unit cannot go on: i32[5] of Blocked, then i32[5] of the number it waits for (bytes, run, ...). */
export function explain(core: Core, into: usize): void {
  const route = core.sequencer.route;
  const vector = core.sequencer.vector;
  const routerRun = route.size == 0 ? 0 : word(route.front(), Field.RouteRun);
  const vectorRun = vector.size == 0 ? 0 : word(vector.front(), Field.VectorRun);
  explainFetch(core, into);
  report(core, into, Unit.Router, route, core.router.working, routerRun);
  explainArray(core, into);
  report(core, into, Unit.Vector, vector, core.vector.working, vectorRun);
  report(core, into, Unit.Store, core.sequencer.store, false, 0);
}

function explainFetch(core: Core, into: usize): void {
  const fetch = core.fetch;
  const demandDecided = fetch.demand.size > 0 && fetch.decided(fetch.demand.front());
  const queue = demandDecided || fetch.base.size == 0 ? fetch.demand : fetch.base;
  if (queue.size == 0) return put(into, Unit.Fetch, Blocked.Nothing, 0);
  const head = queue.front();
  const waiting = waitOf(core, head);
  if (waiting != Blocked.Nothing) return put(into, Unit.Fetch, waiting, 0);
  if (queue == fetch.demand && !demandDecided) return put(into, Unit.Fetch, Blocked.Route, 0);
  if (fetch.outstanding >= fetch.limit) return put(into, Unit.Fetch, Blocked.Outstanding, fetch.outstanding);
  put(into, Unit.Fetch, Blocked.Credit, word(head, Field.FetchCredit));
}

function explainArray(core: Core, into: usize): void {
  const array = core.array;
  if (array.queue.size == 0) return put(into, Unit.Array, Blocked.Nothing, 0);
  const head = array.queue.front();
  if (!array.working && !array.routeComplete(head)) return put(into, Unit.Array, Blocked.Route, 0);
  report(core, into, Unit.Array, array.queue, array.working, array.missingRun(head));
}

function waitOf(core: Core, record: usize): i32 {
  const board = core.board;
  if (word(record, Field.AfterCompute) > board.computesVisible) return Blocked.AfterCompute;
  if (word(record, Field.AfterVector) > board.vectorsDone) return Blocked.AfterVector;
  return word(record, Field.AfterStore) > board.storesDone ? Blocked.AfterStore : Blocked.Nothing;
}

function report(core: Core, into: usize, unit: i32, queue: RecordQueue, working: bool, run: i32): void {
  if (queue.size == 0) return put(into, unit, Blocked.Nothing, 0);
  if (working) return put(into, unit, Blocked.Working, 0);
  if (!core.board.runs.here(run)) return put(into, unit, Blocked.Run, run - core.board.runs.first);
  const waiting = waitOf(core, queue.front());
  put(into, unit, waiting == Blocked.Nothing ? Blocked.Staging : waiting, 0);
}

function put(into: usize, unit: i32, why: i32, number: i32): void {
  store<i32>(into + ((<usize>unit) << 2), why);
  store<i32>(into + ((<usize>(unit + UNITS)) << 2), number);
}
