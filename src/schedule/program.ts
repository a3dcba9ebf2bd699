//
//   Writes work records (assembly/contract.ts) in program order and hands them on in chunks, so that memory does not grow
//   with the program.
//
//     fetch(...) route(...) compute(...) vector(...) store(...)  ──► chunk full ──► sink(supply)
//
//   Callers name earlier records by the number the emitting call returned (counted from 1, 0 = none); the record carries the
//   backward distance, so that equal layers make equal records.
//

import { Field, Queue, RECORD_WORDS, ROUTE_TOKENS, Work } from "../../assembly/contract.js";
import { InputError } from "../basics/errors.js";
import { BYTES_PER_KIB } from "../basics/units.js";
import type { Supply } from "../wasm/machine.js";
import type { ComputeRecord, FetchRecord, RouteRecord, StoreRecord, VectorRecord, Waits } from "./records.js";
import { placeBits } from "./tags.js";

/** The ops of a token block: the tag of a record. Unless observed, layers are not told apart: they make equal records. */
// biome-ignore format: one line
export enum Op { Embedding, AttentionNorm, Q, K, V, Attention, O, MlpNorm, GateUp, Down, FinalNorm, LmHead, Qkv, PostNorm }

/** Buffers a single record must fit, bytes. */
interface BufferLimits {
  slice: number;
  residualReserve: number;
  arrayStaging: number;
  vectorStaging: number;
}

const TWO_32 = 2 ** 32;

export class Program {
  private readonly records: Int32Array;
  private readonly depths: Uint8Array;
  private at = 0;
  private depthsAt = 0;
  private tag = 0;
  private place = 0;
  private step = 0;
  private fetches = 0;
  private routes = 0;
  private computes = 0;
  private vectors = 0;
  private stores = 0;
  private chunks = 0;

  constructor(
    limit: { records: number; depths: number },
    private readonly buffers: BufferLimits,
    private readonly sink: (supply: Supply) => void,
    private readonly observed = false,
  ) {
    this.records = new Int32Array(limit.records * RECORD_WORDS);
    this.depths = new Uint8Array(limit.depths);
  }

  /** Records emitted so far, by kind. */
  get emitted(): { fetches: number; routes: number; computes: number; vectors: number; stores: number } {
    const { fetches, routes, computes, vectors, stores } = this;
    return { fetches, routes, computes, vectors, stores };
  }

  /** The op that the records from here on belong to. */
  op(op: Op): void {
    this.tag = op;
  }

  /** The step that the records from here on belong to, outside its layers. */
  enterStep(step: number): void {
    this.step = step;
    this.leaveLayers();
  }

  enterLayer(layer: number): void {
    if (this.observed) this.place = placeBits(this.step, layer);
  }

  leaveLayers(): void {
    this.enterLayer(-1);
  }

  /** Hands on what is left of the last chunk. */
  flush(): void {
    if (this.at === 0) return;
    this.sink({ records: this.records.subarray(0, this.at), depths: this.depths.subarray(0, this.depthsAt) });
    this.records.fill(0, 0, this.at); // a record leaves words of other kinds alone
    this.at = 0;
    this.depthsAt = 0;
    this.chunks++;
  }

  /** The words of the records that `emit` emits; null if they fell into two chunks. */
  wordsOf(emit: () => void): Int32Array | null {
    const { at, chunks } = this;
    emit();
    return this.chunks === chunks ? this.records.slice(at, this.at) : null;
  }

  /** Emits fetches and computes once more, as records of this op and place; where the first one lies. */
  repeat({ words, fetches, computes }: { words: Int32Array; fetches: number; computes: number }): number {
    if (this.at + words.length > this.records.length) this.flush();
    const { records, at } = this;
    const tag = this.tag | this.place;
    records.set(words, at);
    this.at += words.length;
    for (let i = at + Field.Tag; i < this.at; i += RECORD_WORDS) records[i] = tag;
    this.fetches += fetches;
    this.computes += computes;
    return at;
  }

  /** Changes the address of the Fetch record at a place. */
  setAddress(at: number, address: number): void {
    this.records[at + Field.FetchAddressLow] = address | 0; // modulo 2^32
    this.records[at + Field.FetchAddressHigh] = Math.floor(address / TWO_32);
  }

  /** Changes the waits of the Compute record at a place: for the `compute`-th compute before it, and a Vector record. */
  setWaits(at: number, compute: number, vector: number): void {
    this.records[at + Field.AfterCompute] = compute;
    this.records[at + Field.AfterVector] = distance(this.vectors, vector);
  }

  fetch(record: FetchRecord): number {
    this.checkCredit(record);
    const at = this.begin(Work.Fetch, record);
    const words = this.records;
    words[at + Field.FetchQueue] = record.queue;
    words[at + Field.FetchStream] = record.stream;
    words[at + Field.FetchBytes] = record.bytes;
    words[at + Field.FetchAddressLow] = record.address | 0;
    words[at + Field.FetchAddressHigh] = Math.floor(record.address / TWO_32);
    words[at + Field.FetchCredit] = record.credit;
    words[at + Field.FetchRoute] = distance(this.routes, record.route);
    words[at + Field.FetchSlice] = record.slice;
    return ++this.fetches;
  }

