//
//   The two clock domains, as plain fractions.
//
//   Core cycle c happens at time c * CorePeriod, memory clock t at t * MemoryPeriod (docs/machine.md, section 1).
//   A signal is taken over at the first edge strictly later than its own, plus SyncCycles edges of the receiver.

import { Knob } from "../../assembly/contract.js";

export class Clock {
  readonly corePeriod: number;
  readonly memoryPeriod: number;
  readonly sync: number;

  constructor(knobs: Int32Array) {
    this.corePeriod = knobs[Knob.CorePeriod];
    this.memoryPeriod = knobs[Knob.MemoryPeriod];
    this.sync = knobs[Knob.SyncCycles];
  }

  /** Memory clock at which a signal of this core cycle is seen. */
  toMemory(cycle: number): number {
    return Math.floor((cycle * this.corePeriod) / this.memoryPeriod) + 1 + this.sync;
  }

  /** Core cycle at which a signal of this memory clock is seen. */
  toCore(clock: number): number {
    return Math.floor((clock * this.memoryPeriod) / this.corePeriod) + 1 + this.sync;
  }

  /** Whether the memory clock is over when the core cycle begins. */
  isBefore(clock: number, cycle: number): boolean {
    return clock * this.memoryPeriod < cycle * this.corePeriod;
  }
}
