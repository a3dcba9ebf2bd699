//
//   DRAM parts as golden files resolve them: the device tables of two public simulators become the Device of a part file,
//   so that a golden is checked with the timings that it names and not with ours.
//
//     R2_* (Ramulator 2.1)   rule rows, timings, mapping, queues are all in the table
//     D3_* (DRAMsim3)        timings and mapping; the rule rows are those of an R2 table of the same standard
//
//   Left out    ranks; schedulers other than FRFCFS; refresh management (RFM) and auto-precharge, which nobody issues.
//

import { z } from "zod";
import { InputError } from "../basics/errors.js";
import { coprime } from "../basics/units.js";
import type { ChannelOptions } from "../dram/device.js";
import {
  ADDRESS_LEVELS,
  type Device,
  type Mapping,
  type RULE_COMMANDS,
  type TimingRule,
} from "../dram/device-schema.js";

/** A part and how the golden's machine used it. */
interface GoldenDevice {
  device: Device;
  options: ChannelOptions;
}

const counts = z.record(z.string(), z.coerce.number());
const ramulator = z.looseObject({
  standard: z.string(),
  scheduler: z.literal("FRFCFS"),
  controller: z.enum(["GenericDDR", "LPDDR5", "HBM12", "HBM34"]),
  tick_multiplier: z.int().min(1).max(2),
  channels: z.int().min(1),
  org: z.looseObject({
    rank: z.literal(1).default(1),
    pseudochannel: z.int().default(1),
    sid: z.int().default(1),
    bankgroup: z.int(),
    bank: z.int(),
    row: z.int(),
    column: z.int(),
    dq: z.int(),
  }),
  timing_nCK: z.record(z.string(), z.int()),
  prefetch: z.int(),
  channel_width_bits: z.int(),
  read_latency_ticks: z.int(),
  command_cycles_ticks: z.record(z.string(), z.int()),
  timing_constraints: z.array(
    z.strictObject({
      level: z.enum(["Channel", "Rank", "PseudoChannel", "Sid", "BankGroup", "Bank"]),
      prev: z.array(z.string()),
      next: z.array(z.string()),
      latency: z.string(),
      window: z.int(),
      sibling: z.boolean(),
    }),
  ),
  address_mapping_MSB_to_LSB: z.array(z.strictObject({ level: z.string(), bits: z.int() })),
  read_buffer: z.int(),
  write_buffer: z.int(),
  wr_watermarks: z.tuple([z.number(), z.number()]),
  refresh_manager: z.enum(["AllBank", "PerBank", "NoRefresh"]),
});
const dramsim = z.looseObject({
  sim: z.literal("DRAMsim3"),
  effective: z.looseObject({ dram_structure: z.looseObject({ protocol: z.string() }), timing: counts }),
  ranks: z.literal(1),
  devices_per_rank: z.int(),
  channels: z.int().min(1),
  tick_ns: z.number(),
  tx_bytes: z.int(),
  address_mapping_MSB_to_LSB: z.array(z.strictObject({ level: z.string(), bits: z.int() })),
});
type Ramulator = z.output<typeof ramulator>;
type Dramsim = z.output<typeof dramsim>;

