//
//   One run: a plan replayed on a machine, and what came out of it.
//
//     inputs ─► replay (tokens) + plan (slices) ─► schedule (work records) ─► machine ══WASM══► counters ─► Result
//                                                                        └─► the same program with one cause idealised
//
//   Every supply of records goes to the machine and to its idealised twins at once, so the program is made once and memory
//   does not grow with it.
//

import { Status } from "../assembly/contract.js";
import { recordedAccuracy } from "./accuracy.js";
import { breakdownOf, computedBits, dramResultOf, fetchedBits, namedCounters } from "./counters.js";
import { capacityBytes, channelVector, dramEnergy, peakGBps, stripeBytes, transactionBytes } from "./device.js";
import { energyOf } from "./energy.js";
import { InputError } from "./errors.js";
import { type MachineOptions, machineKnobs } from "./hardware.js";
import { stateHash } from "./hash.js";
import { engineBinary, type Inputs, readInputs } from "./io/inputs.js";
import { packageVersion } from "./io/version.js";
import { routedWeights } from "./model.js";
import { constantPlan, type Plan, planFromTrace, wantedBits } from "./plan.js";
import { type Replay, type ReplayOptions, replay, tokensOf } from "./replay.js";
import type { RunRequest } from "./request.js";
import type { Result } from "./result.js";
import { Placement } from "./schedule/placement.js";
import { Program } from "./schedule/program.js";
import { StepSchedule, spillBytes, stepTokens } from "./schedule/step.js";
import { SLICES } from "./trace-json.js";
import { BYTES_PER_KIB, secondsOf } from "./units.js";
import { compileMachine, loadMachine } from "./wasm/load.js";
import { Machine as Engine, type Supply } from "./wasm/machine.js";

export type OnProgress = (done: number, total: number) => void;

/** Causes with a counterfactual: the machine with that cause idealised. */
type Cause = "route" | "dram" | "vector";
const IDEAL: Record<Cause, MachineOptions> = {
  route: { idealRouter: true },
  dram: { idealDram: true },
  vector: { idealVector: true },
};

/** Supplies between two looks at the event loop. */
const SUPPLIES_PER_BREATH = 8;

/** Runs what a request asks. Throws InputError for what cannot be run. */
export async function simulate(request: RunRequest, onProgress: OnProgress = () => {}): Promise<Result> {
  const inputs = readInputs(request);
  const plan = planOf(request, inputs);
  const { phase, batch, steps, context } = request;
  const options = Object.fromEntries(Object.entries({ phase, batch, steps, context }).filter(([, v]) => v !== undefined));
  const played = replay(inputs.trace, inputs.model, options as ReplayOptions);
  const engines = await buildEngines(inputs, plan);
  await runProgram(inputs, plan, played, engines, onProgress);
  return resultOf(request, inputs, plan, played, engines);
}

function planOf({ budget, slices }: RunRequest, { trace }: Inputs): Plan {
  if (slices !== undefined) return constantPlan(slices);
  if (trace === null || budget === undefined) throw new InputError("a model without a trace needs --slices 1..4");
  return planFromTrace(trace, budget);
}

interface Engines {
  real: Engine;
  /** Counterfactuals; without a router there is nothing to idealise in it. */
  ideal: Partial<Record<Cause, Engine>>;
}

async function buildEngines({ machine, device }: Inputs, plan: Plan): Promise<Engines> {
  const module = await compileMachine(engineBinary());
  const channels = channelVector(device, machine.dram);
  const build = async (options: MachineOptions) =>
    new Engine(await loadMachine(module), machineKnobs(machine, device, SLICES, options), channels);
  const ideal: Engines["ideal"] = { dram: await build(IDEAL.dram), vector: await build(IDEAL.vector) };
  if (plan.routed) ideal.route = await build(IDEAL.route);
  return { real: await build({}), ideal };
}

/** Makes the program of the replay and runs it on all engines. */
async function runProgram(inputs: Inputs, plan: Plan, played: Replay, engines: Engines, onProgress: OnProgress) {
  const { machine, model, trace } = inputs;
  const all = [engines.real, ...Object.values(engines.ideal)];
  let supplies = 0;
  const sink = (supply: Supply) => {
    for (const engine of all) feed(engine, supply);
    supplies++;
  };
  const program = new Program(engines.real.supplyLimit, bufferLimits(inputs), sink);
  const schedule = new StepSchedule(program, machine, model, plan, placementOf(inputs, plan, played), played.batch);
  const total = played.stepCount * schedule.parts(played.batch * played.tokensPerStep);
  let done = 0;
  for (let index = 0; index < played.stepCount; index++) {
    const step = played.step(index);
    for (const _ of schedule.emit(step, tokensOf(step, trace))) {
      onProgress(++done, total);
      if (supplies < SUPPLIES_PER_BREATH) continue;
      supplies = 0;
      await new Promise((resolve) => setTimeout(resolve));
    }
  }
  program.flush();
  for (const engine of all) finish(engine);
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

function placementOf({ machine, device, model }: Inputs, plan: Plan, played: Replay): Placement {
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

function resultOf(request: RunRequest, inputs: Inputs, plan: Plan, played: Replay, engines: Engines): Result {
  const { machine, device, tables, model, trace, files } = inputs;
  const { real, ideal } = engines;
  const values = real.counters();
  const counters = namedCounters(values);
  const cycles = real.cycle;
  const seconds = secondsOf(cycles, machine.clock.coreMHz);
  const { channels } = machine.dram;
  const exposed = (cause: Cause) => cycles - (ideal[cause]?.cycle ?? cycles);
  return {
    version: packageVersion(),
    inputs: files,
    machine: request.sets.length > 0 ? `${machine.name} (${request.sets.join(", ")})` : machine.name,
    model: model.name,
    trace: trace?.name ?? null,
    plan: planResult(plan, played),
    phase: played.phase,
    batch: played.batch,
    steps: played.stepCount,
    cycles,
    seconds,
    tokens: played.tokens,
    tokensPerSecond: played.tokens / seconds,
    breakdown: breakdownOf(counters),
    exposed: { route: exposed("route"), dram: exposed("dram"), vector: exposed("vector") },
    dram: dramResultOf(counters, seconds, peakGBps(device, channels)),
    energyPj: energyOf(counters, machine, tables, dramEnergy(device, channels), seconds),
    bits: {
      wanted: wantedBits(plan, model, played),
      fetched: fetchedBits(counters, routedWeights(model), played.stepCount),
      computed: computedBits(counters),
    },
    accuracy: recordedAccuracy(trace, plan, played),
    counters,
    stateHash: stateHash(real.canonical(), values),
  };
}

function planResult(plan: Plan, played: Replay): Result["plan"] {
  const { source, budget, slices } = plan;
  const text = played.repeated ? `${plan.text}; sequences beyond the trace's repeat it, rotated` : plan.text;
  return {
    source,
    ...(budget === undefined ? {} : { budget }),
    ...(slices === undefined ? {} : { slices }),
    text,
  };
}
