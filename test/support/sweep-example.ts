//
//   A small sweep for tests of what happens after one: made up, easy to follow.
//

import type { Header } from "../../src/sweep/header.js";
import type { Answered } from "../../src/sweep/record.js";

export function exampleHeader(): Header {
  const unitOf = { cycles: "core cycles", energyPjHigh: "pJ", areaMm2High: "mm2" };
  return {
    form: 1,
    version: "0.1.0",
    engine: "ab".repeat(32),
    name: "example",
    sha256: "cd".repeat(32),
    run: { machine: "edge", model: "tiny-llama", batch: 1 },
    axes: [
      { name: "array.rows", unit: "PEs", count: 3 },
      { name: "dram.device", unit: "", count: 2 },
    ],
    follow: [],
    where: [],
    search: { kind: "grid", points: 100, seed: 1, generation: 24 },
    objectives: [
      { measure: "cycles", goal: "min" },
      { measure: "energyPjHigh", goal: "min" },
    ],
    constraints: [{ text: "areaMm2 <= 3.5", measure: "areaMm2High", operator: "<=", limit: 3.5 }],
    prune: true,
    excluded: { "array.rows <= 64": 2 },
    duplicates: 0,
    measures: Object.entries(unitOf).map(([name, unit]) => ({ name, unit, text: name })),
  };
}

/** Rows x DRAM: more rows are faster and larger; HBM is twice as fast and costs half as much again. */
export function exampleAnswers(): Answered[] {
  const ran = [16, 32, 64].flatMap((rows) =>
    ["lpddr5-6400", "hbm2-2000"].map((device, i): Answered => {
      const hbm = device.startsWith("hbm");
      const areaMm2High = rows / 16;
      return {
        id: `${rows}${i}`.padEnd(16, "0"),
        values: { "array.rows": rows, "dram.device": device },
        status: "ok",
        measures: { cycles: 6_400_000 / rows / (hbm ? 2 : 1), energyPjHigh: 1e9 * (hbm ? 1.5 : 1) + rows, areaMm2High },
        ...(areaMm2High > 3.5 ? { violates: ["areaMm2 <= 3.5"] } : {}),
        stateHash: "00",
      };
    }),
  );
  return [
    ...ran,
    { id: "pruned0000000000", values: {}, status: "pruned", reason: "320 dominates the best that it can reach" },
    { id: "invalid000000000", values: {}, status: "invalid", reason: "array.rows is 7" },
  ];
}