const COMMAND_NAMES: Record<string, keyof typeof RULE_COMMANDS> = {
  ACT: "ACT",
  ACT1: "ACT1",
  ACT2: "ACT2",
  PREpb: "PRE",
  PREab: "PREA",
  RD: "RD",
  WR: "WR",
  CAS_RD: "CAS_RD",
  CAS_WR: "CAS_WR",
  REFab: "REF",
  REFpb: "REFpb",
};
const CONTROLLERS = { GenericDDR: "ddr", LPDDR5: "lpddr5", HBM12: "hbm", HBM34: "hbm" } as const;
const REFRESHES = { AllBank: "all-bank", PerBank: "per-bank", NoRefresh: "off" } as const;
/** What the LPDDR5 controller reads beside its rules: WCK runs on until the burst's end and its postamble. */
const WCK = { read: "nCL + nBL_min + nWCKPST", write: "nCWL + nBL_min + nWCKPST" };
const LEVEL_NAMES = {
  ...({ Channel: "channel", Rank: "rank", PseudoChannel: "pseudoChannel" } as const),
  ...({ Sid: "sid", BankGroup: "bankGroup", Bank: "bank" } as const),
};
const FIELD_NAMES: Record<string, string> = { ro: "row", ba: "bank", bg: "bankGroup", co: "column", ch: "channel" };
/** Our name of a DRAMsim3 timing. */
const DRAMSIM_TIMINGS: Record<string, string> = {
  ...{ nCL: "CL", nCWL: "CWL", nRCD: "tRCD", nRP: "tRP", nRAS: "tRAS", nWR: "tWR", nRTP: "tRTP", nCS: "tRTRS" },
  ...{ nCCDS: "tCCD_S", nCCDL: "tCCD_L", nRRDS: "tRRD_S", nRRDL: "tRRD_L", nFAW: "tFAW" },
  ...{ nWTRS: "tWTR_S", nWTRL: "tWTR_L", nRFC: "tRFC", nREFI: "tREFI" },
};
const UNKNOWN_PRICE = { low: 0, high: 0, source: "not in the golden table" };

/** The part of golden table `name` among `tables`. */
export function deviceFromGolden(name: string, tables: Readonly<Record<string, unknown>>): GoldenDevice {
  const table = tables[name];
  if (dramsim.safeParse(table).success) return fromDramsim(name, dramsim.parse(table), tables);
  const result = ramulator.safeParse(table);
  if (result.success) return fromRamulator(name, result.data);
  const { path, message } = result.error.issues[0];
  throw new InputError(`devices.${[name, ...path].join(".")}: ${message.replace(/\s+/g, " ")}`);
}

function fromRamulator(name: string, table: Ramulator): GoldenDevice {
  const { org, timing_nCK: timings, wr_watermarks: watermarks, write_buffer: write, tick_multiplier: ticks } = table;
  const [clockKHz, clockKHzDivisor] = coprime(1_000_000_000n * BigInt(ticks), BigInt(timings.tCK_ps)).map(Number);
  const diesPerChannel = (table.channel_width_bits * org.pseudochannel * org.sid) / org.dq;
  const isLpddr5 = table.controller === "LPDDR5";
  const device: Device = {
    ...{ name, standard: table.standard, controller: CONTROLLERS[table.controller] },
    ...{ clockKHz, clockKHzDivisor, ticksPerClock: ticks, rateMTps: timings.rate },
    ...{ channelBits: table.channel_width_bits, burstLength: table.prefetch },
    organisation: {
      pseudoChannels: org.pseudochannel,
      sids: org.sid,
      bankGroups: org.bankgroup,
      banksPerGroup: org.bank,
      columns: org.column,
      diesPerChannel,
    },
    dies: [{ gb: (org.bankgroup * org.bank * org.row * org.column * org.dq) / 2 ** 30, rows: org.row, timings: {} }],
    timings,
    readLatency: String(table.read_latency_ticks),
    commandTicks: ticksOf(table.command_cycles_ticks),
    act2Deadline: isLpddr5 ? "nAAD" : "0",
    wck: isLpddr5 ? WCK : { read: "0", write: "0" },
    refresh: { interval: "nREFI", ...(timings.nREFIpb === undefined ? {} : { perBankInterval: "nREFIpb" }) },
    queues: {
      read: table.read_buffer,
      write,
      writeHigh: Math.floor(write * watermarks[1]),
      writeLow: Math.ceil(write * watermarks[0]),
    },
    rules: table.timing_constraints.flatMap(ruleOf),
    mappings: { golden: mappingOf(table.address_mapping_MSB_to_LSB) },
    energyPerOperation: noPrices(),
  };
  const refresh = REFRESHES[table.refresh_manager];
  return { device, options: { channels: table.channels, mapping: "golden", refresh, refreshStaggerClocks: 0 } };
}

