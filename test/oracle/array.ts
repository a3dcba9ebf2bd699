//
//   PE array: runs Compute records in order, drops those that no token wants (docs/machine.md, sections 5 and 6).
//
//         runs, route ──►┌───────┐──► ended: runs and route released
//       vector results ─►│ ARRAY │
//        free staging ──►└───────┘──► visible: ArrayPipelineCycles + DequantCycles later
//
//   Cycle law   P passes back to back, each the sum over its scale groups of max(step(group), D * DequantCycles); one cycle
//               at least. A record without inputs has no pass.

import { Counter, Field, Knob, Release } from "../../assembly/contract.js";
import type { Dispatched, Run, Sequencer } from "./sequencer.js";

export class PeArray {
  reservedBytes = 0; // of the array staging
  /** What the drops of this cycle released; the other units see it from the next cycle on. */
  readonly releasedByDrops: Dispatched[] = [];
  private current: Dispatched | undefined;
  private cyclesLeft = 0;
  private results: { ordinal: number; visibleAt: number }[] = []; // not yet visible
  private lastVisibleAt = 0;

  constructor(
    private readonly knobs: Int32Array,
    private readonly sequencer: Sequencer,
    private readonly counters: Float64Array,
  ) {}

  get isExecuting(): boolean {
    return this.current !== undefined;
  }

  get isBusy(): boolean {
    return this.isExecuting || this.results.length > 0;
  }

  /** Phase 1: one cycle of execution is over; results come out of the pipeline. */
  arrive(now: number): boolean {
    const wasBusy = this.isBusy;
    if (this.current !== undefined) {
      this.cyclesLeft--;
      if (this.cyclesLeft <= 0) this.end(this.current, now);
    }
    for (const result of this.results) {
      if (result.visibleAt <= now) this.sequencer.computesVisible.mark(result.ordinal);
    }
    this.results = this.results.filter((result) => result.visibleAt > now);
    return wasBusy;
  }

  /** Phase 2. */
  decide(now: number): boolean {
    if (this.isExecuting) return false;
    let acted = false;
    while (this.isUnwanted(this.sequencer.compute[0])) {
      this.drop(this.sequencer.compute[0], now);
      acted = true;
    }
    const head = this.sequencer.compute[0];
    if (head === undefined || !this.canStart(head)) return acted;
    this.reservedBytes += head.words[Field.ComputeStagingBytes];
    this.current = head;
    this.cyclesLeft = this.lengthOf(head);
    return true;
  }

  /** The first run that has not arrived, in the order run, scale run, input run. */
  missingRun(record: Dispatched): Run | undefined {
    return [record.run, record.scaleRun, record.inputRun].find((run) => run !== undefined && !run.arrived);
  }

  private canStart(head: Dispatched): boolean {
    if (head.route !== undefined && !head.route.complete) return false;
    if (this.missingRun(head) !== undefined || !this.sequencer.waitsHold(head)) return false;
    return head.words[Field.ComputeStagingBytes] <= this.knobs[Knob.ArrayStagingBytes] - this.reservedBytes;
  }

  private isUnwanted(head: Dispatched | undefined): boolean {
    if (head?.route === undefined || !head.route.complete) return false;
    return !head.route.isWanted(head.words[Field.ComputeSlice]);
  }

  private drop(record: Dispatched, now: number): void {
    this.sequencer.compute.shift();
    this.publish(record, Math.max(now + 1, this.lastVisibleAt));
    this.releasedByDrops.push(record);
    this.counters[Counter.ComputesDropped]++;
  }

  /** After phase 2: the drops take effect. */
  releaseDropped(): void {
    for (const record of this.releasedByDrops) this.release(record);
    this.releasedByDrops.length = 0;
  }

  private end(record: Dispatched, now: number): void {
    this.sequencer.compute.shift();
    this.current = undefined;
    if (record.words[Field.ComputeRelease] & Release.Run && record.run !== undefined) record.run.released = true;
    this.release(record);
    this.publish(record, now + this.knobs[Knob.ArrayPipelineCycles] + this.knobs[Knob.DequantCycles]);
    this.count(record);
  }

  /** Everything but the record's own run. */
  private release(record: Dispatched): void {
    const bits = record.words[Field.ComputeRelease];
    if (bits & Release.ScaleRun && record.scaleRun !== undefined) record.scaleRun.released = true;
    if (bits & Release.InputRun && record.inputRun !== undefined) record.inputRun.released = true;
    if (bits & Release.Route && record.route !== undefined) record.route.released = true;
  }

