//
//   One job: what a request names, read and checked, and the program that it makes, run on as many machines as asked.
//
//     request ─► inputs ─► plan (slices) + replay (tokens) ─► schedule (work records) ─► engine ══WASM══► cycles, counters
//                                                                                  └──► the same machine, idealised
//
//   Every supply of records goes to all engines at once, so the program is made once and memory does not grow with it.
//

import { Status } from "../assembly/contract.js";
import { capacityBytes, channelVector, stripeBytes, transactionBytes } from "./device.js";
import { InputError } from "./errors.js";
import { type MachineOptions, machineKnobs } from "./hardware.js";
import { engineBinary, type Inputs, readInputs } from "./io/inputs.js";
import { constantPlan, type Plan, planFromTrace } from "./plan.js";
import { type Replay, type ReplayOptions, replay, tokensOf } from "./replay.js";
import type { RunRequest } from "./request.js";
import { Placement } from "./schedule/placement.js";
import { Program } from "./schedule/program.js";
import { StepSchedule, spillBytes, stepTokens } from "./schedule/step.js";
import { SLICES } from "./trace-json.js";
import { BYTES_PER_KIB } from "./units.js";
import { compileMachine, loadMachine } from "./wasm/load.js";
import { Machine as Engine, type Supply } from "./wasm/machine.js";

export type OnProgress = (done: number, total: number) => void;

export interface Job {
  inputs: Inputs;
  plan: Plan;
  played: Replay;
}

/** Supplies between two looks at the event loop. */
const SUPPLIES_PER_BREATH = 8;

/** Reads and checks what a request names. Throws InputError. */
export function prepare(request: RunRequest): Job {
  const inputs = readInputs(request);
  const { phase, batch, steps, context, tokens: window } = request;
  const given = Object.entries({ phase, batch, steps, context, window }).filter(([, value]) => value !== undefined);
  const played = replay(inputs.trace, inputs.model, Object.fromEntries(given) as ReplayOptions);
  return { inputs, plan: planOf(request, inputs), played };
}

function planOf({ budget, slices }: RunRequest, { trace }: Inputs): Plan {
  if (slices !== undefined) return constantPlan(slices);
  if (trace === null || budget === undefined) throw new InputError("a model without a trace needs --slices 1..4");
  return planFromTrace(trace, budget);
}

/** Runs the job's program on one engine for each of `variants`; they come back finished, in that order. */
export async function execute(job: Job, variants: MachineOptions[], onProgress: OnProgress): Promise<Engine[]> {
  const engines = await buildEngines(job.inputs, variants);
  let supplies = 0;
  const sink = (supply: Supply) => {
    for (const engine of engines) feed(engine, supply);
    supplies++;
  };
  for (const { done, total } of programOf(job, engines[0].supplyLimit, sink)) {
    onProgress(done, total);
    if (supplies < SUPPLIES_PER_BREATH) continue;
    supplies = 0;
    await new Promise((resolve) => setTimeout(resolve));
  }
  for (const engine of engines) finish(engine);
  return engines;
}

/** Makes the program of a job, supply by supply; yields after every layer how much of it is done. */
export function* programOf(
  job: Job,
  limit: { records: number; depths: number },
  sink: (supply: Supply) => void,
): Generator<{ done: number; total: number }> {
  const { inputs, plan, played } = job;
  const { machine, model, trace } = inputs;
  const program = new Program(limit, bufferLimits(inputs), sink);
  const schedule = new StepSchedule(program, machine, model, plan, placementOf(job), played.batch);
  const total = played.stepCount * schedule.parts(played.batch * played.tokensPerStep);
  let done = 0;
  for (let index = 0; index < played.stepCount; index++) {
    const step = played.step(index);
    for (const _ of schedule.emit(step, tokensOf(step, trace))) yield { done: ++done, total };
  }
  program.flush();
}

/** The machine and its DRAM as the vectors that an engine, or the oracle, is built from. */
export function machineVectors({ machine, device }: Inputs, options: MachineOptions = {}) {
  return {
    knobs: machineKnobs(machine, device, SLICES, options),
    device: channelVector(device, machine.dram),
  };
}

async function buildEngines(inputs: Inputs, variants: MachineOptions[]): Promise<Engine[]> {
  const module = await compileMachine(engineBinary());
  const build = async (options: MachineOptions) => {
    const { knobs, device } = machineVectors(inputs, options);
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
  const { channels, dieGb } = machine.dram;
  const memory = {
    stripeBytes: stripeBytes(device, channels),
    granuleBytes: transactionBytes(device) * channels,
    capacityBytes: capacityBytes(device, channels, dieGb),
  };
  const tokens = Math.min(played.batch * played.tokensPerStep, stepTokens(machine, model));
  return new Placement(machine, model, memory, {
    sequences: played.batch,
    positions: played.context + played.stepCount * played.tokensPerStep,
    spillBytes: spillBytes(machine, model, tokens),
    routed: plan.routed,
  });
}
