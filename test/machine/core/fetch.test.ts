//
//   Slice fetch: who is granted, and when. Runs arrive one cycle after their grant unless a test says otherwise. The slice
//   buffer has 4096 bytes, 1024 of them are the reserve.
//

import { suite } from "uvu";
import * as assert from "uvu/assert";
import { Counter, Release } from "../../../assembly/contract.js";
import {
  ANSWERED_LATE,
  compute,
  demand,
  type Fields,
  fetch,
  firstCycle,
  type Knobs,
  route,
  simulate,
  vector,
} from "../../support/build.js";

const gate = suite("fetch");
const IDEAL = { IdealDram: 1 };
const TOKEN = 1033;

const granted = (runs: number, program: Int32Array[], knobs: Knobs = IDEAL) =>
  firstCycle(Counter.RunsGranted, runs, program, { knobs });
/** Cycles in which the first bytes of a base run and of a demand run are granted. */
const first = async (program: Int32Array[], knobs: Knobs = IDEAL) => [
  await firstCycle(Counter.BytesReadSlice1, 1, program, { knobs }),
  await firstCycle(Counter.BytesReadSlice2, 1, program, { knobs }),
];
/** A pass over the latest run, which it gives back. */
const use = (inputs: number, fields: Fields = {}) =>
  compute(inputs, { ComputeRun: 1, ComputeRelease: Release.Run, ...fields });

gate("one grant a cycle, the first one cycle after the dispatch", async () => {
  const program = [fetch(), fetch(), demand(), demand()];
  for (const runs of [1, 2, 3, 4]) assert.is(await granted(runs, program), runs);
});

gate("a run arrives with its last part: offered at 14, answered 49 clocks later, a burst each 8 clocks", async () => {
  const arrives = async (bytes: number) =>
    (await firstCycle(Counter.VectorOps, 1, [fetch(bytes), vector(16, { VectorRun: 1 })])) - 13;
  assert.is(await arrives(64), 14 + 49 + 10);
  assert.is(await arrives(65), 14 + 49 + 8 + 10);
  assert.is(await arrives(4 * 64), 14 + 49 + 3 * 8 + 10);
});

gate("it arrives with the latest of its parts, not with the one that is known last", async () => {
  const { program, device } = ANSWERED_LATE;
  assert.is((await simulate(program, { device })).of(Counter.DramForwarded), 1);
  assert.is(await firstCycle(Counter.VectorOps, 1, program, { device }), 64 + 10 + 13);
});

// ---- credit ----------------------------------------------------------------------------------------------------------

gate("base runs leave the reserve, to the byte", async () => {
  assert.is(await granted(1, [fetch(3072)]), 1);
  assert.is((await simulate([fetch(3073)], { knobs: IDEAL })).status, "stuck");
  assert.is((await simulate([fetch(3072), fetch(1)], { knobs: IDEAL })).status, "stuck");
  assert.is(await granted(1, [fetch(3073)], { ...IDEAL, ResidualReserveBytes: 1023 }), 1);
});

gate("a run without credit needs none, whatever is free", async () => {
  assert.is(await granted(3, [fetch(3072), demand(1024), fetch(64, { FetchCredit: 0 })]), 3);
});

gate("demand runs may take the reserve, to the byte", async () => {
  assert.is(await granted(2, [fetch(3072), demand(1024)]), 2);
  assert.is((await simulate([fetch(3072), demand(1025)], { knobs: IDEAL })).status, "stuck");
});

gate("credit is taken for the whole run at the grant and comes back with its release", async () => {
  const program = [fetch(3000), use(2048), fetch(73)];
  assert.is(await granted(2, program), 2 + 512);
  assert.is(await granted(2, [fetch(3000), use(2048), fetch(72)]), 2);
});

// ---- who goes first --------------------------------------------------------------------------------------------------

gate("a decided demand run wins over a base run behind it", async () => {
  assert.equal(await first([demand(), fetch()]), [2, 1]);
});

gate("but never overtakes a base run before it", async () => {
  assert.equal(await first([fetch(), demand()]), [1, 2]);
  assert.equal(await first([vector(16), fetch(64, { AfterVector: 1 }), demand()]), [14, 15]);
});

gate("a demand run that is not decided lets base runs pass", async () => {
  assert.equal(await first([vector(16), demand(64, { AfterVector: 1 }), fetch()]), [1, 14]);
  const program = [route(1), demand(64, { FetchRoute: 1, FetchSlice: 1 }), fetch()];
  assert.equal(await first(program), [1, 1 + TOKEN]);
});

