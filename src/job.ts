//
//   One job: what a request names, read and checked, and the program that it makes, run on as many machines as asked.
//
//     request ─► inputs ─► plan (slices) + replay (tokens) ─► schedule (work records) ─► engine ══WASM══► cycles, counters
//                                                                                  └──► the same machine, idealised
//
//   Every supply of records goes to all engines at once, so the program is made once and memory does not grow with it.
//

import { Status } from "../assembly/contract.js";
import { InputError, Interrupted } from "./basics/errors.js";
import { BYTES_PER_KIB } from "./basics/units.js";
import { capacityBytes, channelVector, stripeBytes, transactionBytes } from "./dram/device.js";
import { type Machine, type MachineOptions, machineKnobs } from "./hardware/machine.js";
import { engineBinary, type Inputs, readInputs, type Shelf } from "./io/inputs.js";
import { DEFAULT_MEMO_MIB, type RunRequest } from "./request.js";
import { Placement } from "./schedule/placement.js";
import { Program } from "./schedule/program.js";
import { StepSchedule, spillBytes, stepTokens } from "./schedule/step.js";
import { codesPlan, constantPlan, type Plan, planFromTrace } from "./trace/plan.js";
import { type Replay, replay, tokensOf } from "./trace/replay.js";
import type { ReplayOptions } from "./trace/replay-options.js";
import { syntheticPlan } from "./trace/synthetic.js";
import type { Trace } from "./trace/trace.js";
import { SLICES } from "./trace/trace-json.js";
import { transplantedPlan } from "./trace/transplant.js";
import { compileMachine, loadMachine } from "./wasm/load.js";
import { Machine as Engine, type Observer, type Supply } from "./wasm/machine.js";

export type OnProgress = (done: number, total: number) => void;

export interface Job {
  inputs: Inputs;
  plan: Plan;
  played: Replay;
  memoMiB: number;
}

/** Average weight bits where nobody says. */
const DEFAULT_BUDGET = 4;
/** Supplies between two looks at the event loop. */
const SUPPLIES_PER_BREATH = 8;

/** Reads and checks what a request names. Throws InputError. */
export function prepare(request: RunRequest, shelf?: Shelf): Job {
  const inputs = readInputs(request, shelf);
  const { phase, batch, steps, context, chunk, tokens: window } = request;
  const given = Object.entries({ phase, batch, steps, context, window, chunk }).filter(
    ([, value]) => value !== undefined,
  );
  const played = replay(inputs.trace, inputs.model, Object.fromEntries(given) as ReplayOptions);
  return { inputs, plan: planOf(request, inputs), played, memoMiB: request.memoMib ?? DEFAULT_MEMO_MIB };
}

function planOf(request: RunRequest, { machine, model, trace }: Inputs): Plan {
  if (machine.weights.layout === "codes") return planOfCodes(request, machine);
  const { slices, synthetic, rho, seed, budget = DEFAULT_BUDGET } = request;
  if (slices !== undefined) return constantPlan(slices);
  if (synthetic !== undefined) return syntheticPlan({ process: synthetic, bits: budget, rho, seed });
  if (trace === null) throw new InputError(`--budget ${budget} belongs to a trace; give --trace, or --synthetic`);
  if (request.budget === undefined) refuseDefault(trace);
  return trace.isOf(model) ? planFromTrace(trace, budget) : transplantedPlan(trace, budget, model);
}

/** A trace without the default budget: nobody asked for that one. */
function refuseDefault(trace: Trace): void {
  if (trace.budgetOf(DEFAULT_BUDGET) !== undefined) return;
  const recorded = trace.about.budgets.map(({ bits }) => bits).sort((a, b) => a - b);
  throw new InputError(`--budget is missing; recorded in trace ${trace.name}: ${recorded.join(", ")}`);
}

/** Without slices there is nothing to plan. */
function planOfCodes({ budget, slices, synthetic }: RunRequest, { name, weights }: Machine): Plan {
  for (const [option, value] of Object.entries({ slices, synthetic, budget })) {
    if (value === undefined) continue;
    const found = `--${option} ${value}: machine ${name} has ${weights.codeBits}-bit codes`;
    throw new InputError(`${found}, no slices to plan; allowed without --budget, --slices, --synthetic`);
  }
  return codesPlan(weights.codeBits);
}

/**
 * Runs the job's program on one engine for each of `variants`; they come back finished, in that order. Interrupted, it
 * ends after the step under way; throws Interrupted if that is the first. The observer hears of the first engine.
 */
