//
//   Address streams of the DRAM goldens and the way they are offered to one channel of the oracle.
//
//   Clock law   before each clock t requests are offered in order until one is refused, then the channel ticks; a paced
//               request i waits for clock i * N, a dependent one for the clock after its predecessor's completion.

import { Counter, Dram } from "../../assembly/contract.js";
import { Channel, Part } from "./dram.js";

/** What a stream needs to know of a device. Sizes are in bytes. */
interface StreamDevice {
  readonly vector: Int32Array;
  readonly R: number; // from one region to the next
  readonly RS: number; // from one row to the next of the same bank
  readonly CS: number; // from one column to the next
  readonly C: number; // columns
}

interface StreamRequest {
  readonly address: number;
  readonly isWrite: boolean;
}

const WINDOW = 128; // requests in sight of the channel: more than it can take in one clock

/** One outstanding request, one every N clocks, or as many as fit. */
type Pace = "dependent" | number;

interface StreamResult {
  readonly cycles: number; // clock of the last completion
  readonly latency: number; // mean over reads
  readonly counters: Float64Array;
}

const SOURCES: Record<string, (device: StreamDevice, count: number) => StreamRequest[]> = {
  S1: (device, count) => sequential(count, (i) => i * granule(device)),
  S2_1024: (device, count) =>
    sequential(count, (i) => {
      const byte = i * granule(device);
      const block = Math.floor(byte / 1024);
      return (block % 2) * device.R + Math.floor(block / 2) * 1024 + (byte % 1024);
    }),
  S5: random,
  S9: random,
  S6: (device, count) => mixed(device, count),
  S7: (device, count) => sequential(count, (i) => (i % 2) * device.RS + (Math.floor(i / 2) % device.C) * device.CS),
};

export function streamOf(name: string, device: StreamDevice, count: number): { requests: StreamRequest[]; pace: Pace } {
  if (name.startsWith("S8s_")) return { requests: SOURCES.S1(device, count), pace: Number(name.slice(4)) };
  if (name.startsWith("S8r_")) return { requests: SOURCES.S5(device, count), pace: Number(name.slice(4)) };
  if (name.endsWith("d")) return { requests: SOURCES[name.slice(0, -1)](device, count), pace: "dependent" };
  return { requests: SOURCES[name](device, count), pace: 0 };
}

export function playStream(device: StreamDevice, requests: readonly StreamRequest[], pace: Pace): StreamResult {
  const counters = new Float64Array(Counter.Count);
  const channel = new Channel(device.vector, 0, counters);
  let next = 0;
  let open = 0;
  let cycles = 0;
  const send = (visibleFrom: number) => {
    const { address, isWrite } = requests[next++];
    open++;
    channel.fifo.push(new Part([address / granule(device)], isWrite, visibleFrom, answered));
  };
  const answered = (clock: number) => {
    open--;
    cycles = Math.max(cycles, clock);
    if (pace === "dependent" && next < requests.length) send(clock + 1);
  };
  if (pace === "dependent") send(0);
  for (let clock = 0; next < requests.length || open > 0; clock++) {
    while (pace !== "dependent" && next < requests.length && channel.fifo.length < WINDOW) send(next * pace);
    channel.tick(clock);
  }
  const reads = counters[Counter.DramRead] + counters[Counter.DramForwarded];
  return { cycles, latency: counters[Counter.DramReadLatency] / reads, counters };
}

function granule(device: StreamDevice): number {
  return device.vector[Dram.TransactionBytes];
}

function sequential(count: number, addressOf: (i: number) => number): StreamRequest[] {
  return Array.from({ length: count }, (_, i) => ({ address: addressOf(i), isWrite: false }));
}

/** Every tenth request writes to the next region. */
function mixed(device: StreamDevice, count: number): StreamRequest[] {
  let reads = 0;
  let writes = 0;
  return Array.from({ length: count }, (_, i) => {
    if (i % 10 === 9) return { address: device.R + writes++ * granule(device), isWrite: true };
    return { address: reads++ * granule(device), isWrite: false };
  });
}

/** xorshift64 over the first GiB. */
function random(device: StreamDevice, count: number): StreamRequest[] {
  const mask = (1n << 64n) - 1n;
  let x = 0x9e3779b97f4a7c15n;
  return Array.from({ length: count }, () => {
    x ^= (x << 13n) & mask;
    x ^= x >> 7n;
    x ^= (x << 17n) & mask;
    const byte = Number((x >> 20n) & ((1n << 30n) - 1n));
    return { address: byte - (byte % granule(device)), isWrite: false };
  });
}