/** Clocks for which a command holds its bus. */
function ticksOf(table: Readonly<Record<string, number>>): Device["commandTicks"] {
  const of = (name: string) => table[name] ?? 1;
  const rows = { ACT: of("ACT"), PRE: of("PREpb"), PREA: of("PREab"), RD: of("RD"), WR: of("WR") };
  return { ...rows, REF: of("REFab"), REFpb: of("REFpb") };
}

/** DRAMsim3 spells its rules in code, so they come from a table of the same standard that spells them as rows. */
function fromDramsim(name: string, table: Dramsim, tables: Readonly<Record<string, unknown>>): GoldenDevice {
  const { dram_structure: structure, timing } = table.effective;
  const sameStandard = Object.keys(tables).find((other) => {
    const parsed = ramulator.safeParse(tables[other]);
    return parsed.success && parsed.data.standard === structure.protocol;
  });
  if (sameStandard === undefined) {
    throw new InputError(`devices.${name}: no table with rule rows of ${structure.protocol} in the same file`);
  }
  const { device: base, options } = deviceFromGolden(sameStandard, tables);
  const size = (key: string) => Number(structure[key]);
  const [clockKHz, clockKHzDivisor] = coprime(1_000_000_000n, BigInt(Math.round(table.tick_ns * 1000))).map(Number);
  const renamed = Object.entries(DRAMSIM_TIMINGS).map(([ours, theirs]) => [ours, timing[theirs]]);
  const [bankGroups, banksPerGroup, columns, width] = ["bankgroups", "banks_per_group", "columns", "device_width"].map(
    size,
  );
  const dieGb = (bankGroups * banksPerGroup * columns * width * size("rows")) / 2 ** 30;
  const device: Device = {
    ...base,
    ...{ name, clockKHz, clockKHzDivisor, channelBits: width * table.devices_per_rank, burstLength: size("BL") },
    organisation: { ...base.organisation, bankGroups, banksPerGroup, columns, diesPerChannel: table.devices_per_rank },
    dies: [{ gb: dieGb, rows: size("rows"), timings: {} }],
    timings: { ...Object.fromEntries(renamed), nRC: timing.tRAS + timing.tRP, nBL: size("BL") / 2 },
    readLatency: "nCL + nBL",
    mappings: { golden: mappingOf(table.address_mapping_MSB_to_LSB) },
  };
  return { device, options: { ...options, channels: table.channels, refresh: "all-bank" } };
}

function ruleOf(row: Ramulator["timing_constraints"][number]): TimingRule[] {
  const known = (names: string[]) => names.flatMap((name) => COMMAND_NAMES[name] ?? []);
  const [after, before] = [known(row.prev), known(row.next)];
  if (after.length === 0 || before.length === 0) return [];
  const { latency: cycles, window, sibling } = row;
  return [{ level: LEVEL_NAMES[row.level], after, before, cycles, window, sibling }];
}

function mappingOf(fields: readonly { level: string; bits: number }[]): Mapping[number][] {
  return fields.flatMap(({ level, bits }) => {
    const name = FIELD_NAMES[level] ?? level[0].toLowerCase() + level.slice(1);
    const known = ADDRESS_LEVELS.find((one) => one === name);
    return known === undefined ? [] : [{ level: known, bits }];
  });
}

function noPrices(): Device["energyPerOperation"] {
  return {
    activatePrechargePj: UNKNOWN_PRICE,
    readPjPerBit: UNKNOWN_PRICE,
    writePjPerBit: UNKNOWN_PRICE,
    refreshPj: UNKNOWN_PRICE,
    standbyMw: UNKNOWN_PRICE,
  };
}
