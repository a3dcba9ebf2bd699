//
//   PE array: executes the Compute records, one tile's one slice over its column groups, back to back.
//
//        run, scales, input arrived ──►┌───────┐──► visible (in order), 6 + dequantization cycles after the last term
//     route complete, waits hold    ──►│ ARRAY │──► runs and routes released at the end of the record
//                     staging free  ──►└───────┘
//
//   Cycle law   max(1, passes * pass law (pass.ts)); no bubble between records that are ready.
//   Gather      a record without inputs waits for its runs and computes nothing: no pass, one cycle.
//   Drop        a routed record that no token wants takes no cycle.
//   Left out    the values (assembly/numeric computes them); skew between rows and columns of the array.
//   Source      docs/machine.md, sections 5 and 6.

import { Counter, Field, Knob, Release } from "../../contract";
import { Event, Seen } from "../../events";
import { count, knob } from "../alloc";
import { NEVER, StateReader, StateWriter } from "../state";
import { Board } from "./board";
import { PassLaw } from "./pass";
import { Pipeline } from "./pipeline";
import { RecordQueue } from "./queue";
import { put, word } from "./record";


@unmanaged
export class PeArray {
  board: Board;
  queue: RecordQueue;
  counters: usize;
  law: PassLaw;
  pipeline: Pipeline;
  latency: i64;
  working: bool;
  /** It has dropped a record in this cycle. */
  dropped: bool;
  /** The run that the head waits for, as a reference; 0: none. */
  missing: i32;
  due: i64;
  /** Of the record in execution: passes and cycles of one. */
  passes: i64;
  passCycles: i64;

  reset(board: Board, queue: RecordQueue, knobs: usize, counters: usize): void {
    this.board = board;
    this.queue = queue;
    this.counters = counters;
    this.law.reset(knobs);
    this.latency = knob(knobs, Knob.ArrayPipelineCycles) + knob(knobs, Knob.DequantCycles);
    this.pipeline.reset(<i32>this.latency);
    this.working = false;
  }

  wake(): i64 {
    const own = this.working ? this.due : this.board.runs.arrival(this.missing);
    const awaited = this.board.awaitedCompute;
    return awaited == i32.MAX_VALUE ? own : min(own, this.pipeline.visibleAt(awaited - this.board.computesVisible));
  }

  /** Phase 1: ends the record whose time has come, makes results visible. */
  arrive(now: i64): void {
    if (this.working && this.due <= now) this.finish(now);
    this.settle(now);
  }

  /** Makes results visible up to `now`. */
  settle(now: i64): void {
    this.board.computesVisible += this.pipeline.take(now);
  }

  private finish(now: i64): void {
    const record = this.queue.front();
    this.tally(record);
    const release = word(record, Field.ComputeRelease);
    if ((release & Release.Run) != 0) this.board.runs.release(word(record, Field.ComputeRun));
    if ((release & Release.ScaleRun) != 0) this.board.runs.release(word(record, Field.ComputeScaleRun));
    if ((release & Release.InputRun) != 0) this.board.runs.release(word(record, Field.ComputeInputRun));
    if ((release & Release.Route) != 0) this.board.routes.release(word(record, Field.ComputeRoute));
    this.pipeline.push(now + this.latency);
    this.queue.pop();
    this.working = false;
  }

  /** Whether the route of the record (if any) is complete. */
  routeComplete(record: usize): bool {
    const route = word(record, Field.ComputeRoute);
    return route == 0 || this.board.routes.complete(route - 1);
  }

  /** The first run of the record that is not in the buffer, as a reference; 0 when all are. */
  missingRun(record: usize): i32 {
    for (let field: i32 = Field.ComputeRun; field <= Field.ComputeInputRun; field++) {
      const reference = word(record, field);
      if (!this.board.runs.here(reference)) return reference;
    }
    return 0;
  }

  /** Phase 2: drops what nobody wants, then starts the head record; true when it did either. */
  step(now: i64): bool {
    this.dropped = false;
    this.missing = 0;
    if (this.working) return false;
    this.dropped = this.dropUnwanted(now);
    return this.start(now) || this.dropped;
  }

  private dropUnwanted(now: i64): bool {
    let dropped = false;
    while (this.queue.size > 0) {
      const record = this.queue.front();
      const route = word(record, Field.ComputeRoute) - 1;
      if (route < 0 || !this.board.routes.complete(route)) break;
      if (this.board.routes.wanted(route, word(record, Field.ComputeSlice))) break;
      this.releaseDropped(record, word(record, Field.ComputeRelease));
      this.pipeline.push(now + 1);
      this.queue.pop();
      count(this.counters, Counter.ComputesDropped, 1);
      dropped = true;
    }
    return dropped;
  }

