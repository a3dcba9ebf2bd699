//
//   A thread that does one piece of work. The module that starts it is the module that it runs.
//
//     startThread(module, task, hear) ──► Worker ──► inThread(module, work)      notes on the way, at last the answer
//

import { isMainThread, parentPort, Worker, workerData } from "node:worker_threads";
import { InputError } from "../basics/errors.js";

export interface Thread<Answer> {
  /** null if it was stopped before it answered. */
  answer: Promise<Answer | null>;
  stop(): void;
}

/** What the thread says; bad input is handed on as a line. */
type Message<Note, Answer> = { note: Note } | { answer: Answer } | { refused: string };

/** Starts `module`, its `import.meta.url`, in a thread with a task; `hear` takes its notes. */
export function startThread<Note, Answer>(module: string, task: object, hear: (note: Note) => void): Thread<Answer> {
  const worker = new Worker(new URL(module), { workerData: { module, task } });
  let giveUp = () => {};
  const answer = new Promise<Answer | null>((resolve, reject) => {
    giveUp = () => resolve(null);
    worker.on("message", (message: Message<Note, Answer>) => {
      if ("note" in message) hear(message.note);
      else if ("answer" in message) resolve(message.answer);
      else reject(new InputError(message.refused));
    });
    worker.once("error", reject);
  });
  answer.catch(() => {}); // awaited later, or not at all when the run itself fails
  const stop = () => {
    giveUp();
    worker.terminate();
  };
  return { answer, stop };
}

/** The thread's side: does the task where `module` was started in a thread, nothing elsewhere. */
export async function inThread<Task, Note, Answer>(
  module: string,
  work: (task: Task, say: (note: Note) => void) => Promise<Answer>,
): Promise<void> {
  if (isMainThread || workerData?.module !== module) return;
  const say = (message: Message<Note, Answer>) => parentPort?.postMessage(message);
  try {
    say({ answer: await work(workerData.task, (note) => say({ note })) });
  } catch (error) {
    if (!(error instanceof InputError)) throw error;
    say({ refused: error.message });
  }
}
