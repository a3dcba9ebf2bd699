//
//   One core: wires the sequencer, the five units and their boards, and walks the three phases of a cycle.
//
//      phase 1 arrive()  ──►  phase 2 step() of the five units, in any order  ──►  phase 3 dispatch
//
//   No arithmetic here but the attribution of cycles (docs/machine.md, section 10).

import { Counter, Knob, Unit } from "../../contract";
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

export const UNITS: i32 = 5;
const UNIT_BITS: i32 = 3;
const UNIT_MASK: i32 = (1 << UNIT_BITS) - 1;


@unmanaged
export class Core {
  counters: usize;
  /** The units in the order of their decisions, UNIT_BITS each. */
  order: i32;
  /** In the latest phase 2 a unit did something; what it did may enable another decision in the next cycle. */
  acted: bool;
  again: bool;
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

  /** Earliest cycle at which something that is already known comes due and changes what a unit can do. */
  wake(): i64 {
    const timers = min(min(this.router.wake(), this.array.wake()), this.vector.wake());
    return min(timers, min(this.fetch.wake(), this.store.wake()));
  }

  /** The same, whatever it changes. */
  pending(): i64 {
    const arrival = min(this.fetch.arrivals.earliest, this.store.arrivals.earliest);
    return min(this.wake(), min(arrival, this.array.pipeline.wake()));
  }

  /** Whether a part that gets done may change what a unit can do. */
  awaitsParts(): bool {
    const missing = this.array.missing | this.router.missing | this.vector.missing;
    return missing != 0 || this.fetch.full || this.board.awaitsStore;
  }

  /** Whether all that comes due is to be looked at: its cycle is told, or the end of the run. */
  isClose(): bool {
    return this.board.events.on || this.sequencer.drained();
  }

  /** What came due before cycle `now` and nobody waited for takes effect. */
  settle(now: i64): void {
    this.fetch.arrive(now - 1);
    this.store.arrive(now - 1);
    this.array.settle(now - 1);
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

  /** Phase 2, in the order of `StepOrder`. */
  step(now: i64): void {
    this.acted = this.again = false;
    this.board.forgetWaits();
    let order = this.order;
    for (let i = 0; i < UNITS; i++) {
      this.stepUnit(order & UNIT_MASK, now);
      order >>= UNIT_BITS;
    }
  }

  /** Who grants or drops may do it again, and others see it; who starts is heard of when it ends. */
  private stepUnit(unit: i32, now: i64): void {
    switch (unit) {
      case Unit.Fetch:
        if (this.fetch.step()) this.acted = true;
        if (this.fetch.more) this.again = true;
        return;
      case Unit.Router:
        if (this.router.step(now)) this.acted = true;
        return;
      case Unit.Array:
        if (this.array.step(now)) this.acted = true;
        if (this.array.dropped) this.again = true;
        return;
      case Unit.Vector:
        if (this.vector.step(now)) this.acted = true;
        return;
      default:
        if (this.store.step()) this.acted = this.again = true;
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
