//
//   Address mapping of a DRAM part: which bits of a transaction number are row, bank, bank group, column and channel.
//
//     [row, bank, column, bankGroup, channel]  ──►  row | bank | column | bankGroup | channel
//                                                   high bits                        low bits
//     [row, { level: bank, xor: { level: row } }, { level: column, bits: 5 }, bankGroup, { level: column, bits: 2 }]
//
//   The channel block gets, for every bit of its bank index and row, the mask of the local-transaction bits whose sum it is.
//

import { InputError } from "../basics/errors.js";
import {
  ADDRESS_LEVELS,
  type AddressLevel,
  type Device,
  type Die,
  type Hash,
  listOf,
  type Mapping,
  type MappingItem,
} from "./device-schema.js";

type Widths = Record<AddressLevel, number>;
type Piece = Exclude<MappingItem, string>;

/** Fields of a bank index, from its lowest bits to its highest. */
const BANK_FIELDS = ["bank", "bankGroup", "sid", "pseudoChannel"] as const;

interface AddressBits {
  /** Address bits, counted in transactions, below those of the channel. */
  channelShift: number;
  columnBits: number;
  rowBits: number;
  /** One mask per bit of the bank index, then one per bit of the row. */
  masks: number[];
}

export function addressBitsOf(device: Device, die: Die, channels: number, chosen: string | Mapping): AddressBits {
  const mapping = typeof chosen === "string" ? device.mappings[chosen] : chosen;
  if (mapping === undefined) {
    const known = [...Object.keys(device.mappings), "a list of row, bank, bankGroup, column, channel"].join(", ");
    throw new InputError(`dram.mapping is ${chosen}; allowed ${known}`);
  }
  const widths = widthsOf(device, die, channels);
  const fault = mappingFault(mapping, widths);
  if (fault !== undefined) throw new InputError(`dram.mapping: ${fault}`);
  const pieces = [...mapping].reverse().map((item) => pieceOf(item, widths));
  const { bits, channelShift } = positionsOf(pieces);
  const hashes = hashesOf(pieces);
  const maskOf = (level: AddressLevel, i: number) =>
    (hashes.get(`${level} ${i}`) ?? []).reduce(
      (mask, { level: source, bit }) => mask ^ (1 << bits[source][bit]),
      1 << bits[level][i],
    );
  const masks = [...BANK_FIELDS, "row" as const].flatMap((level) => bits[level].map((_, i) => maskOf(level, i)));
  return { channelShift, columnBits: widths.column, rowBits: widths.row, masks };
}

export function widthsOf(device: Device, die: Die, channels: number): Widths {
  const { pseudoChannels, sids, bankGroups, banksPerGroup, columns } = device.organisation;
  const sizes = { row: die.rows, bank: banksPerGroup, bankGroup: bankGroups, sid: sids, pseudoChannel: pseudoChannels };
  const all = { ...sizes, column: columns / device.burstLength, channel: channels };
  return Object.fromEntries(Object.entries(all).map(([level, size]) => [level, Math.log2(size)])) as Widths;
}

/** Why a mapping does not cover the address exactly once; a channel that is left out is lowest. */
export function mappingFault(mapping: Mapping, widths: Widths): string | undefined {
  for (const level of ADDRESS_LEVELS) {
    const items = mapping.filter((item) => levelOf(item) === level);
    const fault = items.length > 1 ? piecesFault(level, items, widths) : wholeFault(level, items[0], widths);
    if (fault !== undefined) return fault;
  }
  return mapping.map((item) => hashFault(item, widths)).find((fault) => fault !== undefined);
}

function wholeFault(level: AddressLevel, item: MappingItem | undefined, widths: Widths): string | undefined {
  if (item === undefined) {
    const isNeeded = level !== "channel" && widths[level] > 0;
    return isNeeded ? `${level} is missing; allowed are mappings that cover the address` : undefined;
  }
  const { bits } = pieceOf(item, widths);
  return bits === widths[level] ? undefined : `${level} is ${bits} bits; allowed ${widths[level]}`;
}

function piecesFault(level: AddressLevel, items: readonly MappingItem[], widths: Widths): string | undefined {
  const bits = items.map((item) => (typeof item === "string" ? undefined : item.bits));
  if (level === "channel" || bits.includes(undefined)) {
    return `${level} is there twice; allowed each field once${level === "channel" ? "" : ", or in pieces with bits"}`;
  }
  const sum = bits.reduce<number>((all, some) => all + (some ?? 0), 0);
  return sum === widths[level] ? undefined : `${level} is ${sum} bits in all; allowed ${widths[level]}`;
}

function hashFault(item: MappingItem, widths: Widths): string | undefined {
  const { level, bits, xor } = pieceOf(item, widths);
  if (xor.length > 0 && !BANK_FIELDS.some((field) => field === level)) {
    return `${level} has a xor; allowed for ${BANK_FIELDS.join(", ")}`;
  }
  const far = xor.find((hash) => (hash.from ?? 0) + bits > widths[hash.level]);
  return far && `${level} is xored with bits ${far.from ?? 0}.. of ${far.level}, which has ${widths[far.level]}`;
}

/** Positions of every field's bits among the local transaction's, lowest first. */
function positionsOf(pieces: readonly { level: AddressLevel; bits: number }[]) {
  const bits = Object.fromEntries(ADDRESS_LEVELS.map((level) => [level, []])) as unknown as Record<
    AddressLevel,
    number[]
  >;
  let channelShift = 0;
  let next = 0;
  for (const piece of pieces) {
    if (piece.level === "channel") channelShift = next;
    else for (let i = 0; i < piece.bits; i++) bits[piece.level].push(next++);
  }
  return { bits, channelShift };
}

/** What each hashed bit is added to, by level and bit. */
function hashesOf(pieces: readonly { level: AddressLevel; bits: number; xor: readonly Hash[] }[]) {
  const hashes = new Map<string, { level: AddressLevel; bit: number }[]>();
  const seen: Partial<Widths> = {};
  for (const { level, bits, xor } of pieces) {
    const first = seen[level] ?? 0;
    for (let i = 0; i < bits; i++) {
      const sources = xor.map(({ level: source, from = 0 }) => ({ level: source, bit: from + i }));
      hashes.set(`${level} ${first + i}`, sources);
    }
    seen[level] = first + bits;
  }
  return hashes;
}

function pieceOf(item: MappingItem, widths: Widths): { level: AddressLevel; bits: number; xor: readonly Hash[] } {
  const { level, bits, xor }: Piece = typeof item === "string" ? { level: item } : item;
  return { level, bits: bits ?? widths[level], xor: xor === undefined ? [] : listOf(xor) };
}

function levelOf(item: MappingItem): AddressLevel {
  return typeof item === "string" ? item : item.level;
}
