//
//   Runs a program of records on the engine, the way the oracle runs it.
//

import { readFileSync } from "node:fs";
import { Counter, RECORD_WORDS, Status } from "../../assembly/contract.js";
import { compileMachine, loadMachine } from "../../src/wasm/load.js";
import type { Machine, Supply } from "../../src/wasm/machine.js";

export type Build = "release" | "debug";

const FILES: Record<Build, string> = { release: "machine.wasm", debug: "machine.debug.wasm" };

const modules = new Map<Build, ReturnType<typeof compileMachine>>();

/** A fresh instance of the engine: memory is never freed inside one. */
export async function engine(build: Build = "debug") {
  const binary = () => readFileSync(new URL(`../../${FILES[build]}`, import.meta.url));
  const module = modules.get(build) ?? compileMachine(binary());
  modules.set(build, module);
  return loadMachine(await module);
}

export interface EngineResult {
  cycles: number;
  counters: number[];
  status: "quiet" | "stuck" | "limit";
}

/** Records [from, to) as one supply. */
export function supplyOf(program: readonly Int32Array[], depths: Uint8Array, from: number, to: number): Supply {
  const records = new Int32Array((to - from) * RECORD_WORDS);
  for (let i = from; i < to; i++) records.set(program[i], (i - from) * RECORD_WORDS);
  return { records, depths };
}

/** Runs a machine to its end, feeding records in chunks of `chunk`, from record `from` on. */
export function runToEnd(
  machine: Machine,
  program: readonly Int32Array[],
  depths: Uint8Array,
  options: { chunk?: number; from?: number; limit?: number } = {},
): EngineResult & { fed: number } {
  const chunk = options.chunk ?? program.length;
  let fed = options.from ?? 0;
  for (;;) {
    const status = machine.run(options.limit);
    if (status === Status.NeedsWork) {
      const to = Math.min(program.length, fed + chunk);
      if (to === fed) machine.end();
      else machine.supply(supplyOf(program, depths, fed, to));
      fed = to;
      continue;
    }
    const name = ({ [Status.Quiet]: "quiet", [Status.Limit]: "limit", [Status.Stuck]: "stuck" } as const)[status];
    return { cycles: machine.cycle, counters: machine.counters(), status: name, fed };
  }
}

/** Names of counters that differ, with both values. */
export function differences(engineCounters: ArrayLike<number>, oracleCounters: ArrayLike<number>): string[] {
  const lines: string[] = [];
  for (let counter = 0; counter < Counter.Count; counter++) {
    const [got, want] = [engineCounters[counter], oracleCounters[counter]];
    if (got !== want) lines.push(`${Counter[counter]}: engine ${got}, oracle ${want}`);
  }
  return lines;
}
