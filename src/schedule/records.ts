//
//   Work records as a schedule fills them in, field by field in the words of assembly/contract.ts.
//
//   Programs have millions of records, so who emits many of a kind keeps one and changes what differs from one to the next:
//
//     const run = fetchRecord({ queue: Queue.Base, stream: Stream.Scales });      once
//     run.address = ...;  program.fetch(run);                                     for each
//
//   Every record of a kind has all fields, in the same order: reading one is then a load from a known place.
//

import { Pool, Queue, Stream } from "../../assembly/contract.js";

/** What a record waits for: numbers of earlier records, 0 for none. */
export interface Waits {
  compute: number;
  vector: number;
  store: number;
}

export interface FetchRecord extends Waits {
  queue: Queue;
  stream: Stream;
  bytes: number;
  address: number;
  /** Slice-buffer bytes it takes; 0: the schedule gave it a place of its own. */
  credit: number;
  route: number;
  slice: number;
}

export interface RouteRecord extends Waits {
  inputs: number;
  depths: Uint8Array;
  run: number;
}

export interface ComputeRecord extends Waits {
  run: number;
  scaleRun: number;
  inputRun: number;
  release: number;
  route: number;
  slice: number;
  rows: number;
  inputs: number;
  terms: number;
  codeBits: number;
  group: number;
  dequants: number;
  passes: number;
  passColumns: number;
  rowColumns: number;
  stagingBytes: number;
  sumAdds: boolean;
  routedWeights: boolean;
}

export interface VectorRecord extends Waits {
  elements: number;
  passes: number;
  run: number;
  stagingBytes: number;
}

export interface StoreRecord extends Waits {
  stream: Stream.Kv | Stream.Activations;
  bytes: number;
  address: number;
  pool: Pool;
}

const NONE = new Uint8Array();

export function fetchRecord(given: Partial<FetchRecord>): FetchRecord {
  const none: FetchRecord = {
    compute: 0,
    vector: 0,
    store: 0,
    queue: Queue.Base,
    stream: Stream.Slice1,
    bytes: 0,
    address: 0,
    credit: 0,
    route: 0,
    slice: 0,
  };
  return Object.assign(none, given);
}

export function routeRecord(given: Partial<RouteRecord>): RouteRecord {
  const none: RouteRecord = { compute: 0, vector: 0, store: 0, inputs: 0, depths: NONE, run: 0 };
  return Object.assign(none, given);
}

export function computeRecord(given: Partial<ComputeRecord>): ComputeRecord {
  const none: ComputeRecord = {
    compute: 0,
    vector: 0,
    store: 0,
    run: 0,
    scaleRun: 0,
    inputRun: 0,
    release: 0,
    route: 0,
    slice: 0,
    rows: 0,
    inputs: 0,
    terms: 0,
    codeBits: 0,
    group: 0,
    dequants: 0,
    passes: 0,
    passColumns: 0,
    rowColumns: 0,
    stagingBytes: 0,
    sumAdds: false,
    routedWeights: false,
  };
  return Object.assign(none, given);
}

export function vectorRecord(given: Partial<VectorRecord>): VectorRecord {
  const none: VectorRecord = { compute: 0, vector: 0, store: 0, elements: 0, passes: 0, run: 0, stagingBytes: 0 };
  return Object.assign(none, given);
}

export function storeRecord(given: Partial<StoreRecord>): StoreRecord {
  const none: StoreRecord = {
    compute: 0,
    vector: 0,
    store: 0,
    stream: Stream.Activations,
    bytes: 0,
    address: 0,
    pool: Pool.None,
  };
  return Object.assign(none, given);
}
