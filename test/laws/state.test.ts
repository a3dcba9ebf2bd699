//
//   load(canonical(state)) then continue == continue, at random cuts, also at another cycle of the same clock phase; and a
//   cut leaves no trace.
//

import fc from "fast-check";
import { suite } from "uvu";
import * as assert from "uvu/assert";
import { Knob } from "../../assembly/contract.js";
import type { Machine } from "../../src/wasm/machine.js";
import { type MachineCase, stuckCaseArbitrary } from "../support/arbitraries.js";
import { everyCase, machineOf, SEED } from "../support/build.js";
import { differences, runToEnd } from "../support/engine.js";

const law = suite("canonical state");
const AT = 1_000_000;

const twoCuts = fc.tuple(fc.nat(AT), fc.nat(AT)).map((cuts) => cuts.sort((a, b) => a - b));
/** Memory periods between cycle 0 and the first cycle of the cut's phase that the loaded machine calls now. */
const shift = fc.oneof(fc.constant(0), fc.nat(1000), fc.constant(1_000_000_007));

/** A machine on its way through a case whose records before `from` are behind it. */
class Journey {
  private fed: number;

  constructor(
    readonly machine: Machine,
    private readonly one: MachineCase,
    private readonly from = 0,
  ) {
    this.fed = from;
  }

  /** Records of the program that the sequencer has taken. */
  get taken(): number {
    return this.from + this.machine.taken;
  }

  stopAt(limit: number): void {
    const { machine, one, fed } = this;
    this.fed = runToEnd(machine, one.program, one.depths, { from: fed, limit }).fed;
  }

  finish() {
    const { machine, one, fed } = this;
    const { cycles, counters, status } = runToEnd(machine, one.program, one.depths, { from: fed });
    return { cycles, counters, status, state: machine.canonical() };
  }
}

const begin = async (one: MachineCase) => new Journey(await machineOf(one), one);

function sum(first: readonly number[], second: readonly number[]): number[] {
  return first.map((value, counter) => value + second[counter]);
}

async function continues(one: MachineCase, cuts: readonly number[], periods: number): Promise<void> {
  const whole = (await begin(one)).finish();
  const [cut, later] = cuts.map((at) => Math.floor((at * whole.cycles) / AT));
  const original = await begin(one);
  original.stopAt(cut);
  const [before, state] = [original.machine.counters(), original.machine.canonical()];

  const memoryPeriod = one.knobs[Knob.MemoryPeriod];
  const now = (cut % memoryPeriod) + periods * memoryPeriod;
  const loaded = new Journey(await machineOf(one), one, original.taken);
  loaded.machine.load(state, now);
  assert.equal(loaded.machine.canonical(), state, "the state is what was loaded");
  assert.is(loaded.machine.cycle, now);

  original.stopAt(later);
  loaded.stopAt(now + later - cut);
  assert.is(loaded.taken, original.taken, "both have taken the same records");
  assert.equal(loaded.machine.canonical(), original.machine.canonical(), "the states at a later cut are equal");

  const end = loaded.finish();
  assert.is(end.status, whole.status);
  if (whole.status === "stuck") return;
  assert.equal(differences(sum(before, end.counters), whole.counters), [], "counters of the halves add up");
  assert.equal(end.state, whole.state, "the final states are equal");
  assert.is(end.cycles - now, whole.cycles - cut, "the same cycles are left");
}

law(`a machine loaded from a cut goes on like the original, seed ${SEED}`, async () => {
  await everyCase(fc.tuple(twoCuts, shift), (one, [cuts, periods]) => continues(one, cuts, periods));
});

law(`also when it gets stuck, seed ${SEED}`, async () => {
  await everyCase(
    fc.tuple(twoCuts, shift),
    (one, [cuts, periods]) => continues(one, cuts, periods),
    stuckCaseArbitrary(),
  );
});

law(`a run cut at random limits ends like the uncut one, seed ${SEED}`, async () => {
  await everyCase(fc.array(fc.nat(AT), { minLength: 1, maxLength: 8 }), async (one, cuts) => {
    const whole = (await begin(one)).finish();
    const journey = await begin(one);
    for (const at of cuts.sort((a, b) => a - b)) {
      const limit = Math.floor((at * whole.cycles) / AT);
      journey.stopAt(limit);
      assert.is(journey.machine.cycle, limit, "a limit stops exactly there");
      journey.machine.canonical();
    }
    assert.equal(journey.finish(), whole);
  });
});

law.run();