export async function execute(
  job: Job,
  variants: MachineOptions[],
  onProgress: OnProgress,
  signal?: AbortSignal,
  observer?: Observer,
): Promise<{ engines: Engine[]; steps: number }> {
  const engines = await buildEngines(job, variants);
  if (observer !== undefined) engines[0].observe(observer);
  const stopped = () => signal?.aborted === true;
  let supplies = 0;
  let finished = 0;
  const sink = (supply: Supply) => {
    for (const engine of engines) feed(engine, supply);
    supplies++;
  };
  for (const { done, total, steps } of programOf(job, engines[0].supplyLimit, sink, stopped, observer !== undefined)) {
    onProgress(done, total);
    finished = steps;
    if (supplies < SUPPLIES_PER_BREATH) continue;
    supplies = 0;
    await new Promise((resolve) => setTimeout(resolve));
    if (steps === 0 && stopped()) throw new Interrupted("interrupted in the first step: no result, nothing written");
  }
  for (const engine of engines) finish(engine);
  return { engines, steps: finished };
}

/** Makes the program of a job, supply by supply; yields after every layer how much is done. Stops between two steps. */
export function* programOf(
  job: Job,
  limit: { records: number; depths: number },
  sink: (supply: Supply) => void,
  stopped: () => boolean = () => false,
  observed = false,
): Generator<{ done: number; total: number; steps: number }> {
  const { inputs, plan, played } = job;
  const { machine, model, trace } = inputs;
  const program = new Program(limit, bufferLimits(inputs), sink, observed);
  const schedule = new StepSchedule(program, machine, model, plan, placementOf(job), played.batch);
  const partsIn = (index: number) => schedule.parts(played.tokensIn(index));
  let total = 0;
  for (let index = 0; index < played.stepCount; index++) total += partsIn(index);
  let done = 0;
  for (let index = 0; index < played.stepCount && !(index > 0 && stopped()); index++) {
    const end = done + partsIn(index);
    const step = played.step(index);
    for (const _ of schedule.emit(step, tokensOf(step, trace, model.vocab))) {
      done++;
      yield { done, total, steps: done < end ? index : index + 1 };
    }
  }
  program.flush();
}

/** The machine and its DRAM as the vectors that an engine, or the oracle, is built from. */
export function machineVectors({ machine, device }: Inputs, options: MachineOptions = {}) {
  return {
    knobs: machineKnobs(machine, device, SLICES, options),
    device: channelVector(device, options.noRefresh ? { ...machine.dram, refresh: "off" } : machine.dram),
  };
}

let compiled: ReturnType<typeof compileMachine> | undefined;

/** The engine's binary, compiled once a thread: that takes longer than a small run. */
function engineModule(): ReturnType<typeof compileMachine> {
  compiled ??= compileMachine(engineBinary());
  return compiled;
}

async function buildEngines({ inputs, memoMiB }: Job, variants: MachineOptions[]): Promise<Engine[]> {
  const module = await engineModule();
  const build = async (options: MachineOptions) => {
    const { knobs, device } = machineVectors(inputs, { memoMiB, ...options });
    return new Engine(await loadMachine(module), knobs, device);
  };
  return Promise.all(variants.map(build));
}

function feed(engine: Engine, supply: Supply): void {
  engine.supply(supply);
  const status = engine.run();
  if (status !== Status.NeedsWork) throw stuck(engine);
}

function finish(engine: Engine): void {
  engine.end();
  if (engine.run() !== Status.Quiet) throw stuck(engine);
}

function stuck(engine: Engine): InputError {
  return new InputError(`the program cannot progress at cycle ${engine.cycle}: ${engine.blocked()}`);
}

function bufferLimits({ machine: { buffers, fetch } }: Inputs) {
  return {
    slice: buffers.sliceKiB * BYTES_PER_KIB,
    residualReserve: fetch.residualReserveKiB * BYTES_PER_KIB,
    arrayStaging: buffers.arrayStagingKiB * BYTES_PER_KIB,
    vectorStaging: buffers.vectorStagingKiB * BYTES_PER_KIB,
  };
}

function placementOf({ inputs, plan, played }: Job): Placement {
  const { machine, device, model } = inputs;
  const { channels, dieGb, diesPerChannel } = machine.dram;
  const memory = {
    stripeBytes: stripeBytes(device, channels),
    granuleBytes: transactionBytes(device) * channels,
    capacityBytes: capacityBytes(device, channels, dieGb, diesPerChannel),
  };
  const tokens = Math.min(played.mostTokens, stepTokens(machine, model));
  return new Placement(machine, model, memory, {
    sequences: played.batch,
    positions: played.positions,
    spillBytes: spillBytes(machine, model, tokens),
    routed: plan.routed,
  });
}
