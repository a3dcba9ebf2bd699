//
//   One DRAM channel, one memory clock at a time (docs/machine.md, section 9).
//
//       parts of runs ──► FIFO ──► dram-state.ts ──► commands, chosen by dram-kinds.ts
//
//   Clock law   offers at t, then the controller with clk = t + 1.

import { Dram, DramKind } from "../../assembly/contract.js";
import { type Control, DdrControl, HbmControl, Lpddr5Control } from "./dram-kinds.js";
import { type Asker, DramState } from "./dram-state.js";

/** A channel's share of a run: local transactions, in order. */
export class Part implements Asker {
  readonly waiting: number[];
  unanswered: number;
  completion = 0; // latest completion clock so far
  constructor(
    transactions: readonly number[],
    readonly isWrite: boolean,
    readonly visibleFrom: number,
    readonly onComplete: (clock: number) => void,
  ) {
    this.waiting = [...transactions];
    this.unanswered = transactions.length;
  }
  answer(clock: number): void {
    this.completion = Math.max(this.completion, clock);
    this.unanswered--;
    if (this.unanswered === 0) this.onComplete(this.completion);
  }
}

export class Channel {
  readonly fifo: Part[] = [];
  private readonly state: DramState;
  private readonly control: Control;

  constructor(device: Int32Array, index: number, counters: Float64Array) {
    this.state = new DramState(device, index, counters);
    const kind = device[Dram.Kind];
    if (kind === DramKind.Lpddr5) this.control = new Lpddr5Control(this.state);
    else this.control = kind === DramKind.Hbm ? new HbmControl(this.state) : new DdrControl(this.state);
  }

  tick(clock: number): void {
    while (this.offer(clock));
    this.state.addRefreshes(clock + 1);
    this.control.tick(clock + 1);
  }

  /** Offers the next transaction; false when there is none or it is refused. */
  private offer(clock: number): boolean {
    const part = this.fifo[0];
    if (part === undefined || part.visibleFrom > clock) return false;
    if (!this.state.accept(part, part.waiting[0], clock)) return false;
    part.waiting.shift();
    if (part.waiting.length === 0) this.fifo.shift();
    return true;
  }
}
