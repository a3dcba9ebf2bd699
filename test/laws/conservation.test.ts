//
//   Nothing is lost and nothing appears: the equations of docs/machine.md section 11, and what a program alone determines,
//   on random machines. Every counter is in at least one of them: a new one without a law fails the last test.
//

import fc from "fast-check";
import { suite } from "uvu";
import * as assert from "uvu/assert";
import { Counter, Dram, DramKind, Field, Knob, Stream, Work } from "../../assembly/contract.js";
import type { MachineCase } from "../support/arbitraries.js";
import { everyCase, machineOf, SEED } from "../support/build.js";
import { runToEnd } from "../support/engine.js";

const law = suite(`conservation, seed ${SEED}`);

interface Finished extends MachineCase {
  cycles: number;
  of(...counters: Counter[]): number;
}

const inALaw = new Set<Counter>();

/** An equation or a bound on every random case; the counters it reads are then in a law. */
function equation(name: string, holds: (run: Finished) => void): void {
  law(name, () =>
    everyCase(fc.constant(0), async (one) => {
      const { cycles, counters, status } = runToEnd(await machineOf(one), one.program, one.depths);
      assert.is(status, "quiet");
      const of = (...named: Counter[]) => {
        for (const counter of named) inALaw.add(counter);
        return named.reduce((sum, counter) => sum + counters[counter], 0);
      };
      holds({ ...one, cycles, of });
    }),
  );
}

function range(first: Counter, last: Counter): Counter[] {
  return Array.from({ length: last - first + 1 }, (_, i) => first + i);
}

const READ_BYTES = range(Counter.BytesReadSlice1, Counter.BytesReadEmbedding);
const WRITTEN_BYTES = [Counter.BytesWrittenKv, Counter.BytesWrittenActivations];

/** Records of a kind, in program order. */
function records({ program }: MachineCase, kind: Work): Int32Array[] {
  return program.filter((words) => words[Field.Kind] === kind);
}

function total<T>(items: readonly T[], value: (item: T) => number): number {
  return items.reduce((sum, item) => sum + value(item), 0);
}

// ---- what the depths say -------------------------------------------------------------------------------------------

/** Depths of the tokens of the route that a record names in `field`; undefined when it names none. */
function depthsOf({ program, depths }: MachineCase, words: Int32Array, field: Field): number[] | undefined {
  if (words[field] === 0) return undefined;
  const before = program.slice(0, program.indexOf(words)).filter((each) => each[Field.Kind] === Work.Route);
  const route = before[before.length - words[field]];
  return [...depths.slice(route[Field.RouteDepths], route[Field.RouteDepths] + route[Field.RouteTokens])];
}

/** Fetch and Compute records that some token wants. */
function wanted(one: MachineCase, kind: Work.Fetch | Work.Compute): Int32Array[] {
  const [route, slice] =
    kind === Work.Fetch ? [Field.FetchRoute, Field.FetchSlice] : [Field.ComputeRoute, Field.ComputeSlice];
  return records(one, kind).filter(
    (words) => depthsOf(one, words, route)?.some((depth) => depth >= words[slice]) ?? true,
  );
}

// ---- what a Compute record does ------------------------------------------------------------------------------------

/** Passes, columns and PEs of a record that runs: section 5's P, X, A and H. */
function extent(one: MachineCase, words: Int32Array) {
  const depths = depthsOf(one, words, Field.ComputeRoute);
  if (words[Field.ComputeInputs] === 0) return { passes: 0, columns: 0, active: 0, gated: 0 };
  if (depths === undefined) {
    const [passes, columns] = [words[Field.ComputePasses], words[Field.ComputePassColumns]];
    return { passes, columns, active: words[Field.ComputeRowColumns], gated: 0 };
  }
  const width = one.knobs[Knob.ArrayColumns];
  const groups = Array.from({ length: Math.ceil(depths.length / width) }, (_, i) =>
    depths.slice(i * width, (i + 1) * width),
  ).filter((group) => group.some((depth) => depth >= words[Field.ComputeSlice]));
  const columns = depths.filter((depth) => depth >= words[Field.ComputeSlice]).length;
  const present = total(groups, (group) => group.length);
  const rows = words[Field.ComputeRows];
  return { passes: groups.length, columns, active: rows * columns, gated: rows * (present - columns) };
}

