//
//   Remembering changes nothing: cycles, every counter, every canonical state at every cut are those of the machine that
//   simulates every clock, however small the memo is.
//

import fc from "fast-check";
import { suite } from "uvu";
import * as assert from "uvu/assert";
import { Knob } from "../../assembly/contract.js";
import type { MachineCase } from "../support/arbitraries.js";
import { everyCase, machineOf, SEED } from "../support/build.js";
import { runToEnd } from "../support/engine.js";

const law = suite("memo");
const AT = 1_000_000;

/** The case with a memo of so many KiB; 1 is as small as its channels allow. */
function remembering(one: MachineCase, kib: number): MachineCase {
  const knobs = one.knobs.slice();
  knobs[Knob.MemoKiB] = kib;
  knobs[Knob.IdealDram] = 0;
  return { ...one, knobs };
}

/** The program from beginning to end, stopped at some cycles and looked at. */
async function story(one: MachineCase, cuts: readonly number[]) {
  const machine = await machineOf(one);
  const seen: unknown[] = [];
  let from = 0;
  for (const limit of cuts) {
    const { fed, counters, cycles } = runToEnd(machine, one.program, one.depths, { from, limit });
    from = fed;
    seen.push({ counters, cycles, state: machine.canonical() });
  }
  const { cycles, counters, status } = runToEnd(machine, one.program, one.depths, { from });
  return { seen, cycles, counters, status, state: machine.canonical() };
}

law(`on, off or tiny: the same run, cut anywhere, seed ${SEED}`, async () => {
  const cuts = fc.array(fc.nat(AT), { maxLength: 5 });
  const kib = fc.constantFrom(1, 64, 4096);
  await everyCase(fc.tuple(cuts, kib), async (one, [drawn, size]) => {
    const off = remembering(one, 0);
    const { cycles } = await story(off, []);
    const limits = drawn.map((at) => Math.floor((at * cycles) / AT)).sort((a, b) => a - b);
    assert.equal(await story(remembering(one, size), limits), await story(off, limits));
  });
});

law.run();
