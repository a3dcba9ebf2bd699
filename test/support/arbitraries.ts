//
//   Random small machines, DRAM devices and programs. Shrinking makes them plainer: fewer moves, dice towards 0.
//
//     caseArbitrary()          a machine, a device, a well-formed program for both, and depths
//     stuckCaseArbitrary()     the same with one record spoilt: most of them never finish
//     describeCase(case)       what a counterexample prints

import fc from "fast-check";
import { Dram, Field, Knob, Work } from "../../assembly/contract.js";
import { describeDevice, describeMachine, describeProgram } from "../oracle/describe.js";
import { buildProgram, MOVES, type Move } from "../oracle/programs.js";
import { type Ddr4Timing, ddr4Rules, type RuleRow } from "../oracle/rules.js";

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
  StepOrder: between(0, 119),
};

/** Knob vectors of small machines. */
export function machineArbitrary(): fc.Arbitrary<Int32Array> {
  return fc.tuple(fc.constantFrom(...CLOCKS), fc.record(KNOBS)).map(([[core, memory], values]) => {
    const knobs = new Int32Array(Knob.Count);
    for (const [name, value] of Object.entries(values)) knobs[Knob[name as keyof typeof Knob]] = value;
    knobs[Knob.CorePeriod] = core;
    knobs[Knob.MemoryPeriod] = memory;
    knobs[Knob.ResidualReserveBytes] = Math.min(knobs[Knob.ResidualReserveBytes], knobs[Knob.SliceBufferBytes]);
    return knobs;
  });
}

const SHAPE = {
  channelBits: between(0, 2),
  groupBits: between(0, 2),
  bankBits: between(0, 2),
  columnBits: between(0, 4),
  rowBits: between(2, 6),
  order: fc.shuffledSubarray(["group", "bank", "column", "row"] as const, { minLength: 4, maxLength: 4 }),
  channelAt: fc.nat(255),
  transactionBytes: oneOf(8, 16, 32, 64),
  readQueue: between(1, 32),
  writeQueue: between(1, 32),
  writeHigh: fc.nat(255),
  writeLow: fc.nat(255),
  refresh: fc.option(fc.record({ slack: between(40, 400), stagger: between(0, 60) }), { nil: undefined }),
  siblings: fc.option(fc.record({ group: between(1, 12), bank: between(1, 12) }), { nil: undefined }),
};

const TIMING = {
  BL: between(1, 4),
  CWL: between(1, 6),
  readAfterWriteLatency: between(0, 6), // CL - CWL
  RCD: between(1, 8),
  RP: between(1, 8),
  restore: between(1, 12), // RAS - RCD
  WR: between(1, 8),
  RTP: between(1, 6),
  CCDS: between(1, 4),
  CCDL: between(1, 8),
  RRDS: between(1, 4),
  RRDL: between(1, 8),
  FAW: between(1, 24),
  WTRS: between(1, 4),
  WTRL: between(1, 8),
  RFC: between(4, 40),
};

/** Device vectors of small DDR4-like devices: the address fields in any order, the channel bits anywhere. */
export function deviceArbitrary(): fc.Arbitrary<Int32Array> {
  return fc.tuple(fc.record(SHAPE), fc.record(TIMING)).map(([shape, drawn]) => {
    const timing: Ddr4Timing = {
      ...drawn,
      CL: drawn.CWL + drawn.readAfterWriteLatency,
      RAS: drawn.RCD + drawn.restore,
      RC: drawn.RCD + drawn.restore + drawn.RP,
      CS: 2,
    };
    const rules: RuleRow[] = [...ddr4Rules(timing), ...siblingRules(shape.siblings)];
    const bits = { group: shape.groupBits, bank: shape.bankBits, column: shape.columnBits, row: shape.rowBits };
    const shift = { group: 0, bank: 0, column: 0, row: 0 };
    let width = 0;
    for (const field of shape.order) {
      shift[field] = width;
      width += bits[field];
    }
    // a write mode that is left at WriteLow must have been entered above it
    const writeHigh = shape.writeHigh % shape.writeQueue;
    const words: Record<keyof typeof Dram, number> = {
      Channels: 2 ** shape.channelBits,
      TransactionBytes: shape.transactionBytes,
      BankGroups: 2 ** bits.group,
      BanksPerGroup: 2 ** bits.bank,
      ChannelShift: shape.channelAt % (width + 1),
      BankGroupShift: shift.group,
      BankShift: shift.bank,
      ColumnShift: shift.column,
      ColumnBits: bits.column,
      RowShift: shift.row,
      RowBits: bits.row,
      ReadLatency: timing.CL + timing.BL,
      ReadQueue: shape.readQueue,
      WriteQueue: shape.writeQueue,
      WriteHigh: writeHigh,
      WriteLow: 1 + (shape.writeLow % (writeHigh + 1)),
      RefreshClocks: shape.refresh === undefined ? 0 : timing.RFC + timing.RC + shape.refresh.slack,
      RefreshStagger: shape.refresh?.stagger ?? 0,
      RuleCount: rules.length,
      Count: 0,
    };
    const device = new Int32Array(Dram.Count);
    for (let word = 0; word < Dram.Count; word++) device[word] = words[Dram[word] as keyof typeof Dram];
    return Int32Array.from([...device, ...rules.flat()]);
  });
}

/** Rows that no DDR4 has, for the sibling law. */
function siblingRules(cycles: { group: number; bank: number } | undefined): RuleRow[] {
  if (cycles === undefined) return [];
  const [act, read, write, group, bank] = [0, 3, 4, 2, 3];
  return [
    [group, read, write, cycles.group, 1, 1],
    [group, act, act, cycles.group, 2, 1],
    [bank, act, act, cycles.bank, 1, 1],
    [bank, write, read, cycles.bank, 1, 1],
  ];
}

// How often each of MOVES comes.
const MOVE_MIX = [3, 1, 3, 2, 1, 4, 4, 1, 2].flatMap((weight, kind) => Array.from({ length: weight }, () => kind));

function movesArbitrary(): fc.Arbitrary<Move[]> {
  const dice = fc.array(fc.nat(0xffff), { minLength: 12, maxLength: 12 });
  const move = fc.record({ kind: fc.constantFrom(...MOVE_MIX), dice });
  return fc.array(move, { minLength: 1, maxLength: MOST_MOVES, size: "max" });
}

/** Well-formed programs for a machine and a device: 1..40 records that finish. */
export function programArbitrary(knobs: Int32Array, device: Int32Array): fc.Arbitrary<Int32Array[]> {
  return movesArbitrary().map((moves) => shortProgram(knobs, device, moves));
}

/** As many of the moves as fit: what closes a program at its end counts too. */
function shortProgram(knobs: Int32Array, device: Int32Array, moves: readonly Move[]): Int32Array[] {
  for (let taken = moves.length; taken > 0; taken--) {
    const program = buildProgram(knobs, device, DEPTHS, moves.slice(0, taken));
    if (program.length > 0 && program.length <= MOST_RECORDS) return program;
  }
  return buildProgram(knobs, device, DEPTHS, [{ kind: MOVES.indexOf("vector"), dice: [] }]);
}

/** Depth vectors for a machine: 1..Slices, evenly or mostly shallow. */
export function depthsArbitrary(): fc.Arbitrary<(slices: number) => Uint8Array> {
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
