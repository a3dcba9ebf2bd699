//
//   Slice fetch: grants runs to the memory, one a cycle, against a pool of credits (docs/machine.md, section 3).
//
//       demand queue ──►┌───────┐
//                       │ FETCH │──► at most one granted run a cycle
//         base queue ──►└───────┘◄── credits of released runs
//
//   Cycle law   a decided demand head goes first and, while it cannot go, holds everything; the base head goes when the
//               demand head is absent or undecided, and leaves the reserve.

import { Counter, Field, Knob, Stream } from "../../assembly/contract.js";
import type { Dispatched, Run, Sequencer } from "./sequencer.js";

export class Fetch {
  private inFlight: Run[] = []; // granted, not arrived
  private holding: Run[] = []; // granted, not released

  constructor(
    private readonly knobs: Int32Array,
    private readonly sequencer: Sequencer,
    private readonly counters: Float64Array,
  ) {}

  get isBusy(): boolean {
    return this.inFlight.length > 0;
  }

  /** Phase 1. */
  arrive(now: number): boolean {
    const due = this.inFlight.filter((run) => run.arrivesAt !== undefined && run.arrivesAt <= now);
    for (const run of due) run.arrived = true;
    this.inFlight = this.inFlight.filter((run) => !run.arrived);
    return due.length > 0;
  }

  /** Phase 2: the run that is granted, and whether anything happened. */
  decide(): { granted: Run | undefined; acted: boolean } {
    const dropped = this.dropUnwanted();
    const granted = this.grant();
    return { granted, acted: dropped || granted !== undefined };
  }

  /** Whether the head of a queue lacks credit and nothing else: its waits hold, it is decided, a run may be outstanding. */
  waitsForCredit(queue: readonly Dispatched[]): boolean {
    const head = queue[0];
    const isDecided = queue === this.sequencer.demand ? this.isDecided(head) : this.sequencer.waitsHold(head);
    return isDecided && this.mayBeOutstanding() && !this.fits(head, queue === this.sequencer.demand);
  }

  private dropUnwanted(): boolean {
    let dropped = false;
    while (this.isUnwanted(this.sequencer.demand[0])) {
      this.sequencer.demand.shift()!.run!.dropped = true;
      this.counters[Counter.RunsDropped]++;
      dropped = true;
    }
    return dropped;
  }

  private isUnwanted(head: Dispatched | undefined): boolean {
    if (head?.route === undefined) return false;
    return head.route.complete && !head.route.isWanted(head.words[Field.FetchSlice]);
  }

  private grant(): Run | undefined {
    const { base, demand } = this.sequencer;
    if (demand.length > 0 && this.isDecided(demand[0])) {
      return this.fits(demand[0], true) && this.mayBeOutstanding() ? this.take(demand) : undefined;
    }
    if (base.length === 0 || !this.sequencer.waitsHold(base[0]) || !this.mayBeOutstanding()) return undefined;
    return this.fits(base[0], false) ? this.take(base) : undefined;
  }

  private fits(head: Dispatched, isDemand: boolean): boolean {
    const credit = head.run!.credit;
    if (isDemand) return credit <= this.freeBytes();
    return credit === 0 || credit <= this.freeBytes() - this.knobs[Knob.ResidualReserveBytes];
  }

  private isDecided(head: Dispatched): boolean {
    const firstBase = this.sequencer.base[0];
    const overtakes = firstBase !== undefined && firstBase.index < head.index;
    const isKnown = head.route === undefined || head.route.isKnownWanted(head.words[Field.FetchSlice]);
    return this.sequencer.waitsHold(head) && isKnown && !overtakes;
  }

  private mayBeOutstanding(): boolean {
    return this.inFlight.length < this.knobs[Knob.OutstandingRuns];
  }

  private freeBytes(): number {
    this.holding = this.holding.filter((run) => !run.released);
    return this.holding.reduce((free, run) => free - run.credit, this.knobs[Knob.SliceBufferBytes]);
  }

  private take(queue: Dispatched[]): Run {
    const record = queue.shift()!;
    const run = record.run!;
    run.granted = true;
    this.inFlight.push(run);
    this.holding.push(run);
    this.counters[Counter.RunsGranted]++;
    this.counters[readCounter(record.words[Field.FetchStream])] += record.words[Field.FetchBytes];
    return run;
  }
}

const READ_COUNTERS: Record<number, Counter> = {
  [Stream.Slice1]: Counter.BytesReadSlice1,
  [Stream.Slice2]: Counter.BytesReadSlice2,
  [Stream.Slice3]: Counter.BytesReadSlice3,
  [Stream.Slice4]: Counter.BytesReadSlice4,
  [Stream.Scales]: Counter.BytesReadScales,
  [Stream.Router]: Counter.BytesReadRouter,
  [Stream.Kv]: Counter.BytesReadKv,
  [Stream.Activations]: Counter.BytesReadActivations,
  [Stream.LmHead]: Counter.BytesReadLmHead,
  [Stream.Embedding]: Counter.BytesReadEmbedding,
};

function readCounter(stream: number): Counter {
  const counter = READ_COUNTERS[stream];
  if (counter === undefined) throw new Error(`nothing counts reads of stream ${stream}`);
  return counter;
}
