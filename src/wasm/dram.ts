//
//   Bare DRAM channels in linear memory: requests in, clocks, counters and, for who observes, latencies and commands out.
//
//     encodeRequests ──► batch ──► DramDriver.replay ──► finish ──► clock of the last completion, counters
//                                        └─ observed: acceptance clocks, read latencies, the log of every channel
//
//   The only file with pointers to assembly/machine/memory/driver.ts, which states the cycle law.
//

import { Counter, Dram } from "../../assembly/contract.js";
import { loadMachine, type MachineExports } from "./load.js";

/** The exports of assembly/machine/memory/driver.ts. */
export interface DramExports {
  memory: MachineExports["memory"];
  allocate(bytes: number): number;
  dramDriver(device: number): number;
  dramBatch(driver: number): number;
  dramBatchCapacity(): number;
  dramReplay(driver: number, count: number): void;
  dramAdvance(driver: number, clock: bigint): void;
  dramFinish(driver: number): bigint;
  dramCounters(driver: number, counters: number): void;
  dramObserve(driver: number, histogram: number, buckets: number): void;
  dramLog(driver: number, channel: number, lines: number, count: number): void;
  dramLogEnd(driver: number, channel: number): number;
}

/** Takes one line of a channel's log; bank -1 is a command of more than one bank. */
type CommandReader = (clk: number, command: number, bank: number) => void;

/** One transaction that is asked for. */
export interface DramRequest {
  address: number;
  write: boolean;
  /** First clock at which it may be offered, or after the request before has completed. */
  from: number | "previous";
}

/** Words of an encoded request: transaction * 2 + write, first clock or -1; replayed under observation: see `replay`. */
export const REQUEST_WORDS = 2;
const LOG_LINE_BYTES = 24;
const LOG_LINES = 1 << 16;
/** Latencies from here on are counted as one; no golden comes near. */
const LATENCY_BUCKETS = 1 << 16;

export async function loadDram(module: WebAssembly.Module): Promise<DramExports> {
  return (await loadMachine(module)) as MachineExports & DramExports;
}

/** Requests as the driver reads them, in batches of at most `batch`. */
export function* encodeRequests(
  requests: Iterable<DramRequest>,
  transactionBytes: number,
  batch: number,
): Generator<BigInt64Array> {
  let words = new BigInt64Array(batch * REQUEST_WORDS);
  let filled = 0;
  for (const { address, write, from } of requests) {
    words[filled++] = BigInt(Math.floor(address / transactionBytes) * 2 + Number(write));
    words[filled++] = from === "previous" ? -1n : BigInt(from);
    if (filled < words.length) continue;
    yield words;
    words = new BigInt64Array(batch * REQUEST_WORDS);
    filled = 0;
  }
  if (filled > 0) yield words.subarray(0, filled);
}

/** The channels of a device vector under the conventions of the golden results. */
export class DramDriver {
  private readonly handle: number;
  private readonly channels: number;
  private histogram = 0;
  private logs: number[] = [];

  constructor(
    private readonly wasm: DramExports,
    device: Int32Array,
  ) {
    this.channels = device[Dram.Channels];
    this.handle = wasm.dramDriver(this.place(device));
  }

  /** Most requests of one batch. */
  get batch(): number {
    return this.wasm.dramBatchCapacity();
  }

  /** From now on latencies are counted and commands logged; before the first request. */
  observe(): void {
    const { wasm, handle } = this;
    this.histogram = wasm.allocate(LATENCY_BUCKETS * 4);
    wasm.dramObserve(handle, this.histogram, LATENCY_BUCKETS);
    this.logs = Array.from({ length: this.channels }, () => wasm.allocate(LOG_LINES * LOG_LINE_BYTES));
    for (let channel = 0; channel < this.channels; channel++) this.rewind(channel);
  }

  /**
   * Replays an encoded batch up to the acceptance of its last request. Observed, the first clocks become
   * acceptance clock * 2 + 1 where the request was forwarded or merged, + 0 where a command will follow.
   */
  replay(words: BigInt64Array): void {
    const { wasm, handle } = this;
    const batch = new BigInt64Array(wasm.memory.buffer, wasm.dramBatch(handle), words.length);
    batch.set(words);
    wasm.dramReplay(handle, words.length / REQUEST_WORDS);
    if (this.histogram !== 0) words.set(batch);
  }

  /** Idles until a clock. */
  advance(clock: number): void {
    this.wasm.dramAdvance(this.handle, BigInt(clock));
  }

  /** Runs until everything is complete; the clock of the last completion. */
  finish(): number {
    return Number(this.wasm.dramFinish(this.handle));
  }

  /** Counters of all channels together, indexed by Counter. */
  counters(): number[] {
    const { wasm, handle } = this;
    const at = wasm.allocate(Counter.Count * 8);
    wasm.dramCounters(handle, at);
    return Array.from(new BigInt64Array(wasm.memory.buffer, at, Counter.Count), Number);
  }

  /** Number of reads by latency in clocks; the last entry holds the longer ones too. */
  latencies(): Int32Array {
    return new Int32Array(this.wasm.memory.buffer, this.histogram, LATENCY_BUCKETS).slice();
  }

  /** Reads what was logged since the latest drain; nobody may let more than a log's lines come together. */
  drain(channel: number, read: CommandReader): void {
    const begin = this.logs[channel];
    const lines = (this.wasm.dramLogEnd(this.handle, channel) - begin) / LOG_LINE_BYTES;
    if (lines >= LOG_LINES) throw new Error(`internal: the command log of DRAM channel ${channel} is full`);
    const words = new Int32Array(this.wasm.memory.buffer, begin, (lines * LOG_LINE_BYTES) / 4);
    for (let at = 0; at < words.length; at += LOG_LINE_BYTES / 4) {
      read((words[at] >>> 0) + words[at + 1] * 2 ** 32, words[at + 2], words[at + 3]);
    }
    this.rewind(channel);
  }

  private rewind(channel: number): void {
    this.wasm.dramLog(this.handle, channel, this.logs[channel], LOG_LINES);
  }

  private place(values: Int32Array): number {
    const at = this.wasm.allocate(values.byteLength);
    new Int32Array(this.wasm.memory.buffer, at, values.length).set(values);
    return at;
  }
}
