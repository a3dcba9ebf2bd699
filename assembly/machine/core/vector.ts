//
//   Vector unit: norms, RoPE, softmax, activations, residual adds, quantise and append, argmax.
//
//        operands ready ──►┌────────┐──► done (in order)
//       run (embedding) ──►│ VECTOR │──► staging bytes for a store
//                          └────────┘
//
//   Cycle law   ceil(elements / lanes) * passes + startup cycles; in order, one op at a time.
//   Left out    its register file and the operands' bank conflicts; the schedule places tensors so that they fit.
//   Source      pass counts are ours: docs/machine.md, section 7.

import { Counter, Field, Knob } from "../../contract";
import { Event, Seen } from "../../events";
import { ceilDiv, count, knob } from "../alloc";
import { StateReader, StateWriter } from "../state";
import { Board } from "./board";
import { RecordQueue } from "./queue";
import { put, word } from "./record";


@unmanaged
export class VectorUnit {
  board: Board;
  queue: RecordQueue;
  counters: usize;
  lanes: i64;
  startup: i64;
  ideal: bool;
  working: bool;
  /** The run that the head waits for, as a reference; 0: none. */
  missing: i32;
  started: i64;
  due: i64;

  reset(board: Board, queue: RecordQueue, knobs: usize, counters: usize): void {
    this.board = board;
    this.queue = queue;
    this.counters = counters;
    this.lanes = knob(knobs, Knob.VectorLanes);
    this.startup = knob(knobs, Knob.VectorStartupCycles);
    this.ideal = knob(knobs, Knob.IdealVector) != 0;
    this.working = false;
  }

  wake(): i64 {
    return this.working ? this.due : this.board.runs.arrival(this.missing);
  }

  /** Phase 1: ends the op whose time has come. */
  arrive(now: i64): void {
    if (!this.working || this.due > now) return;
    const record = this.queue.front();
    const work = <i64>word(record, Field.VectorElements) * word(record, Field.VectorPasses);
    count(this.counters, Counter.VectorOps, 1);
    count(this.counters, Counter.VectorElementPasses, work);
    count(this.counters, Counter.VectorBusyCycles, now - this.started);
    this.board.runs.release(word(record, Field.VectorRun));
    this.board.vectorsDone++;
    if (this.board.events.on) this.say(record);
    this.queue.pop();
    this.working = false;
  }

  private say(record: usize): void {
    const at = this.board.events.ended(Event.Vector, record, this.started);
    put(at, Seen.Elements, word(record, Field.VectorElements));
    put(at, Seen.Passes, word(record, Field.VectorPasses));
  }

  /** Phase 2: starts the head op; true when it did. */
  step(now: i64): bool {
    this.missing = 0;
    if (this.working || this.queue.size == 0) return false;
    const record = this.queue.front();
    const staging = word(record, Field.VectorStagingBytes);
    if (!this.board.ready(record)) return false;
    this.missing = this.board.runs.missing(word(record, Field.VectorRun));
    if (this.missing != 0) return false;
    if (this.board.lacksStore(staging > this.board.vectorStaging)) return false;
    this.board.vectorStaging -= staging;
    const beats = ceilDiv(word(record, Field.VectorElements), this.lanes);
    this.due = now + (this.ideal ? 1 : beats * word(record, Field.VectorPasses) + this.startup);
    this.started = now;
    this.working = true;
    return true;
  }

  canonical(now: i64, into: StateWriter): void {
    into.put(this.working);
    into.put(this.working ? this.due - now : 0);
    into.put(this.working ? now - this.started : 0);
  }

  load(now: i64, from: StateReader): void {
    this.working = from.take() != 0;
    this.due = now + from.take();
    this.started = now - from.take();
  }
}
