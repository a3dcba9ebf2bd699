//
//   What a DRAM part's file may say: keys, types and ranges. What they mean together is in device-check.ts.
//
//     hw-configs/dram/*.yaml ──► deviceSchema ──► Device
//

import { z } from "zod";
import { Command, Level } from "../assembly/contract.js";

const { Act, Pre, PreAll, Read, Write, Refresh } = Command;
export const COMMANDS = { ACT: Act, PRE: Pre, PREA: PreAll, RD: Read, WR: Write, REF: Refresh } as const;
export const LEVELS = {
  channel: Level.Channel,
  rank: Level.Rank,
  bankGroup: Level.BankGroup,
  bank: Level.Bank,
} as const;
export const ADDRESS_LEVELS = ["row", "bank", "bankGroup", "column", "channel"] as const;
/** The masks of the channel block hold one bit per bank. */
export const MAX_BANKS = 64;

export type AddressLevel = (typeof ADDRESS_LEVELS)[number];
export type MappingItem = AddressLevel | { level: AddressLevel; bits?: number | undefined };
/** Fields from the highest address bits to the lowest; bits follow from the sizes where they are left out. */
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
const commands = z.enum(Object.keys(COMMANDS) as (keyof typeof COMMANDS)[]);
const levels = z.enum(Object.keys(LEVELS) as (keyof typeof LEVELS)[]);
const addressLevel = z.enum(ADDRESS_LEVELS);
const clocks = z.int().min(0).max(1_000_000);
const price = z.strictObject({ low: z.number().min(0), high: z.number().min(0), source: z.string().min(1) });

export const deviceSchema = z.strictObject({
  name: z.string().min(1),
  standard: z.string().min(1),
  controller: z.enum(["ddr"]),
  clockKHz: count(100_000_000),
  clockKHzDivisor: count(1_000_000).default(1),
  rateMTps: z.number().positive().max(1_000_000),
  channelBits: powerOfTwo(1024),
  burstLength: powerOfTwo(64),
  organisation: z.strictObject({
    bankGroups: powerOfTwo(MAX_BANKS),
    banksPerGroup: powerOfTwo(MAX_BANKS),
    columns: powerOfTwo(65536),
    diesPerChannel: count(64),
  }),
  dies: z
    .array(z.strictObject({ gb: count(1024), rows: powerOfTwo(2 ** 24), timings: z.record(z.string(), clocks) }))
    .min(1),
  timings: z.record(z.string(), clocks),
  readLatency: z.string(),
  refresh: z.strictObject({ interval: z.string() }),
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
  mappings: z.record(
    z.string(),
    z.array(z.union([addressLevel, z.strictObject({ level: addressLevel, bits: z.int().min(0).max(32).optional() })])),
  ),
  energyPerOperation: z.strictObject({
    activatePrechargePj: price,
    readPjPerBit: price,
    writePjPerBit: price,
    refreshPj: price,
    standbyMw: price,
  }),
});

/** One or several of something, as a list. */
export function listOf<T>(value: T | readonly T[]): readonly T[] {
  return Array.isArray(value) ? value : [value as T];
}
