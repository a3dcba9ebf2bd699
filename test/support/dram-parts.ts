//
//   Parts and traffic for tests of DRAM channels: the shipped parts as vectors, and random run parts.
//

import { readFileSync } from "node:fs";
import fc from "fast-check";
import { Dram } from "../../assembly/contract.js";
import { type ChannelOptions, channelVector, type Device, parseDevice } from "../../src/dram/device.js";
import type { PartRequest } from "./dram-channel.js";

export const SHIPPED = ["ddr4-3200", "lpddr5-6400", "hbm2-2000", "hbm3-6400", "gddr6-14000"] as const;

export function shippedText(name: string): string {
  return readFileSync(new URL(`../../../hw-configs/dram/${name}.yaml`, import.meta.url), "utf8");
}

export function shippedDevice(name: string): Device {
  return parseDevice(shippedText(name), `${name}.yaml`);
}

export function shippedVector(name: string, options: Partial<ChannelOptions> = {}): Int32Array {
  const { channels = 1, mapping = "B", refresh = "all-bank", refreshStaggerClocks = 0, ...rest } = options;
  return channelVector(shippedDevice(name), { channels, mapping, refresh, refreshStaggerClocks, ...rest });
}

/**
 * Parts in order of arrival: sequential ones, ones that come back to few places (row hits, forwards, merges), far ones.
 * Distances of arrival range from bursts to pauses longer than a refresh interval of a test device.
 */
export function traffic(device: Int32Array, maxParts: number): fc.Arbitrary<PartRequest[]> {
  const far = rowsOf(device, 16);
  const part = fc.record({
    place: fc.oneof(fc.integer({ min: 0, max: 7 }), fc.integer({ min: 0, max: far }), fc.constant(-1)),
    count: fc.oneof(fc.integer({ min: 1, max: 4 }), fc.integer({ min: 1, max: 100 })),
    write: fc.integer({ min: 0, max: 2 }).map((n) => n === 0),
    pause: fc.oneof({ weight: 3, arbitrary: fc.integer({ min: 0, max: 30 }) }, fc.integer({ min: 0, max: 700 })),
  });
  return fc.array(part, { minLength: 1, maxLength: maxParts }).map((parts) => {
    let arrive = 0;
    let end = 0;
    return parts.map(({ place, count, write, pause }) => {
      const local = place < 0 ? end : place;
      arrive += pause;
      end = local + count;
      return { local, count, write, arrive };
    });
  });
}

/** Transactions that some rows of every bank hold. */
function rowsOf(device: Int32Array, rows: number): number {
  const sizes = [Dram.PseudoChannels, Dram.Sids, Dram.BankGroups, Dram.BanksPerGroup].map((word) => device[word]);
  return sizes.reduce((all, size) => all * size, 2 ** device[Dram.ColumnBits] * rows);
}

/** Many short parts all over the rows, close together: every bank has conflicts all the time. */
export function scattered(device: Int32Array, parts: number): fc.Arbitrary<PartRequest[]> {
  const far = rowsOf(device, 16);
  const part = fc.record({
    local: fc.integer({ min: 0, max: far }),
    count: fc.integer({ min: 1, max: 2 }),
    write: fc.integer({ min: 0, max: 3 }).map((n) => n === 0),
    arrive: fc.integer({ min: 0, max: 4000 }),
  });
  const list = fc.array(part, { minLength: parts, maxLength: parts });
  return list.map((some) => some.sort((a, b) => a.arrive - b.arrive));
}
