//
//   One machine in linear memory: vectors in, vectors out. The only file with pointers to assembly/machine/index.ts.
//

import { Blocked, Counter, Knob, MemoCount, RECORD_WORDS, Status, Unit } from "../../assembly/contract.js";
import { EVENT_WORDS } from "../../assembly/events.js";
import type { MachineExports } from "./load.js";

/** Records and the depths they point into; indices in RouteDepths are relative to `depths`. */
export interface Supply {
  records: Int32Array;
  depths: Uint8Array;
}

/** Reads events, EVENT_WORDS each; they are gone when it returns. */
export type Observer = (events: Int32Array) => void;

/** What `run` answers; events are read meanwhile. */
type Answer = Exclude<Status, Status.Events>;

const NO_LIMIT = 2 ** 42;
/** Room for the largest canonical state. */
const STATE_WORDS = 1 << 20;

/** A machine built from a knob vector and a device vector (assembly/contract.ts). */
export class Machine {
  private readonly handle: number;
  /** Where canonical states are written; made when the first one is asked for. */
  private stateAt = 0;
  private observer: Observer | undefined;

  constructor(
    private readonly wasm: MachineExports,
    knobs: Int32Array,
    device: Int32Array,
  ) {
    if (knobs.length !== Knob.Count) throw new Error(`internal: ${knobs.length} knobs, the machine has ${Knob.Count}`);
    this.handle = wasm.newMachine(this.vector(knobs), this.vector(device));
  }

  /** Most records and depth bytes of one supply. */
  get supplyLimit(): { records: number; depths: number } {
    return { records: this.wasm.supplyRecords(), depths: this.wasm.supplyDepths() };
  }

  supply({ records, depths }: Supply): void {
    const { memory, recordsOf, depthsOf, supply } = this.wasm;
    new Int32Array(memory.buffer, recordsOf(this.handle), records.length).set(records);
    new Uint8Array(memory.buffer, depthsOf(this.handle), depths.length).set(depths);
    supply(this.handle, records.length / RECORD_WORDS);
  }

  /** Records of the latest supply that the sequencer has taken. */
  get taken(): number {
    return this.wasm.takenOf(this.handle);
  }

  end(): void {
    this.wasm.endProgram(this.handle);
  }

  /** Simulates cycles below `limit`. */
  run(limit: number = NO_LIMIT): Answer {
    const end = BigInt(Math.min(limit, NO_LIMIT));
    for (;;) {
      const status: Status = this.wasm.run(this.handle, end);
      if (this.observer !== undefined) this.tell(this.observer);
      if (status !== Status.Events) return status;
    }
  }

  /** From here on `observer` hears what happens; it cannot change it. */
  observe(observer: Observer, eventsAtOnce = 1 << 15): void {
    this.observer = observer;
    this.wasm.observe(this.handle, eventsAtOnce);
  }

  private tell(observer: Observer): void {
    const at = this.wasm.eventsOf(this.handle);
    const words = this.wasm.eventCountOf(this.handle) * EVENT_WORDS;
    observer(new Int32Array(this.wasm.memory.buffer, at, words));
    this.wasm.emptyEvents(this.handle);
  }

  get cycle(): number {
    return Number(this.wasm.cycleOf(this.handle));
  }

  /** Bytes of linear memory: this machine, its memo, and whatever else was built in the same instance. */
  get memoryBytes(): number {
    return this.wasm.memory.buffer.byteLength;
  }

  /** Counter values, indexed by Counter. */
  counters(): number[] {
    const at = this.wasm.countersOf(this.handle);
    return Array.from(new BigInt64Array(this.wasm.memory.buffer, at, Counter.Count), Number);
  }

  /** What the memo of the DRAM channels did, indexed by MemoCount. */
  memo(): number[] {
    const at = this.wasm.memoOf(this.handle);
    return Array.from(new BigInt64Array(this.wasm.memory.buffer, at, MemoCount.Count), Number);
  }

  /** Canonical state of a machine that stopped at its limit. */
  canonical(): Int32Array {
    if (this.stateAt === 0) this.stateAt = this.wasm.allocate(STATE_WORDS * 4);
    const words = this.wasm.canonicalOf(this.handle, this.stateAt, STATE_WORDS);
    return new Int32Array(this.wasm.memory.buffer, this.stateAt, words).slice();
  }

  /** Makes a fresh machine go on from a canonical state at cycle `now`, which has the clock phase of the cut. */
  load(state: Int32Array, now: number): void {
    this.wasm.loadInto(this.handle, BigInt(now), this.vector(state), state.length);
  }

  /** Why nothing can happen any more, in words: one clause a unit that has a record. */
  blocked(): string {
    const at = this.wasm.blockedOf(this.handle);
    const words = new Int32Array(this.wasm.memory.buffer, at, 10);
    const clauses: string[] = [];
    for (let unit = Unit.Fetch; unit <= Unit.Store; unit++) {
      const reason = BLOCKED_TEXT[words[unit] as Blocked]?.(words[unit + 5]);
      if (reason !== undefined) clauses.push(`${Unit[unit].toLowerCase()} waits for ${reason}`);
    }
    return clauses.length > 0 ? clauses.join("; ") : "the sequencer waits for a free run or route entry";
  }

  private vector(values: Int32Array): number {
    const at = this.wasm.allocate(Math.max(values.byteLength, 4));
    new Int32Array(this.wasm.memory.buffer, at, values.length).set(values);
    return at;
  }
}

const BLOCKED_TEXT: Partial<Record<Blocked, (n: number) => string>> = {
  [Blocked.AfterCompute]: () => "the array",
  [Blocked.AfterVector]: () => "the vector unit",
  [Blocked.AfterStore]: () => "a store",
  [Blocked.Run]: (run) => `a run that was never granted (number ${run} of those in flight)`,
  [Blocked.Route]: () => "the router",
  [Blocked.Credit]: (bytes) => `${bytes} bytes of slice buffer`,
  [Blocked.Outstanding]: () => "an outstanding run to arrive",
  [Blocked.Staging]: () => "staging bytes",
};
