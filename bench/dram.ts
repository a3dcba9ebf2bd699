//
//   Requests per CPU second of the golden streams S1 and S5 on DDR4 map B: the engine through its golden driver, without any
//   fast-forward, and the oracle clock by clock. Best of a few tries.
//

import { transactionBytes } from "../src/dram/device.js";
import { stepsOf } from "../src/dram/run.js";
import { streamLength, streamRequests } from "../src/dram/streams.js";
import { DramDriver, encodeRequests } from "../src/wasm/dram.js";
import { playStream, streamOf } from "../test/oracle/streams.js";
import { dramExports } from "../test/support/dram-driver.js";
import { shippedDevice, shippedVector } from "../test/support/dram-parts.js";
import { leastSeconds } from "./clock.js";
import type { Figure } from "./figure.js";

const PART = "ddr4-3200";
const TRIES = 4;
const ORACLE_REQUESTS = 1 << 12;

/** Engine and oracle, stream by stream. */
export function dramFigures(): Figure[] {
  const part = shippedDevice(PART);
  const device = shippedVector(PART, { mapping: "B" });
  const bytes = transactionBytes(part);
  const steps = stepsOf(part, { channels: 1, mapping: "B", refresh: "all-bank", refreshStaggerClocks: 0 });
  return ["S1", "S5"].flatMap((stream) => {
    const count = streamLength(stream, bytes);
    const batches = [...encodeRequests(streamRequests(stream, count, steps), bytes, new Engine(device).batch)];
    const engine = leastSeconds(
      TRIES,
      () => new Engine(device),
      (driver) => driver.run(batches),
    );
    const { R, RS, CS, C } = { R: steps.region, RS: steps.row, CS: steps.column, C: steps.columns };
    const tables = { vector: device, R, RS, CS, C };
    const { requests, pace } = streamOf(stream, tables, ORACLE_REQUESTS);
    const oracle = leastSeconds(
      TRIES,
      () => tables,
      (fresh) => playStream(fresh, requests, pace),
    );
    return [
      { name: `DRAM ${PART} B, golden ${stream}`, perSecond: count / engine, unit: "requests/CPU s" },
      { name: `DRAM ${PART} B, oracle ${stream}`, perSecond: ORACLE_REQUESTS / oracle, unit: "requests/CPU s" },
    ];
  });
}

/** A fresh driver in a memory of its own. */
class Engine {
  private readonly driver: DramDriver;

  constructor(device: Int32Array) {
    this.driver = new DramDriver(dramExports("release"), device);
  }

  get batch(): number {
    return this.driver.batch;
  }

  run(batches: readonly BigInt64Array[]): void {
    for (const batch of batches) this.driver.replay(batch);
    this.driver.finish();
  }
}
