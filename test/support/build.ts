//
//   Small machines and records by hand, for gates; one seeded way to say "for every random case", for laws.
//
//     everyCase(extra, law)      law(case, extra) on random cases; the seed is MOBISIM_SEED, their number MOBISIM_RUNS
//     simulate(program, ...)     a program on a fresh machine, to its end or to a limit
//     fetch, route, compute ...  one record each, a plain one unless fields say more

import fc from "fast-check";
import { Counter, Field, Knob, Queue, RECORD_WORDS, Stream, Work } from "../../assembly/contract.js";
import { Machine } from "../../src/wasm/machine.js";
import { type AddressField, type DeviceWords, deviceOf } from "../oracle/device.js";
import { ddr4Rules } from "../oracle/rules.js";
import { caseArbitrary, describeCase, type MachineCase } from "./arbitraries.js";
import { type Build, type EngineResult, engine, runToEnd } from "./engine.js";

export const SEED = Number(process.env.MOBISIM_SEED ?? 20261122);
export const RUNS = Number(process.env.MOBISIM_RUNS ?? 60);

/** A law on random cases, each with something more to draw; a failure prints the case. */
export function everyCase<T>(
  extra: fc.Arbitrary<T>,
  law: (one: MachineCase, extra: T) => Promise<void>,
  cases: fc.Arbitrary<MachineCase> = caseArbitrary(),
): Promise<void> {
  const property = fc.asyncProperty(cases, extra, async (one, drawn) => {
    try {
      await law(one, drawn);
    } catch (error) {
      throw new Error(`${(error as Error).message}\n${describeCase(one)}`);
    }
  });
  return fc.assert(property, { seed: SEED, numRuns: RUNS, includeErrorInReport: true });
}

/** A fresh machine of a case. */
export async function machineOf(one: MachineCase, build: Build = "debug"): Promise<Machine> {
  return new Machine(await engine(build), one.knobs, one.device);
}

// ---- machines ------------------------------------------------------------------------------------------------------

export type Knobs = Partial<Record<keyof typeof Knob, number>>;
export type Fields = Partial<Record<keyof typeof Field, number>>;

/** A machine whose latencies are all different, at equal clocks. */
export function knobs(changes: Knobs = {}): Int32Array {
  const values: Knobs = {
    ...{ CorePeriod: 1, MemoryPeriod: 1, SyncCycles: 2, RequestLatencyCycles: 10, ReturnLatencyCycles: 7 },
    ...{ QueueDepth: 512, RunTableEntries: 2048, RouteTableEntries: 256, OutstandingRuns: 64, OutstandingStores: 64 },
    ...{ SliceBufferBytes: 4096, ResidualReserveBytes: 1024, ArrayStagingBytes: 256, VectorStagingBytes: 256 },
    ...{ RouterMacs: 64, RouterHidden: 16, RouterPipelineCycles: 8, Slices: 4 },
    ...{ ArrayRows: 64, ArrayColumns: 16, ArrayLanes: 4, ActivationBits: 16 },
    ...{ WeightPortBits: 512, ActivationPortBits: 1024, ArrayPipelineCycles: 6, DequantCycles: 11 },
    ...{ VectorLanes: 16, VectorStartupCycles: 12 },
    ...changes,
  };
  const words = new Int32Array(Knob.Count);
  for (const [name, value] of Object.entries(values)) words[Knob[name as keyof typeof Knob]] = value;
  return words;
}

/** Clocks of DDR4-3200AA, as its data sheet names them. */
export const DDR4 = {
  ...{ BL: 4, CL: 22, CWL: 16, RCD: 22, RP: 22, RAS: 52, RC: 74, WR: 24, RTP: 12, CCDS: 4, CCDL: 8 },
  ...{ RRDS: 4, RRDL: 8, FAW: 34, WTRS: 4, WTRL: 12, CS: 2, RFC: 560 },
};

/** One channel of it without refresh: row | bank | bank group | column, 64 B a transaction, 8 KiB a row. */
export function device(
  changes: DeviceWords = {},
  order: readonly AddressField[] = ["column", "bankGroup", "bank", "row"],
): Int32Array {
  const values = {
    ...{ TransactionBytes: 64, BankGroups: 4, BanksPerGroup: 4, ChannelShift: 0 },
    ...{ ColumnBits: 7, RowBits: 16, ReadLatency: DDR4.CL + DDR4.BL },
    ...{ ReadQueue: 32, WriteQueue: 32, WriteHigh: 25, WriteLow: 7 },
    ...changes,
  };
  return deviceOf(values, ddr4Rules(DDR4), order);
}

