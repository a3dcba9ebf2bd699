//
//   One stream of requests on the channels of one DRAM part, observed: how fast, how late, at what cost, and why.
//
//     Device, options, requests ──► DramDriver ──► latencies, counters ─────────────────┐
//                                        ├── acceptance clocks ──┐                      ├──► DramRun
//                                        └── command log ────────┴─► BusCauses ─────────┘
//
//   Law         busClocks: transfer and the causes add up to clocks of the data bus x channels.
//

import { Command, Counter, Dram, RULE_WORDS } from "../../assembly/contract.js";
import type { Band } from "../basics/band.js";
import { BITS_PER_BYTE, PJ_PER_MILLIJOULE } from "../basics/units.js";
import { dramPrices } from "../energy/energy.js";
import { type DramDriver, type DramRequest, encodeRequests, REQUEST_WORDS } from "../wasm/dram.js";
import { BusCauses, type BusClocks, type BusTimes, sumOf } from "./bus-causes.js";
import {
  type ChannelOptions,
  capacityBytes,
  channelVector,
  type Device,
  dramEnergy,
  type Mapping,
  peakGBps,
  transactionBytes,
} from "./device.js";
import { widthsOf } from "./device-mapping.js";
import { type AddressLevel, COMMANDS } from "./device-schema.js";
import { bankCount, sizeOf } from "./rule-clocks.js";
import type { StreamSteps } from "./streams.js";

export interface DramRun {
  requests: number;
  bytes: number;
  /** Memory clocks up to the last completion. */
  cycles: number;
  seconds: number;
  bandwidthGBps: number;
  peakGBps: number;
  /** Of reads, from acceptance to the last data; null without reads. */
  latencyClocks: { mean: number; p50: number; p99: number; max: number } | null;
  /** Of one memory clock. */
  clockSeconds: number;
  rowHits: number;
  rowMisses: number;
  rowConflicts: number;
  forwarded: number;
  merged: number;
  commands: Record<string, number>;
  energyPj: { total: Band; parts: Record<string, Band> };
  /** Clocks of one data bus, and of all of them by what they did. */
  busClocks: { each: number; buses: number; causes: BusClocks };
}

/** A field of a mapping. */
interface Field {
  level: AddressLevel;
  bits?: number | undefined;
}

/** Clocks between two looks at the command log: more refreshes than its lines do not fit. */
const LOOK = 2 ** 20;

/** Where a named stream goes on a part: rows, columns and regions of its mapping. */
export function stepsOf(part: Device, { channels, mapping, dieGb }: ChannelOptions): StreamSteps {
  const die = part.dies.find(({ gb }) => gb === dieGb) ?? part.dies[0];
  const widths = widthsOf(part, die, channels);
  const fields: Mapping = typeof mapping === "string" ? (part.mappings[mapping] ?? []) : mapping;
  const levels = fields.map((item) => (typeof item === "string" ? { level: item } : item)).reverse();
  const lowest = levels.some(({ level }) => level === "channel") ? levels : [{ level: "channel" as const }, ...levels];
  const bytes = transactionBytes(part);
  const strideOf = (wanted: string) => {
    const below = lowest.slice(
      0,
      lowest.findIndex(({ level }) => level === wanted),
    );
    return bytes * 2 ** below.reduce((sum, { level, bits }: Field) => sum + (bits ?? widths[level]), 0);
  };
  return {
    transactionBytes: bytes,
    region: Math.min(2 ** 30, capacityBytes(part, channels, dieGb) / 4),
    row: strideOf("row"),
    column: strideOf("column"),
    columns: 2 ** widths.column,
  };
}

/** Replays requests on fresh channels. */
export function runStream(
  part: Device,
  options: ChannelOptions,
  driver: DramDriver,
  requests: Iterable<DramRequest>,
): DramRun {
  const device = channelVector(part, options);
  const observed = new ObservedReplay(driver, device, busTimes(part, device));
  const count = observed.replay(requests);
  const { cycles, counters, busClocks } = observed.finish();
  const clockSeconds = part.clockKHzDivisor / (part.clockKHz * 1000);
  const seconds = cycles * clockSeconds;
  const bytes = count * device[Dram.TransactionBytes];
  return {
    requests: count,
    bytes,
    cycles,
    seconds,
    bandwidthGBps: seconds > 0 ? bytes / seconds / 1e9 : 0,
    peakGBps: peakGBps(part, options.channels),
    latencyClocks: latencyOf(driver.latencies(), counters),
    clockSeconds,
    rowHits: counters[Counter.DramRowHits],
    rowMisses: counters[Counter.DramRowMisses],
    rowConflicts: counters[Counter.DramRowConflicts],
    forwarded: counters[Counter.DramForwarded],
    merged: counters[Counter.DramMerged],
    commands: commandsOf(counters),
    energyPj: energyOf(part, options, counters, seconds),
    busClocks,
  };
}

/** A replay whose commands are read as they come. */
class ObservedReplay {
  private readonly buses: BusCauses[];
  private readonly channels: number;
  private readonly busMasks: Int32Array;
  /** Up to this clock the log has room. */
  private horizon = LOOK;

  constructor(
    private readonly driver: DramDriver,
    private readonly device: Int32Array,
    times: BusTimes,
  ) {
    this.channels = device[Dram.Channels];
    const pseudoChannels = sizeOf(device, "PseudoChannels");
    const masks = Dram.Count + device[Dram.RuleCount] * RULE_WORDS;
    const [bankBits, busBits] = [bankCount(device), pseudoChannels].map(Math.log2);
    this.busMasks = device.subarray(masks + bankBits - busBits, masks + bankBits);
    this.buses = Array.from({ length: this.channels }, (_, channel) => new BusCauses(device, channel, times));
    driver.observe();
  }