/** Cycles of one pass, told group by group. */
function passCycles({ knobs }: MachineCase, words: Int32Array): number {
  const lanes = knobs[Knob.ArrayLanes];
  const activations = knobs[Knob.ArrayColumns] * lanes * knobs[Knob.ActivationBits];
  const port = Math.ceil(activations / knobs[Knob.ActivationPortBits]);
  const step = Math.max(words[Field.ComputeTerms], weightCycles(knobs, words), port);
  const dequant = words[Field.ComputeDequants] * knobs[Knob.DequantCycles];
  let cycles = 0;
  for (let left = words[Field.ComputeInputs]; left > 0; left -= groupOf(words)) {
    cycles += Math.max(Math.ceil(Math.min(left, groupOf(words)) / lanes) * step, dequant);
  }
  return cycles;
}

function weightCycles(knobs: Int32Array, words: Int32Array): number {
  const bits = words[Field.ComputeCodeBits] * knobs[Knob.ArrayRows] * knobs[Knob.ArrayLanes];
  return Math.ceil(bits / knobs[Knob.WeightPortBits]);
}

const groupOf = (words: Int32Array) => words[Field.ComputeGroup] || words[Field.ComputeInputs];

// ---- the core ------------------------------------------------------------------------------------------------------

equation("every cycle has one cause, every PE-cycle one use", ({ knobs, cycles, of }) => {
  assert.is(of(...range(Counter.CyclesBusy, Counter.CyclesDrain)), cycles);
  const pes = knobs[Knob.ArrayRows] * knobs[Knob.ArrayColumns];
  assert.is(of(Counter.PeActiveCycles, Counter.PeGatedCycles, Counter.PeUnusedCycles), pes * of(Counter.CyclesBusy));
});

equation("every record is done or dropped", (run) => {
  assert.is(run.of(Counter.RunsGranted, Counter.RunsDropped), records(run, Work.Fetch).length);
  assert.is(run.of(Counter.ComputesDone, Counter.ComputesDropped), records(run, Work.Compute).length);
  assert.is(run.of(Counter.RunsGranted), wanted(run, Work.Fetch).length, "a run is granted if a token wants it");
  assert.is(run.of(Counter.ComputesDone), wanted(run, Work.Compute).length, "and so is a pass");
  assert.is(run.of(Counter.VectorOps), records(run, Work.Vector).length);
  assert.is(run.of(Counter.StoresGranted), records(run, Work.Store).length);
  assert.is(run.of(Counter.RoutesDone), records(run, Work.Route).length);
});

equation("the router decides every token once", (run) => {
  const { knobs, cycles, of } = run;
  const routes = records(run, Work.Route);
  const hidden = knobs[Knob.RouterHidden];
  const out = hidden * (knobs[Knob.Slices] - 1);
  const macs = knobs[Knob.RouterMacs];
  assert.is(
    of(Counter.RouterTokens),
    total(routes, (words) => words[Field.RouteTokens]),
  );
  assert.is(
    of(Counter.RouterMacs),
    total(routes, (words) => words[Field.RouteTokens] * (words[Field.RouteInputs] * hidden + out)),
  );
  const token = (words: Int32Array) =>
    Math.ceil((words[Field.RouteInputs] * hidden) / macs) + Math.ceil(out / macs) + knobs[Knob.RouterPipelineCycles];
  const busy = total(routes, (words) => (knobs[Knob.IdealRouter] ? 1 : words[Field.RouteTokens] * token(words)));
  assert.is(of(Counter.RouterBusyCycles), busy);
  assert.ok(busy <= cycles);
});

