//
//   One case in a process of its own: CPU seconds of start-up, of the first step and of later ones, and memory.
//
//     measured(case) ──► node --expose-gc dist/bench/case.js JSON ──► one JSON document
//
//   Counterfactuals are off (one machine, every cycle of it) but for a `whole` run, which is what the command does.
//

import { execFileSync } from "node:child_process";
import { fileURLToPath } from "node:url";
import { Counter, MemoCount, Status } from "../assembly/contract.js";
import { engineBinary } from "../src/io/inputs.js";
import { machineVectors, prepare, programOf } from "../src/job.js";
import { DEFAULT_MEMO_MIB, type RunRequest } from "../src/request.js";
import { simulate } from "../src/simulate.js";
import { compileMachine, loadMachine } from "../src/wasm/load.js";
import { Machine, type Supply } from "../src/wasm/machine.js";
import { cpuSeconds } from "./clock.js";

export interface Case {
  name: string;
  request: RunRequest;
  /** Measured as the command runs it, idealised runs beside it. */
  whole?: boolean;
}

export interface Measured extends Case {
  /** Node, modules, and what comes next. */
  startUpSeconds: number;
  /** Inputs read and checked, the engine compiled and instantiated. */
  configSeconds: number;
  firstSeconds: number;
  /** Mean of the steps after the first; null where there is one only, or where they are not told apart. */
  laterSeconds: number | null;
  /** All steps, without start-up. */
  seconds: number;
  steps: number;
  /** Of the machine, by all its steps. */
  cycles: number;
  dramRequests: number;
  cyclesPerSecond: number;
  dramRequestsPerSecond: number;
  /** Share of DRAM requests that were remembered; null without a memo. */
  rememberedShare: number | null;
  /** JavaScript's live heap after the last step, linear memory, and the most that the process held. */
  heapMiB: number;
  wasmMiB: number | null;
  residentMiB: number;
}

const SELF = fileURLToPath(import.meta.url);
const MIB = 2 ** 20;
/** Records of a supply: few, so that a step's time ends where its last record does. */
const SUPPLY_RECORDS = 256;

/** Runs a case in a fresh process. */
export function measured(one: Case): Measured {
  return JSON.parse(execFileSync(process.execPath, ["--expose-gc", SELF, JSON.stringify(one)]).toString()) as Measured;
}

async function measureSteps(one: Case): Promise<Measured> {
  const { memoMib: memoMiB = DEFAULT_MEMO_MIB } = one.request;
  const loadedSeconds = cpuSeconds();
  const job = prepare(one.request);
  const { knobs, device } = machineVectors(job.inputs, { memoMiB });
  const engine = new Machine(await loadMachine(await compileMachine(engineBinary())), knobs, device);
  const startUpSeconds = cpuSeconds();
  const sink = (supply: Supply) => {
    engine.supply(supply);
    expect(engine, Status.NeedsWork);
  };
  const ends: number[] = [];
  for (const { steps } of programOf(job, { ...engine.supplyLimit, records: SUPPLY_RECORDS }, sink)) {
    if (steps > ends.length) ends.push(cpuSeconds());
  }
  engine.end();
  expect(engine, Status.Quiet);
  ends[ends.length - 1] = cpuSeconds();
  const counters = engine.counters();
  const dramRequests = counters[Counter.DramRead] + counters[Counter.DramWrite];
  const { [MemoCount.Remembered]: remembered, [MemoCount.Simulated]: simulated } = engine.memo();
  const rememberedShare = memoMiB === 0 ? null : remembered / (remembered + simulated);
  return {
    ...one,
    ...rates({ loadedSeconds, startUpSeconds, ends, cycles: engine.cycle, dramRequests }),
    rememberedShare,
    ...memory(),
    wasmMiB: engine.memoryBytes / MIB,
  };
}

async function measureWhole(one: Case): Promise<Measured> {
  const loadedSeconds = cpuSeconds();
  prepare(one.request); // once more in the run, then warm: a little is counted twice
  const began = { loadedSeconds, startUpSeconds: cpuSeconds() };
  const { cycles, counters, memo } = await simulate(one.request);
  const { DramRead: reads = 0, DramWrite: writes = 0 } = counters;
  const rememberedShare = memo === undefined ? null : memo.remembered / (memo.remembered + memo.simulated);
  const all = rates({ ...began, ends: [cpuSeconds()], cycles, dramRequests: reads + writes });
  return { ...one, ...all, rememberedShare, ...memory(), wasmMiB: null };
}

function expect(engine: Machine, status: Status): void {
  if (engine.run() !== status) throw new Error(`the program cannot progress at cycle ${engine.cycle}`);
}

/** CPU seconds since the process began. */
interface Times {
  loadedSeconds: number;
  startUpSeconds: number;
  /** At the end of every step. */
  ends: readonly number[];
  cycles: number;
  dramRequests: number;
}

function rates({ loadedSeconds, startUpSeconds, ends, cycles, dramRequests }: Times) {
  const [steps, last] = [ends.length, ends[ends.length - 1]];
  const seconds = last - startUpSeconds;
  return {
    startUpSeconds,
    configSeconds: startUpSeconds - loadedSeconds,
    firstSeconds: ends[0] - startUpSeconds,
    laterSeconds: steps > 1 ? (last - ends[0]) / (steps - 1) : null,
    seconds,
    steps,
    cycles,
    dramRequests,
    cyclesPerSecond: cycles / seconds,
    dramRequestsPerSecond: dramRequests / seconds,
  };
}

function memory() {
  globalThis.gc?.();
  return { heapMiB: process.memoryUsage().heapUsed / MIB, residentMiB: process.resourceUsage().maxRSS / 1024 };
}

if (process.argv[1] === SELF) {
  const one = JSON.parse(process.argv[2]) as Case;
  process.stdout.write(JSON.stringify(await (one.whole ? measureWhole(one) : measureSteps(one))));
}
