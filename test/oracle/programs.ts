//
//   Well-formed random programs: moves (small numbers) become records that a machine can finish.
//
//   Why they finish   a record depends on earlier records only. Room is promised in program order: whatever is fetched
//                     and not yet released, staged and not yet stored, routed and not yet released when a record is
//                     emitted leaves room for it. A base run leaves the reserve, demand runs together fit the reserve.

import { Field, Knob, Pool, Queue, Release, Stream, Work } from "../../assembly/contract.js";
import { type OpenRoute, ProgramWriter, type Values } from "./writer.js";

/** What to do next and the dice to do it with; dice 0 give the plainest record. */
export interface Move {
  readonly kind: number; // of MOVES
  readonly dice: readonly number[];
}

export const MOVES = [
  "baseFetch",
  "demandFetch",
  "compute",
  "vector",
  "route",
  "routedFetch",
  "routedCompute",
  "closeRoute",
  "store",
] as const;

/** The records of the moves, then whatever it takes to release, close and store everything. */
export function buildProgram(
  knobs: Int32Array,
  device: Int32Array,
  depths: number,
  moves: readonly Move[],
): Int32Array[] {
  const builder = new ProgramBuilder(knobs, device, depths);
  for (const move of moves) builder.make(move);
  return builder.finish();
}

class ProgramBuilder extends ProgramWriter {
  make(move: Move): void {
    this.take(move.dice);
    this[MOVES[move.kind % MOVES.length]]();
  }

  finish(): Int32Array[] {
    this.take([]);
    while (this.routes.length > 0) this.closeRoute();
    while (this.loose.length > 0) this.compute();
    while (this.staged.length > 0) this.store();
    return this.records;
  }

  // ---- moves -------------------------------------------------------------------------------------------------------

  private baseFetch(): void {
    const run = this.fetch(Queue.Base, []);
    if (run !== undefined) this.loose.push(run);
  }

  private demandFetch(): void {
    const run = this.fetch(Queue.Demand, []);
    if (run !== undefined) this.loose.push(run);
  }

  private routedFetch(): void {
    const route = this.anyRoute();
    if (route === undefined) {
      this.route();
      return;
    }
    const slice = 1 + this.roll(this.knobs[Knob.Slices]);
    const distance = this.distance(Work.Route, route.ordinal);
    const run = this.fetch(Queue.Demand, [
      [Field.FetchRoute, distance],
      [Field.FetchSlice, slice],
    ]);
    if (run !== undefined) route.pending.push({ run, slice });
  }

  private compute(): void {
    const [own, scaleRun, inputRun] = [this.anyLoose(), this.maybeLoose(), this.maybeLoose()];
    const keep = this.roll(8); // bits: not released yet
    const named = [own, scaleRun, inputRun].map((each, i) => ({ run: each, isReleased: !(keep & (1 << i)) }));
    this.emitCompute(named, this.unroutedShape(), this.room(Pool.Array));
    for (const { run, isReleased } of named) {
      if (run === undefined || isReleased) continue;
      run.isNamed = true;
      this.loose.push(run);
    }
  }

  private routedCompute(): void {
    const route = this.anyRoute();
    if (route === undefined) return;
    const pending = route.pending.shift();
    const slice = pending?.slice ?? 1 + this.roll(this.knobs[Knob.Slices]);
    const isFirst = slice === 1;
    if (isFirst && route.scaleRun === undefined) route.scaleRun = this.maybeLoose();
    const inputRun = isFirst ? this.maybeLoose() : undefined;
    const named = [
      { run: pending?.run, isReleased: true },
      { run: route.scaleRun, isReleased: false },
      { run: inputRun, isReleased: true },
    ];
    this.emitCompute(named, this.routedShape(route, slice), isFirst ? this.room(Pool.Array) : 0);
  }

  /** The last record of a route releases it and the scales, whether it runs or is dropped. */
  private closeRoute(): void {
    const route = this.anyRoute();
    if (route === undefined) return;
    while (route.pending.length > 0) this.computePending(route);
    const slice = 1 + this.roll(this.knobs[Knob.Slices]);
    const named = [
      { run: undefined, isReleased: false },
      { run: route.scaleRun, isReleased: true },
    ];
    this.emitCompute(named, [...this.routedShape(route, slice), [Field.ComputeRelease, Release.Route]], 0);
    this.routes = this.routes.filter((other) => other !== route);
  }

