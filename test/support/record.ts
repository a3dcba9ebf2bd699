//
//   Reads emitted work records and says what is wrong with them.
//
//     Program ──► recorder().sink ──► Recorded (references resolved) ──► faultsOf ──► one line a fault
//
//   What is read before it is written, or overwritten before it is read, is in hazards.ts.

import { Field, Pool, Queue, RECORD_WORDS, Release, Stream, Work } from "../../assembly/contract.js";
import { STREAMS } from "../../src/hardware/knobs.js";
import type { Machine } from "../../src/hardware/machine.js";
import type { Placement, Region } from "../../src/schedule/placement.js";
import { Op } from "../../src/schedule/program.js";
import type { Supply } from "../../src/wasm/machine.js";

export interface Record {
  kind: Work;
  words: Int32Array;
  op: Op;
  /** Number among the records of its kind, from 0 on. */
  number: number;
  /** Numbers of the records that Field names, -1 for none. */
  refs: Map<Field, number>;
  /** Of a route: its tokens' depths. */
  depths: Uint8Array;
}

export interface Recorded {
  all: Record[];
  of: { [kind in Work]: Record[] };
  faults: string[];
}

/** The kind of record that a reference of each kind of record names. */
export const REFERENCES: { [kind in Work]?: [Field, Work][] } = {
  [Work.Fetch]: [[Field.FetchRoute, Work.Route]],
  [Work.Route]: [[Field.RouteRun, Work.Fetch]],
  [Work.Compute]: [
    [Field.ComputeRun, Work.Fetch],
    [Field.ComputeScaleRun, Work.Fetch],
    [Field.ComputeInputRun, Work.Fetch],
    [Field.ComputeRoute, Work.Route],
  ],
  [Work.Vector]: [[Field.VectorRun, Work.Fetch]],
};
export const WAITS: [Field, Work][] = [
  [Field.AfterCompute, Work.Compute],
  [Field.AfterVector, Work.Vector],
  [Field.AfterStore, Work.Store],
];

export function recorder(): { recorded: Recorded; sink: (supply: Supply) => void } {
  const of = Object.fromEntries([0, 1, 2, 3, 4, 5].map((kind) => [kind, []])) as unknown as Recorded["of"];
  const recorded: Recorded = { all: [], of, faults: [] };
  const sink = ({ records, depths }: Supply) => {
    for (let at = 0; at < records.length; at += RECORD_WORDS) {
      take(recorded, records.slice(at, at + RECORD_WORDS), depths);
    }
  };
  return { recorded, sink };
}

function take({ all, of, faults }: Recorded, words: Int32Array, depths: Uint8Array): void {
  const kind = words[Field.Kind] as Work;
  const refs = new Map<Field, number>();
  for (const [field, target] of [...WAITS, ...(REFERENCES[kind] ?? [])]) {
    const number = words[field] === 0 ? -1 : of[target].length - words[field];
    if (words[field] !== 0 && (number < 0 || words[field] < 0))
      faults.push(`record ${all.length} names what is not there`);
    refs.set(field, number);
  }
  const first = words[Field.RouteDepths];
  const own = kind === Work.Route ? depths.slice(first, first + words[Field.RouteTokens]) : new Uint8Array(0);
  const record = { kind, words, op: words[Field.Tag], number: of[kind].length, refs, depths: own };
  all.push(record);
  of[kind].push(record);
}

export function addressOf({ kind, words }: Record): number {
  const low = kind === Work.Fetch ? Field.FetchAddressLow : Field.StoreAddressLow;
  return (words[low] >>> 0) + words[low + 1] * 2 ** 32;
}

export function bytesOf({ kind, words }: Record): number {
  return words[kind === Work.Fetch ? Field.FetchBytes : Field.StoreBytes];
}

export const ref = (record: Record, field: Field): number => record.refs.get(field) ?? -1;

/** What is wrong with a program but for hazards, a line each. */
export function faultsOf(recorded: Recorded, machine: Machine, placement: Placement): string[] {
  return [
    ...recorded.faults,
    ...lifetimeFaults(recorded, machine),
    ...stagingFaults(recorded),
    ...addressFaults(recorded, placement),
  ];
}

// ---- what is fetched is released once, after its last use, and fits in program order

const RUNS: [Field, Release][] = [
  [Field.ComputeRun, Release.Run],
  [Field.ComputeScaleRun, Release.ScaleRun],
  [Field.ComputeInputRun, Release.InputRun],
];

