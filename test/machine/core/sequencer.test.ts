//
//   Sequencer: records are dispatched in program order until one does not fit; room that opens in a cycle is used in that
//   cycle, and the unit sees the record in the next. Runs arrive, routes are decided one cycle after they begin.
//

import { suite } from "uvu";
import * as assert from "uvu/assert";
import { Counter, Release } from "../../../assembly/contract.js";
import { compute, demand, fetch, firstCycle, type Knobs, route, simulate, store, vector } from "../../support/build.js";

const gate = suite("sequencer");
const IDEAL = { IdealDram: 1, IdealRouter: 1 };

const when = (counter: Counter, value: number, program: Int32Array[], knobs: Knobs = {}) =>
  firstCycle(counter, value, program, { knobs: { ...IDEAL, ...knobs }, depths: [2, 2] });

gate("an empty program is over at cycle 0", async () => {
  assert.is((await simulate([])).cycles, 0);
});

gate("any number of records is dispatched in a cycle", async () => {
  const program = [...Array.from({ length: 500 }, () => vector(16)), fetch()];
  assert.is(await when(Counter.RunsGranted, 1, program), 1);
});

gate("a queue holds QueueDepth records, and stops all that follow", async () => {
  const program = [vector(16), vector(16), fetch()];
  assert.is(await when(Counter.VectorOps, 2, program, { QueueDepth: 2 }), 1 + 2 * 13);
  assert.is(await when(Counter.VectorOps, 2, program, { QueueDepth: 1 }), 1 + 13 + 1 + 13);
  assert.is(await when(Counter.RunsGranted, 1, program, { QueueDepth: 2 }), 1);
  assert.is(await when(Counter.RunsGranted, 1, program, { QueueDepth: 1 }), 1 + 13 + 1); // popped in 14, seen in 15
});

gate("every queue has its own depth", async () => {
  const one = [fetch(), demand(), route(1), compute(4), vector(16)];
  assert.is((await simulate(one, { knobs: { ...IDEAL, QueueDepth: 1 } })).status, "quiet");
  assert.is(await when(Counter.RunsGranted, 2, [fetch(), fetch()], { QueueDepth: 1 }), 2); // popped in 1
  assert.is(await when(Counter.RunsGranted, 2, [demand(), demand()], { QueueDepth: 1 }), 2);
  assert.is(await when(Counter.StoresGranted, 2, [store(), store()], { QueueDepth: 1 }), 2);
  assert.is(await when(Counter.RoutesDone, 2, [route(1), route(1)], { QueueDepth: 1 }), 2 + 2);
  assert.is(await when(Counter.RoutesDone, 2, [route(1), route(1)], { QueueDepth: 2 }), 2 + 1);
  assert.is(await when(Counter.ComputesDone, 2, [compute(4), compute(4)], { QueueDepth: 1 }), 2 + 2);
  assert.is(await when(Counter.ComputesDone, 2, [compute(4), compute(4)], { QueueDepth: 2 }), 2 + 1);
});

// ---- run table -------------------------------------------------------------------------------------------------------

gate("RunTableEntries runs are dispatched and unretired", async () => {
  const program = [fetch(), vector(16, { VectorRun: 1 }), fetch()];
  assert.is(await when(Counter.RunsGranted, 2, program, { RunTableEntries: 2 }), 2);
  assert.is(await when(Counter.RunsGranted, 2, program, { RunTableEntries: 1 }), 2 + 13 + 1); // released in 15
});

gate("a released run behind an unreleased one still takes its entry", async () => {
  const program = [
    ...[fetch(), fetch(), vector(16, { VectorRun: 1 })],
    ...[compute(2048, { ComputeRun: 2, ComputeRelease: Release.Run }), fetch()],
  ];
  assert.is(await when(Counter.RunsGranted, 3, program, { RunTableEntries: 3 }), 3);
  assert.is(await when(Counter.RunsGranted, 3, program, { RunTableEntries: 2 }), 2 + 512 + 1);
});

gate("a dropped run gives its entry back in the cycle of the drop", async () => {
  const program = [route(1), demand(64, { FetchRoute: 1, FetchSlice: 3 }), fetch()];
  assert.is(await when(Counter.RunsDropped, 1, program, { RunTableEntries: 1 }), 2);
  assert.is(await when(Counter.RunsGranted, 1, program, { RunTableEntries: 1 }), 3);
});

// ---- route table -----------------------------------------------------------------------------------------------------

const routed = compute(2048, { ComputeRoute: 1, ComputeSlice: 1, ComputeRelease: Release.Route });

gate("RouteTableEntries routes are dispatched and unretired", async () => {
  const program = [route(1), routed, route(1)];
  assert.is(await when(Counter.RoutesDone, 2, program, { RouteTableEntries: 2 }), 3);
  assert.is(await when(Counter.RoutesDone, 2, program, { RouteTableEntries: 1 }), 2 + 512 + 2);
});

gate("a released route keeps its entry while a queued Fetch names it", async () => {
  const long = vector(16 * 1000); // over at 1 + 1012
  const named = demand(64, { FetchRoute: 1, FetchSlice: 2, AfterVector: 1 });
  const program = [long, route(1), named, routed, route(1)];
  assert.is(await when(Counter.RoutesDone, 2, program, { RouteTableEntries: 2 }), 3);
  assert.is(await when(Counter.RoutesDone, 2, program, { RouteTableEntries: 1 }), 1 + 1012 + 2);
});

// ---- waits and references --------------------------------------------------------------------------------------------

gate("distances count records of one kind backwards", async () => {
  const ops = [vector(16), vector(32), vector(48)]; // over at 14, 28, 43
  for (const [distance, cycle] of [43, 28, 14].entries()) {
    assert.is(await when(Counter.RunsGranted, 1, [...ops, fetch(64, { AfterVector: distance + 1 })]), cycle);
  }
  const between = [vector(16), compute(4), fetch(64, { AfterVector: 1 })];
  assert.is(await when(Counter.RunsGranted, 1, between), 14);
});

gate("all waits of a record must hold", async () => {
  const waits = { AfterCompute: 1, AfterVector: 1 };
  assert.is(await when(Counter.RunsGranted, 1, [vector(16), compute(2048), fetch(64, waits)]), 1 + 512 + 17);
  assert.is(await when(Counter.RunsGranted, 1, [vector(16 * 1000), compute(4), fetch(64, waits)]), 1 + 1012);
});

gate.run();
