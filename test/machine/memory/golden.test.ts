//
//   The channel against two public simulators: cycles, every command count, row classes, mean latency.
//

import { readFileSync } from "node:fs";
import { suite } from "uvu";
import * as assert from "uvu/assert";
import { Counter } from "../../../assembly/contract.js";
import { deviceFromGolden } from "../../../src/check/device-golden.js";
import { channelVector, transactionBytes } from "../../../src/dram/device.js";
import { streamRequests } from "../../../src/dram/streams.js";
import { replay } from "../../support/dram-driver.js";
import { sharedPath } from "../../support/shared.js";

interface GoldenTable {
  sim: string;
  scheduler: string;
  row_stride_bytes: number;
  col_stride_bytes: number;
  cols: number;
  region_spacing_R: number;
}

interface GoldenResult {
  requests: number;
  cycles: number;
  lat_avg: number;
  commands: Record<string, number>;
  row_hits?: number;
  row_misses?: number;
  row_conflicts?: number;
  num_read_reqs_forwarded?: number;
  num_write_reqs_coalesced?: number;
}

interface Golden {
  devices: Record<string, GoldenTable>;
  results: Record<string, Record<string, GoldenResult>>;
}

const LATENCY_TOLERANCE = 1e-6;
const COMMANDS: Record<string, Counter[]> = {
  ACT: [Counter.DramAct],
  PREpb: [Counter.DramPre],
  PREab: [Counter.DramPreAll],
  PRE: [Counter.DramPre, Counter.DramPreAll], // DRAMsim3 counts both as one
  RD: [Counter.DramRead],
  WR: [Counter.DramWrite],
  ACT1: [Counter.DramAct],
  ACT2: [Counter.DramAct2],
  CAS_RD: [Counter.DramCasRead],
  CAS_WR: [Counter.DramCasWrite],
  REFab: [Counter.DramRefresh],
  REFpb: [Counter.DramRefreshBank],
  REF: [Counter.DramRefresh],
};

const read = (path: string | URL): Golden => JSON.parse(readFileSync(path, "utf8"));
const goldens = ["dram-ddr4", "dram-others"].map((name) =>
  read(new URL(`../../../../test/golden/${name}.json`, import.meta.url)),
);
const rows = suite("DRAM channel goldens");

for (const golden of goldens) {
  for (const [name, results] of Object.entries(golden.results)) {
    for (const [stream, want] of Object.entries(results)) {
      rows(`${name} ${stream}`, () => {
        assert.equal(differences(golden, name, stream, want), []);
      });
    }
  }
}

rows("every device that the tables resolve can be built, and runs", () => {
  for (const { devices } of goldens) {
    for (const [name, { sim, scheduler }] of Object.entries(devices)) {
      if (sim !== "ramulator2.1" || scheduler !== "FRFCFS") continue;
      const { device, options } = deviceFromGolden(name, devices);
      const requests = streamRequests("S5", 2000, {
        ...stepsOf(devices[name]),
        transactionBytes: transactionBytes(device),
      });
      const { counters } = replay(channelVector(device, options), transactionBytes(device), requests);
      assert.is(counters[Counter.DramRead], 2000, name);
    }
  }
});

rows("the samples are what the reference material says, and all of its rows", () => {
  const path = sharedPath("golden", "dram.json");
  if (path === null) return;
  const { devices, results } = read(path);
  for (const golden of goldens) {
    for (const [name, table] of Object.entries(golden.devices)) assert.equal(table, partOf(devices[name], table), name);
    for (const [name, streams] of Object.entries(golden.results)) {
      for (const [stream, want] of Object.entries(streams)) {
        assert.equal(want, partOf(results[name][stream], want), `${name} ${stream}`);
      }
    }
  }
  assert.equal(goldens.flatMap((golden) => Object.keys(golden.results)).sort(), Object.keys(results).sort());
});

/** The keys of a sample, with the values of the whole. */
function partOf<T extends object>(whole: T, sample: T): Partial<T> {
  const keys = Object.keys(sample) as (keyof T)[];
  return Object.fromEntries(keys.map((key) => [key, whole[key]])) as Partial<T>;
}

function differences(golden: Golden, name: string, stream: string, want: GoldenResult): string[] {
  const { device, options } = deviceFromGolden(name, golden.devices);
  const bytes = transactionBytes(device);
  const steps = { ...stepsOf(golden.devices[name]), transactionBytes: bytes };
  const requests = streamRequests(stream, want.requests, steps);
  const { cycles, counters, meanLatency } = replay(channelVector(device, options), bytes, requests);
  const exact: [string, number, number | undefined][] = [
    ["cycles", cycles, want.cycles],
    ...Object.entries(COMMANDS).map(([command, kinds]): [string, number, number | undefined] => [
      command,
      kinds.reduce((sum, kind) => sum + counters[kind], 0),
      want.commands[command],
    ]),
    ["row_hits", counters[Counter.DramRowHits], want.row_hits],
    ["row_misses", counters[Counter.DramRowMisses], want.row_misses],
    ["row_conflicts", counters[Counter.DramRowConflicts], want.row_conflicts],
    ["forwarded", counters[Counter.DramForwarded], want.num_read_reqs_forwarded],
    ["merged", counters[Counter.DramMerged], want.num_write_reqs_coalesced],
  ];
  const found = exact.filter(([, got, expected]) => expected !== undefined && got !== expected);
  if (Math.abs(meanLatency - want.lat_avg) > LATENCY_TOLERANCE) found.push(["lat_avg", meanLatency, want.lat_avg]);
  return found.map(([field, got, expected]) => `${field}: got ${got}, want ${expected}`);
}

function stepsOf(table: GoldenTable) {
  const { region_spacing_R: region, row_stride_bytes: row, col_stride_bytes: column, cols: columns } = table;
  return { region, row, column, columns };
}

rows.run();
