//
//   Workers, as many as jobs: each takes the next task as soon as it is free.
//

import { type ChildProcess, fork } from "node:child_process";
import { once } from "node:events";
import { fileURLToPath } from "node:url";
import type { Outcome, Task } from "./worker.js";

const WORKER = fileURLToPath(new URL("./worker.js", import.meta.url));
/** asc keeps a little of every program. */
const TASKS_OF_A_WORKER = 200;

export async function forEachTask(
  project: string,
  jobs: number,
  tasks: readonly Task[],
  done: (task: Task, outcome: Outcome) => void,
): Promise<void> {
  let next = 0;
  const job = async () => {
    while (next < tasks.length) {
      const worker = fork(WORKER, [project]);
      for (let n = 0; n < TASKS_OF_A_WORKER && next < tasks.length; n++) {
        const task = tasks[next++];
        done(task, await answer(worker, task));
      }
      worker.disconnect();
      await once(worker, "exit");
    }
  };
  await Promise.all(Array.from({ length: Math.min(jobs, tasks.length) }, job));
}

async function answer(worker: ChildProcess, task: Task): Promise<Outcome> {
  const gone = new AbortController();
  const left = once(worker, "exit", { signal: gone.signal }).then(() => {
    throw new Error(`a worker ended at ${task.mutant?.id ?? task.file}`);
  });
  worker.send(task);
  try {
    const [outcome] = await Promise.race([once(worker, "message", { signal: gone.signal }), left]);
    return outcome as Outcome;
  } finally {
    left.catch(() => {});
    gone.abort();
  }
}
