//
//   Every program is well-formed: on random small machines, models, plans and steps.
//

import fc from "fast-check";
import { suite } from "uvu";
import * as assert from "uvu/assert";
import { Field, Work } from "../../assembly/contract.js";
import { Program } from "../../src/schedule/program.js";
import { constantPlan } from "../../src/trace/plan.js";
import { hazardFaults } from "../support/hazards.js";
import { faultsOf } from "../support/record.js";
import {
  describeCase,
  llama8b,
  machineOf,
  placementOf,
  recordOf,
  type ScheduleCase,
  scheduleCases,
} from "../support/schedule.js";

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

/** Words and depths of a program; where depths lie in a supply is left out. */
function wordsOf(one: ScheduleCase, records: number): number[][] {
  const { all } = recordOf(one, placementOf(one), { records, depths: 1 << 16 });
  return all.map(({ kind, words, depths }) => {
    if (kind === Work.Route) words[Field.RouteDepths] = 0;
    return [...words, ...depths];
  });
}

test(`row tiles copied are those written record by record, seed ${SEED}`, () => {
  fc.assert(
    fc.property(scheduleCases, (one) => {
      if (check(one) === undefined) return;
      // Nothing can be copied from a supply of one record.
      assert.equal(wordsOf(one, 4096), wordsOf(one, 1), describeCase(one));
    }),
    { seed: SEED, numRuns: RUNS },
  );
});

test("a step copies most of its row tiles", () => {
  const one = {
    machine: machineOf(),
    model: llama8b(2),
    plan: constantPlan(4),
    sequences: 1,
    counts: [[1]],
    context: 3,
  };
  let copies = 0;
  const { repeat } = Program.prototype;
  Program.prototype.repeat = function (passage) {
    copies++;
    return repeat.call(this, passage);
  };
  recordOf(one);
  Program.prototype.repeat = repeat;
  const groups = (2 * (2 * 4096 + 2 * 1024 + 2 * 14336 + 4096)) / 64 / 4;
  assert.ok(copies > 0.9 * groups, `${copies} of ${groups} groups are copied`);
});

test.run();
