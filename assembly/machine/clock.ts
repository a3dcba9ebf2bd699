//
//   Two clocks and the crossings between them.
//
//      core cycle c ──► toMemory(c) ──► memory clock        at c * P        P = core period
//      memory clock t ──► toCore(t) ──► core cycle          at t * Q        Q = memory period
//
//   Cycle law   the first destination edge strictly later than the source edge, plus the synchroniser's cycles.
//               P and Q are coprime integers, so no edge is ever rounded.
//   Left out    drift and jitter.
//   Source      docs/machine.md, section 1.

import { Knob } from "../contract";
import { knob } from "./alloc";


@unmanaged
export class Clock {
  corePeriod: i64;
  memoryPeriod: i64;
  syncCycles: i64;
  requestLatency: i64;
  returnLatency: i64;

  reset(knobs: usize): void {
    this.corePeriod = knob(knobs, Knob.CorePeriod);
    this.memoryPeriod = knob(knobs, Knob.MemoryPeriod);
    this.syncCycles = knob(knobs, Knob.SyncCycles);
    this.requestLatency = knob(knobs, Knob.RequestLatencyCycles);
    this.returnLatency = knob(knobs, Knob.ReturnLatencyCycles);
  }

  /** Memory clock from which a request of core cycle `c` can be offered. */
  requestAt(c: i64): i64 {
    return ((c + this.requestLatency) * this.corePeriod) / this.memoryPeriod + 1 + this.syncCycles;
  }

  /** Core cycle at which a completion of memory clock `t` is seen. */
  returnAt(t: i64): i64 {
    return (t * this.memoryPeriod) / this.corePeriod + 1 + this.syncCycles + this.returnLatency;
  }

  /** The first memory clock that is not before core cycle `c`. */
  clockOf(c: i64): i64 {
    return (c * this.corePeriod + this.memoryPeriod - 1) / this.memoryPeriod;
  }
}
