//
//   Token router: decides how many slices each token gets in a linear.
//
//        input ready ──►┌────────┐
//     router weights ──►│ ROUTER │──► decided(route, token), in token order
//                       └────────┘
//
//   Cycle law   ceil(inputs * hidden / macs) + ceil(hidden * (slices - 1) / macs) + pipeline cycles a token, one token at a
//               time, from the later of: waits hold, the router's weights arrived, the previous record done.
//   Left out    the MLP's arithmetic (the plan says what it decides); stalls of its weight port.
//   Source      MoBiQuant v2 section 4.2 (2-layer MLP); hidden size and MAC count are ours: docs/machine.md, section 4.

import { Counter, Field, Knob } from "../../contract";
import { Event, Seen } from "../../events";
import { ceilDiv, count, knob } from "../alloc";
import { StateReader, StateWriter } from "../state";
import { Board, ROUTE_SELF } from "./board";
import { RecordQueue } from "./queue";
import { put, word } from "./record";


@unmanaged
export class Router {
  board: Board;
  queue: RecordQueue;
  counters: usize;
  macs: i64;
  hidden: i64;
  slices: i64;
  pipeline: i64;
  ideal: bool;
  working: bool;
  /** The run that the head waits for, as a reference; 0: none. */
  missing: i32;
  started: i64;
  tokenCycles: i64;
  /** When the next token is decided. */
  due: i64;

  reset(board: Board, queue: RecordQueue, knobs: usize, counters: usize): void {
    this.board = board;
    this.queue = queue;
    this.counters = counters;
    this.macs = knob(knobs, Knob.RouterMacs);
    this.hidden = knob(knobs, Knob.RouterHidden);
    this.slices = knob(knobs, Knob.Slices);
    this.pipeline = knob(knobs, Knob.RouterPipelineCycles);
    this.ideal = knob(knobs, Knob.IdealRouter) != 0;
    this.working = false;
  }

  wake(): i64 {
    return this.working ? this.due : this.board.runs.arrival(this.missing);
  }

  /** Phase 1: decides the token whose time has come; all at once in the ideal router. */
  arrive(now: i64): void {
    while (this.working && this.due <= now) {
      const record = this.queue.front();
      const route = word(record, ROUTE_SELF) - 1;
      this.board.routes.decideNext(route);
      if (this.board.routes.complete(route)) this.finish(now, record);
      else this.due += this.tokenCycles;
    }
  }

  private finish(now: i64, record: usize): void {
    const tokens: i64 = word(record, Field.RouteTokens);
    const macs = this.hidden * (word(record, Field.RouteInputs) + this.slices - 1);
    count(this.counters, Counter.RoutesDone, 1);
    count(this.counters, Counter.RouterTokens, tokens);
    count(this.counters, Counter.RouterMacs, tokens * macs);
    count(this.counters, Counter.RouterBusyCycles, now - this.started);
    this.board.runs.release(word(record, Field.RouteRun));
    const events = this.board.events;
    if (events.on) put(events.ended(Event.Route, record, this.started), Seen.Tokens, <i32>tokens);
    this.queue.pop();
    this.working = false;
  }

  /** Phase 2: starts the head record; true when it did. */
  step(now: i64): bool {
    this.missing = 0;
    if (this.working || this.queue.size == 0) return false;
    const record = this.queue.front();
    if (!this.board.ready(record)) return false;
    this.missing = this.board.runs.missing(word(record, Field.RouteRun));
    if (this.missing != 0) return false;
    const inputs: i64 = word(record, Field.RouteInputs);
    const mlp = ceilDiv(inputs * this.hidden, this.macs) + ceilDiv(this.hidden * (this.slices - 1), this.macs);
    this.tokenCycles = this.ideal ? 0 : mlp + this.pipeline;
    this.due = now + (this.ideal ? 1 : this.tokenCycles);
    this.started = now;
    this.working = true;
    return true;
  }

  canonical(now: i64, into: StateWriter): void {
    into.put(this.working);
    into.put(this.working ? this.tokenCycles : 0);
    into.put(this.working ? this.due - now : 0);
    into.put(this.working ? now - this.started : 0);
  }

  load(now: i64, from: StateReader): void {
    this.working = from.take() != 0;
    this.tokenCycles = from.take();
    this.due = now + from.take();
    this.started = now - from.take();
  }
}
