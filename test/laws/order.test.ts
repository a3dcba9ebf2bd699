//
//   The order in which the five units decide inside a cycle never matters.
//

import fc from "fast-check";
import { suite } from "uvu";
import * as assert from "uvu/assert";
import { Knob } from "../../assembly/contract.js";
import type { MachineCase } from "../support/arbitraries.js";
import { everyCase, machineOf, SEED } from "../support/build.js";
import { runToEnd } from "../support/engine.js";

const law = suite("step order");
const ORDERS = 120;

async function inOrder(one: MachineCase, order: number) {
  const knobs = one.knobs.slice();
  knobs[Knob.StepOrder] = order;
  const machine = await machineOf({ ...one, knobs });
  const result = runToEnd(machine, one.program, one.depths);
  return { ...result, state: machine.canonical() };
}

law(`four of the ${ORDERS} orders and one more as its reverse give the same run, seed ${SEED}`, async () => {
  const orders = fc.array(fc.nat(ORDERS - 1), { minLength: 4, maxLength: 4 });
  await everyCase(orders, async (one, [first, ...others]) => {
    const expected = await inOrder(one, first);
    for (const order of [...others, ORDERS - 1 - first]) {
      assert.equal(await inOrder(one, order), expected, `order ${order} is not order ${first}`);
    }
  });
});

law.run();
