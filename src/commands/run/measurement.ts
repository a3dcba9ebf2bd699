//
//   The accuracy of a run, measured in a thread of its own while the machine is simulated.
//

import { InputError } from "../../basics/errors.js";
import type { KvFormat } from "../../infer/kv-cache.js";
import type { Arithmetic } from "../../infer/linear.js";
import { inThread, startThread, type Thread } from "../../io/thread.js";
import type { RunRequest } from "../../request.js";
import type { Accuracy, Result } from "../../result/result.js";

interface Measured {
  accuracy: Accuracy;
  /** What was read for it. */
  files: Result["inputs"];
}

/** What the thread is asked. */
interface Task {
  request: RunRequest;
  arithmetic: Arithmetic;
}

export function startMeasurement(request: RunRequest, arithmetic: Arithmetic): Thread<Measured> {
  const task: Task = { request, arithmetic };
  return startThread<never, Measured>(import.meta.url, task, () => {});
}

/** The thread's side. */
async function work({ request, arithmetic }: Task): Promise<Measured> {
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

await inThread(import.meta.url, work);
