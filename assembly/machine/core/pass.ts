//
//   The pass law: how long one tile occupies the array, and what it uses meanwhile.
//
//      step(n) = ceil(n / lanes) * max(terms, weight-port cycles, activation-port cycles)
//      pass    = full groups * max(step(group), dequantization) + last group likewise
//
//   Ports move the full width of the array whatever the tile uses. One serial dequantizer a PE works on a group's sum while
//   the next group is computed; it stretches the pass when it is slower.
//   Source      BitMoD (PE, dequantizer), ports and layout ours: docs/machine.md, section 5.

import { Field, Knob } from "../../contract";
import { ceilDiv, knob } from "../alloc";
import { word } from "./record";


@unmanaged
export class PassLaw {
  rows: i64;
  columns: i64;
  lanes: i64;
  weightPortBits: i64;
  activationPortCycles: i64;
  dequantCycles: i64;

  reset(knobs: usize): void {
    this.rows = knob(knobs, Knob.ArrayRows);
    this.columns = knob(knobs, Knob.ArrayColumns);
    this.lanes = knob(knobs, Knob.ArrayLanes);
    this.weightPortBits = knob(knobs, Knob.WeightPortBits);
    this.dequantCycles = knob(knobs, Knob.DequantCycles);
    const activationBits: i64 = knob(knobs, Knob.ActivationBits);
    this.activationPortCycles = ceilDiv(
      this.columns * this.lanes * activationBits,
      knob(knobs, Knob.ActivationPortBits),
    );
  }

  /** Weight-port accesses for one lane step of codes of this width. */
  weightPortCycles(codeBits: i64): i64 {
    return ceilDiv(codeBits * this.rows * this.lanes, this.weightPortBits);
  }

  laneSteps(inputs: i64): i64 {
    return ceilDiv(inputs, this.lanes);
  }

  groupInputs(record: usize): i64 {
    const group: i64 = word(record, Field.ComputeGroup);
    return group == 0 ? max(<i64>1, word(record, Field.ComputeInputs)) : group;
  }

  groups(record: usize): i64 {
    return ceilDiv(word(record, Field.ComputeInputs), this.groupInputs(record));
  }

  /** Cycles of one pass of a Compute record. */
  cycles(record: usize): i64 {
    const inputs: i64 = word(record, Field.ComputeInputs);
    const ports = max(this.weightPortCycles(word(record, Field.ComputeCodeBits)), this.activationPortCycles);
    const stepCycles = max(<i64>word(record, Field.ComputeTerms), ports);
    const dequant = this.dequantCycles * word(record, Field.ComputeDequants);
    const group = this.groupInputs(record);
    const rest = inputs % group;
    const whole = (inputs / group) * max(this.laneSteps(group) * stepCycles, dequant);
    return rest == 0 ? whole : whole + max(this.laneSteps(rest) * stepCycles, dequant);
  }
}
