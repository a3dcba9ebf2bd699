//
//   The engine equals the oracle: total cycles and every counter, on random machines, devices and programs.
//

import fc from "fast-check";
import { suite } from "uvu";
import * as assert from "uvu/assert";
import { Machine } from "../../src/wasm/machine.js";
import { OracleMachine } from "../oracle/machine.js";
import { caseArbitrary, describeCase, type MachineCase, stuckCaseArbitrary } from "../support/arbitraries.js";
import { differences, engine, runToEnd } from "../support/engine.js";

const law = suite("engine == oracle");
const SEED = Number(process.env.MOBISIM_SEED ?? 20261122);
const RUNS = Number(process.env.MOBISIM_RUNS ?? 400);

async function compare(build: "debug" | "release", one: MachineCase): Promise<void> {
  const want = new OracleMachine(one.knobs, one.device).run(one.program, one.depths);
  const got = runToEnd(new Machine(await engine(build), one.knobs, one.device), one.program, one.depths);
  const what = `${describeCase(one)}\n`;
  assert.is(got.status, want.status, `${what}status`);
  if (want.status === "stuck") return;
  assert.equal(differences(got.counters, want.counters), [], `${what}counters`);
  assert.is(got.cycles, want.cycles, `${what}cycles`);
}

for (const build of ["debug", "release"] as const) {
  law(`cycles and every counter, ${build} build, seed ${SEED}`, async () => {
    await fc.assert(
      fc.asyncProperty(caseArbitrary(), (one) => compare(build, one)),
      { seed: SEED, numRuns: RUNS },
    );
  });
}

law(`a program that cannot progress is stuck in both, seed ${SEED}`, async () => {
  await fc.assert(
    fc.asyncProperty(stuckCaseArbitrary(), (one) => compare("debug", one)),
    { seed: SEED, numRuns: RUNS / 4 },
  );
});

law.run();
