//
//   Idealised runs: beside the run in threads or after it together, the cycles are the same; only what is needed is run.
//

import { suite } from "uvu";
import * as assert from "uvu/assert";
import { runAfter, runBeside } from "../src/idealised.js";
import { execute, prepare } from "../src/job.js";

const test = suite("idealised");
const request = {
  machine: "edge",
  model: "tiny-llama",
  trace: "decode16",
  sets: ["router.macs=4"],
  batch: 2,
  steps: 2,
};
const CAUSES = ["route", "vector"] as const;

test("threads and later runs know the same cycles, fewer than the run's", async () => {
  const job = prepare(request);
  const done: number[] = [0, 0];
  const note = (cause: number, parts: number) => {
    done[cause] = Math.max(done[cause], parts);
  };
  const beside = runBeside(request, CAUSES, () => {});
  const cycles = await runAfter(job, CAUSES, note).cycles(() => true);
  assert.equal(await beside.cycles(() => true), cycles);
  const { engines } = await execute(job, [{}], () => {});
  for (const cause of CAUSES) assert.ok((cycles[cause] ?? 0) > 0 && (cycles[cause] ?? 0) < engines[0].cycle, cause);
  assert.equal(done, [18, 18], "8 layers and lm_head, twice");
});

test("a cause that the array never waited for is not run; what was stopped is not known", async () => {
  const job = prepare(request);
  const never = () => assert.unreachable("nothing is to be run");
  assert.equal(await runAfter(job, CAUSES, never).cycles(() => false), {});
  const stopped = runAfter(job, CAUSES, never);
  stopped.stop();
  assert.equal(await stopped.cycles((cause) => cause === "route"), { route: null });
  const beside = runBeside(request, CAUSES, () => {});
  assert.equal(Object.keys(await beside.cycles((cause) => cause === "vector")), ["vector"]);
  const unknown = runBeside(request, CAUSES, () => {});
  unknown.stop();
  assert.equal(await unknown.cycles(() => true), { route: null, vector: null });
});

test.run();
