//
//   One run: a job on its machine, beside it the same job with one cause idealised, and what came out of it.
//
//     job ─► machine ─► cycles, counters ─► breakdown, bytes, energy, bits, accuracy ─► Result
//        └─► ideal router | DRAM | vector unit ─► cycles ─► exposed
//

import { MemoCount } from "../assembly/contract.js";
import { secondsOf } from "./basics/units.js";
import { type Device, dramEnergy, peakGBps } from "./dram/device.js";
import { areaOf } from "./energy/area.js";
import { type DramEnergy, energyOf, priceList } from "./energy/energy.js";
import { type CitedPrice, citedPrices, type EnergyTables, energyNotes } from "./energy/tables.js";
import type { Machine } from "./hardware/machine.js";
import { type Cause, IDEAL, type IdealCycles, idealised } from "./idealised.js";
import type { Inputs, Shelf } from "./io/inputs.js";
import { packageVersion } from "./io/version.js";
import { execute, type Job, type OnProgress, prepare } from "./job.js";
import { routedWeights } from "./model/model.js";
import { depthDetail } from "./observe/depths.js";
import { OpTable } from "./observe/ops.js";
import { type Listener, tell } from "./observe/reader.js";
import { Windows } from "./observe/windows.js";
import type { RunRequest } from "./request.js";
import { recordedAccuracy } from "./result/accuracy.js";
import {
  breakdownOf,
  type Counters,
  computedBits,
  dramResultOf,
  fetchedBits,
  namedCounters,
} from "./result/counters.js";
import type { Detail, MemoResult, Prices, Result } from "./result/result.js";
import { stateHash } from "./result/state-hash.js";
import { passBits, slicesOf } from "./schedule/codes.js";
import { type Plan, wantedBits } from "./trace/plan.js";
import { firstSteps, type Replay } from "./trace/replay.js";
import type { Machine as Engine } from "./wasm/machine.js";

interface SimulateOptions {
  onProgress?: OnProgress | undefined;
  signal?: AbortSignal | undefined;
  /** Whether the idealised runs go beside it; `exposed` is null without them. Default: yes. */
  counterfactuals?: boolean;
  /** Whether the run is observed: by op, over time. Changes nothing else that is modelled. */
  detail?: boolean | undefined;
  /** Who else observes it, made once the job is known. */
  listen?: ((job: Job) => Listener[]) | undefined;
  /** Where many runs of one process keep what they have read. */
  shelf?: Shelf;
}

/**
 * Runs what a request asks. Throws InputError for what cannot be run. Interrupted by the signal, it answers for the steps
 * finished by then, and throws Interrupted if there are none.
 */
export async function simulate(request: RunRequest, options: SimulateOptions = {}): Promise<Result> {
  const { onProgress = () => {}, signal, counterfactuals = true, detail = false, listen = () => [] } = options;
  const job = prepare(request, options.shelf);
  // Without DRAM a run is cheap and goes along; the other counterfactuals cost a run each.
  const causes = counterfactuals ? counterfactualsOf(job) : [];
  const progress = shared(onProgress, causes.length + 1);
  const watch = detail ? watchOf() : undefined;
  const listeners = [...(watch?.listeners ?? []), ...listen(job)];
  const observer = listeners.length === 0 ? undefined : tell(listeners);
  const others = idealised(request, job, causes, (i, done) => progress(i + 1, done));
  signal?.addEventListener("abort", others.stop);
  try {
    const onReal = (done: number, total: number) => progress(0, done, total);
    const variants = counterfactuals ? [{}, IDEAL.dram] : [{}];
    const { engines, steps } = await execute(job, variants, onReal, signal, observer);
    const [real, idealDram] = engines;
    const seen = (known: Job) => (watch === undefined ? {} : { detail: watch.detail(known) });
    const waited = waitedFor(namedCounters(real.counters()));
    const cycles = await others.cycles((cause) => waited[cause] > 0);
    const ideal = counterfactuals ? { ...cycles, dram: idealDram.cycle } : NOT_IDEALISED;
    if (signal?.aborted !== true) return { ...resultOf(request, job, real, ideal), ...seen(job) };
    const known = { ...job, played: firstSteps(job.played, steps) };
    return {
      ...resultOf(request, known, real, ideal),
      ...seen(known),
      partial: true,
      stepsAsked: job.played.stepCount,
    };
  } finally {
    signal?.removeEventListener("abort", others.stop);
    others.stop();
  }
}

/** Who makes the detail of a run. */
function watchOf(): { listeners: Listener[]; detail(known: Job): Detail } {
  const [ops, windows] = [new OpTable(), new Windows()];
  const detail = ({ plan, inputs: { model }, played }: Job): Detail => {
    return { ops: ops.rows(), time: windows.detail(), depths: depthDetail(plan, model, played) };
  };
  return { listeners: [ops.listener, windows.listener], detail };
}

