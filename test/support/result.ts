//
//   A result for tests of what happens after a run. The numbers are chosen to be easy to follow, not to be plausible.
//

import { parseMachine } from "../../src/hardware/machine.js";
import type { Breakdown, Detail, OpDetail, Result } from "../../src/result/result.js";

export function exampleResult(): Result {
  const same = (value: number) => ({ low: value, high: value });
  return {
    version: "0.1.0",
    inputs: [
      { name: "hw-configs/edge.yaml", sha256: "0123456789abcdef".repeat(4) },
      { name: "traces/decode16/trace.safetensors", sha256: "fedcba9876543210".repeat(4) },
    ],
    machine: "edge",
    config: parseMachine("name: edge", "edge.yaml"),
    model: "tiny-llama",
    trace: "decode16",
    plan: { source: "trace", budget: 4, text: "budget 4 of decode16 (measured 4.01 bits)" },
    phase: "decode",
    batch: 16,
    steps: 255,
    cycles: 1_000_000,
    seconds: 0.001,
    tokens: 4080,
    tokensPerSecond: 4_080_000,
    breakdown: { busy: 500_000, route: 50_000, dram: 300_000, buffer: 0, vector: 100_000, store: 49_990, drain: 10 },
    exposed: { route: 40_000, dram: 350_000, vector: -10 },
    dram: {
      bytes: {
        slice1: 16_777_216,
        slice2: 8_388_608,
        slice3: 4_194_304,
        slice4: 2_097_152,
        scales: 1_048_576,
        router: 524_288,
        kv: 262_144,
        activations: 0,
        lmHead: 131_072,
        embedding: 131_072,
      },
      peakGBps: 51.2,
      achievedGBps: 46.9,
      rowHits: 950,
      rowMisses: 40,
      rowConflicts: 10,
      commands: { Act: 50, Read: 1000, Refresh: 3 },
    },
    energyPj: {
      total: { low: 4_000_000_000, high: 8_000_000_000 },
      blocks: { array: same(1_000_000_000), dram: { low: 3_000_000_000, high: 7_000_000_000 } },
    },
    energyNotes: ["SRAM leakage: itrs-lstp cells at 350 K, 28 nm", "estimates: macPj"],
    prices: {
      events: [{ block: "array", counter: "PeActiveCycles", pj: same(2_500_000), what: "PE at work" }],
      powers: [{ block: "dram", milliwatts: { low: 3_000, high: 7_000 }, what: "standby, all channels" }],
      cited: [
        { table: "energy.pe", name: "activeCyclePj", ...same(2_500_000), source: "a synthesis", estimate: false },
        { table: "energy.router", name: "macPj", low: 0.1, high: 0.2, source: "scaled from 45 nm", estimate: true },
      ],
    },
    areaMm2: {
      total: { low: 4.5, high: 5.5 },
      blocks: {
        array: { low: 1.5, high: 1.8 },
        sliceBuffer: same(1.5),
        vector: { low: 1.5, high: 2.2 },
        router: same(0),
      },
    },
    bits: { wanted: 4.01, fetched: 5.5, computed: 5.25 },
    accuracy: { source: "recorded", perplexity: 15.3625, reference: 14.4101, tokens: 4080, arithmetic: "fp32" },
    counters: { PeActiveCycles: 400, PeGatedCycles: 100, PeUnusedCycles: 500 },
    stateHash: "00ff00ff00ff00ff",
  };
}

/** What an observed run of the example might tell: two layers and the head; its cycles are the example's. */
export function exampleDetail(): Detail {
  const op = (layer: number | null, name: string, causes: Partial<Breakdown>, bytesRead: number): OpDetail => ({
    layer,
    op: name,
    breakdown: { busy: 0, route: 0, dram: 0, buffer: 0, vector: 0, store: 0, drain: 0, ...causes },
    ...{ peActiveCycles: (causes.busy ?? 0) * 512, peGatedCycles: 100, vectorCycles: 50, routerCycles: 10 },
    ...{ bytesRead, bytesWritten: 16 },
  });
  return {
    ops: [
      op(0, "q", { busy: 200_000, route: 50_000, dram: 100_000 }, 8_000_000),
      op(0, "down", { busy: 100_000, dram: 150_000 }, 9_000_000),
      op(1, "q", { busy: 150_000, vector: 100_000 }, 8_000_000),
      op(null, "finalNorm", {}, 0),
      op(null, "lmHead", { busy: 50_000, dram: 50_000, store: 49_990, drain: 10 }, 4_000_000),
    ],
    time: {
      windowCycles: 500_000,
      breakdown: {
        ...{ busy: [200_000, 300_000], route: [50_000, 0], dram: [200_000, 100_000], buffer: [0, 0] },
        ...{ vector: [50_000, 50_000], store: [0, 49_990], drain: [0, 10] },
      },
      ...{ bytesRead: [20_000_000, 9_000_000], bytesWritten: [40, 40] },
    },
    depths: {
      ...{ sequence: 0, tokens: 4, tokensPerColumn: 2 },
      slices: [
        [1.5, 2],
        [4, 1],
      ],
    },
  };
}