  /** The number of requests. */
  replay(requests: Iterable<DramRequest>): number {
    let count = 0;
    for (const batch of this.batches(requests)) {
      this.driver.replay(batch);
      this.take(batch);
      count += batch.length / REQUEST_WORDS;
    }
    return count;
  }

  finish(): { cycles: number; counters: number[]; busClocks: DramRun["busClocks"] } {
    const cycles = this.driver.finish();
    this.look();
    const each = Math.max(cycles, ...this.buses.map(({ end }) => end));
    for (const bus of this.buses) bus.finish(each);
    const causes = sumOf(this.buses.map(({ clocks }) => clocks));
    const buses = this.buses.reduce((sum, { count }) => sum + count, 0);
    return { cycles, counters: this.driver.counters(), busClocks: { each, buses, causes } };
  }

  /** Encoded batches; before a request that comes after the horizon, the channels go on to its clock in steps. */
  private *batches(requests: Iterable<DramRequest>): Generator<BigInt64Array> {
    const { driver, device } = this;
    let waiting: DramRequest[] = [];
    const flush = function* () {
      yield* encodeRequests(waiting, device[Dram.TransactionBytes], driver.batch);
      waiting = [];
    };
    for (const request of requests) {
      if (request.from !== "previous" && request.from > this.horizon) {
        yield* flush();
        this.idleUntil(request.from);
      }
      waiting.push(request);
      if (waiting.length === driver.batch) yield* flush();
    }
    yield* flush();
  }

  private idleUntil(clock: number): void {
    for (let next = this.horizon; next < clock; next += LOOK) {
      this.driver.advance(next);
      this.look();
    }
    this.driver.advance(clock);
    this.look();
    this.horizon = clock + LOOK;
  }

  /** Acceptance clocks of a batch, then the commands up to its last acceptance. */
  private take(batch: BigInt64Array): void {
    const { channels, buses } = this;
    const below = 2 ** this.device[Dram.ChannelShift];
    for (let i = 0; i < batch.length; i += REQUEST_WORDS) {
      const accepted = Number(batch[i + 1]);
      if (accepted % 2 === 1) continue;
      const transaction = Math.floor(Number(batch[i]) / 2);
      const above = Math.floor(transaction / below);
      const local = Math.floor(above / channels) * below + (transaction % below);
      buses[above % channels].accept(accepted / 2, this.busOf(local));
    }
    this.look();
  }

  /** Which of its channel's buses a local transaction needs: the highest bits of its bank index, each a sum of address bits. */
  private busOf(local: number): number {
    let bus = 0;
    for (let mask = this.busMasks.length - 1; mask >= 0; mask--) {
      bus = 2 * bus + parityOf(local & this.busMasks[mask]);
    }
    return bus;
  }

  private look(): void {
    for (const [channel, bus] of this.buses.entries()) {
      this.driver.drain(channel, (clk, command, bank) => bus.command(clk, command, bank));
    }
  }
}

/** A burst takes as many clocks as its bytes at the peak rate. */
function busTimes(part: Device, device: Int32Array): BusTimes {
  const transfers = device[Dram.TransactionBytes] / (part.channelBits / BITS_PER_BYTE);
  const transfersPerClock = (part.rateMTps * 1000 * part.clockKHzDivisor) / part.clockKHz;
  const burst = Math.max(1, Math.round(transfers / transfersPerClock));
  const readOffset = device[Dram.ReadLatency] - burst;
  const writeLatency = part.timings.nCWL;
  const ticks = sizeOf(device, "TicksPerClock");
  return { burst, readOffset, writeOffset: writeLatency === undefined ? readOffset : writeLatency * ticks };
}

function parityOf(bits: number): number {
  let parity = 0;
  for (let rest = bits; rest !== 0; rest &= rest - 1) parity ^= 1;
  return parity;
}

function latencyOf(histogram: Int32Array, counters: readonly number[]): DramRun["latencyClocks"] {
  const reads = histogram.reduce((sum, count) => sum + count, 0);
  const counted = counters[Counter.DramRead] + counters[Counter.DramForwarded];
  if (reads !== counted) throw new Error(`internal: ${reads} latencies of ${counted} reads`);
  if (reads === 0) return null;
  const at = (share: number) => {
    let below = 0;
    return histogram.findIndex((count) => {
      below += count;
      return below > Math.min(share * reads, reads - 1);
    });
  };
  return { mean: counters[Counter.DramReadLatency] / reads, p50: at(0.5), p99: at(0.99), max: at(1) };
}

/** Commands by their names in part files; those that went. */
function commandsOf(counters: readonly number[]): Record<string, number> {
  const issued = Object.entries(COMMANDS).map(([name, command]): [string, number] => {
    return [name, counters[Counter[`Dram${Command[command]}` as keyof typeof Counter]]];
  });
  return Object.fromEntries(issued.filter(([, count]) => count !== 0));
}

function energyOf(
  part: Device,
  { channels }: ChannelOptions,
  counters: readonly number[],
  seconds: number,
): DramRun["energyPj"] {
  const dram = dramEnergy(part, channels);
  const parts: Record<string, Band> = {};
  for (const { counter, pj, what } of dramPrices(dram)) {
    const count = counters[Counter[counter]];
    if (count !== 0) parts[what.replace(/^one /, "")] = { low: pj.low * count, high: pj.high * count };
  }
  const standby = seconds * PJ_PER_MILLIJOULE;
  parts.standby = { low: dram.standbyMw.low * standby, high: dram.standbyMw.high * standby };
  const total = { low: 0, high: 0 };
  for (const { low, high } of Object.values(parts)) {
    total.low += low;
    total.high += high;
  }
  return { total, parts };
}
