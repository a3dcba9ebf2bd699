//
//   Controller kind `hbm` (HBM2, HBM3): pseudo-channels, and a bus each for column and row commands.
//
//     column bus   active list ──► chosen queue       RD, WR
//     row bus      due refresh ──► chosen queue       ACT, PRE, PREA, REF
//
//   Cycle law   clk = t + 1: the column bus, then the row bus, one command each. A command of n clocks keeps its bus for n. The
//               queues issue nothing on either bus while a refresh of any pseudo-channel is due. With two clocks a tick pair
//               (TicksPerClock 2), RD, WR, ACT and REF go at rising edges only; PRE and PREA at all, except that at the first
//               free clock after a row command of a rising edge its pseudo-channel takes, after PREA or REF, no PRE or PREA,
//               and after others only a PRE of another bank.
//   State       canonical() holds whether the next clock is a rising edge, so a channel can be loaded at any clock.
//   Left out    per-bank refresh, refresh management, pairing of commands of both pseudo-channels.
//   Source      docs/machine.md section 9.

import { Command, Dram } from "../../contract";
import { StateReader, StateWriter, twisted } from "../state";
import { dramWord } from "./address";
import { Completions } from "./completions";
import { Controller } from "./controller";
import { chooseActivates, chooseHits, choosePrecharges } from "./frfcfs";
import { refreshCommand, tryRefresh } from "./refresh";

/** What goes when. */
@unmanaged
export class Hbm {
  base: Controller;
  edgeMask: i64; // 1 when only every other clock is a rising edge, else 0
  fallingParity: i64; // of the clocks that are none
  columnFrom: i64; // clk from which a bus is free
  rowFrom: i64;
  shutAt: i64; // clk at which some banks take no PRE, and one pseudo-channel no PREA
  shutBanks: u64;
  shutTop: i32;

  build(device: usize): void {
    this.edgeMask = <i64>dramWord(device, Dram.TicksPerClock) - 1;
  }

  reset(): void {
    this.fallingParity = 0;
    this.columnFrom = 0;
    this.rowFrom = 0;
    this.shutAt = 0;
    this.shutBanks = 0;
    this.shutTop = 0;
  }

  /** Clock clk = t + 1: at most one command a bus. */
  serve(clk: i64, out: Completions): void {
    const base = this.base;
    const choice = base.choice;
    const rising = this.isRising(clk);
    base.maintenance.observe(clk);
    choice.clear();
    let issued = false;
    if (!rising) choice.wait(clk + 1);
    else if (clk < this.columnFrom) choice.wait(this.columnFrom);
    else issued = this.issueColumn(clk, out);
    choice.request = null;
    if (clk < this.rowFrom) choice.wait(this.rowFrom);
    else if (this.issueRow(clk, rising)) issued = true;
    base.serveAt = issued ? clk : min<i64>(choice.next, base.maintenance.next) - 1;
  }

  canonical(now: i64, into: StateWriter): void {
    into.put(<i64>this.isRising(now + 1));
    into.time(this.columnFrom - 2, now);
    into.time(this.rowFrom - 2, now);
    const isShut = this.shutAt > now;
    into.time(isShut ? this.shutAt : now - 1, now);
    const shutBanks = twisted(this.shutBanks, into.twist);
    into.put(isShut ? <i64>(<i32>shutBanks) : 0);
    into.put(isShut ? <i64>(<i32>(shutBanks >> 32)) : 0);
    into.put(isShut ? this.shutTop : 0);
  }

  load(now: i64, from: StateReader): void {
    const rising = from.take() != 0;
    this.fallingParity = 0;
    if (rising != this.isRising(now + 1)) this.fallingParity = 1;
    this.columnFrom = from.time(now) + 2;
    this.rowFrom = from.time(now) + 2;
    this.shutAt = from.time(now);
    const low = <u64>(<u32>from.take());
    this.shutBanks = twisted(low | ((<u64>(<u32>from.take())) << 32), from.twist);
    this.shutTop = from.take();
  }


  @inline
  private isRising(clk: i64): bool {
    return this.edgeMask == 0 || (clk & 1) != this.fallingParity;
  }

  private issueColumn(clk: i64, out: Completions): bool {
    const base = this.base;
    const choice = base.choice;
    if (base.pickActive(clk)) base.accessActive(choice.request!, choice.command, clk, out);
    else {
      if (base.maintenance.due != 0) return false;
      const queue = base.chosenQueue();
      chooseHits(queue, base.timing, base.queueAccess(), clk, choice);
      if (choice.request == null) return false;
      base.accessQueued(choice.request!, choice.command, clk, out);
    }
    this.columnFrom = clk + base.busTicks(choice.command);
    return true;
  }

  private issueRow(clk: i64, rising: bool): bool {
    const base = this.base;
    if (base.maintenance.due != 0) return this.issueRefresh(clk, rising);
    const choice = base.choice;
    const queue = base.chosenQueue();
    if (rising) chooseActivates(queue, base.timing, clk, choice);
    const shut = clk == this.shutAt ? this.shutBanks : 0;
    choosePrecharges(queue, base.timing, base.banks.held | shut, clk, choice);
    if (shut != 0) {
      // The look has not seen all banks: what it says of their clocks does not hold.
      queue.released();
      choice.wait(clk + 1);
    }
    const request = choice.request;
    if (request == null) return false;
    const command = choice.command;
    base.classify(request, command);
    if (command == Command.Pre) base.precharge(request.bank, clk);
    else {
      base.activate(request, clk);
      base.open(request);
    }
    this.takeRow(command, request.bank >> base.timing.topShift, (<u64>1) << request.bank, clk, rising);
    return true;
  }

  private issueRefresh(clk: i64, rising: bool): bool {
    const base = this.base;
    const command = refreshCommand(base);
    const top = base.maintenance.turn;
    const isShut = command == Command.PreAll ? clk == this.shutAt && top == this.shutTop : !rising;
    if (isShut) {
      base.choice.wait(clk + 1);
      return false;
    }
    if (!tryRefresh(base, command, 0, clk)) return false;
    this.takeRow(command, top, base.timing.tree.bankMask(top), clk, rising);
    return true;
  }

  /** The row bus is taken, and, after a rising edge, some banks take no PRE when it is free again. */
  private takeRow(command: i32, top: i32, banks: u64, clk: i64, rising: bool): void {
    this.rowFrom = clk + this.base.busTicks(command);
    if (this.edgeMask == 0 || !rising) return;
    this.shutAt = this.rowFrom;
    this.shutBanks = banks;
    this.shutTop = top;
  }
}
