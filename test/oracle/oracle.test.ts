//
//   The oracle against numbers that a hand can check.

import { suite } from "uvu";
import * as assert from "uvu/assert";
import { Counter, Field, Knob, Pool, Queue, RECORD_WORDS, Release, Stream, Work } from "../../assembly/contract.js";
import { type DeviceWords, deviceOf } from "./device.js";
import { Channel, Part } from "./dram.js";
import { OracleMachine, type OracleResult } from "./machine.js";
import { ddr4Rules } from "./rules.js";

const MAX_CYCLES = 1_000_000;

const DDR4_3200 = {
  ...{ BL: 4, CL: 22, CWL: 16, RCD: 22, RP: 22, RAS: 52, RC: 74, WR: 24, RTP: 12, CCDS: 4, CCDL: 8 },
  ...{ RRDS: 4, RRDL: 8, FAW: 34, WTRS: 4, WTRL: 12, CS: 2, RFC: 560 },
};

// ---- small builders ----------------------------------------------------------------------------------------------

type Knobs = Partial<Record<keyof typeof Knob, number>>;
type Fields = Partial<Record<keyof typeof Field, number>>;

/** A machine whose latencies are all different, at equal clocks. */
function machine(changes: Knobs = {}): Int32Array {
  const values: Knobs = {
    ...{ CorePeriod: 1, MemoryPeriod: 1, SyncCycles: 2, RequestLatencyCycles: 10, ReturnLatencyCycles: 7 },
    ...{ QueueDepth: 8, RunTableEntries: 8, RouteTableEntries: 4, OutstandingRuns: 4, OutstandingStores: 4 },
    ...{ SliceBufferBytes: 4096, ResidualReserveBytes: 1024, ArrayStagingBytes: 256, VectorStagingBytes: 256 },
    ...{ RouterMacs: 64, RouterHidden: 16, RouterPipelineCycles: 8, Slices: 4 },
    ...{ ArrayRows: 64, ArrayColumns: 16, ArrayLanes: 4, ActivationBits: 16, WeightPortBits: 512 },
    ...{
      ActivationPortBits: 1024,
      ArrayPipelineCycles: 6,
      DequantCycles: 11,
      VectorLanes: 16,
      VectorStartupCycles: 12,
    },
    ...changes,
  };
  const knobs = new Int32Array(Knob.Count);
  for (const [name, value] of Object.entries(values)) knobs[Knob[name as keyof typeof Knob]] = value;
  return knobs;
}

/** One channel of DDR4-3200AA, bank group | bank | row above the columns. */
function device(changes: DeviceWords = {}): Int32Array {
  const values = {
    ...{ TransactionBytes: 64, BankGroups: 4, BanksPerGroup: 4, ColumnBits: 7, RowBits: 16, ReadLatency: 26 },
    ...{ ReadQueue: 32, WriteQueue: 32, WriteHigh: 25, WriteLow: 7 },
    ...changes,
  };
  return deviceOf(values, ddr4Rules(DDR4_3200), ["column", "bankGroup", "bank", "row"]);
}

function record(kind: Work, fields: Fields = {}): Int32Array {
  const words = new Int32Array(RECORD_WORDS);
  words[Field.Kind] = kind;
  for (const [name, value] of Object.entries(fields)) words[Field[name as keyof typeof Field]] = value;
  return words;
}

function compute(fields: Fields = {}): Int32Array {
  const tile = { ComputeInputs: 2048, ComputeTerms: 1, ComputeCodeBits: 2, ComputeGroup: 128, ComputeDequants: 2 };
  return record(Work.Compute, {
    ...tile,
    ComputePasses: 1,
    ComputePassColumns: 16,
    ComputeRowColumns: 1024,
    ...fields,
  });
}

const route = (tokens: number) => record(Work.Route, { RouteInputs: 4096, RouteTokens: tokens });
const vector = (elements: number, passes: number) =>
  record(Work.Vector, { VectorElements: elements, VectorPasses: passes });
const fetch = (bytes: number, fields: Fields = {}) =>
  record(Work.Fetch, { FetchQueue: Queue.Base, FetchBytes: bytes, FetchCredit: bytes, ...fields });

function run(program: Int32Array[], knobs = machine(), memory = device(), depths = [1]): OracleResult {
  return new OracleMachine(knobs, memory).run(program, Uint8Array.from(depths), { maxCycles: MAX_CYCLES });
}

/** Clock at which every transaction is answered, all offered at clock 0. */
function answers(addresses: number[], memory = device(), isWrite = false): number[] {
  const channel = new Channel(memory, 0, new Float64Array(Counter.Count));
  const clocks = addresses.map(() => -1);
  addresses.forEach((address, i) => {
    channel.fifo.push(new Part([address], isWrite, 0, (clock) => (clocks[i] = clock)));
  });
  for (let clock = 0; clocks.includes(-1) && clock < 100_000; clock++) channel.tick(clock);
  return clocks;
}

// ---- by hand -----------------------------------------------------------------------------------------------------

const byHand = suite("oracle by hand");

byHand("an empty program is over at cycle 0", () => {
  assert.is(run([]).cycles, 0);
});

byHand("one pass of 2048 inputs takes 512 cycles and is visible 6 + 11 later", () => {
  // dispatched in cycle 0, started in 1; a group of 128 inputs takes 32 steps and hides 2 * 11 cycles of dequantization
  const result = run([compute()]);
  assert.is(result.cycles, 1 + 512 + 6 + 11);
  assert.is(result.counters[Counter.CyclesBusy], 512);
  assert.is(result.counters[Counter.WeightPortReads], 512);
  assert.is(result.counters[Counter.Dequantizations], 1024 * 16 * 2);
});

