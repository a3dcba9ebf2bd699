//
//   The program supply never matters: chunks of any size, in the same cycles, give the same run.
//

import fc from "fast-check";
import { suite } from "uvu";
import * as assert from "uvu/assert";
import type { MachineCase } from "../support/arbitraries.js";
import { everyCase, machineOf, SEED } from "../support/build.js";
import { runToEnd } from "../support/engine.js";

const law = suite("supply");

async function fedBy(one: MachineCase, chunk: number) {
  const machine = await machineOf(one);
  const result = runToEnd(machine, one.program, one.depths, { chunk });
  return { ...result, state: machine.canonical() };
}

law(`chunks of 1, 2 and any number of records give the same run, seed ${SEED}`, async () => {
  await everyCase(fc.array(fc.integer({ min: 3, max: 41 }), { minLength: 2, maxLength: 2 }), async (one, some) => {
    const whole = await fedBy(one, one.program.length);
    for (const chunk of [1, 2, ...some]) assert.equal(await fedBy(one, chunk), whole, `chunks of ${chunk}`);
  });
});

law.run();
