//
//   A DRAM part: its data sheet as a file, and the vector of one machine's channels.
//
//     hw-configs/dram/*.yaml ──► parseDevice ──► Device ──► channelVector ──► what the contract says of Dram
//                                                      └──► peakGBps, capacityBytes, stripeBytes, dramEnergy
//
//   Timings keep the data sheet's names; rule cycles are sums of them and become clocks in the vector.
//   Left out    ranks: further dies of a channel are further rows, without chip selects and gaps between them.
//

import { Dram } from "../../assembly/contract.js";
import { InputError } from "../basics/errors.js";
import { BITS_PER_BYTE } from "../basics/units.js";
import { parseWithSchema, parseYaml } from "../basics/yaml.js";
import type { DramEnergy } from "../energy/energy.js";
import { firstFault } from "./device-check.js";
import { addressBitsOf } from "./device-mapping.js";
import {
  type Device,
  type Die,
  deviceSchema,
  KINDS,
  LEVELS,
  listOf,
  type Mapping,
  RULE_COMMANDS,
  type TimingRule,
  timingsOf,
} from "./device-schema.js";
import { evaluate } from "./expression.js";

export type { Device, Mapping };

const BYTES_PER_GBIT = 2 ** 30 / BITS_PER_BYTE;

export interface ChannelOptions {
  channels: number;
  /** The name of one of the part's mappings, or fields from the highest address bits to the lowest. */
  mapping: string | Mapping;
  refresh: "all-bank" | "per-bank" | "off";
  /** Capacity of a die; the part's first one where it is left out. */
  dieGb?: number;
  /** Times the part's own dies on a channel: further rows. */
  diesPerChannel?: number;
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
  const die = stacked(dieOf(device, options.dieGb), options.diesPerChannel);
  const timings = timingsOf(device, die);
  const { channelShift, columnBits, rowBits, masks } = addressBitsOf(device, die, options.channels, options.mapping);
  const { organisation, queues, commandTicks: ticks } = device;
  const rules = device.rules.flatMap((rule) => ruleRows(device, rule, timings));
  const values: Record<Exclude<keyof typeof Dram, "Count">, number> = {
    Kind: KINDS[device.controller],
    Channels: options.channels,
    TransactionBytes: transactionBytes(device),
    PseudoChannels: organisation.pseudoChannels,
    Sids: organisation.sids,
    BankGroups: organisation.bankGroups,
    BanksPerGroup: organisation.banksPerGroup,
    ChannelShift: channelShift,
    ColumnBits: columnBits,
    RowBits: rowBits,
    ReadLatency: evaluate(device.readLatency, timings),
    ReadQueue: queues.read,
    WriteQueue: queues.write,
    WriteHigh: queues.writeHigh,
    WriteLow: queues.writeLow,
    RefreshClocks: refreshClocks(device, timings, options.refresh),
    RefreshStagger: options.refreshStaggerClocks,
    RefreshPerBank: Number(options.refresh === "per-bank"),
    TicksPerClock: device.ticksPerClock,
    Act2Deadline: evaluate(device.act2Deadline, timings),
    WckRead: evaluate(device.wck.read, timings),
    WckWrite: evaluate(device.wck.write, timings),
    ActTicks: ticks.ACT,
    PreTicks: ticks.PRE,
    PreAllTicks: ticks.PREA,
    ReadTicks: ticks.RD,
    WriteTicks: ticks.WR,
    RefreshTicks: ticks.REF,
    RefreshBankTicks: ticks.REFpb,
    Act2Ticks: 1,
    CasReadTicks: 1,
    CasWriteTicks: 1,
    RuleCount: rules.length,
  };
  const head = new Int32Array(Dram.Count);
  for (const [name, value] of Object.entries(values)) head[Dram[name as keyof typeof Dram]] = value;
  return Int32Array.from([...head, ...rules.flat(), ...masks]);
}

export function transactionBytes(device: Device): number {
  return (device.channelBits * device.burstLength) / BITS_PER_BYTE;
}

export function peakGBps(device: Device, channels: number): number {
  const bits = device.channelBits * device.organisation.pseudoChannels * channels;
  return (device.rateMTps * bits) / BITS_PER_BYTE / 1000;
}

export function capacityBytes(device: Device, channels: number, dieGb?: number, diesPerChannel = 1): number {
  const dies = device.organisation.diesPerChannel * diesPerChannel * channels;
  return dieOf(device, dieGb).gb * BYTES_PER_GBIT * dies;
}

