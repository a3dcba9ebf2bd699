//
//   Observation is apart from simulation: an observed machine does the same in the same cycles, and what it says adds up to
//   what it counted.
//

import fc from "fast-check";
import { suite } from "uvu";
import * as assert from "uvu/assert";
import { Counter } from "../../assembly/contract.js";
import { Event, Seen } from "../../assembly/events.js";
import { type Happening, type Listener, tell } from "../../src/observe/reader.js";
import type { MachineCase } from "../support/arbitraries.js";
import { everyCase, machineOf, SEED } from "../support/build.js";
import { runToEnd } from "../support/engine.js";

const law = suite("observation");

async function run(one: MachineCase, observe?: { listener: Listener; atOnce: number }) {
  const machine = await machineOf(one);
  if (observe !== undefined) machine.observe(tell([observe.listener]), observe.atOnce);
  const result = runToEnd(machine, one.program, one.depths, { chunk: 50 });
  return { ...result, state: machine.canonical() };
}

/** What a run says, as the counters it should add up to. */
class Ledger {
  readonly counters = new Array<number>(Counter.Count).fill(0);
  /** First cycle that no stretch has covered. */
  covered = 0;
  readonly gaps: string[] = [];
  readonly underway = new Set<string>();

  readonly listener: Listener = {
    [Event.Cycles]: (one) => {
      if (one.start !== this.covered) this.gaps.push(`${this.covered}..${one.start}`);
      this.covered = one.start + one.cycles;
      this.counters[one.word(Seen.Cause)] += one.cycles;
    },
    [Event.Compute]: (one) => {
      const pass = one.word(Seen.PassCycles);
      this.counters[Counter.ComputesDone]++;
      this.counters[Counter.PeActiveCycles] += pass * one.word(Seen.Active);
      this.counters[Counter.PeGatedCycles] += pass * one.word(Seen.Gated);
    },
    [Event.Route]: (one) => {
      this.counters[Counter.RouterBusyCycles] += one.cycles;
      this.counters[Counter.RouterTokens] += one.word(Seen.Tokens);
    },
    [Event.Vector]: (one) => {
      this.counters[Counter.VectorBusyCycles] += one.cycles;
      this.counters[Counter.VectorElementPasses] += one.word(Seen.Elements) * one.word(Seen.Passes);
    },
    [Event.Grant]: (one) => {
      this.counters[Counter.RunsGranted]++;
      this.counters[Counter.BytesReadSlice1 + one.word(Seen.Stream)] += one.word(Seen.Bytes);
      this.begin("run", one);
    },
    [Event.Arrival]: (one) => this.end("run", one),
    [Event.Store]: (one) => {
      this.counters[Counter.StoresGranted]++;
      this.begin("store", one);
    },
    [Event.Stored]: (one) => this.end("store", one),
  };

  private begin(what: string, one: Happening): void {
    this.underway.add(`${what} ${one.word(Seen.Number)}`);
  }

  private end(what: string, one: Happening): void {
    const name = `${what} ${one.word(Seen.Number)}`;
    if (!this.underway.delete(name)) this.gaps.push(`${name} ends before it begins`);
  }
}

/** Counters that the events tell in full. */
const TOLD = Object.values(Counter).filter(
  (counter): counter is Counter =>
    typeof counter === "number" &&
    (counter <= Counter.BytesReadEmbedding ||
      [
        Counter.RunsGranted,
        Counter.StoresGranted,
        Counter.RouterTokens,
        Counter.RouterBusyCycles,
        Counter.ComputesDone,
        Counter.PeActiveCycles,
        Counter.PeGatedCycles,
        Counter.VectorElementPasses,
        Counter.VectorBusyCycles,
      ].includes(counter)),
);

law(`an observed run is the same run, however small the book, and it says all it did, seed ${SEED}`, async () => {
  await everyCase(fc.constantFrom(1, 7, 4096), async (one, atOnce) => {
    const ledger = new Ledger();
    const expected = await run(one);
    assert.equal(await run(one, { listener: ledger.listener, atOnce }), expected);
    const told = TOLD.map((counter) => [Counter[counter], ledger.counters[counter]]);
    assert.equal(
      told,
      TOLD.map((counter) => [Counter[counter], expected.counters[counter]]),
    );
    assert.equal([ledger.gaps, ledger.covered], [[], expected.cycles]);
    if (expected.status === "quiet") assert.is(ledger.underway.size, 0);
  });
});

law.run();
