//
//   The accuracy of a run, measured in a thread of its own while the machine is simulated.
//

import { isMainThread, parentPort, Worker, workerData } from "node:worker_threads";
import { InputError } from "../../basics/errors.js";
import type { KvFormat } from "../../infer/kv-cache.js";
import type { Arithmetic } from "../../infer/linear.js";
import type { RunRequest } from "../../request.js";
import type { Accuracy, Result } from "../../result/result.js";

export interface Measured {
  accuracy: Accuracy;
  /** What was read for it. */
  files: Result["inputs"];
}

export interface Measurement {
  done: Promise<Measured>;
  stop(): void;
}

/** What the thread says at last; bad input is handed on as a line. */
type Message = { measured: Measured } | { refused: string };

export function startMeasurement(request: RunRequest, arithmetic: Arithmetic): Measurement {
  const worker = new Worker(new URL(import.meta.url), { workerData: { measured: request, arithmetic } });
  const done = new Promise<Measured>((resolve, reject) => {
    worker.on("message", (message: Message) => {
      if ("measured" in message) resolve(message.measured);
      else reject(new InputError(message.refused));
    });
    worker.once("error", reject);
  });
  done.catch(() => {}); // awaited later, or not at all when the run itself fails
  return { done, stop: () => void worker.terminate() };
}

/** The thread's side. */
async function work(request: RunRequest, arithmetic: Arithmetic): Promise<Measured> {
  const [{ prepare }, { measure, measurable }, { Reader }, { canRun, openKernels, readLanguageModel }, { readFormat }] =
    await Promise.all([
      import("../../job.js"),
      import("../../infer/measure.js"),
      import("../../infer/reader.js"),
      import("../../io/language-model.js"),
      import("../../io/formats.js"),
    ]);
  const { inputs, plan, played } = prepare(request);
  const format = request.weights === undefined ? null : readFormat(request.weights).format;
  const trace = measurable(inputs.trace, plan, played, format);
  const sliced = plan.codeBits === undefined;
  if (!canRun(request.model, sliced)) {
    const allowed = `allowed a folder with model.safetensors${sliced ? " and slices.safetensors" : ""}`;
    throw new InputError(`--accuracy measured: model ${request.model} has no weights; ${allowed}`);
  }
  const folder = readLanguageModel(request.model);
  const kv = arithmetic === "fp32" ? "exact" : (inputs.machine.kv.bits as KvFormat);
  const reader = new Reader(await openKernels(), folder, trace.sequenceLength, { arithmetic, kv });
  const measured = { ...measure(reader, trace, plan, played, format), arithmetic };
  const weights = sliced ? "slices" : (format?.name ?? "");
  return { accuracy: { ...measured, weights }, files: folder.files };
}

if (!isMainThread && workerData?.measured !== undefined) {
  const answer = await work(workerData.measured, workerData.arithmetic).then(
    (measured): Message => ({ measured }),
    (error: unknown): Message => {
      if (error instanceof InputError) return { refused: error.message };
      throw error;
    },
  );
  parentPort?.postMessage(answer);
}
