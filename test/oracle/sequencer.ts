//
//   The sequencer and what every unit knows of the program (docs/machine.md, section 2).
//
//       program ──►[ sequencer ]──► base, demand, route, compute, vector, store      six queues, in order
//
//   Cycle law   records leave in program order, any number a cycle, until one finds its queue, the run table or the
//               route table full.
//   A dispatched record keeps its own objects forever (Run, Route), so nothing here can be reused too early.

import { Field, Knob, Queue, Work } from "../../assembly/contract.js";

const NONE = -1;

/** One fetched run, from dispatch to release. */
export class Run {
  granted = false;
  dropped = false;
  released = false;
  arrivesAt: number | undefined; // known once the last part has been answered
  arrived = false;
  constructor(readonly record: Dispatched) {}
  get credit(): number {
    return this.record.words[Field.FetchCredit];
  }
  get isDemand(): boolean {
    return this.record.words[Field.FetchQueue] === Queue.Demand;
  }
}

/** One routing decision: the depth of every token, and how many of them are known. */
class Route {
  decided = 0;
  released = false;
  constructor(readonly depths: readonly number[]) {}
  get complete(): boolean {
    return this.decided === this.depths.length;
  }
  /** Whether some token wants the slice, whether we know it yet or not. */
  isWanted(slice: number): boolean {
    return this.depths.some((depth) => depth >= slice);
  }
  /** Whether a token that wants the slice has been decided. */
  isKnownWanted(slice: number): boolean {
    return this.depths.slice(0, this.decided).some((depth) => depth >= slice);
  }
}

/** A record with its backward distances resolved. Ordinals count the records of one kind. */
export interface Dispatched {
  readonly words: Int32Array;
  readonly index: number;
  readonly ordinal: number;
  readonly afterCompute: number;
  readonly afterVector: number;
  readonly afterStore: number;
  run: Run | undefined; // a Fetch's own run, else the run it consumes
  scaleRun: Run | undefined;
  inputRun: Run | undefined;
  route: Route | undefined; // a Route's own decision, else the one it asks
}

/** Records of one kind that finish: asks whether one and all before it have. */
class Finished {
  private readonly marks = new Set<number>();
  private prefix = 0;
  mark(ordinal: number): void {
    this.marks.add(ordinal);
    while (this.marks.has(this.prefix)) this.prefix++;
  }
  upTo(ordinal: number): boolean {
    return ordinal < this.prefix;
  }
}

export class Sequencer {
  readonly base: Dispatched[] = [];
  readonly demand: Dispatched[] = [];
  readonly route: Dispatched[] = [];
  readonly compute: Dispatched[] = [];
  readonly vector: Dispatched[] = [];
  readonly store: Dispatched[] = [];

  readonly computesVisible = new Finished();
  readonly vectorsEnded = new Finished();
  readonly storesAcknowledged = new Finished();

  private readonly runs: Run[] = [];
  private readonly routes: Route[] = [];
  private retiredRuns = 0;
  private retiredRoutes = 0;
  private next = 0;
  private readonly seen = new Map<number, number>(); // records of each kind so far

  constructor(
    private readonly knobs: Int32Array,
    private readonly program: readonly Int32Array[],
    private readonly depths: Uint8Array,
  ) {}

  get hasEnded(): boolean {
    return this.next === this.program.length;
  }

  get queuesAreEmpty(): boolean {
    return this.queues().every((queue) => queue.length === 0);
  }

  queues(): Dispatched[][] {
    return [this.base, this.demand, this.route, this.compute, this.vector, this.store];
  }

  waitsHold(record: Dispatched): boolean {
    return (
      this.computesVisible.upTo(record.afterCompute) &&
      this.vectorsEnded.upTo(record.afterVector) &&
      this.storesAcknowledged.upTo(record.afterStore)
    );
  }

  /** Phase 3. */
  dispatch(): boolean {
    this.retire();
    const first = this.next;
    while (!this.hasEnded && this.fits(this.program[this.next])) this.accept(this.program[this.next]);
    return this.next > first;
  }

