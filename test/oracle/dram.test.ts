//
//   The oracle's DRAM channel against Ramulator 2.1: cycles, every command count, row classes, mean latency, exactly.

import { readFileSync } from "node:fs";
import { suite } from "uvu";
import * as assert from "uvu/assert";
import { Counter, Dram, RULE_WORDS } from "../../assembly/contract.js";
import { deviceFromGolden } from "../../src/check/device-golden.js";
import { channelVector } from "../../src/dram/device.js";
import { ddr4Rules } from "./rules.js";
import { playStream, streamOf } from "./streams.js";

interface GoldenResult {
  readonly requests: number;
  readonly cycles: number;
  readonly lat_avg: number;
  readonly commands: Record<string, number>;
  readonly row_hits?: number;
  readonly row_misses?: number;
  readonly row_conflicts?: number;
}

interface GoldenTable {
  readonly channels: number;
  readonly region_spacing_R: number;
  readonly row_stride_bytes: number;
  readonly col_stride_bytes: number;
  readonly cols: number;
}

interface Golden {
  readonly devices: Record<string, GoldenTable>;
  readonly results: Record<string, Record<string, GoldenResult>>;
}

/** Streams that take a fraction of a second; one more for each table with no other. */
const SHORT = /^S7d$|^S9d$/;
const LONGER = [
  "R2_LPDDR5_6400_B_PB S2_1024",
  "R2_LPDDR5_6400_B S2_1024",
  "R2_HBM2_2000_B S5",
  "R2_HBM3_6400_B S2_1024",
];
const COMMANDS: Record<string, keyof typeof Counter> = {
  ...{ ACT: "DramAct", ACT1: "DramAct", ACT2: "DramAct2", PREpb: "DramPre", PREab: "DramPreAll", RD: "DramRead" },
  ...{ WR: "DramWrite", CAS_RD: "DramCasRead", CAS_WR: "DramCasWrite", REFab: "DramRefresh", REFpb: "DramRefreshBank" },
};
const goldens = ["dram-ddr4", "dram-others"].map(
  (name): Golden => JSON.parse(readFileSync(new URL(`../../../test/golden/${name}.json`, import.meta.url), "utf8")),
);
const dram = suite("oracle DRAM channel");

dram("DDR4-3200AA expands to the golden rule rows", () => {
  const timing = {
    ...{ BL: 4, CL: 22, CWL: 16, RCD: 22, RP: 22, RAS: 52, RC: 74, WR: 24, RTP: 12, CCDS: 4, CCDL: 8 },
    ...{ RRDS: 4, RRDL: 8, FAW: 34, WTRS: 4, WTRL: 12, CS: 2, RFC: 560 },
  };
  const { device, options } = deviceFromGolden("R2_DDR4_3200_M_B", goldens[0].devices);
  const vector = channelVector(device, options);
  const rows = Array.from({ length: vector[Dram.RuleCount] }, (_, i) => {
    const at = Dram.Count + i * RULE_WORDS;
    return [...vector.subarray(at, at + RULE_WORDS)];
  });
  const sorted = (some: readonly (readonly number[])[]) => some.map((row) => row.join(" ")).sort();
  assert.equal(sorted(ddr4Rules(timing)), sorted(rows));
});

for (const golden of goldens) {
  for (const [name, results] of Object.entries(golden.results)) {
    for (const [stream, want] of Object.entries(results)) {
      if (!name.startsWith("R2_") || !(SHORT.test(stream) || LONGER.includes(`${name} ${stream}`))) continue;
      dram(`${name} ${stream}`, () => {
        const table = golden.devices[name];
        const { device: part, options } = deviceFromGolden(name, golden.devices);
        const { region_spacing_R: R, row_stride_bytes: RS, col_stride_bytes: CS, cols: C } = table;
        const device = { vector: channelVector(part, options), R, RS, CS, C };
        const { requests, pace } = streamOf(stream, device, want.requests);
        const { counters, cycles, latency } = playStream(device, requests, pace);
        const { DramRowHits, DramRowMisses, DramRowConflicts } = Counter;
        const { row_hits, row_misses, row_conflicts } = want;
        const classes = [DramRowHits, DramRowMisses, DramRowConflicts].map((counter) => counters[counter]);
        assert.equal(classes, [row_hits, row_misses, row_conflicts]);
        for (const [command, count] of Object.entries(want.commands)) {
          const counter = COMMANDS[command];
          assert.is(counter === undefined ? 0 : counters[Counter[counter]], count, command);
        }
        assert.is(cycles, want.cycles);
        assert.is(latency.toFixed(6), want.lat_avg.toFixed(6));
      });
    }
  }
}

dram.run();