  private publish(record: Dispatched, visibleAt: number): void {
    this.lastVisibleAt = visibleAt;
    this.results.push({ ordinal: record.ordinal, visibleAt });
  }

  /** Column groups of a routed record that have something to do: the depths of the tokens in each. */
  private activeGroups(record: Dispatched): number[][] {
    const columns = this.knobs[Knob.ArrayColumns];
    const depths = record.route!.depths;
    const groups: number[][] = [];
    for (let first = 0; first < depths.length; first += columns) groups.push(depths.slice(first, first + columns));
    return groups.filter((group) => group.some((depth) => depth >= record.words[Field.ComputeSlice]));
  }

  private lengthOf(record: Dispatched): number {
    return Math.max(1, this.passesOf(record) * this.passCycles(record));
  }

  private passesOf(record: Dispatched): number {
    if (record.words[Field.ComputeInputs] === 0) return 0;
    return record.route === undefined ? record.words[Field.ComputePasses] : this.activeGroups(record).length;
  }

  private passCycles(record: Dispatched): number {
    const inputs = record.words[Field.ComputeInputs];
    const group = record.words[Field.ComputeGroup] || inputs;
    const dequant = record.words[Field.ComputeDequants] * this.knobs[Knob.DequantCycles];
    let cycles = 0;
    for (let first = 0; first < inputs; first += group) {
      cycles += Math.max(this.stepCycles(Math.min(group, inputs - first), record), dequant);
    }
    return cycles;
  }

  private stepCycles(inputs: number, record: Dispatched): number {
    const { knobs } = this;
    const lanes = knobs[Knob.ArrayLanes];
    const activationBits = knobs[Knob.ArrayColumns] * lanes * knobs[Knob.ActivationBits];
    const activations = Math.ceil(activationBits / knobs[Knob.ActivationPortBits]);
    return (
      Math.ceil(inputs / lanes) * Math.max(record.words[Field.ComputeTerms], this.weightReads(record), activations)
    );
  }

  /** Accesses of the weight port for one step of all rows and lanes. */
  private weightReads(record: Dispatched): number {
    const bits = record.words[Field.ComputeCodeBits] * this.knobs[Knob.ArrayRows] * this.knobs[Knob.ArrayLanes];
    return Math.ceil(bits / this.knobs[Knob.WeightPortBits]);
  }

  private count(record: Dispatched): void {
    const { counters, knobs } = this;
    const { words } = record;
    const passes = this.passesOf(record);
    const cycles = this.passCycles(record);
    const inputs = words[Field.ComputeInputs];
    const steps = Math.ceil(inputs / knobs[Knob.ArrayLanes]);
    const groups = inputs === 0 ? 0 : Math.ceil(inputs / (words[Field.ComputeGroup] || inputs));
    let columns = words[Field.ComputePassColumns];
    let active = words[Field.ComputeRowColumns];
    let gated = 0;
    if (record.route !== undefined) {
      const tokens = this.activeGroups(record).flat();
      columns = tokens.filter((depth) => depth >= words[Field.ComputeSlice]).length;
      active = words[Field.ComputeRows] * columns;
      gated = words[Field.ComputeRows] * (tokens.length - columns);
    }
    const all = this.lengthOf(record) * knobs[Knob.ArrayRows] * knobs[Knob.ArrayColumns];
    counters[Counter.ComputesDone]++;
    counters[Counter.Passes] += passes;
    counters[Counter.PeActiveCycles] += cycles * active;
    counters[Counter.PeGatedCycles] += cycles * gated;
    counters[Counter.PeUnusedCycles] += all - cycles * (active + gated);
    counters[Counter.WeightPortReads] += passes * steps * this.weightReads(record);
    counters[Counter.ActivationBankReads] += columns * steps;
    counters[Counter.Dequantizations] += active * groups * words[Field.ComputeDequants];
    counters[Counter.Accumulations] += active * groups;
    counters[Counter.SumAdds] += words[Field.ComputeSumAdds] * columns * inputs;
    if (words[Field.ComputeRoutedWeights] === 0) return;
    const weights = words[Field.ComputeRows] * inputs * passes;
    counters[Counter.RoutedWeightPasses] += weights;
    if (words[Field.ComputeSlice] === 1) counters[Counter.RoutedWeights] += weights;
  }
}