function lifetimeFaults({ all, of }: Recorded, machine: Machine): string[] {
  const faults: string[] = [];
  const reserve = machine.fetch.residualReserveKiB * 1024;
  const room = { [Queue.Base]: machine.buffers.sliceKiB * 1024 - reserve, [Queue.Demand]: reserve };
  const live = { [Queue.Base]: 0, [Queue.Demand]: 0 };
  const open = { [Work.Fetch]: new Set<number>(), [Work.Route]: new Set<number>() };
  const use = (record: Record, kind: Work.Fetch | Work.Route, field: Field, released: boolean) => {
    const number = ref(record, field);
    if (number < 0) return released && faults.push(`${Field[field]} of ${name(record)} releases nothing`);
    if (!open[kind].has(number)) faults.push(`${Field[field]} of ${name(record)} is released`);
    if (!released) return;
    open[kind].delete(number);
    const { words } = of[kind][number];
    if (kind === Work.Fetch) live[words[Field.FetchQueue] as Queue] -= words[Field.FetchCredit];
  };
  for (const record of all) {
    const { kind, words } = record;
    const bits = words[Field.ComputeRelease];
    if (kind === Work.Fetch) {
      const queue = words[Field.FetchQueue] as Queue;
      live[queue] += words[Field.FetchCredit];
      if (live[queue] > room[queue]) faults.push(`${name(record)}: ${live[queue]} bytes of ${Queue[queue]} credit`);
      if (![0, words[Field.FetchBytes]].includes(words[Field.FetchCredit])) faults.push(`${name(record)}: credit`);
      use(record, Work.Route, Field.FetchRoute, false);
      open[Work.Fetch].add(record.number);
      const [oldest] = open[Work.Fetch]; // in order of their numbers
      if (record.number - oldest >= machine.sequencer.runTableEntries) faults.push("run table");
    }
    if (kind === Work.Route) {
      use(record, Work.Fetch, Field.RouteRun, ref(record, Field.RouteRun) >= 0);
      open[Work.Route].add(record.number);
    }
    if (kind === Work.Vector) use(record, Work.Fetch, Field.VectorRun, ref(record, Field.VectorRun) >= 0);
    if (kind !== Work.Compute) continue;
    for (const [field, bit] of RUNS) use(record, Work.Fetch, field, (bits & bit) !== 0);
    use(record, Work.Route, Field.ComputeRoute, (bits & Release.Route) !== 0);
  }
  for (const kind of [Work.Fetch, Work.Route] as const) {
    for (const number of open[kind]) faults.push(`${name(of[kind][number])} is never released`);
  }
  return faults;
}

export function name({ kind, number, op }: Record): string {
  return `${Work[kind]} ${number} (${Op[op]})`;
}

// ---- what is staged is stored

function stagingFaults({ all }: Recorded): string[] {
  const faults: string[] = [];
  const staged: { [pool: number]: { by: number; bytes: number }[] } = { [Pool.Array]: [], [Pool.Vector]: [] };
  const reserve = (pool: Pool, by: number, bytes: number) => bytes > 0 && staged[pool].push({ by, bytes });
  for (const record of all) {
    const { kind, words, number } = record;
    if (kind === Work.Compute) reserve(Pool.Array, number, words[Field.ComputeStagingBytes]);
    if (kind === Work.Vector) reserve(Pool.Vector, number, words[Field.VectorStagingBytes]);
    const pool = words[Field.StorePool];
    if (kind !== Work.Store || pool === Pool.None) continue;
    const waited = ref(record, pool === Pool.Array ? Field.AfterCompute : Field.AfterVector);
    const oldest = staged[pool][0];
    if (oldest === undefined || oldest.bytes < bytesOf(record))
      faults.push(`${name(record)} stores what is not staged`);
    else if (waited < oldest.by) faults.push(`${name(record)} does not wait for what it stores`);
    else oldest.bytes -= bytesOf(record);
    if (oldest?.bytes === 0) staged[pool].shift();
  }
  for (const pool of [Pool.Array, Pool.Vector]) {
    for (const { by } of staged[pool]) faults.push(`${Pool[pool]} staging of record ${by} is never stored`);
  }
  return faults;
}

// ---- addresses

function addressFaults({ of }: Recorded, { regions, stripeBytes }: Placement): string[] {
  const faults: string[] = [];
  for (const [i, { start, stream }] of regions.entries()) {
    if (start % stripeBytes !== 0) faults.push(`region ${stream} at ${start} is not on a stripe`);
    if (i > 0 && start < regions[i - 1].start + regions[i - 1].bytes)
      faults.push(`region ${stream} at ${start} overlaps`);
  }
  for (const record of [...of[Work.Fetch], ...of[Work.Store]]) {
    const fetched = record.kind === Work.Fetch;
    const stream = record.words[fetched ? Field.FetchStream : Field.StoreStream] as Stream;
    const [address, bytes] = [addressOf(record), bytesOf(record)];
    const region = regionAt(regions, address);
    const inside = region !== undefined && address + bytes <= region.start + region.bytes;
    if (!inside || bytes < 1 || region.stream !== (STREAMS as readonly string[])[stream])
      faults.push(`${name(record)} is outside ${Stream[stream]}`);
    // A part of a run: rows of the embedding, positions of K and V, row tiles of a residual stream.
    const part = stream === Stream.Embedding || stream === Stream.Kv || record.words[Field.FetchCredit] > 0;
    const packed = stream === Stream.Embedding || stream === Stream.Kv || (stream === Stream.Activations && part);
    if (fetched && !packed && address % stripeBytes !== 0) faults.push(`${name(record)} is not on a stripe`);
  }
  return faults;
}

function regionAt(regions: readonly Region[], address: number): Region | undefined {
  let [low, high] = [0, regions.length];
  while (low < high) {
    const middle = (low + high) >> 1;
    if (regions[middle].start + regions[middle].bytes <= address) low = middle + 1;
    else high = middle;
  }
  return regions[low]?.start <= address ? regions[low] : undefined;
}