  /** What a dropped record would have released at its end; its own run was dropped before it came. */
  private releaseDropped(record: usize, release: i32): void {
    if ((release & Release.ScaleRun) != 0) this.board.runs.releaseLater(word(record, Field.ComputeScaleRun));
    if ((release & Release.InputRun) != 0) this.board.runs.releaseLater(word(record, Field.ComputeInputRun));
    if ((release & Release.Route) != 0) this.board.routes.release(word(record, Field.ComputeRoute));
  }

  private start(now: i64): bool {
    if (this.queue.size == 0) return false;
    const record = this.queue.front();
    if (!this.routeComplete(record)) return false;
    this.missing = this.missingRun(record);
    if (this.missing != 0 || !this.board.ready(record)) return false;
    const staging = word(record, Field.ComputeStagingBytes);
    if (this.board.lacksStore(staging > this.board.arrayStaging)) return false;
    this.board.arrayStaging -= staging;
    this.passes = this.passesOf(record);
    this.passCycles = this.law.cycles(record);
    this.due = now + this.length();
    this.working = true;
    return true;
  }

  private passesOf(record: usize): i32 {
    if (word(record, Field.ComputeInputs) == 0) return 0;
    const route = word(record, Field.ComputeRoute) - 1;
    if (route < 0) return word(record, Field.ComputePasses);
    return this.board.routes.groups(route, word(record, Field.ComputeSlice));
  }

  /** Cycles of the record in execution. */
  private length(): i64 {
    return max(<i64>1, this.passes * this.passCycles);
  }

  /** Adds what the record did to the counters. */
  private tally(record: usize): void {
    const counters = this.counters;
    const route = word(record, Field.ComputeRoute) - 1;
    const slice = word(record, Field.ComputeSlice);
    const rows: i64 = word(record, Field.ComputeRows);
    const inputs: i64 = word(record, Field.ComputeInputs);
    let columns: i64 = word(record, Field.ComputePassColumns);
    let active: i64 = word(record, Field.ComputeRowColumns);
    let gated: i64 = 0;
    if (route >= 0) {
      columns = this.board.routes.wanting(route, slice);
      active = rows * columns;
      gated = rows * (this.board.routes.present(route, slice) - columns);
    }
    const passes = this.passes;
    const law = this.law;
    const steps = law.laneSteps(inputs);
    const groupSums = active * law.groups(record);
    const pes = this.length() * law.rows * law.columns;
    count(counters, Counter.ComputesDone, 1);
    count(counters, Counter.Passes, passes);
    count(counters, Counter.PeActiveCycles, this.passCycles * active);
    count(counters, Counter.PeGatedCycles, this.passCycles * gated);
    count(counters, Counter.PeUnusedCycles, pes - this.passCycles * (active + gated));
    const portReads = passes * steps * law.weightPortCycles(word(record, Field.ComputeCodeBits));
    count(counters, Counter.WeightPortReads, portReads);
    count(counters, Counter.ActivationBankReads, columns * steps);
    count(counters, Counter.Dequantizations, groupSums * word(record, Field.ComputeDequants));
    count(counters, Counter.Accumulations, groupSums);
    if (word(record, Field.ComputeSumAdds) != 0) count(counters, Counter.SumAdds, columns * inputs);
    if (this.board.events.on) this.say(record, active, gated);
    if (word(record, Field.ComputeRoutedWeights) == 0) return;
    count(counters, Counter.RoutedWeightPasses, rows * inputs * passes);
    if (slice == 1) count(counters, Counter.RoutedWeights, rows * inputs * passes);
  }

  private say(record: usize, active: i64, gated: i64): void {
    const events = this.board.events;
    const at = events.ended(Event.Compute, record, this.due - this.length());
    put(at, Seen.Slice, word(record, Field.ComputeSlice));
    put(at, Seen.PassCycles, <i32>this.passCycles);
    put(at, Seen.Active, <i32>active);
    put(at, Seen.Gated, <i32>gated);
  }

  canonical(now: i64, into: StateWriter): void {
    into.put(this.working);
    into.put(this.working ? this.due - now : 0);
    into.put(this.working ? this.passes : 0);
    into.put(this.working ? this.passCycles : 0);
    this.pipeline.canonical(now, into);
  }

  load(now: i64, from: StateReader): void {
    this.working = from.take() != 0;
    this.due = now + from.take();
    this.passes = from.take();
    this.passCycles = from.take();
    this.pipeline.load(now, from);
  }
}
