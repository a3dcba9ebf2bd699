//
//   The oracle's DRAM channel against Ramulator 2.1: cycles, every command count, row classes, mean latency, exactly.

import { readFileSync } from "node:fs";
import { suite } from "uvu";
import * as assert from "uvu/assert";
import { Counter } from "../../assembly/contract.js";
import { ddr4Rules } from "./rules.js";
import { playStream, type StreamDevice, streamOf } from "./streams.js";

interface Golden {
  readonly rules: number[][];
  readonly devices: Record<string, Omit<StreamDevice, "rules">>;
  readonly results: Record<string, Record<string, GoldenResult>>;
}

interface GoldenResult {
  readonly requests: number;
  readonly cycles: number;
  readonly latency: number; // six decimals
  readonly counters: Record<string, number>;
}

const golden: Golden = JSON.parse(
  readFileSync(new URL("../../../test/golden/dram-oracle.json", import.meta.url), "utf8"),
);
const dram = suite("oracle DRAM channel");

dram("DDR4-3200AA expands to the golden rule rows", () => {
  const timing = {
    ...{ BL: 4, CL: 22, CWL: 16, RCD: 22, RP: 22, RAS: 52, RC: 74, WR: 24, RTP: 12, CCDS: 4, CCDL: 8 },
    ...{ RRDS: 4, RRDL: 8, FAW: 34, WTRS: 4, WTRL: 12, CS: 2, RFC: 560 },
  };
  const sorted = (rows: readonly (readonly number[])[]) => rows.map((row) => row.join(" ")).sort();
  assert.equal(sorted(ddr4Rules(timing)), sorted(golden.rules));
});

for (const [name, results] of Object.entries(golden.results)) {
  for (const [stream, want] of Object.entries(results)) {
    dram(`${name} ${stream}`, () => {
      const device = { ...golden.devices[name], rules: golden.rules };
      const { requests, pace } = streamOf(stream, device, want.requests);
      const got = playStream(device, requests, pace);
      const counters = Object.keys(want.counters).map((key) => [
        key,
        got.counters[Counter[key as keyof typeof Counter]],
      ]);
      assert.equal(Object.fromEntries(counters), want.counters);
      assert.is(got.cycles, want.cycles);
      assert.is(got.latency.toFixed(6), want.latency.toFixed(6));
    });
  }
}

dram.run();
