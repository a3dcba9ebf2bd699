//
//   Token router: not one cycle early, and on time. Dispatched in cycle 0, it starts in 1.
//

import { suite } from "uvu";
import * as assert from "uvu/assert";
import { Counter, Release } from "../../../assembly/contract.js";
import { compute, demand, fetch, firstCycle, type Knobs, route, simulate } from "../../support/build.js";

const gate = suite("router");
const TOKEN = 1024 + 1 + 8; // ceil(4096 * 16 / 64) + ceil(16 * 3 / 64) + 8
const IDEAL = { IdealDram: 1 };

gate("decides a token after ceil(inputs * hidden / macs) + ceil(hidden * (slices - 1) / macs) + 8 cycles", async () => {
  assert.is(await firstCycle(Counter.RoutesDone, 1, [route(1)]), 1 + TOKEN);
  const told: [Knobs, number][] = [
    [{ RouterMacs: 100 }, 656 + 1 + 8], // 65536 / 100 is not whole
    [{ RouterHidden: 65 }, 4160 + 4 + 8], // 195 / 64 is not whole
    [{ Slices: 1 }, 1024 + 0 + 8],
    [{ RouterPipelineCycles: 9 }, 1024 + 1 + 9],
    [{ RouterPipelineCycles: 0 }, 1024 + 1],
  ];
  for (const [knobs, cycles] of told) {
    assert.is(await firstCycle(Counter.RoutesDone, 1, [route(1)], { knobs }), 1 + cycles, JSON.stringify(knobs));
  }
});

gate("decides tokens in order: a slice is wanted with the first token that is deep enough", async () => {
  const program = [route(4), demand(64, { FetchRoute: 1, FetchSlice: 2 })];
  for (const [token, depths] of [
    [2, 1, 1, 1],
    [1, 2, 1, 1],
    [1, 1, 3, 2],
    [1, 1, 1, 4],
  ].entries()) {
    const cycle = await firstCycle(Counter.RunsGranted, 1, program, { depths });
    assert.is(cycle, 1 + (token + 1) * TOKEN, `token ${token} decides`);
  }
});

gate("knows that nobody wants a slice with the last token", async () => {
  const program = [route(4), demand(64, { FetchRoute: 1, FetchSlice: 3 })];
  const setting = { depths: [1, 2, 2, 1] };
  assert.is(await firstCycle(Counter.RunsDropped, 1, program, setting), 1 + 4 * TOKEN);
  assert.is((await simulate(program, setting)).cycles, 1 + 4 * TOKEN + 1); // phase 1 of the next cycle sees the end
});

gate("starts the next record in the cycle in which the last token is decided", async () => {
  assert.is(await firstCycle(Counter.RoutesDone, 2, [route(2), route(1)], { depths: [1, 1] }), 1 + 3 * TOKEN);
});

gate("waits for its weights, and gives their credit back when it is done", async () => {
  const knobs = { ...IDEAL, SliceBufferBytes: 64, ResidualReserveBytes: 0 };
  const program = [fetch(64), route(1, { RouteRun: 1 }), fetch(64)];
  assert.is(await firstCycle(Counter.RoutesDone, 1, program, { knobs }), 2 + TOKEN);
  assert.is(await firstCycle(Counter.RunsGranted, 2, program, { knobs }), 2 + TOKEN);
});

gate("complete is the cycle in which a routed pass can start", async () => {
  const program = [route(2), compute(8, { ComputeRoute: 1, ComputeSlice: 1, ComputeRelease: Release.Route })];
  const { of, cycles } = await simulate(program, { depths: [1, 1] });
  assert.is(of(Counter.CyclesRoute), 1 + 2 * TOKEN - 1);
  assert.is(cycles, 1 + 2 * TOKEN + 2 + 17);
});

gate("the ideal router decides all tokens one cycle after its start", async () => {
  const knobs = { IdealRouter: 1 };
  assert.is(await firstCycle(Counter.RoutesDone, 1, [route(4)], { knobs, depths: [1, 1, 1, 1] }), 2);
  const { of } = await simulate([route(4)], { knobs, depths: [1, 1, 1, 1] });
  assert.is(of(Counter.RouterBusyCycles), 1);
  assert.is(of(Counter.RouterTokens), 4);
});

gate.run();