byHand("dequantization stretches a pass when a group is short", () => {
  // 8 groups of 16 inputs: 4 steps each, 22 cycles of dequantization; a rest of 8 inputs: 2 steps, 22 cycles
  const result = run([compute({ ComputeInputs: 136, ComputeGroup: 16 })]);
  assert.is(result.counters[Counter.CyclesBusy], 9 * 22);
});

byHand("the weight port stretches a step", () => {
  const result = run([compute({ ComputeCodeBits: 8 })]); // 8 * 64 * 4 bits of weights a step through 512
  assert.is(result.counters[Counter.CyclesBusy], 512 * 4);
});

byHand("a token takes the router ceil(4096 * 16 / 64) + ceil(16 * 3 / 64) + 8 cycles", () => {
  const result = run([route(2)]);
  assert.is(result.cycles, 1 + 2 * (1024 + 1 + 8));
  assert.is(result.counters[Counter.RouterBusyCycles], 2 * 1033);
  assert.is(run([route(2)], machine({ IdealRouter: 1 })).cycles, 2);
});

byHand("a vector op takes ceil(100 / 16) * 3 + 12 cycles", () => {
  assert.is(run([vector(100, 3)]).cycles, 1 + 7 * 3 + 12);
  assert.is(run([vector(100, 3)], machine({ IdealVector: 1 })).cycles, 2);
});

byHand("only column groups with a deep token run a slice; nobody's slice is dropped", () => {
  const slice = (e: number, release: number) =>
    compute({ ComputeRoute: 1, ComputeSlice: e, ComputeRows: 64, ComputeRelease: release });
  const program = [route(4), slice(1, 0), slice(2, 0), slice(3, Release.Route)];
  const knobs = machine({ ArrayColumns: 2, ActivationPortBits: 128 });
  const { counters, status } = run(program, knobs, device(), [1, 2, 1, 1]);
  assert.is(status, "quiet");
  assert.is(counters[Counter.Passes], 2 + 1);
  assert.is(counters[Counter.PeGatedCycles], 64 * 512);
  assert.is(counters[Counter.ComputesDropped], 1);
});

byHand("an idle closed bank answers 1 + tRCD + CL + BL / 2 clocks after the offer", () => {
  assert.equal(answers([0]), [49]);
  assert.equal(answers([0, 1]), [49, 49 + 8]); // the second is a row hit, tCCD_L behind
});

byHand("rows of one bank follow each other every tRC", () => {
  assert.equal(answers([0, 2048, 4096]), [49, 49 + 74, 49 + 2 * 74]);
});

byHand("a write is acknowledged when it issues, an equal one behind it merges", () => {
  assert.equal(answers([0, 0], device(), true), [23, 1]);
});

byHand("the fifth ACT waits for tFAW", () => {
  // ACT at clk 1, 5, 9, 13 in four bank groups; the fifth is ready at 1 + 34, but the RD of the fourth at 13 + 22 is
  // an active request and goes first
  assert.is(answers([0, 128, 256, 384, 512])[4], 36 + 22 + 26);
});

byHand("one REF a period, with nobody asking", () => {
  const counters = new Float64Array(Counter.Count);
  const channel = new Channel(device({ RefreshClocks: 1000, RefreshStagger: 100 }), 3, counters);
  for (let clock = 0; clock < 1299; clock++) channel.tick(clock);
  assert.is(counters[Counter.DramRefresh], 0);
  channel.tick(1299); // clk 1300 = 1000 + 3 * 100
  assert.is(counters[Counter.DramRefresh], 1);
  for (let clock = 1300; clock < 10_300; clock++) channel.tick(clock);
  assert.is(counters[Counter.DramRefresh], 10);
});

byHand("a run crosses to the memory and back", () => {
  const program = [fetch(64), record(Work.Vector, { VectorElements: 1, VectorPasses: 1, VectorRun: 1 })];
  // granted in 1; 10 cycles of request; offered at floor(11 * core / memory) + 1 + 2; answered 49 clocks later; the
  // core sees it floor(clock * memory / core) + 1 + 2 + 7 cycles on; the op takes 1 + 12
  assert.is(run(program).cycles, 14 + 49 + 1 + 2 + 7 + 13);
  const fast = run(program, machine({ CorePeriod: 4, MemoryPeriod: 5 })); // offered at 8 + 3, answered at 60
  assert.is(fast.cycles, 75 + 3 + 7 + 13);
  assert.is(run(program, machine({ IdealDram: 1 })).cycles, 2 + 13);
});

byHand("a store frees its staging when its last write is acknowledged", () => {
  const staged = compute({ ComputeStagingBytes: 200 });
  const store = record(Work.Store, { AfterCompute: 1, StoreBytes: 200, StoreStream: Stream.Kv, StorePool: Pool.Array });
  const { cycles, counters } = run([staged, store, staged, store]);
  // visible and granted at 530, offered at 530 + 10 + 3; four writes: ACT, tRCD, then tCCD_L apart; 3 + 7 cycles back
  const acknowledged = 543 + 1 + 22 + 3 * 8 + 3 + 7;
  assert.is(counters[Counter.CyclesStore], acknowledged - 513);
  assert.is(cycles, acknowledged + 512 + 17 + 10 + 3 + (1 + 22 + 3 * 8) + 3 + 7 - 22);
});

byHand("a run larger than the buffer is stuck", () => {
  const { status, counters } = run([fetch(64, { FetchCredit: 5000 }), compute({ ComputeRun: 1, ComputeRelease: 1 })]);
  assert.is(status, "stuck");
  assert.is(counters[Counter.CyclesBuffer], 0);
});

byHand.run();