  route(record: RouteRecord): number {
    const tokens = record.depths.length;
    if (tokens > ROUTE_TOKENS) throw new Error(`internal: a route of ${tokens} tokens, at most ${ROUTE_TOKENS}`);
    if (this.depthsAt + tokens > this.depths.length) this.flush();
    const at = this.begin(Work.Route, record);
    const words = this.records;
    words[at + Field.RouteInputs] = record.inputs;
    words[at + Field.RouteTokens] = tokens;
    words[at + Field.RouteDepths] = this.depthsAt;
    words[at + Field.RouteRun] = distance(this.fetches, record.run);
    this.depths.set(record.depths, this.depthsAt);
    this.depthsAt += tokens;
    return ++this.routes;
  }

  compute(record: ComputeRecord): number {
    const { stagingBytes } = record;
    const { arrayStaging } = this.buffers;
    if (stagingBytes > arrayStaging) refuse("buffers.arrayStagingKiB", arrayStaging, "one output", stagingBytes);
    const at = this.begin(Work.Compute, record);
    const words = this.records;
    words[at + Field.ComputeRun] = distance(this.fetches, record.run);
    words[at + Field.ComputeScaleRun] = distance(this.fetches, record.scaleRun);
    words[at + Field.ComputeInputRun] = distance(this.fetches, record.inputRun);
    words[at + Field.ComputeRelease] = record.release;
    words[at + Field.ComputeRoute] = distance(this.routes, record.route);
    words[at + Field.ComputeSlice] = record.slice;
    words[at + Field.ComputeRows] = record.rows;
    words[at + Field.ComputeInputs] = record.inputs;
    words[at + Field.ComputeTerms] = record.terms;
    words[at + Field.ComputeCodeBits] = record.codeBits;
    words[at + Field.ComputeGroup] = record.group;
    words[at + Field.ComputeDequants] = record.dequants;
    words[at + Field.ComputePasses] = record.passes;
    words[at + Field.ComputePassColumns] = record.passColumns;
    words[at + Field.ComputeRowColumns] = record.rowColumns;
    words[at + Field.ComputeStagingBytes] = stagingBytes;
    words[at + Field.ComputeSumAdds] = record.sumAdds ? 1 : 0;
    words[at + Field.ComputeRoutedWeights] = record.routedWeights ? 1 : 0;
    return ++this.computes;
  }

  vector(record: VectorRecord): number {
    const { stagingBytes } = record;
    const { vectorStaging } = this.buffers;
    if (stagingBytes > vectorStaging) refuse("buffers.vectorStagingKiB", vectorStaging, "one output", stagingBytes);
    const at = this.begin(Work.Vector, record);
    const words = this.records;
    words[at + Field.VectorElements] = record.elements;
    words[at + Field.VectorPasses] = record.passes;
    words[at + Field.VectorRun] = distance(this.fetches, record.run);
    words[at + Field.VectorStagingBytes] = stagingBytes;
    return ++this.vectors;
  }

  store(record: StoreRecord): number {
    const at = this.begin(Work.Store, record);
    const words = this.records;
    words[at + Field.StoreStream] = record.stream;
    words[at + Field.StoreBytes] = record.bytes;
    words[at + Field.StoreAddressLow] = record.address | 0;
    words[at + Field.StoreAddressHigh] = Math.floor(record.address / TWO_32);
    words[at + Field.StorePool] = record.pool;
    return ++this.stores;
  }

  /** Base runs leave the reserve; run ahead, they leave nothing else, so a demand run has to fit it. */
  private checkCredit({ queue, credit }: FetchRecord): void {
    const { slice, residualReserve } = this.buffers;
    if (credit === 0) return;
    if (queue === Queue.Demand) {
      if (credit > residualReserve) refuse("fetch.residualReserveKiB", residualReserve, "one run", credit);
    } else if (credit + residualReserve > slice) {
      refuse("buffers.sliceKiB", slice, "one run", credit, residualReserve);
    }
  }

  private begin(kind: Work, waits: Waits): number {
    if (this.at === this.records.length) this.flush();
    const at = this.at;
    this.at += RECORD_WORDS;
    const words = this.records;
    words[at + Field.Kind] = kind;
    words[at + Field.AfterCompute] = distance(this.computes, waits.compute);
    words[at + Field.AfterVector] = distance(this.vectors, waits.vector);
    words[at + Field.AfterStore] = distance(this.stores, waits.store);
    words[at + Field.Tag] = this.tag | this.place;
    return at;
  }
}

function refuse(key: string, found: number, what: string, bytes: number, reserve = 0): never {
  const beside = reserve > 0 ? ` beside the residual reserve of ${reserve}` : "";
  throw new InputError(
    `${key} is ${found / BYTES_PER_KIB} KiB; ${what} of this schedule needs ${bytes} bytes${beside}`,
  );
}

/** Backward distance to record `number` when `emitted` of its kind are out. */
function distance(emitted: number, number: number): number {
  return number === 0 ? 0 : emitted - number + 1;
}
