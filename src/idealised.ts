//
//   How many cycles a job takes with one cause idealised: the router, or the vector unit.
//
//     long job     a thread for each cause, from the begin; one that the array never waited for is stopped
//     short job    after the run, together, and only for the causes that the array waited for
//
//   A cause that the array never waited for exposes nothing (docs/machine.md, section 10). Without DRAM a run is cheap: it
//   goes along with the real one (simulate.ts).
//

import type { MachineOptions } from "./hardware/machine.js";
import { inThread, startThread } from "./io/thread.js";
import { execute, type Job, prepare } from "./job.js";
import { routedWeights } from "./model/model.js";
import type { RunRequest } from "./request.js";
import { stepTokens } from "./schedule/step.js";

/** Causes that can be idealised. */
export type Cause = "route" | "dram" | "vector";

export const IDEAL: Record<Cause, MachineOptions> = {
  route: { idealRouter: true },
  dram: { idealDram: true },
  vector: { idealVector: true },
};

/** Cycles by cause: null of a run that was stopped or not asked for, nothing of one that was not needed. */
export type IdealCycles = Partial<Record<Cause, number | null>>;

interface Idealised {
  /** Cycles of the causes that the array waited for. */
  cycles(waited: (cause: Cause) => boolean): Promise<IdealCycles>;
  stop(): void;
}

/** Weights that an engine reads in about the time in which a thread starts. */
const WEIGHTS_OF_A_THREAD = 1e8;

/** Hears how many parts of the program the run of a cause has done. */
type OnDone = (cause: number, done: number) => void;

/** Begins what is to be known of `causes`. */
export function idealised(request: RunRequest, job: Job, causes: readonly Cause[], onDone: OnDone): Idealised {
  return weightsRead(job) < WEIGHTS_OF_A_THREAD ? runAfter(job, causes, onDone) : runBeside(request, causes, onDone);
}

/** Every block of tokens reads all weights. */
function weightsRead({ inputs: { machine, model }, played }: Job): number {
  const blocks = Math.max(played.stepCount, played.tokens / stepTokens(machine, model));
  return blocks * routedWeights(model);
}

/** All of them together, once it is known which are needed. */
export function runAfter(job: Job, causes: readonly Cause[], onDone: OnDone): Idealised {
  let stopped = false;
  const report = (done: number) => {
    for (const cause of causes.keys()) onDone(cause, done);
  };
  const cycles = async (waited: (cause: Cause) => boolean): Promise<IdealCycles> => {
    const needed = causes.filter(waited);
    if (stopped) return Object.fromEntries(needed.map((cause) => [cause, null]));
    if (needed.length === 0) return {};
    const options = needed.map((cause) => IDEAL[cause]);
    const { engines } = await execute(job, options, report);
    return Object.fromEntries(needed.map((cause, i) => [cause, engines[i].cycle]));
  };
  const stop = () => {
    stopped = true;
  };
  return { cycles, stop };
}

/** What a thread is asked. */
interface Task {
  request: RunRequest;
  cause: Cause;
}

/** Each in a thread; the request has been checked by then. */
export function runBeside(request: RunRequest, causes: readonly Cause[], onDone: OnDone): Idealised {
  const threads = causes.map((cause, i) => {
    const task: Task = { request, cause };
    return { cause, ...startThread<number, number>(import.meta.url, task, (done) => onDone(i, done)) };
  });
  const cycles = async (waited: (cause: Cause) => boolean): Promise<IdealCycles> => {
    for (const thread of threads) if (!waited(thread.cause)) thread.stop();
    const needed = threads.filter(({ cause }) => waited(cause));
    return Object.fromEntries(await Promise.all(needed.map(async ({ cause, answer }) => [cause, await answer])));
  };
  const stop = () => {
    for (const thread of threads) thread.stop();
  };
  return { cycles, stop };
}

await inThread(import.meta.url, async ({ request, cause }: Task, say: (done: number) => void) => {
  const { engines } = await execute(prepare(request), [IDEAL[cause]], say);
  return engines[0].cycle;
});
