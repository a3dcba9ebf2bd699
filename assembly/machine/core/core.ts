//
//   One core: wires the sequencer, the five units and their boards, and walks the three phases of a cycle.
//
//      phase 1 arrive()  ──►  phase 2 step() of the five units, in any order  ──►  phase 3 dispatch
//
//   No arithmetic here but the attribution of cycles (docs/machine.md, section 10).

import { Blocked, Counter, Field, Knob, Unit } from "../../contract";
import { count, knob, make } from "../alloc";
import { StateReader, StateWriter } from "../state";
import { PeArray } from "./array";
import { Arrivals } from "./arrivals";
import { Board } from "./board";
import { Events } from "./events";
import { Fetch } from "./fetch";
import { PassLaw } from "./pass";
import { Pipeline } from "./pipeline";
import { RecordQueue } from "./queue";
import { Router } from "./router";
import { RouteTable } from "./routes";
import { RunState, RunTable } from "./runs";
import { Sequencer } from "./sequencer";
import { StoreUnit } from "./store";
import { VectorUnit } from "./vector";
import { word } from "./record";

const UNITS: i32 = 5;
const UNIT_BITS: i32 = 3;
const UNIT_MASK: i32 = (1 << UNIT_BITS) - 1;


@unmanaged
export class Core {
  counters: usize;
  /** The units in the order of their decisions, UNIT_BITS each. */
  order: i32;
  board: Board;
  sequencer: Sequencer;
  fetch: Fetch;
  router: Router;
  array: PeArray;
  vector: VectorUnit;
  store: StoreUnit;

  reset(knobs: usize, counters: usize): void {
    this.counters = counters;
    this.order = unitOrder(knob(knobs, Knob.StepOrder));
    this.resetBoards(knobs);
    const sequencer = this.sequencer;
    this.fetch.reset(this.board, sequencer.base, sequencer.demand, knobs, counters);
    this.router.reset(this.board, sequencer.route, knobs, counters);
    this.array.reset(this.board, sequencer.compute, knobs, counters);
    this.vector.reset(this.board, sequencer.vector, knobs, counters);
    this.store.reset(this.board, sequencer.store, knobs, counters);
  }

  private resetBoards(knobs: usize): void {
    const runs = make<RunTable>();
    runs.reset(knob(knobs, Knob.RunTableEntries), knob(knobs, Knob.SliceBufferBytes));
    const routes = make<RouteTable>();
    routes.reset(knob(knobs, Knob.RouteTableEntries), knob(knobs, Knob.ArrayColumns));
    this.board.reset(runs, routes, knobs);
    this.sequencer.reset(this.board);
    const depth = knob(knobs, Knob.QueueDepth);
    this.sequencer.base.reset(depth);
    this.sequencer.demand.reset(depth);
    this.sequencer.route.reset(depth);
    this.sequencer.compute.reset(depth);
    this.sequencer.vector.reset(depth);
    this.sequencer.store.reset(depth);
  }

  /** Earliest cycle at which something that is already known comes due. */
  wake(): i64 {
    const timers = min(min(this.router.wake(), this.array.wake()), this.vector.wake());
    return min(timers, min(this.fetch.wake(), this.store.wake()));
  }

  /** Phase 1. */
  arrive(now: i64): void {
    this.board.runs.settle();
    this.fetch.arrive(now);
    this.store.arrive(now);
    this.router.arrive(now);
    this.array.arrive(now);
    this.vector.arrive(now);
  }

  /** Whether everything is done; only meaningful after phase 1. */
  done(): bool {
    const board = this.board;
    return (
      this.sequencer.drained() &&
      this.fetch.outstanding == 0 &&
      board.computesVisible == board.computesDispatched &&
      board.storesDone == board.storesDispatched
    );
  }

  /** Phase 2, in the order of `StepOrder`; true when a unit did something. */
  step(now: i64): bool {
    let acted = false;
    let order = this.order;
    for (let i = 0; i < UNITS; i++) {
      if (this.stepUnit(order & UNIT_MASK, now)) acted = true;
      order >>= UNIT_BITS;
    }
    return acted;
  }

  private stepUnit(unit: i32, now: i64): bool {
    switch (unit) {
      case Unit.Fetch:
        return this.fetch.step();
      case Unit.Router:
        return this.router.step(now);
      case Unit.Array:
        return this.array.step(now);
      case Unit.Vector:
        return this.vector.step(now);
      default:
        return this.store.step();
    }
  }

  /** The counter to which this cycle belongs; only meaningful after phase 2. */
  cause(): i32 {
    const array = this.array;
    if (array.working) return Counter.CyclesBusy;
    if (array.queue.size == 0) return Counter.CyclesDrain;
    const head = array.queue.front();
    if (!array.routeComplete(head)) return Counter.CyclesRoute;
    const missing = array.missingRun(head);
    if (missing != 0) return this.starved(missing - 1) ? Counter.CyclesBuffer : Counter.CyclesDram;
    return this.board.ready(head) ? Counter.CyclesStore : Counter.CyclesVector;
  }

  private starved(run: i32): bool {
    const runs = this.board.runs;
    return runs.state(run) == RunState.Queued && this.fetch.starved(runs.queue(run));
  }

  /** Charges `cycles` cycles to their cause. */
  charge(cause: i32, cycles: i64): void {
    count(this.counters, cause, cycles);
    const events = this.board.events;
    if (!events.on) return;
    const queue = this.array.queue;
    events.charge(cause, cause == Counter.CyclesDrain ? 0 : queue.front(), cycles);
  }