  private computePending(route: OpenRoute): void {
    const { run, slice } = route.pending.shift()!;
    this.emitCompute([{ run, isReleased: true }], this.routedShape(route, slice), 0);
  }

  private vector(): void {
    const run = this.maybeUnnamed();
    const staging = this.stagingOf(this.room(Pool.Vector));
    const ordinal = this.emit(Work.Vector, [
      [Field.VectorElements, 1 + this.roll(40)],
      [Field.VectorPasses, 1 + this.roll(3)],
      [Field.VectorRun, this.distanceTo(run)],
      [Field.VectorStagingBytes, staging],
    ]);
    this.release(run);
    if (staging > 0) this.staged.push({ pool: Pool.Vector, bytes: staging, ordinal });
  }

  private route(): void {
    const count = this.count(Work.Route);
    const oldest = this.routes.length > 0 ? Math.min(...this.routes.map((route) => route.ordinal)) : count;
    if (count - oldest >= this.knobs[Knob.RouteTableEntries]) return;
    const run = this.maybeUnnamed();
    const tokens = 1 + this.roll(12);
    const ordinal = this.emit(Work.Route, [
      [Field.RouteInputs, 1 + this.roll(16)],
      [Field.RouteTokens, tokens],
      [Field.RouteDepths, this.roll(this.depths - tokens + 1)],
      [Field.RouteRun, this.distanceTo(run)],
    ]);
    this.release(run);
    this.routes.push({ ordinal, pending: [], scaleRun: undefined });
  }

  /** Stores what is staged, one or several outputs at once, or bytes that were never staged. */
  private store(): void {
    const pool = this.staged.length > 0 && this.roll(4) < 3 ? this.staged[0].pool : Pool.None;
    const ready = this.staged.filter((each) => each.pool === pool);
    const taken = ready.slice(0, 1 + this.roll(ready.length));
    const bytes =
      pool === Pool.None ? 1 + this.roll(this.mostBytes()) : taken.reduce((sum, each) => sum + each.bytes, 0);
    const last = taken.at(-1)?.ordinal;
    const address = this.address(bytes);
    const values: [Field, number][] = [
      [Field.StoreStream, this.roll(2) === 0 ? Stream.Kv : Stream.Activations],
      [Field.StoreBytes, bytes],
      [Field.StoreAddressLow, address],
      [Field.StorePool, pool],
    ];
    if (pool === Pool.Array) values.push([Field.AfterCompute, this.distance(Work.Compute, last!)]);
    if (pool === Pool.Vector) values.push([Field.AfterVector, this.distance(Work.Vector, last!)]);
    this.emit(Work.Store, values);
    this.staged = this.staged.filter((each) => !taken.includes(each));
  }

  // ---- shapes of Compute records -----------------------------------------------------------------------------------

  private tileShape(): Values {
    const inputs = this.roll(8) === 7 ? 0 : 1 + this.roll(24); // without inputs: a gather
    return [
      [Field.ComputeInputs, inputs],
      [Field.ComputeTerms, 1 + this.roll(4)],
      [Field.ComputeCodeBits, 1 + this.roll(16)],
      [Field.ComputeGroup, this.roll(inputs + 3)],
      [Field.ComputeDequants, this.roll(3)],
      [Field.ComputeSumAdds, this.roll(2)],
      [Field.ComputeRoutedWeights, this.roll(2)],
    ];
  }

  private unroutedShape(): Values {
    const { knobs } = this;
    const passes = Array.from({ length: 1 + this.roll(3) }, () => ({
      rows: 1 + this.roll(knobs[Knob.ArrayRows]),
      columns: 1 + this.roll(knobs[Knob.ArrayColumns]),
    }));
    return [
      ...this.tileShape(),
      [Field.ComputeRows, passes[0].rows],
      [Field.ComputeSlice, this.roll(knobs[Knob.Slices] + 1)],
      [Field.ComputePasses, passes.length],
      [Field.ComputePassColumns, passes.reduce((sum, pass) => sum + pass.columns, 0)],
      [Field.ComputeRowColumns, passes.reduce((sum, pass) => sum + pass.rows * pass.columns, 0)],
    ];
  }

  private routedShape(route: OpenRoute, slice: number): Values {
    return [
      ...this.tileShape(),
      [Field.ComputeRoute, this.distance(Work.Route, route.ordinal)],
      [Field.ComputeSlice, slice],
      [Field.ComputeRows, 1 + this.roll(this.knobs[Knob.ArrayRows])],
    ];
  }
}
