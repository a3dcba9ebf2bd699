//
//   Slice fetch: grants runs their place in the slice buffer and sends them to the DRAM channels.
//
//      base   queue: router weights, scales, slice 1, KV ──►┌───────┐
//                                                           │ FETCH │──► granted run (one a cycle) ──► every channel
//      demand queue: slices 2..S, embedding, re-fetches ───►└───────┘
//                                              credits ◄──► slice buffer
//
//   Cycle law   one grant a cycle. The demand head wins when it is decided; a demand run never overtakes a base run that
//               precedes it in the program; base runs leave `residualReserve` bytes free.
//   Drop        a residual run that no token wants leaves its queue when its route is complete, without a cycle.
//   Left out    the ring's fragmentation: credits are bytes.
//   Source      docs/machine.md, section 3.

import { Counter, Field, Knob } from "../../contract";
import { Event, Seen } from "../../events";
import { count, knob } from "../alloc";
import { NEVER, StateReader, StateWriter } from "../state";
import { Arrivals } from "./arrivals";
import { Board, FETCH_BASES_BEFORE, FETCH_RUN } from "./board";
import { RecordQueue } from "./queue";
import { put, word } from "./record";


@unmanaged
export class Fetch {
  board: Board;
  base: RecordQueue;
  demand: RecordQueue;
  counters: usize;
  arrivals: Arrivals;
  reserve: i32;
  limit: i32;
  /** Runs granted and not arrived. */
  outstanding: i32;
  /** In this cycle a record could not be granted because too many runs are outstanding. */
  full: bool;
  /** The record granted in this cycle, 0 when none: the wiring sends it out. */
  granted: usize;
  /** The next cycle has something to grant or drop, whatever comes due. */
  more: bool;

  reset(board: Board, base: RecordQueue, demand: RecordQueue, knobs: usize, counters: usize): void {
    this.board = board;
    this.base = base;
    this.demand = demand;
    this.counters = counters;
    this.reserve = knob(knobs, Knob.ResidualReserveBytes);
    this.limit = knob(knobs, Knob.OutstandingRuns);
    this.arrivals.reset(this.limit + 1);
    this.outstanding = 0;
    this.granted = 0;
  }

  /** When another run can be granted again, as far as that is for the outstanding ones. */
  wake(): i64 {
    return this.full ? this.arrivals.earliest : NEVER;
  }

  /** Phase 1: runs whose last part is due are in the buffer. */
  arrive(now: i64): void {
    while (this.arrivals.earliest <= now) {
      const run = this.arrivals.take(now);
      this.board.runs.arrive(run);
      this.outstanding--;
      if (this.board.events.on) this.board.events.done(Event.Arrival, run);
    }
  }

  /** Phase 2: drops what nobody wants, then grants at most one run; true when it did either. */
  step(): bool {
    this.granted = 0;
    this.full = false;
    const dropped = this.dropUnwanted();
    if (this.demand.size > 0 && this.decided(this.demand.front())) {
      if (this.demandFits(this.demand.front())) this.grant(this.demand);
    } else if (this.base.size > 0 && this.baseLacksOnlyCredit() && this.baseFits(this.base.front())) {
      this.board.basesGranted++;
      this.grant(this.base);
    }
    this.more = this.granted != 0 && this.finds();
    return dropped || this.granted != 0;
  }

  /** Whether the heads are such that something can be granted or dropped. */
  private finds(): bool {
    if (this.demand.size > 0) {
      const head = this.demand.front();
      if (this.unwanted(head)) return true;
      if (this.decided(head)) return this.demandFits(head);
    }
    return this.base.size > 0 && this.baseLacksOnlyCredit() && this.baseFits(this.base.front());
  }

  /** Whether its route is complete and no token is that deep. */
  private unwanted(record: usize): bool {
    const route = word(record, Field.FetchRoute) - 1;
    if (route < 0 || !this.board.routes.complete(route)) return false;
    return !this.board.routes.wanted(route, word(record, Field.FetchSlice));
  }

  private dropUnwanted(): bool {
    let dropped = false;
    while (this.demand.size > 0 && this.unwanted(this.demand.front())) {
      const record = this.demand.front();
      this.board.runs.drop(word(record, FETCH_RUN) - 1);
      this.board.routes.fetchNames(word(record, Field.FetchRoute), -1);
      this.demand.pop();
      count(this.counters, Counter.RunsDropped, 1);
      dropped = true;
    }
    return dropped;
  }

  /** Waits hold, some decided token wants it, and no base run that precedes it is still queued. */
  decided(record: usize): bool {
    const route = word(record, Field.FetchRoute) - 1;
    if (route >= 0 && !this.board.routes.wantedAlready(route, word(record, Field.FetchSlice))) return false;
    return word(record, FETCH_BASES_BEFORE) <= this.board.basesGranted && this.board.ready(record);
  }

  private demandFits(record: usize): bool {
    return this.hasPlace() && word(record, Field.FetchCredit) <= this.board.runs.free;
  }

  private hasPlace(): bool {
    if (this.outstanding < this.limit) return true;
    this.full = true;
    return false;
  }

  private baseFits(record: usize): bool {
    const credit = word(record, Field.FetchCredit);
    return credit == 0 || credit <= this.board.runs.free - this.reserve;
  }

  private baseLacksOnlyCredit(): bool {
    return this.hasPlace() && this.board.ready(this.base.front());
  }

  /** Whether the head of a queue waits for credit and for nothing else. */
  starved(queue: i32): bool {
    if (queue == 0) return this.base.size > 0 && this.baseLacksOnlyCredit() && !this.baseFits(this.base.front());
    if (this.demand.size == 0 || !this.decided(this.demand.front())) return false;
    return this.hasPlace() && !this.demandFits(this.demand.front());
  }

  private grant(queue: RecordQueue): void {
    const record = queue.front();
    this.board.runs.grant(word(record, FETCH_RUN) - 1, word(record, Field.FetchCredit));
    this.board.routes.fetchNames(word(record, Field.FetchRoute), -1);
    this.outstanding++;
    this.granted = record;
    queue.pop();
    count(this.counters, Counter.RunsGranted, 1);
    const stream = word(record, Field.FetchStream);
    const bytes = word(record, Field.FetchBytes);
    count(this.counters, Counter.BytesReadSlice1 + stream, bytes);
    const events = this.board.events;
    if (!events.on) return;
    const run = word(record, FETCH_RUN) - 1;
    const at = events.transfer(Event.Grant, record, run, stream, bytes, Field.FetchAddressLow);
    put(at, Seen.Queue, word(record, Field.FetchQueue));
  }

  /** Parts of a run, each of a channel, reach the core at `arrival`; the run arrives with the last one. */
  partsDone(run: i32, parts: i32, arrival: i64): void {
    const complete = this.board.runs.partsDone(run, parts, arrival);
    if (complete != NEVER) this.arrivals.add(complete, run);
  }

  canonical(now: i64, into: StateWriter): void {
    into.put(this.outstanding);
    this.arrivals.canonical(now, this.board.runs.first, into);
  }

  load(now: i64, from: StateReader): void {
    this.outstanding = <i32>from.take();
    this.granted = 0;
    this.arrivals.load(now, from);
  }
}