gate("a decided demand run that lacks credit stops the base runs behind it", async () => {
  const program = [fetch(1000), use(2048), demand(3500), use(2048), fetch(100)];
  const both = { Slice1: 1100, Slice2: 3500 };
  assert.is(await firstCycle(Counter.BytesReadSlice2, both.Slice2, program, { knobs: IDEAL }), 2 + 512);
  assert.is(await firstCycle(Counter.BytesReadSlice1, both.Slice1, program, { knobs: IDEAL }), 2 + 512 + 1 + 512);
});

gate("a decided demand run that lacks an outstanding place stops them too", async () => {
  const program = [demand(), demand(), fetch()];
  const knobs = { OutstandingRuns: 1 };
  assert.equal(await first(program, knobs), [73 + 13 + 1 + 26 + 10, 1]); // the second one finds its row open
  assert.is(await granted(2, program, knobs), 73);
});

// ---- limits ----------------------------------------------------------------------------------------------------------

gate("as many runs are outstanding as the knob says; an arrival makes room in its cycle", async () => {
  const program = [fetch(), fetch(64, { FetchAddressLow: 64 }), fetch(64, { FetchAddressLow: 128 })];
  assert.is(await granted(3, program, { OutstandingRuns: 3 }), 3);
  assert.is(await granted(3, program, { OutstandingRuns: 2 }), 73);
  assert.is(await granted(2, program, { OutstandingRuns: 1 }), 73);
  assert.is(await granted(3, program, { ...IDEAL, OutstandingRuns: 1 }), 3);
});

gate("a wait holds in the cycle in which it comes true", async () => {
  assert.is(await granted(1, [compute(4), fetch(64, { AfterCompute: 1 })]), 1 + 1 + 17);
  assert.is(await granted(1, [vector(16), fetch(64, { AfterVector: 1 })]), 1 + 13);
});

// ---- drops -----------------------------------------------------------------------------------------------------------

gate("drops what nobody wants in the cycle in which the route is complete, and grants the next one", async () => {
  const routed = (FetchSlice: number) => demand(64, { FetchRoute: 1, FetchSlice });
  const program = [route(2), routed(3), routed(4), demand()];
  const setting = { knobs: IDEAL, depths: [2, 1] };
  assert.is(await firstCycle(Counter.RunsDropped, 2, program, setting), 1 + 2 * TOKEN);
  assert.is(await firstCycle(Counter.RunsGranted, 1, program, setting), 1 + 2 * TOKEN);
});

gate("a run that is wanted is fetched when the first deep token is decided, before the route is complete", async () => {
  const program = [route(3), demand(64, { FetchRoute: 1, FetchSlice: 2 }), demand()];
  const setting = { knobs: IDEAL, depths: [1, 2, 2] };
  assert.is(await firstCycle(Counter.RunsGranted, 1, program, setting), 1 + 2 * TOKEN);
});

gate("a queued run keeps its route, and that one alone, from being forgotten", async () => {
  // the demand run waits for the vector op; the passes release all routes long before, in a table of four
  const wait = demand(64, { FetchRoute: 1, FetchSlice: 2, AfterVector: 1 });
  const routed = [route(1), compute(4, { ComputeRoute: 1, ComputeSlice: 1, ComputeRelease: Release.Route })];
  const program = [vector(160_000), routed[0], wait, routed[1], ...Array.from({ length: 4 }, () => routed).flat()];
  const setting = { knobs: { ...IDEAL, RouteTableEntries: 4 }, depths: [2, 1, 1, 1, 1] };
  const { of, status } = await simulate(program, setting);
  assert.is(status, "quiet");
  assert.equal([of(Counter.RunsGranted), of(Counter.RunsDropped), of(Counter.RoutesDone)], [1, 0, 5]);
  const granted = 10_013;
  assert.is(await firstCycle(Counter.RoutesDone, 4, program, setting), 1 + 4 * TOKEN);
  assert.is(await firstCycle(Counter.RoutesDone, 5, program, setting), granted + 1 + TOKEN);
});

gate("counts bytes, transactions and padding at the grant", async () => {
  const { of } = await simulate([fetch(100, { FetchAddressLow: 60 })]); // bytes 60..159 lie in transactions 0, 1 and 2
  assert.is(of(Counter.TransactionsRead), 3);
  assert.is(of(Counter.BytesReadPadding), 3 * 64 - 100);
  assert.is(of(Counter.BytesReadSlice1), 100);
});

gate.run();