// ---- records -------------------------------------------------------------------------------------------------------

function record(kind: Work, fields: Fields = {}): Int32Array {
  const words = new Int32Array(RECORD_WORDS);
  words[Field.Kind] = kind;
  for (const [name, value] of Object.entries(fields)) words[Field[name as keyof typeof Field]] = value;
  return words;
}

/** A base run of as much credit as it has bytes. */
export function fetch(bytes = 64, fields: Fields = {}): Int32Array {
  const queue = { FetchQueue: Queue.Base, FetchStream: Stream.Slice1, FetchCredit: bytes };
  return record(Work.Fetch, { ...queue, FetchBytes: bytes, ...fields });
}

export function demand(bytes = 64, fields: Fields = {}): Int32Array {
  return fetch(bytes, { FetchQueue: Queue.Demand, FetchStream: Stream.Slice2, ...fields });
}

/** Decides tokens of 4096 inputs: 1024 + 1 + 8 cycles each. */
export function route(tokens: number, fields: Fields = {}): Int32Array {
  return record(Work.Route, { RouteInputs: 4096, RouteTokens: tokens, ...fields });
}

/** One full pass of `inputs` inputs, 4 a cycle, without dequantization. */
export function compute(inputs: number, fields: Fields = {}): Int32Array {
  const tile = { ComputeInputs: inputs, ComputeTerms: 1, ComputeCodeBits: 2, ComputePasses: 1 };
  return record(Work.Compute, { ...tile, ComputePassColumns: 16, ComputeRowColumns: 1024, ...fields });
}

/** ceil(elements / 16) + 12 cycles. */
export function vector(elements: number, fields: Fields = {}): Int32Array {
  return record(Work.Vector, { VectorElements: elements, VectorPasses: 1, ...fields });
}

export function store(bytes = 64, fields: Fields = {}): Int32Array {
  return record(Work.Store, { StoreStream: Stream.Kv, StoreBytes: bytes, ...fields });
}

/**
 * A run in two parts, granted in 2. Channel 0 reads its part at clock 38 and answers at 64. Channel 1 is behind with 36 reads
 * and takes its part at 61, answering it at 62 from the write that is still queued.
 */
export const ANSWERED_LATE = {
  knobs: knobs(),
  device: device({ Channels: 2, ChannelShift: 7 }),
  program: [
    fetch(36 * 64, { FetchAddressLow: 129 * 64, FetchCredit: 0 }),
    store(64, { StoreAddressLow: 128 * 64 }),
    fetch(128, { FetchAddressLow: 127 * 64 }),
    vector(16, { VectorRun: 1 }),
  ],
};

// ---- runs ----------------------------------------------------------------------------------------------------------

interface Setting {
  knobs?: Knobs;
  device?: Int32Array;
  depths?: readonly number[];
  limit?: number;
}

interface Run extends EngineResult {
  of(counter: Counter): number;
}

/** Runs a program on a fresh machine. */
export async function simulate(program: readonly Int32Array[], setting: Setting = {}): Promise<Run> {
  const machine = new Machine(await engine(), knobs(setting.knobs), setting.device ?? device());
  const depths = Uint8Array.from(setting.depths ?? [1]);
  const limit = setting.limit === undefined ? {} : { limit: setting.limit };
  const result = runToEnd(machine, program, depths, limit);
  return { ...result, of: (counter) => result.counters[counter] };
}

/** The first cycle by which a counter has reached `value`: not one cycle earlier, yes on time. */
export async function firstCycle(
  counter: Counter,
  value: number,
  program: readonly Int32Array[],
  setting: Setting = {},
): Promise<number> {
  const whole = await simulate(program, setting);
  if (whole.of(counter) < value)
    throw new Error(`${Counter[counter]} is ${whole.of(counter)} in the end: ${whole.status}`);
  const reaches = async (limit: number) => (await simulate(program, { ...setting, limit })).of(counter) >= value;
  let [before, at] = [0, whole.cycles + 1];
  while (at - before > 1) {
    const middle = Math.floor((before + at) / 2);
    if (await reaches(middle)) at = middle;
    else before = middle;
  }
  return at - 1; // a limit of c + 1 still simulates cycle c
}
