//
//   Why the data bus is idle: streams so short that the answer can be counted by hand, and sums over long ones.
//
//   DDR4-3200, mapping B (row | bank | column | bank group): CL 22, CWL 16, burst 4, tRCD 22, tRP 22, tRAS 52, tCCD_L 8,
//   tRRD_S 4, tFAW 34, tREFI 12480, tRFC 560. A request accepted at clock t can have a command at t + 1; its RD moves data
//   22 clocks later, so that before the first request 22 clocks of the bus are empty, and the clock of its offer.
//

import { suite } from "uvu";
import * as assert from "uvu/assert";
import { Counter } from "../../assembly/contract.js";
import { type BusClocks, CAUSES } from "../../src/dram/bus-causes.js";
import { type ChannelOptions, channelVector, transactionBytes } from "../../src/dram/device.js";
import { type DramRun, runStream, stepsOf } from "../../src/dram/run.js";
import { parseStream, streamRequests } from "../../src/dram/streams.js";
import { DramDriver, type DramRequest } from "../../src/wasm/dram.js";
import { dramExports, replay } from "../support/dram-driver.js";
import { SHIPPED, shippedDevice } from "../support/dram-parts.js";

const causes = suite("causes of an idle data bus");
const OPTIONS: ChannelOptions = { channels: 1, mapping: "B", refresh: "all-bank", refreshStaggerClocks: 0 };
/** Bytes to the next column, bank, row of the same bank group, bank group, bank. */
const [COLUMN, BANK, ROW] = [256, 32768, 131072];

function run(requests: Iterable<DramRequest>, options = OPTIONS, name = "ddr4-3200"): DramRun {
  const part = shippedDevice(name);
  return runStream(part, options, new DramDriver(dramExports(), channelVector(part, options)), requests);
}

/** The clocks that are not 0. */
function clocksOf(stream: string): Partial<BusClocks> {
  const { busClocks } = run(parseStream(stream, "stream"));
  addsUp(busClocks);
  return Object.fromEntries(Object.entries(busClocks.causes).filter(([, clocks]) => clocks !== 0));
}

function addsUp({ each, buses, causes: clocks }: DramRun["busClocks"], hint = ""): void {
  const sum = [clocks.transfer, ...CAUSES.map((cause) => clocks[cause])].reduce((total, one) => total + one, 0);
  assert.is(sum, each * buses, hint);
  for (const [cause, count] of Object.entries(clocks)) assert.ok(count >= 0 && Number.isInteger(count), cause);
}

causes("one read: the bus waits for a request, then for its row", () => {
  assert.equal(clocksOf("R 0"), { transfer: 4, empty: 23, row: 22 });
});

causes("tCCD_L: the second read of a bank group waits 8 clocks, 4 of them idle", () => {
  assert.equal(clocksOf(`R 0\nR ${COLUMN}`), { transfer: 8, empty: 23, row: 22, spacing: 4 });
});

causes("other bank groups follow without a gap", () => {
  assert.equal(clocksOf("R 0\nR 64\nR 128\nR 192"), { transfer: 16, empty: 23, row: 22 });
});

causes("tFAW: the fifth ACT waits for the first one, 34 clocks earlier, then for the command bus", () => {
  // ACT at 1, 5, 9, 13; the fifth could go at 35, where the fourth RD goes.
  const stream = `R 0\nR 64\nR 128\nR 192\nR ${BANK}`;
  assert.equal(clocksOf(stream), { transfer: 20, empty: 23, row: 22, activateRate: 18, other: 1 });
});

causes("a conflict waits for PRE and ACT of its bank: RD at 23, PRE at 53, ACT at 75, RD at 97", () => {
  assert.equal(clocksOf(`R 0\nR ${ROW}`), { transfer: 8, empty: 23, row: 22 + 70 });
});

causes("turnaround: WR 12 clocks after RD leaves the bus idle for 2", () => {
  assert.equal(clocksOf(`R 0\nW ${COLUMN}`), { transfer: 8, empty: 23, row: 22, turnaround: 2 });
});

