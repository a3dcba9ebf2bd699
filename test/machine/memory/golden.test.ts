//
//   The channel against two public simulators on DDR4-3200: cycles, every command count, row classes, mean latency.
//

import { readFileSync } from "node:fs";
import { suite } from "uvu";
import * as assert from "uvu/assert";
import { Counter } from "../../../assembly/contract.js";
import { channelVector, transactionBytes } from "../../../src/device.js";
import { deviceFromGolden } from "../../../src/device-golden.js";
import { streamRequests } from "../../../src/streams.js";
import { replay } from "../../support/dram-driver.js";
import { sharedPath } from "../../support/shared.js";

interface GoldenTable {
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
  REFab: [Counter.DramRefresh],
  REF: [Counter.DramRefresh],
};

const read = (path: string | URL): Golden => JSON.parse(readFileSync(path, "utf8"));
const golden = read(new URL("../../../../test/golden/dram-ddr4.json", import.meta.url));
const rows = suite("DRAM channel goldens");

for (const [name, results] of Object.entries(golden.results)) {
  for (const [stream, want] of Object.entries(results)) {
    rows(`${name} ${stream}`, () => {
      assert.equal(differences(name, stream, want), []);
    });
  }
}

rows("the sample is what the reference material says, and all of its DDR4 rows", () => {
  const path = sharedPath("golden", "dram.json");
  if (path === null) return;
  const { results } = read(path);
  const ddr4 = Object.keys(results).filter((name) => name.includes("DDR4"));
  assert.equal(Object.fromEntries(ddr4.map((name) => [name, results[name]])), golden.results);
});

function differences(name: string, stream: string, want: GoldenResult): string[] {
  const { device, options } = deviceFromGolden(name, golden.devices);
  const table = golden.devices[name];
  const bytes = transactionBytes(device);
  const steps = {
    transactionBytes: bytes,
    region: table.region_spacing_R,
    row: table.row_stride_bytes,
    column: table.col_stride_bytes,
    columns: table.cols,
  };
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

rows.run();
