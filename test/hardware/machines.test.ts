//
//   Every machine file that comes with the package: found by name, priced, and runs a step of the embedded model.
//

import { suite } from "uvu";
import * as assert from "uvu/assert";
import { Counter } from "../../assembly/contract.js";
import { secondsOf } from "../../src/basics/units.js";
import { dramEnergy } from "../../src/dram/device.js";
import { energyOf } from "../../src/energy/energy.js";
import { energyNotes } from "../../src/energy/tables.js";
import { knownNames, resolveNameOrFile } from "../../src/io/files.js";
import { execute, prepare } from "../../src/job.js";
import type { RunRequest } from "../../src/request.js";
import { namedCounters } from "../../src/result/counters.js";
import { bound } from "../../src/schedule/lower-bound.js";

const test = suite("machines");
const MACHINES = knownNames("hw-configs", ".yaml");
const SERIAL = ["edge", "cloud", "stripes", "bitmod-lossless", "bitmod-lossy"];

const shortOf = (machine: string) => machine.replace("baselines/", "");
const requestOf = (machine: string, more: Partial<RunRequest> = {}): RunRequest => {
  return { machine, sets: [], model: "tiny-llama", trace: "decode16", batch: 2, steps: 1, ...more };
};

test("the machines there are", () => {
  const baselines = ["ant", "bit-parallel", "bitmod-lossless", "bitmod-lossy", "fp16", "olive", "stripes"];
  assert.equal(MACHINES, ["cloud", "edge", ...baselines.map((name) => `baselines/${name}`)]);
});

for (const machine of MACHINES) {
  test(`${machine}: found by both names, under its own`, () => {
    const short = shortOf(machine);
    assert.is(resolveNameOrFile("hw-configs", short, ".yaml"), resolveNameOrFile("hw-configs", machine, ".yaml"));
    assert.is(prepare(requestOf(short)).inputs.machine.name, short);
  });

  for (const phase of ["decode", "prefill"] as const) {
    test(`${machine}: a ${phase} step runs, adds up, is not faster than its bound, and has a price`, async () => {
      const more = phase === "decode" ? {} : { trace: "prefill2k", batch: 1 };
      const job = prepare(requestOf(machine, { phase, ...more }));
      const { engines } = await execute(job, [{}], () => {});
      const [cycles, values] = [engines[0].cycle, engines[0].counters()];
      const of = (first: Counter, last: Counter) => values.slice(first, last + 1).reduce((sum, one) => sum + one, 0);
      const { machine: parsed, device, tables, model } = job.inputs;
      const { rows, columns } = parsed.array;
      assert.is(of(Counter.CyclesBusy, Counter.CyclesDrain), cycles);
      assert.is(of(Counter.PeActiveCycles, Counter.PeUnusedCycles), rows * columns * values[Counter.CyclesBusy]);
      const least = bound(parsed, device, model, job.plan, job.played);
      assert.ok(values[Counter.CyclesBusy] >= least.arrayCycles);
      assert.ok(cycles >= least.cycles, `${cycles}, bound ${least.cycles}`);
      const { channels, diesPerChannel } = parsed.dram;
      const seconds = secondsOf(cycles, parsed.clock.coreMHz);
      const dram = dramEnergy(device, channels, diesPerChannel);
      const { total } = energyOf(namedCounters(values), parsed, tables, dram, seconds);
      assert.ok(0 < total.low && total.low <= total.high);
    });
  }

  test(`${machine}: its buffers are as fast as its clock, its ports as wide as its array asks`, () => {
    const { machine: parsed, tables } = prepare(requestOf(machine)).inputs;
    assert.not.match(energyNotes(parsed, tables).join("\n"), /too slow/);
    const { rows, columns, lanes, bitsPerCycle, activationBits, weightPortBits, activationPortBits } = parsed.array;
    const code = { slices: 2, gathered: 8, codes: parsed.weights.codeBits }[parsed.weights.layout];
    for (const bits of [code, parsed.lmHead.codeBits, parsed.kv.bits].map(Math.floor)) {
      const terms = Math.ceil(bits / bitsPerCycle);
      assert.ok(Math.ceil((bits * rows * lanes) / weightPortBits) <= terms, `weights of ${bits} bits`);
      assert.ok(Math.ceil((columns * lanes * activationBits) / activationPortBits) <= terms, `x at ${bits} bits`);
    }
    assert.is(bitsPerCycle < 16, SERIAL.includes(shortOf(machine)));
  });
}

test.run();