/** One row of one bank in every bank group of every (pseudo-)channel: what a run should start on. */
export function stripeBytes(device: Device, channels: number): number {
  const { pseudoChannels, bankGroups, columns } = device.organisation;
  return (channels * pseudoChannels * bankGroups * columns * device.channelBits) / BITS_PER_BYTE;
}

/** Prices per operation; standby of all channels together. Every die of a channel takes part in a refresh. */
export function dramEnergy(device: Device, channels: number, diesPerChannel = 1): DramEnergy {
  const { standbyMw, refreshBankPj, ...operations } = device.energyPerOperation;
  const { sids, bankGroups, banksPerGroup } = device.organisation;
  const power = times(standbyMw, channels * diesPerChannel);
  const banks = sids * bankGroups * banksPerGroup; // of one all-bank refresh
  const refresh = times(operations.refreshPj, diesPerChannel);
  const ofBank = times(refreshBankPj ?? times(operations.refreshPj, 1 / banks), diesPerChannel);
  const refreshes = { refreshPj: refresh, refreshBankPj: ofBank };
  return { transactionBytes: transactionBytes(device), ...operations, ...refreshes, standbyMw: power };
}

function times({ low, high }: { low: number; high: number }, factor: number) {
  return { low: low * factor, high: high * factor };
}

/** All-bank refresh of a channel: clocks between two, and the clocks after each in which no bank can be open. */
interface RefreshPause {
  intervalClocks: number;
  closedClocks: number;
}

/** Undefined where banks are refreshed one by one, or not at all. */
export function refreshPause(device: Device, options: ChannelOptions): RefreshPause | undefined {
  if (options.refresh !== "all-bank") return undefined;
  const timings = timingsOf(device, dieOf(device, options.dieGb));
  const closed = device.rules
    .filter(({ level }) => WHOLE_LEVELS.includes(level))
    .flatMap((rule) => ruleRows(device, rule, timings))
    .filter(([, after, before]) => after === RULE_COMMANDS.REF && before === RULE_COMMANDS.ACT);
  return {
    intervalClocks: refreshClocks(device, timings, options.refresh),
    closedClocks: Math.max(0, ...closed.map(([, , , cycles]) => cycles)),
  };
}

/** Levels that hold all banks which one refresh closes. */
const WHOLE_LEVELS: readonly string[] = ["channel", "rank", "pseudoChannel"];

/** Further dies are further rows: capacity, no chip selects and no gaps between ranks. */
function stacked(die: Die, dies = 1): Die {
  return { ...die, rows: die.rows * dies };
}

/** One row per pair of commands: level, after, before, cycles, window, sibling. */
function ruleRows(device: Device, rule: TimingRule, timings: Readonly<Record<string, number>>): number[][] {
  const cycles = evaluate(rule.cycles, timings);
  return listOf(rule.after).flatMap((after) =>
    listOf(rule.before).map((before) => {
      // Gaps are between the last clocks of two commands, rows between their first.
      const longer = ticksOf(device, after) - ticksOf(device, before);
      const commands = [RULE_COMMANDS[after], RULE_COMMANDS[before]];
      return [LEVELS[rule.level], ...commands, cycles + longer, rule.window, Number(rule.sibling)];
    }),
  );
}

function ticksOf({ commandTicks }: Device, command: string): number {
  const name = command === "ACT1" ? "ACT" : command;
  return (commandTicks as Readonly<Record<string, number>>)[name] ?? 1;
}

function dieOf(device: Device, dieGb: number | undefined): Die {
  const die = dieGb === undefined ? device.dies[0] : device.dies.find(({ gb }) => gb === dieGb);
  if (die !== undefined) return die;
  const known = device.dies.map(({ gb }) => gb).join(", ");
  throw new InputError(`dram.dieGb is ${dieGb}; allowed ${known} (${device.name})`);
}

function refreshClocks(device: Device, timings: Readonly<Record<string, number>>, refresh: string): number {
  if (refresh === "off") return 0;
  const { interval, perBankInterval } = device.refresh;
  if (refresh === "all-bank") return evaluate(interval, timings);
  if (perBankInterval !== undefined) return evaluate(perBankInterval, timings);
  throw new InputError(`dram.refresh is ${refresh}; allowed all-bank, off (${device.name} has no per-bank refresh)`);
}
