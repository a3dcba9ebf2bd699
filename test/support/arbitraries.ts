//
//   Random small machines, DRAM devices and programs. Shrinking makes them plainer: fewer moves, dice towards 0.
//
//     caseArbitrary()          a machine, a device, a well-formed program for both, and depths
//     stuckCaseArbitrary()     the same with one record spoilt: most of them never finish
//     describeCase(case)       what a counterexample prints

import fc from "fast-check";
import { Field, Knob, Work } from "../../assembly/contract.js";
import { describeDevice, describeMachine, describeProgram } from "../oracle/describe.js";
import { buildProgram, MOVES, type Move } from "../oracle/programs.js";
import { deviceArbitrary } from "./arbitrary-device.js";

export { describeCounters, describeDevice, describeMachine, describeProgram } from "../oracle/describe.js";

/** Everything that a run needs. */
export interface MachineCase {
  readonly knobs: Int32Array;
  readonly device: Int32Array;
  readonly program: readonly Int32Array[];
  readonly depths: Uint8Array;
}

const MOST_MOVES = 36;
const MOST_RECORDS = 40;
const DEPTHS = 64;

const CLOCKS = [
  [1, 1],
  [4, 5],
  [5, 4],
  [1, 2],
  [2, 1],
  [3, 2],
  [2, 3],
  [7, 5],
  [5, 7],
  [3, 7],
] as const;

const between = (min: number, max: number) => fc.integer({ min, max });
const oneOf = (...values: number[]) => fc.constantFrom(...values);
const rarely = fc.integer({ min: 0, max: 7 }).map((value) => (value === 7 ? 1 : 0));
const smallOr = (min: number, max: number, big: number) =>
  fc.oneof({ weight: 3, arbitrary: between(min, max) }, fc.constant(big));

const KNOBS: Omit<Record<keyof typeof Knob, fc.Arbitrary<number>>, "CorePeriod" | "MemoryPeriod" | "Count"> = {
  SyncCycles: between(0, 3),
  RequestLatencyCycles: between(0, 12),
  ReturnLatencyCycles: between(0, 12),
  QueueDepth: smallOr(1, 8, 512),
  RunTableEntries: smallOr(1, 12, 2048),
  RouteTableEntries: smallOr(1, 4, 256),
  SliceBufferBytes: between(32, 500),
  ResidualReserveBytes: between(0, 200),
  OutstandingRuns: smallOr(1, 4, 64),
  OutstandingStores: smallOr(1, 3, 64),
  ArrayStagingBytes: between(0, 64),
  VectorStagingBytes: between(0, 64),
  RouterMacs: between(1, 32),
  RouterHidden: between(1, 8),
  RouterPipelineCycles: between(0, 8),
  Slices: between(1, 4),
  ArrayRows: between(1, 8),
  ArrayColumns: between(1, 4),
  ArrayLanes: oneOf(1, 2, 4, 8),
  ActivationBits: oneOf(8, 16),
  WeightPortBits: oneOf(8, 24, 64, 512),
  ActivationPortBits: oneOf(16, 48, 128, 1024),
  ArrayPipelineCycles: between(0, 8),
  DequantCycles: between(0, 12),
  VectorLanes: oneOf(1, 2, 3, 4, 16),
  VectorStartupCycles: between(0, 12),
  IdealRouter: rarely,
  IdealDram: rarely,
  IdealVector: rarely,
  MemoKiB: oneOf(0, 1, 64, 4096),
  StepOrder: between(0, 119),
};

/** Knob vectors of small machines. */
function machineArbitrary(): fc.Arbitrary<Int32Array> {
  return fc.tuple(fc.constantFrom(...CLOCKS), fc.record(KNOBS)).map(([[core, memory], values]) => {
    const knobs = new Int32Array(Knob.Count);
    for (const [name, value] of Object.entries(values)) knobs[Knob[name as keyof typeof Knob]] = value;
    knobs[Knob.CorePeriod] = core;
    knobs[Knob.MemoryPeriod] = memory;
    knobs[Knob.ResidualReserveBytes] = Math.min(knobs[Knob.ResidualReserveBytes], knobs[Knob.SliceBufferBytes]);
    return knobs;
  });
}

