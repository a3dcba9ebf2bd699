//
//   npm run bench: how fast the simulator is, and the one ratio that CI holds. Absolute figures depend on the machine and are
//   only printed and written to bench/results.json; the ratio is taken within one run.
//
//     DRAM       transactions per second of one channel, sequential and random (engine); golden streams (dram.ts)
//     machine    one decode step of the embedded model: engine against the tick-by-tick oracle
//     decode     seconds for steps of the embedded trace, all counterfactuals off
//     numeric    kernels of the functional path, readings of the embedded packs (numeric.ts)
//

import { mkdirSync, writeFileSync } from "node:fs";
import { cpus } from "node:os";
import { Bench } from "tinybench";
import { packageVersion } from "../src/io/version.js";
import { execute, prepare } from "../src/job.js";
import { Machine } from "../src/wasm/machine.js";
import { OracleMachine } from "../test/oracle/machine.js";
import { dramExports, placeVector } from "../test/support/dram-driver.js";
import { shippedVector } from "../test/support/dram-parts.js";
import { engine, runToEnd } from "../test/support/engine.js";
import { realCase } from "../test/support/real.js";
import { dramFigures } from "./dram.js";
import { numericFigures } from "./numeric.js";

const TRANSACTIONS = 1 << 19;
const RUN = 256;
/** The engine must be at least this much faster than the oracle in the same run. */
const LEAST_RATIO = 20;
const STEPS = 8;

const bench = new Bench({ iterations: 5, time: 0, warmupIterations: 1, warmupTime: 0 });
const units = new Map<string, { unit: string; amount: number }>();

function add(name: string, amount: number, unit: string, task: () => unknown): void {
  units.set(name, { unit, amount });
  bench.add(name, task);
}

for (const part of ["ddr4-3200", "lpddr5-6400"]) {
  const device = shippedVector(part, { channels: 1 });
  const stream = (parts: number, size: number, seed: bigint) => () => {
    const dram = dramExports("release");
    dram.channelStream(dram.channelOpen(placeVector(dram, device), 0, 256), parts, size, 64, size, seed);
  };
  add(`DRAM ${part} sequential`, TRANSACTIONS, "transactions/s", stream(TRANSACTIONS / RUN, RUN, 0n));
  add(`DRAM ${part} random`, TRANSACTIONS / 4, "transactions/s", stream(TRANSACTIONS / 4, 1, 88172645463325252n));
}

const real = realCase({ budget: 4, batch: 1, steps: 1 });
const { cycles } = new OracleMachine(real.knobs, real.device).run(real.program, real.depths);
add("machine, oracle", cycles, "cycles/s", () => {
  new OracleMachine(real.knobs, real.device).run(real.program, real.depths);
});
const wasm = await engine("release");
add("machine, engine", cycles, "cycles/s", () => {
  runToEnd(new Machine(wasm, real.knobs, real.device), real.program, real.depths, { chunk: 4096 });
});

const job = prepare({ machine: "edge", model: "tiny-llama", trace: "decode16", budget: 4, steps: STEPS, sets: [] });
add("decode step, tiny-llama, batch 16", STEPS, "steps/s", () => execute(job, [{}], () => {}));

await bench.run();
const timed = bench.tasks.map((task) => {
  const { unit, amount } = units.get(task.name) ?? { unit: "runs/s", amount: 1 };
  const result = task.result as unknown as { latency: { p50: number } };
  return { name: task.name, perSecond: (amount * 1000) / result.latency.p50, unit };
});
const figures = [...timed, ...dramFigures(), ...(await numericFigures())];
for (const { name, perSecond, unit } of figures) {
  process.stdout.write(`${name.padEnd(36)} ${Math.round(perSecond).toLocaleString("en").padStart(14)} ${unit}\n`);
}
const of = (name: string) => figures.find((figure) => figure.name === name)?.perSecond ?? Number.NaN;
const ratio = of("machine, engine") / of("machine, oracle");
process.stdout.write(`engine / oracle on a decode step of tiny-llama: ${ratio.toFixed(1)} (at least ${LEAST_RATIO})\n`);

mkdirSync("bench", { recursive: true });
const about = { version: packageVersion(), node: process.version, cpu: cpus()[0]?.model ?? "unknown" };
writeFileSync("bench/results.json", `${JSON.stringify({ ...about, figures, ratio }, null, 2)}\n`);
if (!(ratio >= LEAST_RATIO)) {
  process.stderr.write(`bench: the engine is only ${ratio.toFixed(1)} times as fast as the oracle\n`);
  process.exitCode = 1;
}
