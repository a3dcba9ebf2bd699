//
//   The whole machine, ticked: every core cycle and every memory clock, nothing skipped (docs/machine.md, 1, 10).
//
//        program ──► sequencer ──► fetch, router, array, vector, store ──► channels
//
//   Cycle law   before core cycle c the channels do the memory clocks earlier than c; then arrivals, decisions,
//               dispatch. What the units decide in a cycle reaches the others after all five have decided.

import { Counter, Dram, Field, Knob, Unit } from "../../assembly/contract.js";
import { PeArray } from "./array.js";
import { Clock } from "./clock.js";
import { Channel, Part } from "./dram.js";
import { Fetch } from "./fetch.js";
import { Router } from "./router.js";
import { type Dispatched, type Run, Sequencer } from "./sequencer.js";
import { Store, type Write } from "./store.js";
import { Vector } from "./vector.js";

export interface OracleResult {
  readonly cycles: number;
  readonly counters: Float64Array; // indexed by Counter
  readonly status: "quiet" | "stuck" | "limit";
  readonly trace: readonly TraceEvent[];
}

interface TraceEvent {
  readonly cycle: number;
  readonly what: string;
}

export class OracleMachine {
  constructor(
    private readonly knobs: Int32Array,
    private readonly device: Int32Array,
  ) {}

  run(
    program: readonly Int32Array[],
    depths: Uint8Array,
    options: { maxCycles?: number; trace?: boolean } = {},
  ): OracleResult {
    return new Execution(this.knobs, this.device, program, depths, options.trace ?? false).run(
      options.maxCycles ?? 5_000_000,
    );
  }
}

class Execution {
  private readonly counters = new Float64Array(Counter.Count);
  private readonly clock: Clock;
  private readonly sequencer: Sequencer;
  private readonly fetch: Fetch;
  private readonly router: Router;
  private readonly array: PeArray;
  private readonly vector: Vector;
  private readonly store: Store;
  private readonly channels: Channel[];
  private readonly order: Unit[];
  private readonly trace: TraceEvent[] = [];
  private memoryClock = 0;

  constructor(
    private readonly knobs: Int32Array,
    private readonly device: Int32Array,
    program: readonly Int32Array[],
    depths: Uint8Array,
    private readonly isTraced: boolean,
  ) {
    const { counters } = this;
    this.clock = new Clock(knobs);
    this.sequencer = new Sequencer(knobs, program, depths);
    this.fetch = new Fetch(knobs, this.sequencer, counters);
    this.router = new Router(knobs, this.sequencer, counters);
    this.array = new PeArray(knobs, this.sequencer, counters);
    this.vector = new Vector(knobs, this.sequencer, counters);
    this.store = new Store(knobs, this.sequencer, counters, this.array, this.vector);
    this.channels = Array.from({ length: device[Dram.Channels] }, (_, i) => new Channel(device, i, counters));
    this.order = permutation(knobs[Knob.StepOrder]);
  }

  run(maxCycles: number): OracleResult {
    for (let now = 0; ; now++) {
      this.tickMemoryUntil(now);
      if (now >= maxCycles) return this.result(now, "limit");
      const arrived = this.arrive(now);
      if (this.isQuiet()) return this.result(now, "quiet");
      const decided = this.decide(now);
      const cause = this.cause();
      this.array.releaseDropped();
      const dispatched = this.sequencer.dispatch();
      const isWaiting = this.isAnythingUnderWay();
      if (!arrived && !decided && !dispatched && !isWaiting) return this.result(now, "stuck");
      this.counters[cause]++;
    }
  }

  private result(cycles: number, status: OracleResult["status"]): OracleResult {
    return { cycles, counters: this.counters, status, trace: this.trace };
  }

  private tickMemoryUntil(cycle: number): void {
    for (; this.clock.isBefore(this.memoryClock, cycle); this.memoryClock++) {
      for (const channel of this.channels) channel.tick(this.memoryClock);
    }
  }

  private arrive(now: number): boolean {
    const acted = [
      this.fetch.arrive(now),
      this.router.arrive(),
      this.array.arrive(now),
      this.vector.arrive(),
      this.store.arrive(now),
    ];
    return acted.includes(true);
  }

  /** Phase 2; what was decided takes effect outside its unit at the end. */
  private decide(now: number): boolean {
    let acted = false;
    let run: Run | undefined;
    let write: Write | undefined;
    const units: Record<Unit, () => boolean> = {
      [Unit.Fetch]: () => {
        const decision = this.fetch.decide();
        run = decision.granted;
        return decision.acted;
      },
      [Unit.Router]: () => this.router.decide(),
      [Unit.Array]: () => this.array.decide(now),
      [Unit.Vector]: () => this.vector.decide(),
      [Unit.Store]: () => {
        write = this.store.decide();
        return write !== undefined;
      },
    };
    for (const unit of this.order) {
      const hasActed = units[unit]();
      if (hasActed && this.isTraced) this.trace.push({ cycle: now, what: `${Unit[unit]} decided` });
      acted = hasActed || acted;
    }
    if (run !== undefined) this.read(run, now);
    if (write !== undefined) this.write(write, now);
    return acted;
  }