/** One progress of several executions of the same program. */
function shared(onProgress: OnProgress, executions: number) {
  const parts = new Array<number>(executions).fill(0);
  let whole = 0;
  return (execution: number, done: number, total?: number) => {
    parts[execution] = done;
    whole = total ?? whole;
    if (whole > 0)
      onProgress(
        parts.reduce((sum, one) => sum + one, 0),
        whole * executions,
      );
  };
}

/** Without a router there is nothing to idealise in it. */
function counterfactualsOf({ plan }: Job): Cause[] {
  return plan.routed ? ["route", "vector"] : ["vector"];
}

const NOT_IDEALISED: IdealCycles = { route: null, dram: null, vector: null };

/** Cycles that the array waited for each cause. */
function waitedFor(counters: Counters): Record<Cause, number> {
  const breakdown = breakdownOf(counters);
  return { ...breakdown, dram: breakdown.dram + breakdown.buffer };
}

function resultOf(request: RunRequest, job: Job, real: Engine, ideal: IdealCycles): Result {
  const { plan, played } = job;
  const { machine, device, tables, model, trace, files } = job.inputs;
  const values = real.counters();
  const counters = namedCounters(values);
  const cycles = real.cycle;
  const seconds = secondsOf(cycles, machine.clock.coreMHz);
  const { channels, diesPerChannel } = machine.dram;
  const memory = dramEnergy(device, channels, diesPerChannel);
  const breakdown = breakdownOf(counters);
  const waited = waitedFor(counters);
  const exposed = (cause: Cause): number | null => {
    const { [cause]: without = cycles } = ideal;
    return waited[cause] === 0 ? 0 : without === null ? null : cycles - without;
  };
  return {
    version: packageVersion(),
    inputs: files,
    machine: machineText(job.inputs, request),
    config: machine,
    model: model.name,
    trace: trace?.name ?? null,
    plan: planResult(plan, played),
    phase: played.phase,
    batch: played.batch,
    steps: played.stepCount,
    ...(played.chunk === undefined ? {} : { chunk: played.chunk }),
    cycles,
    seconds,
    tokens: played.tokens,
    tokensPerSecond: played.tokens / seconds,
    breakdown,
    exposed: { route: exposed("route"), dram: exposed("dram"), vector: exposed("vector") },
    dram: dramResultOf(counters, seconds, peakGBps(device, channels)),
    energyPj: energyOf(counters, machine, tables, memory, seconds),
    energyNotes: energyNotes(machine, tables),
    prices: pricesOf(machine, device, tables, memory),
    areaMm2: areaOf(machine, tables),
    bits: {
      wanted: wantedBits(plan, model, played),
      fetched: fetchedBits(counters, routedWeights(model), played.stepCount),
      computed: computedBits(counters, passBits(machine, slicesOf(plan))),
    },
    accuracy: recordedAccuracy(trace, model, plan, played),
    counters,
    ...(job.memoMiB === 0 ? {} : { memo: memoResult(real.memo()) }),
    stateHash: stateHash(real.canonical(), values),
  };
}

/** The machine's name, its file where that is called otherwise (a copy still has its name), and what was changed in it. */
function machineText({ machine: { name }, isoArea }: Inputs, { machine, weights, sets }: RunRequest): string {
  const file = machine.split(/[/\\]/).at(-1) ?? machine;
  const other = file.replace(/\.ya?ml$/, "") === name ? [] : [file];
  const scaled = isoArea === undefined ? [] : [isoArea];
  const changes = [...other, ...(weights === undefined ? [] : [`weights ${weights}`]), ...sets, ...scaled];
  return changes.length > 0 ? `${name} (${changes.join(", ")})` : name;
}

function pricesOf(machine: Machine, device: Device, tables: EnergyTables, memory: DramEnergy): Prices {
  const part = Object.entries(device.energyPerOperation).flatMap(([name, price]): CitedPrice[] =>
    price === undefined ? [] : [{ table: device.name, name, ...price, estimate: false }],
  );
  return { ...priceList(machine, tables, memory), cited: [...citedPrices(machine, tables), ...part] };
}

function memoResult(memo: number[]): MemoResult {
  return {
    hits: memo[MemoCount.Hits],
    misses: memo[MemoCount.Misses],
    remembered: memo[MemoCount.Remembered],
    simulated: memo[MemoCount.Simulated],
    forgotten: memo[MemoCount.Forgotten],
    states: memo[MemoCount.States],
    entries: memo[MemoCount.Entries],
    bytes: memo[MemoCount.Bytes],
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