equation("the vector unit works as long as its ops are", (run) => {
  const { knobs, cycles, of } = run;
  const ops = records(run, Work.Vector);
  const beats = (words: Int32Array) => Math.ceil(words[Field.VectorElements] / knobs[Knob.VectorLanes]);
  const length = (words: Int32Array) => beats(words) * words[Field.VectorPasses] + knobs[Knob.VectorStartupCycles];
  assert.is(
    of(Counter.VectorElementPasses),
    total(ops, (words) => words[Field.VectorElements] * words[Field.VectorPasses]),
  );
  assert.is(
    of(Counter.VectorBusyCycles),
    total(ops, (words) => (knobs[Knob.IdealVector] ? 1 : length(words))),
  );
  assert.ok(of(Counter.VectorBusyCycles) <= cycles);
});

equation("the array does the passes that somebody wants", (run) => {
  const { knobs, of } = run;
  const sum = (value: (words: Int32Array, its: ReturnType<typeof extent>) => number) =>
    total(wanted(run, Work.Compute), (words) => value(words, extent(run, words)));
  const steps = (words: Int32Array) => Math.ceil(words[Field.ComputeInputs] / knobs[Knob.ArrayLanes]);
  const groups = (words: Int32Array) => Math.ceil(words[Field.ComputeInputs] / Math.max(1, groupOf(words)));
  const weights = (words: Int32Array) =>
    words[Field.ComputeRoutedWeights] ? words[Field.ComputeRows] * words[Field.ComputeInputs] : 0;
  const expected: [Counter, number][] = [
    [Counter.Passes, sum((_, { passes }) => passes)],
    [Counter.CyclesBusy, sum((words, { passes }) => Math.max(1, passes * passCycles(run, words)))],
    [Counter.PeActiveCycles, sum((words, { active }) => active * passCycles(run, words))],
    [Counter.PeGatedCycles, sum((words, { gated }) => gated * passCycles(run, words))],
    [Counter.WeightPortReads, sum((words, { passes }) => passes * steps(words) * weightCycles(knobs, words))],
    [Counter.ActivationBankReads, sum((words, { columns }) => columns * steps(words))],
    [Counter.Accumulations, sum((words, { active }) => active * groups(words))],
    [Counter.Dequantizations, sum((words, { active }) => active * groups(words) * words[Field.ComputeDequants])],
    [Counter.SumAdds, sum((words, { columns }) => words[Field.ComputeSumAdds] * columns * words[Field.ComputeInputs])],
    [Counter.RoutedWeightPasses, sum((words, { passes }) => passes * weights(words))],
    [
      Counter.RoutedWeights,
      sum((words, { passes }) => (words[Field.ComputeSlice] === 1 ? passes * weights(words) : 0)),
    ],
  ];
  for (const [counter, value] of expected) assert.is(of(counter), value, Counter[counter]);
});

// ---- bytes and transactions ----------------------------------------------------------------------------------------

equation("every byte that is wanted is fetched once, every byte stored is written once", (run) => {
  const { of } = run;
  for (let stream = 0; stream < Stream.Count; stream++) {
    const runs = wanted(run, Work.Fetch).filter((words) => words[Field.FetchStream] === stream);
    assert.is(
      of(Counter.BytesReadSlice1 + stream),
      total(runs, (words) => words[Field.FetchBytes]),
      Stream[stream],
    );
  }
  const written = (isKv: boolean) =>
    total(
      records(run, Work.Store).filter((words) => (words[Field.StoreStream] === Stream.Kv) === isKv),
      (words) => words[Field.StoreBytes],
    );
  assert.is(of(Counter.BytesWrittenKv), written(true));
  assert.is(of(Counter.BytesWrittenActivations), written(false));
});

equation("bytes are transactions less padding, every transaction is answered once", ({ knobs, device, of }) => {
  const size = device[Dram.TransactionBytes];
  assert.is(of(Counter.TransactionsRead) * size, of(...READ_BYTES, Counter.BytesReadPadding));
  assert.is(of(Counter.TransactionsWritten) * size, of(...WRITTEN_BYTES, Counter.BytesWrittenPadding));
  assert.ok(of(Counter.BytesReadPadding) < 2 * size * of(Counter.RunsGranted) + 1);
  assert.ok(of(Counter.BytesWrittenPadding) < 2 * size * of(Counter.StoresGranted) + 1);
  const seen = knobs[Knob.IdealDram] ? 0 : 1; // ideal channels see nothing
  assert.is(of(Counter.DramRead, Counter.DramForwarded), seen * of(Counter.TransactionsRead));
  assert.is(of(Counter.DramWrite, Counter.DramMerged), seen * of(Counter.TransactionsWritten));
});