  private read(run: Run, now: number): void {
    const { words } = run.record;
    const bytes = words[Field.FetchBytes];
    const address = byteAddress(words[Field.FetchAddressLow], words[Field.FetchAddressHigh]);
    const transactions = this.transactions(address, bytes);
    this.counters[Counter.TransactionsRead] += transactions.length;
    this.counters[Counter.BytesReadPadding] += transactions.length * this.device[Dram.TransactionBytes] - bytes;
    this.send(transactions, false, now, (cycle) => {
      run.arrivesAt = cycle;
    });
  }

  private write(write: Write, now: number): void {
    const { words } = write.record;
    const bytes = words[Field.StoreBytes];
    const address = byteAddress(words[Field.StoreAddressLow], words[Field.StoreAddressHigh]);
    const transactions = this.transactions(address, bytes);
    this.counters[Counter.TransactionsWritten] += transactions.length;
    this.counters[Counter.BytesWrittenPadding] += transactions.length * this.device[Dram.TransactionBytes] - bytes;
    this.send(transactions, true, now, (cycle) => {
      write.acknowledgedAt = cycle;
    });
  }

  private transactions(address: number, bytes: number): number[] {
    const size = this.device[Dram.TransactionBytes];
    const first = Math.floor(address / size);
    const end = Math.ceil((address + bytes) / size);
    return Array.from({ length: end - first }, (_, i) => first + i);
  }

  /** Hands every channel its part; `done` gets the core cycle at which the last of them is back. */
  private send(transactions: number[], isWrite: boolean, now: number, done: (cycle: number) => void): void {
    if (this.knobs[Knob.IdealDram] === 1 || transactions.length === 0) {
      done(now + 1);
      return;
    }
    const shares = this.channels.map((_, index) => this.localTransactions(transactions, index));
    const visibleFrom = this.clock.toMemory(now + this.knobs[Knob.RequestLatencyCycles]);
    let partsLeft = shares.filter((share) => share.length > 0).length;
    let latest = 0;
    shares.forEach((share, index) => {
      if (share.length === 0) return;
      const onComplete = (clock: number) => {
        latest = Math.max(latest, this.clock.toCore(clock) + this.knobs[Knob.ReturnLatencyCycles]);
        partsLeft--;
        if (partsLeft === 0) done(latest);
      };
      this.channels[index].fifo.push(new Part(share, isWrite, visibleFrom, onComplete));
    });
  }

  private localTransactions(transactions: number[], channel: number): number[] {
    const below = 2 ** this.device[Dram.ChannelShift];
    const count = this.device[Dram.Channels];
    return transactions
      .filter((g) => Math.floor(g / below) % count === channel)
      .map((g) => Math.floor(g / (below * count)) * below + (g % below));
  }

  private isQuiet(): boolean {
    const isOver = this.sequencer.hasEnded && this.sequencer.queuesAreEmpty;
    return (
      isOver &&
      !this.fetch.isBusy &&
      !this.router.isBusy &&
      !this.array.isBusy &&
      !this.vector.isBusy &&
      !this.store.isBusy
    );
  }

  private isAnythingUnderWay(): boolean {
    const units = [this.fetch, this.router, this.array, this.vector, this.store];
    return units.some((unit) => unit.isBusy);
  }

  /** Where this cycle goes, after phase 2. */
  private cause(): Counter {
    if (this.array.isExecuting) return Counter.CyclesBusy;
    const head = this.sequencer.compute[0];
    if (head === undefined) return Counter.CyclesDrain;
    if (head.route !== undefined && !head.route.complete) return Counter.CyclesRoute;
    const missing = this.array.missingRun(head);
    if (missing !== undefined) return this.isShortOfCredit(missing) ? Counter.CyclesBuffer : Counter.CyclesDram;
    return this.sequencer.waitsHold(head) ? Counter.CyclesStore : Counter.CyclesVector;
  }

  private isShortOfCredit(run: Run): boolean {
    const queue: readonly Dispatched[] = run.isDemand ? this.sequencer.demand : this.sequencer.base;
    return queue.includes(run.record) && this.fetch.waitsForCredit(queue);
  }
}

/** The order in which the units decide: the number written in the factorial base. */
function permutation(number: number): Unit[] {
  const left = [Unit.Fetch, Unit.Router, Unit.Array, Unit.Vector, Unit.Store];
  const order: Unit[] = [];
  for (let rest = number; left.length > 0; ) {
    const [unit] = left.splice(rest % left.length, 1);
    rest = Math.floor(rest / (left.length + 1));
    order.push(unit);
  }
  return order;
}

function byteAddress(low: number, high: number): number {
  return (low >>> 0) + high * 2 ** 32;
}
