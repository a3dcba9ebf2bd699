//
//   Transactions of one DRAM channel, and cycles of a decode step: the engine, and the tick-by-tick oracle beside it.
//

import { Bench } from "tinybench";
import { Machine } from "../src/wasm/machine.js";
import { OracleMachine } from "../test/oracle/machine.js";
import { dramExports, placeVector } from "../test/support/dram-driver.js";
import { shippedVector } from "../test/support/dram-parts.js";
import { engine, runToEnd } from "../test/support/engine.js";
import { realCase } from "../test/support/real.js";
import { cpuSeconds } from "./clock.js";
import type { Figure } from "./figure.js";

const TRANSACTIONS = 1 << 19;
const RUN = 256;
const TRIES = 3;

interface Task {
  name: string;
  amount: number;
  unit: string;
  work: () => unknown;
}

/** Best of a few tries each, in CPU time. */
export async function throughputFigures(): Promise<Figure[]> {
  const tasks = [...dramTasks(), ...(await machineTasks())];
  const now = () => cpuSeconds() * 1000;
  const bench = new Bench({ now, iterations: TRIES, time: 0, warmupIterations: 1, warmupTime: 0 });
  for (const { name, work } of tasks) bench.add(name, work);
  await bench.run();
  return tasks.map(({ name, amount, unit }) => {
    const result = bench.getTask(name)?.result;
    if (result === undefined || !("latency" in result)) throw new Error(`bench: ${name} did not run`);
    return { name, perSecond: (amount * 1000) / result.latency.min, unit };
  });
}

function dramTasks(): Task[] {
  return ["ddr4-3200", "lpddr5-6400"].flatMap((part) => {
    const device = shippedVector(part, { channels: 1 });
    const stream = (parts: number, size: number, seed: bigint) => () => {
      const dram = dramExports("release");
      dram.channelStream(dram.channelOpen(placeVector(dram, device), 0, 256), parts, size, 64, size, seed);
    };
    const task = (name: string, amount: number, work: () => void) => {
      return { name: `DRAM ${part} ${name}`, amount, unit: "transactions/CPU s", work };
    };
    return [
      task("sequential", TRANSACTIONS, stream(TRANSACTIONS / RUN, RUN, 0n)),
      task("random", TRANSACTIONS / 4, stream(TRANSACTIONS / 4, 1, 88172645463325252n)),
    ];
  });
}

/** One decode step of the embedded model, told by both. */
async function machineTasks(): Promise<Task[]> {
  const { knobs, device, program, depths } = realCase({ budget: 4, batch: 1, steps: 1 });
  const oracle = () => new OracleMachine(knobs, device).run(program, depths);
  const { cycles } = oracle();
  const wasm = await engine("release");
  const machine = () => runToEnd(new Machine(wasm, knobs, device), program, depths, { chunk: 4096 });
  const unit = "cycles/CPU s";
  return [
    { name: "machine, oracle", amount: cycles, unit, work: oracle },
    { name: "machine, engine", amount: cycles, unit, work: machine },
  ];
}

/** How many times as fast the engine is. */
export function engineAgainstOracle(figures: readonly Figure[]): number {
  const of = (wanted: string) => figures.find(({ name }) => name === wanted)?.perSecond ?? Number.NaN;
  return of("machine, engine") / of("machine, oracle");
}
