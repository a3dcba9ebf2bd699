//
//   A pool of threads that run points, one a core unless told otherwise.
//

import { availableParallelism } from "node:os";
import type { RunRequest } from "../request.js";
import { type Evaluation, LAG } from "../sweep/session.js";

export interface Pool {
  readonly workers: number;
  evaluate(request: RunRequest): Promise<Evaluation>;
  /** Ends the threads, whatever they do. */
  close(): Promise<void>;
}

export async function openPool(workers = availableParallelism()): Promise<Pool> {
  const { Piscina } = await import("piscina");
  const threads = Math.min(workers, LAG);
  const filename = new URL("../commands/sweep/worker.js", import.meta.url).href;
  const pool = new Piscina<RunRequest, Evaluation>({ filename, minThreads: threads, maxThreads: threads });
  return {
    workers: threads,
    evaluate: (request) => pool.run(request),
    close: () => pool.destroy(),
  };
}
