//
//   Every program is well-formed: on random small machines, models, plans and steps.
//

import fc from "fast-check";
import { suite } from "uvu";
import * as assert from "uvu/assert";
import { hazardFaults } from "../support/hazards.js";
import { faultsOf } from "../support/record.js";
import { describeCase, placementOf, recordOf, type ScheduleCase, scheduleCases } from "../support/schedule.js";

const test = suite("schedule: programs");
const SEED = Number(process.env.MOBISIM_SEED ?? 20261122);
const RUNS = Number(process.env.MOBISIM_RUNS ?? 400) / 4;

/** Faults of a case's program; undefined where the schedule refuses the case. */
function check(one: ScheduleCase): string[] | undefined {
  try {
    const placement = placementOf(one);
    const recorded = recordOf(one, placement);
    return [...faultsOf(recorded, one.machine, placement), ...hazardFaults(recorded, placement)];
  } catch (error) {
    if ((error as Error).name === "InputError") return undefined;
    throw error;
  }
}

test(`references, lifetimes, staging, addresses and hazards, seed ${SEED}`, () => {
  let refused = 0;
  fc.assert(
    fc.property(scheduleCases, (one) => {
      const faults = check(one);
      if (faults === undefined) refused++;
      assert.equal(faults?.slice(0, 5) ?? [], [], describeCase(one));
    }),
    { seed: SEED, numRuns: RUNS },
  );
  assert.ok(refused < RUNS / 2, `${refused} of ${RUNS} cases are refused`);
});

test.run();
