//
//   The scoreboard: what every unit may see of the others, and nothing else.
//
//      counts      how many Compute records are visible, Vector records ended, Store records acknowledged (in order)
//      runs        granted? arrived? (runs.ts)            routes   how far decided, how deep (routes.ts)
//
//   A wait is one comparison with a count. Only phase 1 changes the counts, so the order in which the units decide inside
//   a cycle cannot matter.
//   Source      docs/machine.md, sections 1 and 2.

import { Field, Knob, Work } from "../../contract";
import { TAG_OP_BITS } from "../../events";
import { knob } from "../alloc";
import { StateReader, StateWriter } from "../state";
import { Events } from "./events";
import { RouteTable } from "./routes";
import { RunTable } from "./runs";
import { word } from "./record";

/** Words the sequencer adds to a dispatched Fetch and Route record. */
export const FETCH_RUN: i32 = Field.FetchSlice + 1;
export const FETCH_BASES_BEFORE: i32 = Field.FetchSlice + 2;
export const ROUTE_SELF: i32 = Field.RouteRun + 1;


@unmanaged
export class Board {
  runs: RunTable;
  routes: RouteTable;
  events: Events;
  computesDispatched: i32;
  computesVisible: i32;
  vectorsDispatched: i32;
  vectorsDone: i32;
  storesDispatched: i32;
  storesDone: i32;
  basesDispatched: i32;
  basesGranted: i32;
  /** Free bytes of the staging buffers behind the array and behind the vector unit. */
  arrayStaging: i32;
  vectorStaging: i32;
  /** What a unit was found to wait for in this cycle: the first such compute by its number, a store or its staging bytes. */
  awaitedCompute: i32;
  awaitsStore: bool;

  reset(runs: RunTable, routes: RouteTable, knobs: usize): void {
    this.runs = runs;
    this.routes = routes;
    this.events.reset(runs);
    this.computesDispatched = this.computesVisible = 0;
    this.vectorsDispatched = this.vectorsDone = 0;
    this.storesDispatched = this.storesDone = 0;
    this.basesDispatched = this.basesGranted = 0;
    this.arrayStaging = knob(knobs, Knob.ArrayStagingBytes);
    this.vectorStaging = knob(knobs, Knob.VectorStagingBytes);
  }

  /** Whether the three waits of a dispatched record hold. */
  ready(record: usize): bool {
    const compute = word(record, Field.AfterCompute);
    if (compute > this.computesVisible) {
      this.awaitedCompute = min(this.awaitedCompute, compute);
      return false;
    }
    if (word(record, Field.AfterVector) > this.vectorsDone) return false;
    return !this.lacksStore(word(record, Field.AfterStore) > this.storesDone);
  }

  /** Whether something is short until a store is acknowledged; takes note of it. */
  lacksStore(short: bool): bool {
    if (short) this.awaitsStore = true;
    return short;
  }

  /** A new cycle: nobody has been found to wait. */
  forgetWaits(): void {
    this.awaitedCompute = i32.MAX_VALUE;
    this.awaitsStore = false;
  }

  /** A word of a dispatched record with every absolute number made relative: canonical state. */
  relative(record: usize, field: i32): i32 {
    const value = word(record, field);
    switch (field) {
      case Field.AfterCompute:
        return max(value - this.computesVisible, 0);
      case Field.AfterVector:
        return max(value - this.vectorsDone, 0);
      case Field.AfterStore:
        return max(value - this.storesDone, 0);
      case Field.Tag:
        return value & ((1 << TAG_OP_BITS) - 1);
    }
    if (value == 0) return 0;
    if (this.namesRun(record, field)) return max(value - this.runs.first, 0); // nobody asks for a retired run
    if (this.namesRoute(record, field)) return value - this.routes.first;
    if (word(record, Field.Kind) == Work.Fetch && field == FETCH_BASES_BEFORE) {
      return max(value - this.basesGranted, 0);
    }
    return value;
  }

  private namesRun(record: usize, field: i32): bool {
    switch (word(record, Field.Kind)) {
      case Work.Fetch:
        return field == FETCH_RUN;
      case Work.Route:
        return field == Field.RouteRun;
      case Work.Compute:
        return field == Field.ComputeRun || field == Field.ComputeScaleRun || field == Field.ComputeInputRun;
      case Work.Vector:
        return field == Field.VectorRun;
    }
    return false;
  }

  private namesRoute(record: usize, field: i32): bool {
    switch (word(record, Field.Kind)) {
      case Work.Fetch:
        return field == Field.FetchRoute;
      case Work.Route:
        return field == ROUTE_SELF;
      case Work.Compute:
        return field == Field.ComputeRoute;
    }
    return false;
  }

  canonical(into: StateWriter): void {
    into.put(this.computesDispatched - this.computesVisible);
    into.put(this.vectorsDispatched - this.vectorsDone);
    into.put(this.storesDispatched - this.storesDone);
    into.put(this.basesDispatched - this.basesGranted);
    into.put(this.arrayStaging);
    into.put(this.vectorStaging);
  }

  load(from: StateReader): void {
    this.computesDispatched = <i32>from.take();
    this.vectorsDispatched = <i32>from.take();
    this.storesDispatched = <i32>from.take();
    this.basesDispatched = <i32>from.take();
    this.computesVisible = this.vectorsDone = this.storesDone = this.basesGranted = 0;
    this.arrayStaging = <i32>from.take();
    this.vectorStaging = <i32>from.take();
  }
}
