//
//   The same job with one cause idealised, in a thread of its own: how many cycles would it take then?
//

import { isMainThread, parentPort, Worker, workerData } from "node:worker_threads";
import type { MachineOptions } from "../hardware/machine.js";
import type { RunRequest } from "../request.js";

/** Causes with a counterfactual. */
export type Cause = "route" | "dram" | "vector";

export const IDEAL: Record<Cause, MachineOptions> = {
  route: { idealRouter: true },
  dram: { idealDram: true },
  vector: { idealVector: true },
};

export interface Counterfactual {
  cause: Cause;
  /** Cycles of the idealised run; null if it was stopped. */
  done: Promise<number | null>;
  stop(): void;
}

/** What the thread says: how far it is, and at last the cycles. */
type Message = { done: number } | { cycles: number };

/** Starts the thread; the request has been checked by then. `onDone` hears how many parts of the program are done. */
export function startCounterfactual(request: RunRequest, cause: Cause, onDone: (done: number) => void): Counterfactual {
  const worker = new Worker(new URL(import.meta.url), { workerData: { request, cause } });
  let giveUp = () => {};
  const done = new Promise<number | null>((resolve, reject) => {
    giveUp = () => resolve(null);
    worker.on("message", (message: Message) => {
      if ("cycles" in message) resolve(message.cycles);
      else onDone(message.done);
    });
    worker.once("error", reject);
  });
  done.catch(() => {}); // awaited later, or not at all when the run itself fails
  const stop = () => {
    giveUp();
    worker.terminate();
  };
  return { cause, done, stop };
}

/** The thread's side. */
async function work({ request, cause }: { request: RunRequest; cause: Cause }): Promise<void> {
  const { execute, prepare } = await import("../job.js");
  const say = (message: Message) => parentPort?.postMessage(message);
  const { engines } = await execute(prepare(request), [IDEAL[cause]], (done) => say({ done }));
  say({ cycles: engines[0].cycle });
}

if (!isMainThread && workerData?.cause !== undefined) await work(workerData);
