//
//   Machines: the knob vector position by position, exact clock ratios, and limits that bind several keys.
//

import fc from "fast-check";
import { suite } from "uvu";
import * as assert from "uvu/assert";
import { Knob } from "../../assembly/contract.js";
import { machineKnobs, parseMachine, runBytes } from "../../src/hardware/machine.js";
import { readNamed } from "../../src/io/files.js";
import { refusal } from "../support/refusal.js";

const test = suite("hardware");
const SEED = 20261;
const LPDDR5 = { clockKHz: 800_000 };
const { text, label } = readNamed("hw-configs", "edge", ".yaml");

const edge = (...sets: string[]) => parseMachine(text, label, sets);

test("the edge machine as the hardware gets it", () => {
  const vector = machineKnobs(edge(), LPDDR5, 4);
  const named = Object.fromEntries(Array.from(vector, (value, i) => [Knob[i], value]));
  assert.equal(named, {
    ...{ CorePeriod: 4, MemoryPeriod: 5, SyncCycles: 2, RequestLatencyCycles: 10, ReturnLatencyCycles: 10 },
    ...{ QueueDepth: 512, RunTableEntries: 2048, RouteTableEntries: 256 },
    ...{ SliceBufferBytes: 524_288, ResidualReserveBytes: 32_768, OutstandingRuns: 64, OutstandingStores: 64 },
    ...{ ArrayStagingBytes: 32_768, VectorStagingBytes: 65_536 },
    ...{ RouterMacs: 256, RouterHidden: 16, RouterPipelineCycles: 8, Slices: 4 },
    ...{ ArrayRows: 64, ArrayColumns: 16, ArrayLanes: 4, ActivationBits: 16 },
    ...{ WeightPortBits: 512, ActivationPortBits: 1024, ArrayPipelineCycles: 6, DequantCycles: 11 },
    ...{
      VectorLanes: 16,
      VectorStartupCycles: 12,
      IdealRouter: 0,
      IdealDram: 0,
      IdealVector: 0,
      MemoKiB: 0,
      StepOrder: 0,
    },
  });
});

test("options reach the vector", () => {
  const options = { idealRouter: true, idealDram: true, idealVector: true, stepOrder: 119 };
  const vector = machineKnobs(edge("router.macs=65536"), LPDDR5, 3, options);
  const read = [Knob.IdealRouter, Knob.IdealDram, Knob.IdealVector, Knob.StepOrder, Knob.Slices, Knob.RouterMacs];
  assert.equal(
    read.map((knob) => vector[knob]),
    [1, 1, 1, 119, 3, 65536],
  );
});

test("clock periods are coprime and exact", () => {
  const periods = (coreMHz: number, clockKHz: number, clockKHzDivisor = 1) => [
    ...machineKnobs(edge(`clock.coreMHz=${coreMHz}`), { clockKHz, clockKHzDivisor }, 4).subarray(0, 2),
  ];
  assert.equal(periods(1500, 3_200_000), [32, 15]); // cloud: core 1.5 GHz, HBM3 half-ticks of 3.2 GHz
  assert.equal(periods(1000, 100_000_000, 57), [100, 57]); // GDDR6: tCK = 0.57 ns
  const gcd = (a: number, b: number): number => (b === 0 ? a : gcd(b, a % b));
  const exact = (core: number, memory: number) => {
    const [corePeriod, memoryPeriod] = periods(core, memory * 1000);
    assert.is(corePeriod * core, memoryPeriod * memory);
    assert.is(gcd(corePeriod, memoryPeriod), 1);
  };
  const mhz = fc.integer({ min: 1, max: 10_000 });
  fc.assert(fc.property(mhz, mhz, exact), { seed: SEED });
});

test("clocks without a small common measure are refused", () => {
  const line = refusal(() => machineKnobs(edge("clock.coreMHz=999.983"), { clockKHz: 1_600_001 }, 4));
  assert.is(
    line,
    "clock.coreMHz is 999.983; with a memory clock of 1600001/1 kHz the periods are as 1600001 : 999983; " +
      "allowed are coprime integers up to 1000000",
  );
});

test("a run's bytes are what the pass law says", () => {
  assert.equal(
    [2, 8, 16, 6.0625, 5.25].map((bits) => runBytes(edge(), bits)),
    [32_768, 131_072, 262_144, 99_328, 86_016],
  );
});

const CLASHES: [set: string, line: string][] = [
  [
    "buffers.sliceKiB=159",
    "--set buffers.sliceKiB is 159; one run of 64 rows x 2048 inputs is 32768 bytes of weights and 131072 bytes of " +
      "lm_head, with the residual reserve of 32768 bytes that is 163840 bytes; allowed 160 or more",
  ],
  [
    "array.rows=128",
    "--set array.rows: fetch.residualReserveKiB is 32; one residual run of 128 rows x 2048 inputs is 65536 bytes; allowed 64 or more",
  ],
  [
    "buffers.arrayStagingKiB=3",
    "--set buffers.arrayStagingKiB is 3; the FP32 results of one pass are 64 x 16 x 4 = 4096 bytes; allowed 4 or more",
  ],
  [
    "buffers.activationKiB=64",
    "--set buffers.activationKiB is 64; 64 KiB of it are kept by buffers.activationReserveKiB; allowed 65 or more",
  ],
];

for (const [set, line] of CLASHES) {
  test(`${set} does not fit the other keys`, () => {
    assert.is(
      refusal(() => edge(set)),
      line,
    );
  });
}

test("the smallest value a clash allows is accepted", () => {
  edge("buffers.sliceKiB=160", "buffers.arrayStagingKiB=4", "buffers.activationKiB=65");
  edge("array.rows=128", "fetch.residualReserveKiB=64");
});

test("a clash in a file names its line", () => {
  const small = text.replace("sliceKiB: 512", "sliceKiB: 100");
  const line = small.split("\n").findIndex((one) => one.includes("sliceKiB: 100")) + 1;
  assert.ok(
    refusal(() => parseMachine(small, label)).startsWith(`hw-configs/edge.yaml:${line}: buffers.sliceKiB is 100; `),
  );
  const rows = text.replace("rows: 64", "rows: -3");
  assert.is(
    refusal(() => parseMachine(rows, label)),
    "hw-configs/edge.yaml:20: array.rows is -3; allowed 1..1024",
  );
});

test.run();