// How often each of MOVES comes.
const MOVE_MIX = [3, 1, 3, 2, 1, 4, 4, 1, 2].flatMap((weight, kind) => Array.from({ length: weight }, () => kind));

function movesArbitrary(): fc.Arbitrary<Move[]> {
  const dice = fc.array(fc.nat(0xffff), { minLength: 12, maxLength: 12 });
  const move = fc.record({ kind: fc.constantFrom(...MOVE_MIX), dice });
  return fc.array(move, { minLength: 1, maxLength: MOST_MOVES, size: "max" });
}

/**
 * A well-formed program of 1..40 records that finishes: as many of the moves as fit. What closes a program at its end
 * counts too.
 */
function shortProgram(knobs: Int32Array, device: Int32Array, moves: readonly Move[]): Int32Array[] {
  for (let taken = moves.length; taken > 0; taken--) {
    const program = buildProgram(knobs, device, DEPTHS, moves.slice(0, taken));
    if (program.length > 0 && program.length <= MOST_RECORDS) return program;
  }
  return buildProgram(knobs, device, DEPTHS, [{ kind: MOVES.indexOf("vector"), dice: [] }]);
}

/** Depth vectors for a machine: 1..Slices, evenly or mostly shallow. */
function depthsArbitrary(): fc.Arbitrary<(slices: number) => Uint8Array> {
  const drawn = fc.uint8Array({ minLength: DEPTHS, maxLength: DEPTHS });
  return fc.tuple(drawn, oneOf(1, 4, 12)).map(([values, skew]) => (slices: number) => {
    return values.map((value) => 1 + Math.floor((value / 256) ** skew * slices));
  });
}

export function caseArbitrary(): fc.Arbitrary<MachineCase> {
  const origin = oneOf(0, 0, 0, 2 ** 31, 2 ** 32, 5 * 2 ** 33);
  return fc
    .tuple(machineArbitrary(), deviceArbitrary(), movesArbitrary(), depthsArbitrary(), origin)
    .map(([knobs, device, moves, depths, bytes]) => ({
      knobs,
      device,
      program: shortProgram(knobs, device, moves).map((words) => moved(words, bytes)),
      depths: depths(knobs[Knob.Slices]),
    }));
}

/** The record with its address moved up, so that both words of it are in use; a device repeats far below 2^31. */
function moved(words: Int32Array, bytes: number): Int32Array {
  const low = { [Work.Fetch]: Field.FetchAddressLow, [Work.Store]: Field.StoreAddressLow }[words[Field.Kind]];
  if (low === undefined) return words;
  const address = (words[low] >>> 0) + bytes;
  const result = words.slice();
  result[low] = address % 2 ** 32; // the array takes it modulo 2^32
  result[low + 1] = Math.floor(address / 2 ** 32);
  return result;
}

/** A well-formed case with one record spoilt: it asks for more than there is, or never gives back. */
export function stuckCaseArbitrary(): fc.Arbitrary<MachineCase> {
  return fc.tuple(caseArbitrary(), fc.nat(1000)).map(([each, which]) => {
    const program = each.program.map((words) => words.slice());
    if (program.length > 0) spoil(program[which % program.length], each.knobs);
    return { ...each, program };
  });
}

function spoil(words: Int32Array, knobs: Int32Array): void {
  if (words[Field.Kind] === Work.Fetch) words[Field.FetchCredit] = knobs[Knob.SliceBufferBytes] + 1;
  if (words[Field.Kind] === Work.Vector) words[Field.VectorStagingBytes] = knobs[Knob.VectorStagingBytes] + 1;
  if (words[Field.Kind] === Work.Store) words[Field.StorePool] = 0;
  if (words[Field.Kind] !== Work.Compute) return;
  if (words[Field.ComputeRelease] !== 0) words[Field.ComputeRelease] = 0;
  else words[Field.ComputeStagingBytes] = knobs[Knob.ArrayStagingBytes] + 1;
}

export function describeCase(each: MachineCase): string {
  const { knobs, device, program, depths } = each;
  return [describeMachine(knobs), describeDevice(device), `depths ${depths.join("")}`, describeProgram(program)].join(
    "\n",
  );
}
