//
//   What bench/results.json holds.
//

import { mkdirSync, writeFileSync } from "node:fs";
import { cpus, hostname, loadavg, totalmem } from "node:os";
import { packageVersion } from "../src/io/version.js";
import type { Figure } from "./figure.js";
import type { Group, MeasuredGoal } from "./tables.js";

export interface Ratio {
  name: string;
  ratio: number;
  /** What CI holds. */
  least: number;
}

export interface Results {
  version: string;
  machine: ReturnType<typeof thisMachine>;
  figures: Figure[];
  ratios: Ratio[];
  /** Only of the full bench. */
  goals: MeasuredGoal[];
  groups: Group[];
}

const GIB = 2 ** 30;

function thisMachine() {
  return {
    name: hostname(),
    cpu: cpus()[0]?.model.trim() ?? "unknown",
    cores: cpus().length,
    /** Processes that wanted a core, mean of the last minutes: above its cores, the machine was busy with others. */
    load: Math.round(loadavg()[2] * 10) / 10,
    memoryGiB: Math.round(totalmem() / GIB),
    node: process.version,
    date: new Date().toISOString().slice(0, 10),
  };
}

export function writeResults(found: Omit<Results, "version" | "machine">): Results {
  const results = { version: packageVersion(), machine: thisMachine(), ...found };
  mkdirSync("bench", { recursive: true });
  writeFileSync("bench/results.json", `${JSON.stringify(results, null, 2)}\n`);
  return results;
}
