//
//   Channels of which some do the same: what a run gives them (the same transactions, as many others, more, none) and when
//   decides who stands for whom, and nothing else. The run is that of channels which are all simulated.
//

import fc from "fast-check";
import { suite } from "uvu";
import * as assert from "uvu/assert";
import { Dram, MemoCount } from "../../../assembly/contract.js";
import { Machine } from "../../../src/wasm/machine.js";
import { fetch, knobs, RUNS, SEED, store } from "../../support/build.js";
import { shippedVector } from "../../support/dram-parts.js";
import { engine, runToEnd } from "../../support/engine.js";

const channels = suite("channels");

const CHANNELS = 4;
const AT = 1_000_000;

/** One run or store: what it gives to whom. */
interface Traffic {
  write: boolean;
  /** All channels the same; all as much, some of it a block later; one channel alone; one more than the others; a short one. */
  shape: "even" | "shifted" | "alone" | "uneven" | "short";
  stripe: number;
  stripes: number;
  block: number;
}

const trafficArbitrary: fc.Arbitrary<Traffic[]> = fc.array(
  fc.record({
    write: fc.integer({ min: 0, max: 4 }).map((n) => n === 0),
    shape: fc.constantFrom("even", "even", "even", "shifted", "alone", "uneven", "short"),
    stripe: fc.integer({ min: 0, max: 40 }),
    stripes: fc.integer({ min: 1, max: 3 }),
    block: fc.integer({ min: 0, max: CHANNELS - 1 }),
  }),
  { minLength: 20, maxLength: 120 },
);

/** The address and bytes of it, with so many bytes of neighbours in a channel. */
function placed({ shape, stripe, stripes, block }: Traffic, blockBytes: number): { address: number; bytes: number } {
  const [at, whole] = [stripe * CHANNELS * blockBytes, stripes * CHANNELS * blockBytes];
  const inside = at + block * blockBytes;
  if (shape === "even") return { address: at, bytes: whole };
  if (shape === "shifted") return { address: inside, bytes: whole };
  if (shape === "alone") return { address: inside, bytes: blockBytes };
  if (shape === "uneven") return { address: at, bytes: whole + blockBytes / 2 };
  return { address: inside + 32, bytes: 64 };
}

/** The run of a traffic that comes as earlier runs are done, stopped at some cycles and looked at. */
async function story(part: string, traffic: Traffic[], cuts: readonly number[], memoKiB: number) {
  const device = shippedVector(part, { channels: CHANNELS });
  const blockBytes = device[Dram.TransactionBytes] << device[Dram.ChannelShift];
  const few = { OutstandingRuns: 3, OutstandingStores: 2, SliceBufferBytes: 2 ** 22, MemoKiB: memoKiB };
  const machine = new Machine(await engine(), knobs(few), device);
  const program = traffic.map((one) => {
    const { address, bytes } = placed(one, blockBytes);
    return one.write
      ? store(bytes, { StoreAddressLow: address })
      : fetch(bytes, { FetchAddressLow: address, FetchCredit: 0 });
  });
  let from = 0;
  const seen: unknown[] = [];
  for (const limit of cuts) {
    const { fed, cycles, counters } = runToEnd(machine, program, Uint8Array.of(1), { from, limit });
    from = fed;
    seen.push({ cycles, counters, state: machine.canonical() });
  }
  const { cycles, counters, status } = runToEnd(machine, program, Uint8Array.of(1), { from });
  return { answer: { seen, cycles, counters, status, state: machine.canonical() }, memo: machine.memo() };
}

for (const part of ["lpddr5-6400", "hbm3-6400"]) {
  channels(`${part}: whoever stands for whom, the run is the same, seed ${SEED}`, async () => {
    let remembered = 0;
    const cuts = fc.array(fc.nat(AT), { maxLength: 2 });
    const property = fc.asyncProperty(trafficArbitrary, cuts, async (traffic, drawn) => {
      const { answer } = await story(part, traffic, [], 0);
      const limits = drawn.map((at) => Math.floor((at * answer.cycles) / AT)).sort((a, b) => a - b);
      const off = await story(part, traffic, limits, 0);
      const on = await story(part, traffic, limits, 4096);
      assert.equal(on.answer, off.answer);
      remembered += on.memo[MemoCount.Remembered];
    });
    await fc.assert(property, { seed: SEED, numRuns: RUNS });
    assert.ok(remembered > 0, "something was remembered");
  });
}

channels.run();
