//
//   The golden driver of the binary, release or debug, and the doors of bare channels.
//
//     streamRequests(name) ──► replay ──► cycles, counters, mean latency
//

import { readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { instantiateSync } from "@assemblyscript/loader";
import { Counter } from "../../assembly/contract.js";
import {
  DramDriver,
  type DramRequest,
  type DramExports as DriverExports,
  encodeRequests,
} from "../../src/wasm/dram.js";

/** The functions of the binary that drive bare DRAM channels. */
export interface DramExports extends DriverExports {
  start(): void;
  channelOpen(device: number, index: number, fifoCapacity: number): number;
  channelRemember(bare: number, kib: number): void;
  channelMemo(bare: number, into: number): void;
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

interface ReplayResult {
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

export function replay(device: Int32Array, transactionBytes: number, requests: Iterable<DramRequest>): ReplayResult {
  const driver = new DramDriver(dramExports(), device);
  for (const batch of encodeRequests(requests, transactionBytes, driver.batch)) driver.replay(batch);
  const cycles = driver.finish();
  const counters = driver.counters();
  const reads = counters[Counter.DramRead] + counters[Counter.DramForwarded];
  return { cycles, counters, meanLatency: counters[Counter.DramReadLatency] / reads };
}
