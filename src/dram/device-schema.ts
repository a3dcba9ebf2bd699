//
//   What a DRAM part's file may say: keys, types and ranges. What they mean together is in device-check.ts.
//
//     hw-configs/dram/*.yaml ──► deviceSchema ──► Device
//

import { z } from "zod";
import { Command, DramKind, Level } from "../../assembly/contract.js";

const { Act, Act2, Pre, PreAll, Read, Write, CasRead, CasWrite, Refresh, RefreshBank } = Command;
export const COMMANDS = {
  ...{ ACT: Act, PRE: Pre, PREA: PreAll, RD: Read, WR: Write, REF: Refresh },
  ...{ REFpb: RefreshBank, ACT2: Act2, CAS_RD: CasRead, CAS_WR: CasWrite },
} as const;
/** The names that rules may use; ACT1 is the ACT of a part whose activate takes two commands. */
export const RULE_COMMANDS = { ...COMMANDS, ACT1: Act } as const;
export const KINDS = { ddr: DramKind.Ddr, lpddr5: DramKind.Lpddr5, hbm: DramKind.Hbm } as const;
export const LEVELS = {
  channel: Level.Channel,
  rank: Level.Rank,
  pseudoChannel: Level.PseudoChannel,
  sid: Level.Sid,
  bankGroup: Level.BankGroup,
  bank: Level.Bank,
} as const;
export const ADDRESS_LEVELS = ["row", "bank", "bankGroup", "sid", "pseudoChannel", "column", "channel"] as const;
/** Fields that a hash may read; the fields it changes are the others, so that it can be undone. */
const HASHED_BY = ["row", "column"] as const;
/** The masks of the channel block hold one bit per bank. */
export const MAX_BANKS = 64;

export type AddressLevel = (typeof ADDRESS_LEVELS)[number];
export type Hash = { level: (typeof HASHED_BY)[number]; from?: number | undefined };
export type MappingItem =
  | AddressLevel
  | { level: AddressLevel; bits?: number | undefined; xor?: Hash | Hash[] | undefined };
/**
 * Fields from the highest address bits to the lowest; bits follow from the sizes where they are left out. A field may be
 * there in pieces, then each says its bits. `xor`: each bit of the piece is added to a bit of another field.
 */
export type Mapping = readonly MappingItem[];
export type Device = z.output<typeof deviceSchema>;
export type Die = Device["dies"][number];
export type TimingRule = Device["rules"][number];

const count = (max: number) => z.int().min(1).max(max);
const powerOfTwo = (max: number) =>
  z.int().refine((n) => n >= 1 && n <= max && Number.isInteger(Math.log2(n)), {
    error: `allowed powers of two up to ${max}`,
  });
const oneOrMore = <T extends z.ZodType>(item: T) => z.union([item, z.array(item).min(1)]);
const commands = z.enum(Object.keys(RULE_COMMANDS) as (keyof typeof RULE_COMMANDS)[]);
const levels = z.enum(Object.keys(LEVELS) as (keyof typeof LEVELS)[]);
const addressLevel = z.enum(ADDRESS_LEVELS);
const hash = z.strictObject({ level: z.enum(HASHED_BY), from: z.int().min(0).max(31).optional() });
const addressItem = z.strictObject({
  level: addressLevel,
  bits: z.int().min(0).max(32).optional(),
  xor: oneOrMore(hash).optional(),
});
const ticks = count(16).default(1);
const clocks = z.int().min(0).max(1_000_000);
const price = z.strictObject({ low: z.number().min(0), high: z.number().min(0), source: z.string().min(1) });

export const deviceSchema = z.strictObject({
  name: z.string().min(1),
  standard: z.string().min(1),
  controller: z.enum(Object.keys(KINDS) as (keyof typeof KINDS)[]),
  clockKHz: count(100_000_000),
  clockKHzDivisor: count(1_000_000).default(1),
  ticksPerClock: count(2).default(1), // the controller's clocks, of which timings are multiples
  rateMTps: z.number().positive().max(1_000_000),
  channelBits: powerOfTwo(1024), // of one pseudo-channel
  burstLength: powerOfTwo(64),
  organisation: z.strictObject({
    pseudoChannels: powerOfTwo(8).default(1),
    sids: powerOfTwo(8).default(1),
    bankGroups: powerOfTwo(MAX_BANKS),
    banksPerGroup: powerOfTwo(MAX_BANKS),
    columns: powerOfTwo(65536),
    diesPerChannel: z.number().positive().max(64),
  }),
  dies: z
    .array(z.strictObject({ gb: count(1024), rows: powerOfTwo(2 ** 24), timings: z.record(z.string(), clocks) }))
    .min(1),
  timings: z.record(z.string(), clocks),
  readLatency: z.string(),
  commandTicks: z
    .strictObject({ ACT: ticks, PRE: ticks, PREA: ticks, RD: ticks, WR: ticks, REF: ticks, REFpb: ticks })
    .prefault({}),
  act2Deadline: z.string().default("0"), // lpddr5: from ACT1 to the latest ACT2
  wck: z.strictObject({ read: z.string(), write: z.string() }).default({ read: "0", write: "0" }), // lpddr5: to its end
  refresh: z.strictObject({ interval: z.string(), perBankInterval: z.string().optional() }),
  queues: z.strictObject({ read: count(1024), write: count(1024), writeHigh: count(1023), writeLow: count(1024) }),
  rules: z
    .array(
      z.strictObject({
        level: levels,
        after: oneOrMore(commands),
        before: oneOrMore(commands),
        cycles: z.string(),
        window: count(64).default(1),
        sibling: z.boolean().default(false),
      }),
    )
    .min(1),
  mappings: z.record(z.string(), z.array(z.union([addressLevel, addressItem]))),
  energyPerOperation: z.strictObject({
    activatePrechargePj: price,
    readPjPerBit: price,
    writePjPerBit: price,
    refreshPj: price,
    refreshBankPj: price.optional(), // a bank's share of refreshPj where it is left out
    standbyMw: price,
  }),
});

/** Timings in ticks of the controller. */
export function timingsOf(device: Device, die: Die): Record<string, number> {
  const all = Object.entries({ ...device.timings, ...die.timings });
  return Object.fromEntries(all.map(([name, clocks]) => [name, clocks * device.ticksPerClock]));
}

/** One or several of something, as a list. */
export function listOf<T>(value: T | readonly T[]): readonly T[] {
  return Array.isArray(value) ? value : [value as T];
}
