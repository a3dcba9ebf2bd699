//
//   A pool of threads that do one kind of task, one a core unless told otherwise.
//

import { availableParallelism } from "node:os";

interface Pool<Task, Answer> {
  readonly workers: number;
  run(task: Task): Promise<Answer>;
  /** Ends the threads, whatever they do. */
  close(): Promise<void>;
}

/** `module` answers a task by its default export; `most`: threads that would find something to do. */
export async function openPool<Task, Answer>(
  module: URL,
  most: number,
  workers = availableParallelism(),
): Promise<Pool<Task, Answer>> {
  const { Piscina } = await import("piscina");
  const threads = Math.min(workers, most);
  const pool = new Piscina<Task, Answer>({ filename: module.href, minThreads: threads, maxThreads: threads });
  return { workers: threads, run: (task) => pool.run(task), close: () => pool.destroy() };
}
