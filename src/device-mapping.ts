//
//   Address mapping of a DRAM part: which bits of a transaction number are row, bank, bank group, column and channel.
//
//     [row, bank, column, bankGroup, channel]  ──►  row | bank | column | bankGroup | channel
//                                                   high bits                        low bits
//
//   The channel block gets shifts: the channel's among all transactions, the others' among those of one channel.
//

import {
  ADDRESS_LEVELS,
  type AddressLevel,
  type Device,
  type Die,
  type Mapping,
  type MappingItem,
} from "./device-schema.js";
import { InputError } from "./errors.js";

export type Places = Record<AddressLevel, { shift: number; bits: number }>;

/** Where each field lies: the channel among all transactions, the others among those of one channel. */
export function placesOf(device: Device, die: Die, channels: number, chosen: string | Mapping): Places {
  const mapping = typeof chosen === "string" ? device.mappings[chosen] : chosen;
  if (mapping === undefined) {
    const known = [...Object.keys(device.mappings), "a list of row, bank, bankGroup, column, channel"].join(", ");
    throw new InputError(`dram.mapping is ${chosen}; allowed ${known}`);
  }
  const widths = widthsOf(device, die, channels);
  const fault = mappingFault(mapping, widths);
  if (fault !== undefined) throw new InputError(`dram.mapping: ${fault}`);
  const places = Object.fromEntries(ADDRESS_LEVELS.map((level) => [level, { shift: 0, bits: 0 }])) as Places;
  let shift = 0;
  for (const item of [...mapping].reverse()) {
    const level = levelOf(item);
    places[level] = { shift, bits: widths[level] };
    if (level !== "channel") shift += widths[level];
  }
  return places;
}

export function widthsOf(device: Device, die: Die, channels: number): Record<AddressLevel, number> {
  const { bankGroups, banksPerGroup, columns } = device.organisation;
  const sizes = { row: die.rows, bank: banksPerGroup, bankGroup: bankGroups, column: columns / device.burstLength };
  const widths = Object.entries({ ...sizes, channel: channels }).map(([level, size]) => [level, Math.log2(size)]);
  return Object.fromEntries(widths) as Record<AddressLevel, number>;
}

/** Why a mapping does not cover the address exactly once; a channel that is left out is lowest. */
export function mappingFault(mapping: Mapping, widths: Record<AddressLevel, number>): string | undefined {
  const named = mapping.map(levelOf);
  const twice = named.find((level, i) => named.indexOf(level) !== i);
  if (twice !== undefined) return `${twice} is there twice; allowed each field once`;
  const missing = ADDRESS_LEVELS.find((level) => level !== "channel" && widths[level] > 0 && !named.includes(level));
  if (missing !== undefined) return `${missing} is missing; allowed are mappings that cover the address`;
  for (const item of mapping) {
    if (typeof item === "string" || item.bits === undefined || item.bits === widths[item.level]) continue;
    return `${item.level} is ${item.bits} bits; allowed ${widths[item.level]}`;
  }
  return undefined;
}

function levelOf(item: MappingItem): AddressLevel {
  return typeof item === "string" ? item : item.level;
}
