//
//   The golden driver of the binary and the streams of the goldens.
//
//     stream(name) ──► batches of requests ──► dramReplay ──► cycles, counters, mean latency
//

import { readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { instantiateSync } from "@assemblyscript/loader";
import { Counter } from "../../assembly/contract.js";

/** The functions of the binary that drive bare DRAM channels. */
export interface DramExports {
  memory: WebAssembly.Memory;
  start(): void;
  allocate(bytes: number): number;
  dramDriver(device: number): number;
  dramBatch(driver: number): number;
  dramBatchCapacity(): number;
  dramReplay(driver: number, count: number): void;
  dramFinish(driver: number): bigint;
  dramCounters(driver: number, counters: number): void;
  dramLog(driver: number, channel: number, lines: number, count: number): void;
  channelOpen(device: number, index: number, fifoCapacity: number): number;
  channelPush(bare: number, local: number, count: number, write: number, slot: number, arriveTick: number): void;
  channelAdvance(bare: number, untilTick: number): number;
  channelCompletionSlot(bare: number, i: number): number;
  channelCompletionClock(bare: number, i: number): number;
  channelCompletionWrite(bare: number, i: number): number;
  channelWake(bare: number): number;
  channelCounters(bare: number, counters: number): void;
  channelLog(bare: number, lines: number, count: number): void;
  channelState(bare: number, words: number, capacity: number): number;
  channelLoad(bare: number, words: number, count: number, now: number): void;
  channelStream(
    bare: number,
    parts: number,
    transactions: number,
    underWay: number,
    stride: number,
    seed: bigint,
  ): bigint;
}

/** Steps between the places of a stream, in bytes. */
export interface StreamSteps {
  transactionBytes: number;
  region: number;
  row: number;
  column: number;
  columns: number;
}

export interface StreamRequest {
  address: number;
  write: boolean;
  /** First clock at which it may be offered, or after the request before has completed. */
  from: number | "previous";
}

export interface ReplayResult {
  cycles: number;
  counters: number[];
  meanLatency: number;
}

const binaries = new Map<string, Buffer>();

/** A fresh instance of a build. */
export function dramExports(build: "release" | "debug" = "release"): DramExports {
  const name = build === "release" ? "machine.wasm" : "machine.debug.wasm";
  const binary = binaries.get(name) ?? readFileSync(fileURLToPath(new URL(`../../${name}`, import.meta.url)));
  binaries.set(name, binary);
  const abort = (message: number) => {
    throw new Error(`the binary stopped (text at ${message})`);
  };
  const exports = instantiateSync(binary, { env: { abort } }).exports as unknown as DramExports;
  exports.start();
  return exports;
}

export function placeVector(dram: DramExports, words: Int32Array): number {
  const at = dram.allocate(words.byteLength);
  new Int32Array(dram.memory.buffer).set(words, at / 4);
  return at;
}

/** Counters of a driver or a bare channel, by position of Counter. */
export function readCounters(dram: DramExports, collect: (at: number) => void): number[] {
  const at = dram.allocate(Counter.Count * 8);
  new BigInt64Array(dram.memory.buffer, at, Counter.Count).fill(0n);
  collect(at);
  return Array.from(new BigInt64Array(dram.memory.buffer, at, Counter.Count), Number);
}

export function replay(device: Int32Array, transactionBytes: number, requests: Iterable<StreamRequest>): ReplayResult {
  const dram = dramExports();
  const driver = dram.dramDriver(placeVector(dram, device));
  const capacity = dram.dramBatchCapacity();
  const batch = () => new BigInt64Array(dram.memory.buffer, dram.dramBatch(driver), 2 * capacity);
  let words = batch();
  let filled = 0;
  for (const { address, write, from } of requests) {
    words[2 * filled] = BigInt((address / transactionBytes) * 2 + Number(write));
    words[2 * filled + 1] = from === "previous" ? -1n : BigInt(from);
    if (++filled < capacity) continue;
    dram.dramReplay(driver, filled);
    words = batch();
    filled = 0;
  }
  dram.dramReplay(driver, filled);
  const cycles = Number(dram.dramFinish(driver));
  const counters = readCounters(dram, (at) => dram.dramCounters(driver, at));
  const reads = counters[Counter.DramRead] + counters[Counter.DramForwarded];
  return { cycles, counters, meanLatency: counters[Counter.DramReadLatency] / reads };
}

/** The requests of a named stream. */
export function* streamRequests(name: string, count: number, steps: StreamSteps): Generator<StreamRequest> {
  const pace = Number(/_(\d+)$/.exec(name)?.[1] ?? 0);
  const isPaced = name.startsWith("S8");
  const isDependent = name.endsWith("d");
  const places = placesOf(name, pace, steps);
  for (let i = 0; i < count; i++) {
    const from = isDependent && i > 0 ? "previous" : isPaced ? i * pace : 0;
    yield { ...places(i), from };
  }
}

function placesOf(name: string, block: number, steps: StreamSteps): (i: number) => { address: number; write: boolean } {
  const bytes = steps.transactionBytes;
  const read = (address: number) => ({ address, write: false });
  const kind = /^S8r|^S9/.test(name) ? "S5" : name.startsWith("S8s") ? "S1" : name.slice(0, 2);
  if (kind === "S1") return (i) => read(i * bytes);
  if (kind === "S2") return (i) => read(interleaved(i * bytes, block, 2, steps.region));
  if (kind === "S3") return (i) => read(interleaved(i * bytes, block, 4, steps.region));
  if (kind === "S4") return (i) => read(Math.floor((i * bytes) / 1024) * 4096 + ((i * bytes) % 1024));
  if (kind === "S5") return scattered(bytes);
  if (kind === "S6") {
    return (i) => {
      const tens = Math.floor(i / 10);
      return i % 10 === 9 ? { address: steps.region + tens * bytes, write: true } : read((i - tens) * bytes);
    };
  }
  if (kind === "S7") return (i) => read((i % 2) * steps.row + (Math.floor(i / 2) % steps.columns) * steps.column);
  throw new Error(`no stream ${name}`);
}

function interleaved(byte: number, block: number, streams: number, region: number): number {
  const stream = Math.floor(byte / block) % streams;
  return stream * region + Math.floor(byte / (streams * block)) * block + (byte % block);
}

/** xorshift64 over the first GiB. */
function scattered(bytes: number): () => { address: number; write: boolean } {
  const mask = (1n << 64n) - 1n;
  let x = 0x9e3779b97f4a7c15n;
  return () => {
    x ^= (x << 13n) & mask;
    x ^= x >> 7n;
    x ^= (x << 17n) & mask;
    const byte = Number((x >> 20n) & ((1n << 30n) - 1n));
    return { address: byte - (byte % bytes), write: false };
  };
}