// ---- DRAM ----------------------------------------------------------------------------------------------------------

/** Memory clocks that a channel has processed when the run is over. */
function clocks({ knobs, cycles }: Finished): number {
  return Math.ceil((cycles * knobs[Knob.CorePeriod]) / knobs[Knob.MemoryPeriod]);
}

equation("a request is a hit, a miss or a conflict; a row is opened for one of the latter", ({ of }) => {
  const { DramRowHits, DramRowMisses, DramRowConflicts } = Counter;
  assert.is(of(DramRowHits, DramRowMisses, DramRowConflicts), of(Counter.DramRead, Counter.DramWrite));
  assert.ok(of(DramRowMisses) <= of(Counter.DramAct));
  assert.ok(of(Counter.DramAct) <= of(DramRowMisses, DramRowConflicts));
  assert.ok(of(DramRowConflicts) <= of(Counter.DramPre));
});

equation("a bank that is closed was open", ({ device, of }) => {
  const groups = device[Dram.PseudoChannels] * device[Dram.Sids] * device[Dram.BankGroups];
  const banks = groups * device[Dram.BanksPerGroup];
  const leftOpen = of(Counter.DramAct) - of(Counter.DramPre); // by PRE; a PREA closes one at least, all at most
  assert.ok(leftOpen >= of(Counter.DramPreAll));
  assert.ok(leftOpen <= banks * (of(Counter.DramPreAll) + device[Dram.Channels]));
});

equation("no refresh before it is due, no PREA without one", (run) => {
  const { device, of } = run;
  const [period, channels] = [device[Dram.RefreshClocks], device[Dram.Channels]];
  const scopes = device[Dram.PseudoChannels]; // each refreshed by itself
  const late = (channel: number) => clocks(run) - channel * device[Dram.RefreshStagger];
  const due = Array.from({ length: channels }, (_, i) =>
    period === 0 ? 0 : Math.max(0, Math.floor(late(i) / period)),
  );
  assert.ok(of(Counter.DramRefresh, Counter.DramRefreshBank) <= scopes * total(due, (each) => each));
  assert.ok(of(Counter.DramPreAll) <= of(Counter.DramRefresh) + (period === 0 ? 0 : scopes * channels));
  assert.is(of(device[Dram.RefreshPerBank] === 1 ? Counter.DramRefresh : Counter.DramRefreshBank), 0);
});

equation("LPDDR5 activates in two steps and syncs WCK before an access; nobody else does", ({ device, of }) => {
  const second = device[Dram.Kind] === DramKind.Lpddr5 ? of(Counter.DramAct) : 0;
  assert.is(of(Counter.DramAct2), second);
  assert.ok(of(Counter.DramCasRead) <= of(Counter.DramRead));
  assert.ok(of(Counter.DramCasWrite) <= of(Counter.DramWrite));
  if (second === 0) assert.is(of(Counter.DramCasRead, Counter.DramCasWrite), 0);
});

equation("a read takes its latency at least, a forwarded one a clock", (run) => {
  const { device, of } = run;
  const least = of(Counter.DramForwarded) + of(Counter.DramRead) * (device[Dram.ReadLatency] + 1);
  assert.ok(of(Counter.DramReadLatency) >= least);
  const most = of(Counter.DramRead, Counter.DramForwarded) * clocks(run);
  assert.ok(of(Counter.DramReadLatency) <= most);
});

law("every counter is in a law", () => {
  const names = Array.from({ length: Counter.Count }, (_, counter) => counter as Counter);
  assert.equal(
    names.filter((counter) => !inALaw.has(counter)).map((counter) => Counter[counter]),
    [],
  );
});

law.run();
