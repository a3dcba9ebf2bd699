//
//   The pass law, term by term: cycles that the array is busy with one record.
//

import { suite } from "uvu";
import * as assert from "uvu/assert";
import { Counter, Release } from "../../../assembly/contract.js";
import { compute, type Fields, type Knobs, route, simulate } from "../../support/build.js";

const gate = suite("pass law");

async function busy(inputs: number, fields: Fields = {}, knobs: Knobs = {}): Promise<number> {
  return (await simulate([compute(inputs, fields)], { knobs })).of(Counter.CyclesBusy);
}

gate("a step takes ceil(inputs / lanes) times its terms", async () => {
  assert.is(await busy(2048), 512);
  assert.is(await busy(2047), 512);
  assert.is(await busy(2049), 513);
  assert.is(await busy(1), 1);
  assert.is(await busy(2048, { ComputeTerms: 3 }), 3 * 512);
  assert.is(await busy(2048, {}, { ArrayLanes: 8, WeightPortBits: 1024, ActivationPortBits: 2048 }), 256);
});

gate("the weight port moves code bits for all rows and lanes", async () => {
  assert.is(await busy(2048, {}, { WeightPortBits: 511 }), 2 * 512); // 2 * 64 * 4 = 512 bits
  assert.is(await busy(2048, { ComputeCodeBits: 3 }), 2 * 512); // 768
  assert.is(await busy(2048, { ComputeCodeBits: 4 }), 2 * 512); // 1024
  assert.is(await busy(2048, { ComputeCodeBits: 4, ComputeTerms: 3 }), 3 * 512); // the terms take longer
});

gate("the activation port moves all columns and lanes", async () => {
  assert.is(await busy(2048, {}, { ActivationPortBits: 1023 }), 2 * 512); // 16 * 4 * 16 = 1024 bits
  assert.is(await busy(2048, {}, { ActivationPortBits: 512 }), 2 * 512);
  assert.is(await busy(2048, {}, { ActivationPortBits: 511 }), 3 * 512);
  assert.is(await busy(2048, {}, { ActivationPortBits: 512, ActivationBits: 8 }), 512);
});

gate("the dequantizer hides behind a group until it is slower", async () => {
  const groups = { ComputeGroup: 128, ComputeDequants: 2 }; // 16 groups of 32 steps, 2 * 11 cycles each
  assert.is(await busy(2048, groups), 16 * 32);
  assert.is(await busy(2048, groups, { DequantCycles: 16 }), 16 * 32);
  assert.is(await busy(2048, groups, { DequantCycles: 17 }), 16 * 34);
  assert.is(await busy(2048, { ...groups, ComputeDequants: 3 }), 16 * 33);
  assert.is(await busy(2048, { ...groups, ComputeDequants: 0 }, { DequantCycles: 100 }), 16 * 32);
});

gate("the last group may be partial, and is dequantized all the same", async () => {
  const groups = { ComputeGroup: 128 }; // 300 = 2 * 128 + 44
  assert.is(await busy(300, groups), 2 * 32 + 11);
  assert.is(await busy(300, { ...groups, ComputeDequants: 1 }), 2 * 32 + 11);
  assert.is(await busy(300, { ...groups, ComputeDequants: 2 }), 2 * 32 + 22);
  assert.is(await busy(100, { ...groups, ComputeDequants: 2 }), 25);
  assert.is(await busy(20, { ...groups, ComputeDequants: 2 }), 22);
});

gate("a group of lanes that is not full takes its whole step", async () => {
  assert.is(await busy(30, { ComputeGroup: 10 }), 3 * 3);
});

gate("without groups there is one scale, at the end", async () => {
  assert.is(await busy(2048, { ComputeDequants: 2 }), 512);
  assert.is(await busy(40, { ComputeDequants: 2 }), 22);
});

gate("passes follow each other without a bubble", async () => {
  assert.is(await busy(2048, { ComputePasses: 3 }), 3 * 512);
  assert.is(await busy(2048, { ComputePasses: 3, ComputeGroup: 128, ComputeDequants: 3 }), 3 * 16 * 33);
});

gate("a record without inputs has no pass and takes one cycle, in which no PE works", async () => {
  for (const fields of [{}, { ComputeGroup: 128, ComputeDequants: 2 }, { ComputePasses: 3 }, { ComputeTerms: 4 }]) {
    const { of } = await simulate([compute(0, { ComputeSumAdds: 1, ...fields })]);
    assert.is(of(Counter.CyclesBusy), 1);
    assert.is(of(Counter.PeUnusedCycles), 1024);
    const nothing = [Counter.Passes, Counter.PeActiveCycles, Counter.WeightPortReads, Counter.Dequantizations];
    for (const counter of [...nothing, Counter.Accumulations, Counter.SumAdds]) assert.is(of(counter), 0);
  }
});

gate("a routed record has a pass for every column group with a token that is deep enough", async () => {
  const routed = (slice: number, release: number) =>
    compute(2048, { ComputeRoute: 1, ComputeSlice: slice, ComputeRows: 64, ComputeRelease: release });
  const knobs = { ArrayColumns: 2 };
  const passes = async (slice: number, depths: number[]) => {
    const { of } = await simulate([route(depths.length), routed(slice, Release.Route)], { knobs, depths });
    assert.is(of(Counter.CyclesBusy), 512 * of(Counter.Passes));
    return of(Counter.Passes);
  };
  assert.is(await passes(2, [1, 2, 1, 1, 4]), 2); // groups 12 11 4
  assert.is(await passes(2, [2, 2, 2, 2, 1]), 2);
  assert.is(await passes(1, [1, 1, 1, 1, 1]), 3);
  assert.is(await passes(4, [3, 3, 3, 3, 4]), 1);
  assert.is(await passes(4, [3, 3, 3, 3, 3]), 0);
});

gate.run();
