//
//   The oracle on random machines: what every run obeys (docs/machine.md, section 11). The seed is in the suite's name.

import fc from "fast-check";
import { suite } from "uvu";
import * as assert from "uvu/assert";
import { Counter, Dram, Field, Knob, Work } from "../../assembly/contract.js";
import { caseArbitrary, describeCase, type MachineCase, stuckCaseArbitrary } from "../support/arbitraries.js";
import { OracleMachine, type OracleResult } from "./machine.js";

const SEED = 20240611;
const CASES = 300;
const MAX_CYCLES = 1_000_000;

const random = suite(`oracle on ${CASES} random machines, seed ${SEED}`);

function check(property: (each: MachineCase, result: OracleResult) => void, cases = caseArbitrary()): void {
  fc.assert(
    fc.property(cases, (each) => {
      const result = new OracleMachine(each.knobs, each.device).run(each.program, each.depths, {
        maxCycles: MAX_CYCLES,
      });
      try {
        property(each, result);
      } catch (error) {
        throw new Error(`${(error as Error).message}\n${describeCase(each)}`);
      }
    }),
    { seed: SEED, numRuns: CASES },
  );
}

function sum(counters: Float64Array, first: Counter, last: Counter): number {
  return counters.subarray(first, last + 1).reduce((all, value) => all + value, 0);
}

random("well-formed programs finish", () => {
  check((_, result) => assert.is(result.status, "quiet"));
});

random("every cycle has one cause, every PE-cycle one use", () => {
  check(({ knobs }, { counters, cycles }) => {
    assert.is(sum(counters, Counter.CyclesBusy, Counter.CyclesDrain), cycles);
    const uses = sum(counters, Counter.PeActiveCycles, Counter.PeUnusedCycles);
    assert.is(uses, knobs[Knob.ArrayRows] * knobs[Knob.ArrayColumns] * counters[Counter.CyclesBusy]);
    for (const busy of [Counter.RouterBusyCycles, Counter.VectorBusyCycles]) assert.ok(counters[busy] <= cycles);
  });
});

random("bytes are transactions less padding, transactions are answered", () => {
  check(({ knobs, device: memory }, { counters }) => {
    const size = memory[Dram.TransactionBytes];
    const read = sum(counters, Counter.BytesReadSlice1, Counter.BytesReadEmbedding);
    const written = counters[Counter.BytesWrittenKv] + counters[Counter.BytesWrittenActivations];
    assert.is(counters[Counter.TransactionsRead] * size, read + counters[Counter.BytesReadPadding]);
    assert.is(counters[Counter.TransactionsWritten] * size, written + counters[Counter.BytesWrittenPadding]);
    const isIdeal = knobs[Knob.IdealDram] === 1;
    const reads = isIdeal ? 0 : counters[Counter.TransactionsRead];
    const writes = isIdeal ? 0 : counters[Counter.TransactionsWritten];
    assert.is(reads, counters[Counter.DramRead] + counters[Counter.DramForwarded]);
    assert.is(writes, counters[Counter.DramWrite] + counters[Counter.DramMerged]);
  });
});

random("every request is a hit, a miss or a conflict", () => {
  check((_, { counters }) => {
    const classified = sum(counters, Counter.DramRowHits, Counter.DramRowConflicts);
    assert.is(classified, counters[Counter.DramRead] + counters[Counter.DramWrite]);
    const opened = counters[Counter.DramRowMisses] + counters[Counter.DramRowConflicts];
    assert.ok(counters[Counter.DramAct] <= opened);
  });
});

random("every record is done or dropped", () => {
  check(({ program }, { counters }) => {
    const records = (kind: Work) => program.filter((words) => words[Field.Kind] === kind).length;
    assert.is(counters[Counter.RunsGranted] + counters[Counter.RunsDropped], records(Work.Fetch));
    assert.is(counters[Counter.ComputesDone] + counters[Counter.ComputesDropped], records(Work.Compute));
    assert.is(counters[Counter.RoutesDone], records(Work.Route));
    assert.is(counters[Counter.VectorOps], records(Work.Vector));
    assert.is(counters[Counter.StoresGranted], records(Work.Store));
  });
});

random("the order of the units does not matter", () => {
  check(({ knobs, device: memory, program, depths }, result) => {
    const other = knobs.slice();
    other[Knob.StepOrder] = 119 - knobs[Knob.StepOrder];
    assert.equal(new OracleMachine(other, memory).run(program, depths), result);
  });
});

random("a limit stops exactly there, and the cycles before it are the same", () => {
  check(({ knobs, device: memory, program, depths }, whole) => {
    const maxCycles = Math.floor(whole.cycles / 2);
    const half = new OracleMachine(knobs, memory).run(program, depths, { maxCycles });
    assert.is(half.cycles, maxCycles);
    assert.ok(half.counters.every((value, counter) => value <= whole.counters[counter]));
  });
});

random("spoilt programs finish or are stuck, never anything else", () => {
  let stuck = 0;
  check((_, result) => {
    assert.is.not(result.status, "limit");
    if (result.status === "stuck") stuck++;
  }, stuckCaseArbitrary());
  assert.ok(stuck > CASES / 4);
});

random.run();
