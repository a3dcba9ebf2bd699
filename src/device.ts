//
//   A DRAM part: its data sheet as a file, and the vector of one machine's channels.
//
//     hw-configs/dram/*.yaml ──► parseDevice ──► Device ──► channelVector ──► i32[Dram.Count + rules * RULE_WORDS]
//                                                      └──► peakGBps, capacityBytes, stripeBytes, dramEnergy
//
//   Timings keep the data sheet's names; rule cycles are sums of them and become clocks in the vector.
//   Left out    parts of more than one rank; controller kinds other than ddr.
//

import { Dram, RULE_WORDS } from "../assembly/contract.js";
import { firstFault } from "./device-check.js";
import { placesOf } from "./device-mapping.js";
import {
  COMMANDS,
  type Device,
  type Die,
  deviceSchema,
  LEVELS,
  listOf,
  type Mapping,
  type TimingRule,
} from "./device-schema.js";
import type { DramEnergy } from "./energy.js";
import { InputError } from "./errors.js";
import { evaluate } from "./expression.js";
import { BITS_PER_BYTE } from "./units.js";
import { parseWithSchema, parseYaml } from "./yaml.js";

export type { Device, Mapping };

const BYTES_PER_GBIT = 2 ** 30 / BITS_PER_BYTE;

export interface ChannelOptions {
  channels: number;
  /** The name of one of the part's mappings, or fields from the highest address bits to the lowest. */
  mapping: string | Mapping;
  refresh: "all-bank" | "per-bank" | "off";
  /** Capacity of a die; the part's first one where it is left out. */
  dieGb?: number;
  refreshStaggerClocks: number;
}

/** The part of a file; bad input ends with one line: file, line, key, what is allowed. */
export function parseDevice(text: string, fileName: string): Device {
  const device = parseWithSchema(text, fileName, deviceSchema);
  const fault = firstFault(device);
  if (fault === undefined) return device;
  const { lineOf } = parseYaml(text, fileName);
  throw new InputError(`${fileName}:${lineOf(fault.path)}: ${fault.text}`);
}

/** What the channel block of the machine is built from. */
export function channelVector(device: Device, options: ChannelOptions): Int32Array {
  const die = dieOf(device, options.dieGb);
  const timings = { ...device.timings, ...die.timings };
  const place = placesOf(device, die, options.channels, options.mapping);
  const { organisation, queues } = device;
  const rules = device.rules.flatMap((rule) => ruleRows(rule, timings));
  const values: Record<Exclude<keyof typeof Dram, "Count">, number> = {
    Channels: options.channels,
    TransactionBytes: transactionBytes(device),
    BankGroups: organisation.bankGroups,
    BanksPerGroup: organisation.banksPerGroup,
    ChannelShift: place.channel.shift,
    BankGroupShift: place.bankGroup.shift,
    BankShift: place.bank.shift,
    ColumnShift: place.column.shift,
    ColumnBits: place.column.bits,
    RowShift: place.row.shift,
    RowBits: place.row.bits,
    ReadLatency: evaluate(device.readLatency, timings),
    ReadQueue: queues.read,
    WriteQueue: queues.write,
    WriteHigh: queues.writeHigh,
    WriteLow: queues.writeLow,
    RefreshClocks: refreshClocks(device, timings, options.refresh),
    RefreshStagger: options.refreshStaggerClocks,
    RuleCount: rules.length,
  };
  const vector = new Int32Array(Dram.Count + rules.length * RULE_WORDS);
  for (const [name, value] of Object.entries(values)) vector[Dram[name as keyof typeof Dram]] = value;
  vector.set(rules.flat(), Dram.Count);
  return vector;
}

export function transactionBytes(device: Device): number {
  return (device.channelBits * device.burstLength) / BITS_PER_BYTE;
}

export function peakGBps(device: Device, channels: number): number {
  return (device.rateMTps * device.channelBits * channels) / BITS_PER_BYTE / 1000;
}

export function capacityBytes(device: Device, channels: number, dieGb?: number): number {
  return dieOf(device, dieGb).gb * BYTES_PER_GBIT * device.organisation.diesPerChannel * channels;
}

/** One row of one bank in every bank group of every channel: what a run should start on. */
export function stripeBytes(device: Device, channels: number): number {
  const { bankGroups, columns } = device.organisation;
  return (channels * bankGroups * columns * device.channelBits) / BITS_PER_BYTE;
}

/** Prices per operation; standby of all channels together. */
export function dramEnergy(device: Device, channels: number): DramEnergy {
  const { standbyMw, ...operations } = device.energyPerOperation;
  const power = { low: standbyMw.low * channels, high: standbyMw.high * channels };
  return { transactionBytes: transactionBytes(device), ...operations, standbyMw: power };
}

/** One row per pair of commands: level, after, before, cycles, window, sibling. */
export function ruleRows(rule: TimingRule, timings: Readonly<Record<string, number>>): number[][] {
  const cycles = evaluate(rule.cycles, timings);
  return listOf(rule.after).flatMap((after) =>
    listOf(rule.before).map((before) => [
      ...[LEVELS[rule.level], COMMANDS[after], COMMANDS[before], cycles, rule.window, Number(rule.sibling)],
    ]),
  );
}

function dieOf(device: Device, dieGb: number | undefined): Die {
  const die = dieGb === undefined ? device.dies[0] : device.dies.find(({ gb }) => gb === dieGb);
  if (die !== undefined) return die;
  const known = device.dies.map(({ gb }) => gb).join(", ");
  throw new InputError(`dram.dieGb is ${dieGb}; allowed ${known} (${device.name})`);
}

function refreshClocks(device: Device, timings: Readonly<Record<string, number>>, refresh: string): number {
  if (refresh === "off") return 0;
  if (refresh === "all-bank") return evaluate(device.refresh.interval, timings);
  const later = "per-bank refresh arrives with exact LPDDR5";
  throw new InputError(`dram.refresh is ${refresh}; allowed all-bank, off (${later})`);
}
