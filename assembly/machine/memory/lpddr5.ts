//
//   Controller kind `lpddr5`: an activate in two commands, and a data clock (WCK) that has to be in sync.
//
//     ACT1 ──► activating (at most one request) ──► ACT2, at the deadline at the latest ──► active list
//     RD, WR chosen while WCK is off ──► CAS ──► the RD or WR, one clock later
//
//   Cycle law   clk = t + 1, the first of these that finds a command: an ACT2 at its deadline (clk of ACT1 + Act2Deadline); the
//               RD or WR whose CAS went in the clock before; steps 1 to 3 of ddr; an ACT2 before its deadline. While a
//               request is activating no ACT1 goes and its bank is not refreshed; its bank opens with ACT2. A RD or WR chosen
//               at clk >= wckUntil sends its CAS instead, or the ACT2 if its deadline is at most clk + 1. Every RD and WR
//               moves wckUntil to at least clk + WckRead or WckWrite.
//   Left out    leaving WCK on, power-down.
//   Source      docs/machine.md section 9.

import { Command, Dram } from "../../contract";
import { StateReader, StateWriter } from "../state";
import { dramWord } from "./address";
import { Completions } from "./completions";
import { Controller } from "./controller";
import { Wish } from "./queue";
import { Request } from "./request";
import { refreshCommand, tryRefresh } from "./refresh";
import { putRequest } from "./request-state";

/** Where the request of a CAS waits for its RD or WR. */
// prettier-ignore
enum Synced { None, Active, Queued }

/** What goes when. */
@unmanaged
export class Lpddr5 {
  base: Controller;
  act2Deadline: i64;
  wckRead: i64;
  wckWrite: i64;
  activating: Request | null;
  deadline: i64; // of its ACT2
  wckUntil: i64; // a RD or WR from this clk on needs a CAS
  synced: Synced; // a CAS has gone in the clock before
  syncedRequest: Request | null;

  build(device: usize): void {
    this.act2Deadline = <i64>dramWord(device, Dram.Act2Deadline);
    this.wckRead = <i64>dramWord(device, Dram.WckRead);
    this.wckWrite = <i64>dramWord(device, Dram.WckWrite);
  }

  reset(): void {
    this.activating = null;
    this.deadline = 0;
    this.wckUntil = 0;
    this.synced = Synced.None;
    this.syncedRequest = null;
  }

  /** Clock clk = t + 1: at most one command. */
  serve(clk: i64, out: Completions): void {
    const base = this.base;
    base.choice.clear();
    base.maintenance.observe(clk);
    const issued = this.issue(clk, out);
    if (!issued) base.serveAt = min<i64>(base.choice.next, base.maintenance.next) - 1;
    else if (this.activating != null || this.synced != Synced.None) base.serveAt = clk;
    else base.serveAt = base.afterIssue(clk);
  }

  canonical(now: i64, into: StateWriter): void {
    into.time(this.wckUntil - 2, now);
    into.put(<i64>this.synced);
    if (this.synced != Synced.None) {
      into.put(<i64>this.syncedRequest!.write);
      into.put(<i64>(this.syncedRequest!.bank ^ into.twist));
    }
    into.put(<i64>(this.activating != null));
    if (this.activating == null) return;
    into.time(this.deadline, now);
    into.put(<i64>this.activating!.write);
    putRequest(this.activating!, into);
  }

  load(now: i64, from: StateReader): void {
    const base = this.base;
    this.reset();
    this.wckUntil = from.time(now) + 2;
    this.synced = <Synced>from.take();
    if (this.synced != Synced.None) {
      const queue = from.take() != 0 ? base.writes : base.reads;
      const bank = from.take() ^ from.twist;
      this.syncedRequest = this.synced == Synced.Active ? base.banks.request(bank) : queue.head(Wish.Hit, bank);
    }
    if (from.take() == 0) return;
    this.deadline = from.time(now);
    const write = from.take() != 0;
    this.activating = base.takeRequest(write, now, from);
  }

  /** A CAS has gone for a queued write. */
  namesWrite(): bool {
    return this.synced == Synced.Queued && this.syncedRequest!.write;
  }

  private issue(clk: i64, out: Completions): bool {
    if (this.activating != null && clk >= this.deadline) return this.activateSecond(clk);
    if (this.synced != Synced.None) return this.accessSynced(clk, out);
    return this.issueChosen(clk, out) || (this.activating != null && this.activateSecond(clk));
  }

  /** Steps 1 to 3. */
  private issueChosen(clk: i64, out: Completions): bool {
    const base = this.base;
    if (base.pickActive(clk)) return this.access(Synced.Active, clk, out);
    const activating = this.activating;
    if (base.maintenance.due != 0) {
      const bank = activating == null ? 0 : (<u64>1) << activating.bank;
      return tryRefresh(base, refreshCommand(base), bank, clk);
    }
    if (!base.pickQueued(clk, activating == null)) return false;
    const request = base.choice.request!;
    const command = base.choice.command;
    if (command != Command.Act && command != Command.Pre) return this.access(Synced.Queued, clk, out);
    base.classify(request, command);
    if (command == Command.Pre) base.precharge(request.bank, clk);
    else {
      base.activate(request, clk);
      this.activating = request;
      this.deadline = clk + this.act2Deadline;
    }
    return true;
  }

  /** The chosen RD or WR, or what has to go before it. */
  private access(from: Synced, clk: i64, out: Completions): bool {
    const base = this.base;
    const request = base.choice.request!;
    if (clk < this.wckUntil) return this.accessNow(request, from, clk, out);
    if (this.activating != null && this.deadline <= clk + 1) return this.activateSecond(clk);
    const command = request.write ? Command.CasWrite : Command.CasRead;
    base.timing.issued(command, request.bank, clk);
    base.tally.command(command, request.bank, request.row, clk);
    this.synced = from;
    this.syncedRequest = request;
    return true;
  }

  private accessSynced(clk: i64, out: Completions): bool {
    const from = this.synced;
    this.synced = Synced.None;
    return this.accessNow(this.syncedRequest!, from, clk, out);
  }

  private accessNow(request: Request, from: Synced, clk: i64, out: Completions): bool {
    const base = this.base;
    const command = request.write ? Command.Write : Command.Read;
    this.wckUntil = max<i64>(this.wckUntil, clk + (request.write ? this.wckWrite : this.wckRead));
    if (from == Synced.Active) base.accessActive(request, command, clk, out);
    else base.accessQueued(request, command, clk, out);
    return true;
  }

  private activateSecond(clk: i64): bool {
    const base = this.base;
    const request = this.activating!;
    base.timing.issued(Command.Act2, request.bank, clk);
    base.tally.command(Command.Act2, request.bank, request.row, clk);
    base.open(request);
    this.activating = null;
    return true;
  }
}
