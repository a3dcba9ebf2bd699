//
//   Store unit: hands output bytes to the memory, one record a cycle (docs/machine.md, section 8).
//
//   Cycle law   a head whose waits hold goes while fewer than OutstandingStores are not done in order; the acknowledgement
//               frees its bytes of the staging pool it names.

import { Counter, Field, Knob, Pool, Stream } from "../../assembly/contract.js";
import type { Dispatched, Sequencer } from "./sequencer.js";

/** A granted store. */
export class Write {
  acknowledgedAt: number | undefined; // known once its last write has been issued
  constructor(readonly record: Dispatched) {}
}

export class Store {
  private inFlight: Write[] = [];

  constructor(
    private readonly knobs: Int32Array,
    private readonly sequencer: Sequencer,
    private readonly counters: Float64Array,
    private readonly arrayStaging: { reservedBytes: number },
    private readonly vectorStaging: { reservedBytes: number },
  ) {}

  get isBusy(): boolean {
    return this.inFlight.length > 0;
  }

  /** Phase 1. */
  arrive(now: number): boolean {
    const isDue = (write: Write) => write.acknowledgedAt !== undefined && write.acknowledgedAt <= now;
    const due = this.inFlight.filter(isDue);
    for (const write of due) this.acknowledge(write.record);
    this.inFlight = this.inFlight.filter((write) => !isDue(write));
    return due.length > 0;
  }

  /** Phase 2: the store that is granted. */
  decide(): Write | undefined {
    const head = this.sequencer.store[0];
    if (head === undefined || !this.sequencer.waitsHold(head)) return undefined;
    if (this.notDone(head) >= this.knobs[Knob.OutstandingStores]) return undefined;
    this.sequencer.store.shift();
    const write = new Write(head);
    this.inFlight.push(write);
    this.counters[Counter.StoresGranted]++;
    this.counters[writeCounter(head.words[Field.StoreStream])] += head.words[Field.StoreBytes];
    return write;
  }

  /** Granted stores from the oldest unacknowledged one on. */
  private notDone(head: Dispatched): number {
    let count = 0;
    while (count < head.ordinal && !this.sequencer.storesAcknowledged.upTo(head.ordinal - count - 1)) count++;
    return count;
  }

  private acknowledge(record: Dispatched): void {
    const bytes = record.words[Field.StoreBytes];
    if (record.words[Field.StorePool] === Pool.Array) this.arrayStaging.reservedBytes -= bytes;
    if (record.words[Field.StorePool] === Pool.Vector) this.vectorStaging.reservedBytes -= bytes;
    this.sequencer.storesAcknowledged.mark(record.ordinal);
  }
}

function writeCounter(stream: number): Counter {
  if (stream === Stream.Kv) return Counter.BytesWrittenKv;
  if (stream === Stream.Activations) return Counter.BytesWrittenActivations;
  throw new Error(`nothing counts writes of stream ${stream}`);
}