causes("turnaround: RD waits for tWTR_L behind WR", () => {
  // WR at 23 has its data at 39 .. 42, RD can go at 23 + 16 + 4 + 12 = 55 with its data at 77 .. 80: 34 idle clocks.
  assert.equal(clocksOf(`W 0\nR ${COLUMN} 5`), { transfer: 8, empty: 17, row: 22, turnaround: 34 });
});

causes("a pause is nobody's fault but the requests'", () => {
  assert.equal(clocksOf("R 0\nR 64 1000"), { transfer: 8, empty: 23 + 974, row: 44 });
});

causes("refresh: from when it is due to the end of tRFC, as far as a request waits", () => {
  // Due at 12480: PREA, REF at 12502, ACT from 13062 on. A request that waits from 12481 on loses 581 clocks.
  const { refresh, row, empty } = clocksOf("R 0\nR 64 12480");
  assert.equal([refresh, row, empty], [581, 44, 23 + 12480 - 26]);
  assert.is(clocksOf("R 0\nR 64 13061").refresh, undefined);
  assert.is(clocksOf("R 0\nR 64 13060").refresh, 1);
});

causes("a pause of many refreshes is observed in pieces", () => {
  const { busClocks, commands } = run(parseStream(`R 0\nR 64 ${2 ** 31}\nR 128 ${2 ** 31 + 2 ** 30}`, "stream"));
  addsUp(busClocks);
  assert.is(commands.REF, Math.floor((2 ** 31 + 2 ** 30) / 12480));
  assert.is(busClocks.causes.transfer, 12);
});

for (const name of SHIPPED) {
  for (const channels of [1, 4]) {
    causes(`add up on ${name}, ${channels} channels; observing changes nothing`, () => {
      const part = shippedDevice(name);
      for (const mapping of Object.keys(part.mappings)) {
        const options = { ...OPTIONS, channels, mapping };
        const device = channelVector(part, options);
        const steps = stepsOf(part, options);
        for (const stream of ["S1", "S2_1024", "S3_256", "S5", "S6", "S7", "S7d", "S9d", "S8s_3", "S8r_40"]) {
          const hint = `${stream}, mapping ${mapping}`;
          const requests = () => streamRequests(stream, 5000, steps);
          const { busClocks, cycles, latencyClocks, rowHits } = run(requests(), options, name);
          addsUp(busClocks, hint);
          const plain = replay(device, transactionBytes(part), requests());
          assert.is(cycles, plain.cycles, hint);
          assert.is(rowHits, plain.counters[Counter.DramRowHits], hint);
          assert.is(latencyClocks?.mean, plain.meanLatency, hint);
        }
      }
    });
  }
}

causes("are what one expects of well-known streams", () => {
  const share = (stream: string, mapping: string) => {
    const options = { ...OPTIONS, mapping };
    const steps = stepsOf(shippedDevice("ddr4-3200"), options);
    const { each, causes: clocks } = run(streamRequests(stream, 20000, steps), options).busClocks;
    return (cause: keyof BusClocks) => clocks[cause] / each;
  };
  assert.ok(share("S1", "A")("spacing") > 0.3, "column lowest: one bank group after the other");
  assert.ok(share("S1", "B")("transfer") > 0.94, "bank group lowest");
  assert.ok(share("S5", "B")("activateRate") > 0.45, "random: tFAW");
  assert.ok(share("S7d", "B")("row") > 0.55, "one request at a time: its rows");
  assert.ok(share("S8r_200", "B")("empty") > 0.7, "paced");
  assert.ok(share("S6", "B")("turnaround") > 0.02, "writes among reads");
});

causes("latencies are those of the goldens: 282, 890 and 929 clocks on map A", () => {
  const options = { ...OPTIONS, mapping: "A" };
  const steps = stepsOf(shippedDevice("ddr4-3200"), options);
  const { latencyClocks } = run(streamRequests("S1", 2 ** 20, steps), options);
  assert.equal([latencyClocks?.p50, latencyClocks?.p99, latencyClocks?.max], [282, 890, 929]);
});

causes.run();