  private retire(): void {
    const { runs, routes } = this;
    while (this.retiredRuns < runs.length && isGone(runs[this.retiredRuns])) this.retiredRuns++;
    while (this.retiredRoutes < routes.length && this.isDone(routes[this.retiredRoutes])) this.retiredRoutes++;
  }

  private isDone(route: Route): boolean {
    return route.released && ![...this.base, ...this.demand].some((fetch) => fetch.route === route);
  }

  private fits(words: Int32Array): boolean {
    if (this.queueOf(words).length >= this.knobs[Knob.QueueDepth]) return false;
    const runs = this.runs.length - this.retiredRuns;
    const routes = this.routes.length - this.retiredRoutes;
    if (words[Field.Kind] === Work.Fetch) return runs < this.knobs[Knob.RunTableEntries];
    if (words[Field.Kind] === Work.Route) return routes < this.knobs[Knob.RouteTableEntries];
    return true;
  }

  private queueOf(words: Int32Array): Dispatched[] {
    switch (words[Field.Kind]) {
      case Work.Fetch:
        return words[Field.FetchQueue] === Queue.Demand ? this.demand : this.base;
      case Work.Route:
        return this.route;
      case Work.Compute:
        return this.compute;
      case Work.Vector:
        return this.vector;
      case Work.Store:
        return this.store;
      default:
        throw new Error(`record ${this.next}: no such kind of work: ${words[Field.Kind]}`);
    }
  }

  private accept(words: Int32Array): void {
    const record = this.resolve(words);
    if (words[Field.Kind] === Work.Fetch) {
      record.run = new Run(record);
      this.runs.push(record.run);
    }
    if (words[Field.Kind] === Work.Route) {
      record.route = new Route(this.depthsOf(words));
      this.routes.push(record.route);
    }
    this.queueOf(words).push(record);
    this.seen.set(words[Field.Kind], record.ordinal + 1);
    this.next++;
  }

  private resolve(words: Int32Array): Dispatched {
    const kind = words[Field.Kind];
    const run = (field: Field) => this.runs[this.back(Work.Fetch, words[field])];
    const route = (field: Field) => this.routes[this.back(Work.Route, words[field])];
    const record: Dispatched = {
      words,
      index: this.next,
      ordinal: this.seen.get(kind) ?? 0,
      afterCompute: this.back(Work.Compute, words[Field.AfterCompute]),
      afterVector: this.back(Work.Vector, words[Field.AfterVector]),
      afterStore: this.back(Work.Store, words[Field.AfterStore]),
      run: undefined,
      scaleRun: undefined,
      inputRun: undefined,
      route: undefined,
    };
    if (kind === Work.Fetch) record.route = route(Field.FetchRoute);
    if (kind === Work.Route) record.run = run(Field.RouteRun);
    if (kind === Work.Vector) record.run = run(Field.VectorRun);
    if (kind === Work.Compute) {
      record.run = run(Field.ComputeRun);
      record.scaleRun = run(Field.ComputeScaleRun);
      record.inputRun = run(Field.ComputeInputRun);
      record.route = route(Field.ComputeRoute);
    }
    return record;
  }

  /** Ordinal of the record that a backward distance names, NONE (which always holds) for distance 0. */
  private back(kind: Work, distance: number): number {
    if (distance === 0) return NONE;
    const ordinal = (this.seen.get(kind) ?? 0) - distance;
    if (ordinal < 0) throw new Error(`record ${this.next}: distance ${distance} reaches before the program`);
    return ordinal;
  }

  private depthsOf(words: Int32Array): number[] {
    const first = words[Field.RouteDepths];
    const tokens = words[Field.RouteTokens];
    return Array.from({ length: tokens }, (_, token) => this.depths[(first + token) % this.depths.length]);
  }
}

function isGone(run: Run): boolean {
  return run.dropped || run.released;
}