  /** Why each unit cannot go on: i32[5] of Blocked, then i32[5] of the number it waits for (bytes, run, ...). */
  blocked(into: usize): void {
    const sequencer = this.sequencer;
    this.blockedFetch(into);
    const route = sequencer.route;
    this.report(
      into,
      Unit.Router,
      route,
      this.router.working,
      route.size == 0 ? 0 : word(route.front(), Field.RouteRun),
    );
    this.blockedArray(into);
    const vector = sequencer.vector;
    const run = vector.size == 0 ? 0 : word(vector.front(), Field.VectorRun);
    this.report(into, Unit.Vector, vector, this.vector.working, run);
    this.report(into, Unit.Store, sequencer.store, false, 0);
  }

  private blockedFetch(into: usize): void {
    const fetch = this.fetch;
    const demandDecided = fetch.demand.size > 0 && fetch.decided(fetch.demand.front());
    const queue = demandDecided || fetch.base.size == 0 ? fetch.demand : fetch.base;
    if (queue.size == 0) return put(into, Unit.Fetch, Blocked.Nothing, 0);
    const head = queue.front();
    const waiting = this.waitOf(head);
    if (waiting != Blocked.Nothing) return put(into, Unit.Fetch, waiting, 0);
    if (queue == fetch.demand && !demandDecided) return put(into, Unit.Fetch, Blocked.Route, 0);
    if (fetch.outstanding >= fetch.limit) return put(into, Unit.Fetch, Blocked.Outstanding, fetch.outstanding);
    put(into, Unit.Fetch, Blocked.Credit, word(head, Field.FetchCredit));
  }

  private blockedArray(into: usize): void {
    const array = this.array;
    if (array.queue.size == 0) return put(into, Unit.Array, Blocked.Nothing, 0);
    const head = array.queue.front();
    if (!array.working && !array.routeComplete(head)) return put(into, Unit.Array, Blocked.Route, 0);
    this.report(into, Unit.Array, array.queue, array.working, array.missingRun(head));
  }

  private waitOf(record: usize): i32 {
    const board = this.board;
    if (word(record, Field.AfterCompute) > board.computesVisible) return Blocked.AfterCompute;
    if (word(record, Field.AfterVector) > board.vectorsDone) return Blocked.AfterVector;
    return word(record, Field.AfterStore) > board.storesDone ? Blocked.AfterStore : Blocked.Nothing;
  }

  private report(into: usize, unit: i32, queue: RecordQueue, working: bool, run: i32): void {
    if (queue.size == 0) return put(into, unit, Blocked.Nothing, 0);
    if (working) return put(into, unit, Blocked.Working, 0);
    if (!this.board.runs.here(run)) return put(into, unit, Blocked.Run, run - this.board.runs.first);
    const waiting = this.waitOf(queue.front());
    put(into, unit, waiting == Blocked.Nothing ? Blocked.Staging : waiting, 0);
  }

  canonical(now: i64, into: StateWriter): void {
    const sequencer = this.sequencer;
    this.board.canonical(into);
    this.board.runs.canonical(now, into);
    this.board.routes.canonical(into);
    sequencer.base.canonical(into, this.board);
    sequencer.demand.canonical(into, this.board);
    sequencer.route.canonical(into, this.board);
    sequencer.compute.canonical(into, this.board);
    sequencer.vector.canonical(into, this.board);
    sequencer.store.canonical(into, this.board);
    this.fetch.canonical(now, into);
    this.router.canonical(now, into);
    this.array.canonical(now, into);
    this.vector.canonical(now, into);
    this.store.canonical(now, into);
  }

  load(now: i64, from: StateReader): void {
    const sequencer = this.sequencer;
    this.board.load(from);
    this.board.runs.load(now, from);
    this.board.routes.load(from);
    sequencer.base.load(from);
    sequencer.demand.load(from);
    sequencer.route.load(from);
    sequencer.compute.load(from);
    sequencer.vector.load(from);
    sequencer.store.load(from);
    this.fetch.load(now, from);
    this.router.load(now, from);
    this.array.load(now, from);
    this.vector.load(now, from);
    this.store.load(now, from);
  }
}

/** A core with all its blocks, to be reset before use. */
export function newCore(): Core {
  const core = make<Core>();
  core.board = make<Board>();
  core.board.events = make<Events>();
  const sequencer = make<Sequencer>();
  core.sequencer = sequencer;
  sequencer.base = make<RecordQueue>();
  sequencer.demand = make<RecordQueue>();
  sequencer.route = make<RecordQueue>();
  sequencer.compute = make<RecordQueue>();
  sequencer.vector = make<RecordQueue>();
  sequencer.store = make<RecordQueue>();
  core.fetch = make<Fetch>();
  core.fetch.arrivals = make<Arrivals>();
  core.router = make<Router>();
  core.array = make<PeArray>();
  core.array.law = make<PassLaw>();
  core.array.pipeline = make<Pipeline>();
  core.vector = make<VectorUnit>();
  core.store = make<StoreUnit>();
  core.store.arrivals = make<Arrivals>();
  return core;
}

/** A permutation of the units by its number: the first of 5, the next of the 4 that are left, ... */
function unitOrder(number: i32): i32 {
  let order = 0;
  let remaining = (1 << UNITS) - 1;
  for (let place = 0; place < UNITS; place++) {
    const choices = UNITS - place;
    const unit = nthBit(remaining, number % choices);
    number /= choices;
    remaining &= ~(1 << unit);
    order |= unit << (place * UNIT_BITS);
  }
  return order;
}

/** Position of the n-th set bit, n from 0. */
function nthBit(bits: i32, n: i32): i32 {
  for (let i = 0; i < n; i++) bits &= bits - 1;
  return ctz(bits);
}

function put(into: usize, unit: i32, why: i32, number: i32): void {
  store<i32>(into + ((<usize>unit) << 2), why);
  store<i32>(into + ((<usize>(unit + UNITS)) << 2), number);
}
