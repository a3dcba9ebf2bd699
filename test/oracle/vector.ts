//
//   Vector unit: one op at a time, in order (docs/machine.md, section 7).
//
//   Cycle law   ceil(elements / VectorLanes) * passes + VectorStartupCycles cycles; IdealVector: 1.

import { Counter, Field, Knob } from "../../assembly/contract.js";
import type { Dispatched, Sequencer } from "./sequencer.js";

export class Vector {
  reservedBytes = 0; // of the vector staging
  private current: Dispatched | undefined;
  private cyclesLeft = 0;

  constructor(
    private readonly knobs: Int32Array,
    private readonly sequencer: Sequencer,
    private readonly counters: Float64Array,
  ) {}

  get isBusy(): boolean {
    return this.current !== undefined;
  }

  /** Phase 1: one cycle of execution is over. */
  arrive(): boolean {
    if (this.current === undefined) return false;
    this.cyclesLeft--;
    if (this.cyclesLeft <= 0) this.end(this.current);
    return true;
  }

  /** Phase 2. */
  decide(): boolean {
    const head = this.sequencer.vector[0];
    if (this.isBusy || head === undefined || !this.sequencer.waitsHold(head)) return false;
    if (head.run !== undefined && !head.run.arrived) return false;
    const staging = head.words[Field.VectorStagingBytes];
    if (staging > this.knobs[Knob.VectorStagingBytes] - this.reservedBytes) return false;
    this.reservedBytes += staging;
    this.current = head;
    this.cyclesLeft = this.opCycles(head);
    return true;
  }

  private opCycles(record: Dispatched): number {
    if (this.knobs[Knob.IdealVector] === 1) return 1;
    const beats = Math.ceil(record.words[Field.VectorElements] / this.knobs[Knob.VectorLanes]);
    return beats * record.words[Field.VectorPasses] + this.knobs[Knob.VectorStartupCycles];
  }

  private end(record: Dispatched): void {
    if (record.run !== undefined) record.run.released = true;
    this.sequencer.vector.shift();
    this.sequencer.vectorsEnded.mark(record.ordinal);
    this.current = undefined;
    this.counters[Counter.VectorOps]++;
    this.counters[Counter.VectorElementPasses] += record.words[Field.VectorElements] * record.words[Field.VectorPasses];
    this.counters[Counter.VectorBusyCycles] += this.opCycles(record);
  }
}
