//
//   Debug and release build, and the same build twice: the same run.
//

import fc from "fast-check";
import { suite } from "uvu";
import * as assert from "uvu/assert";
import type { MachineCase } from "../support/arbitraries.js";
import { everyCase, machineOf, SEED } from "../support/build.js";
import { type Build, runToEnd } from "../support/engine.js";

const law = suite("builds");

/** A run with the states in its middle and at its end. */
async function told(one: MachineCase, build: Build, middle: number) {
  const machine = await machineOf(one, build);
  const { fed } = runToEnd(machine, one.program, one.depths, { limit: middle });
  const state = machine.canonical();
  return { ...runToEnd(machine, one.program, one.depths, { from: fed }), state, end: machine.canonical() };
}

law(`debug and release hash equal, and so does the same build twice, seed ${SEED}`, async () => {
  await everyCase(fc.nat(400), async (one, middle) => {
    const debug = await told(one, "debug", middle);
    assert.equal(await told(one, "release", middle), debug, "release is not debug");
    assert.equal(await told(one, "debug", middle), debug, "debug twice");
  });
});

law.run();
