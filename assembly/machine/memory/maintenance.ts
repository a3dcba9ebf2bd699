//
//   Refresh: how many are due, and whose turn it is. One FIFO a channel; since its order is fixed, a count and a turn are it.
//
//     clk = i * period + stagger ──► due + 1 for every pseudo-channel, or + 1 for the next bank
//     the turn's banks open ──► PREA, or PRE of the bank       closed ──► REF, or REFpb of the bank ──► due - 1, next turn
//
//   Cycle law   refreshes are added at clk = i*RefreshClocks + channel*RefreshStagger, i = 1, 2, ...: all banks of each
//               pseudo-channel, lower index first, or one bank, round robin by bank index. While one is due, the queues issue
//               nothing (the controller kinds ask).
//   Left out    postponing and pulling in; self refresh.
//   Source      docs/machine.md section 9; tREFI and tRFC are of the device file.

import { Dram } from "../../contract";
import { NEVER, StateReader, StateWriter } from "../state";
import { bankCount, dramWord } from "./address";

/** Counts the refreshes that are due. */
@unmanaged
export class Maintenance {
  period: i64; // 0: refresh is off
  stagger: i64;
  next: i64; // clock at which the next refreshes are added
  due: i32;
  turn: i32; // pseudo-channel or bank of the head
  turns: i32;
  batch: i32; // added at a time
  perBank: bool;

  build(device: usize, index: i32): void {
    this.period = dramWord(device, Dram.RefreshClocks);
    this.stagger = <i64>index * <i64>dramWord(device, Dram.RefreshStagger);
    this.perBank = dramWord(device, Dram.RefreshPerBank) != 0;
    const tops = dramWord(device, Dram.PseudoChannels);
    this.turns = this.perBank ? bankCount(device) : tops;
    this.batch = this.perBank ? 1 : tops;
    this.reset();
  }

  reset(): void {
    this.due = 0;
    this.turn = 0;
    this.next = this.period == 0 ? NEVER : this.period + this.stagger;
  }

  /** Adds the refreshes of this clock. */
  @inline
  observe(clk: i64): void {
    if (clk >= this.next) {
      this.due += this.batch;
      this.next += this.period;
    }
  }

  /** The head has been refreshed. */
  served(): void {
    this.due--;
    this.turn = this.turn + 1 == this.turns ? 0 : this.turn + 1;
  }

  canonical(now: i64, into: StateWriter): void {
    into.put(this.due);
    into.put(this.turn);
    into.time(this.next, now);
  }

  load(now: i64, from: StateReader): void {
    this.due = from.take();
    this.turn = from.take();
    this.next = from.time(now);
  }
}
