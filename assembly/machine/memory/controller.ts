//
//   Controller of a channel: queues, active list, refresh; one command a clock.
//
//     accept(part, t) ──► read queue ──┐
//                    └──► write queue ─┤ ACT ──► active list ─┐
//                                      └─────── RD, WR ───────┴──► completion clock
//
//   Cycle law   clk = t + 1. First an active request whose RD or WR is ready; else a due refresh (PREA, then REF); else the
//               chosen queue. A read completes at clk + ReadLatency, a write at clk, a forwarded read or merged write at t + 1.
//   Left out    LPDDR5's two-step ACT and CAS/WCK sync; power-down.
//   Source      docs/machine.md section 9.

import { Command, Dram } from "../../contract";
import { make } from "../alloc";
import { StateReader, StateWriter } from "../state";
import { AddressMap, dramWord } from "./address";
import { Banks } from "./bank";
import { Completions } from "./completions";
import { Choice, chooseActive, chooseQueued } from "./frfcfs";
import { Maintenance } from "./maintenance";
import { Request, RequestPool, RequestQueue } from "./queue";
import { Timing } from "./rules";
import { putQueue, putRequest, takeRequest } from "./request-state";
import { Part, Runs } from "./runs";
import { Tally } from "./tally";

/** The controller of one channel. */
@unmanaged
export class Controller {
  serveAt: i64; // earliest clock t at which serve() may do something
  freed: bool; // the last serve() took a request out of a queue
  writeMode: bool;
  readLatency: i64;
  writeHigh: i32;
  writeLow: i32;
  map: AddressMap;
  timing: Timing;
  banks: Banks;
  reads: RequestQueue;
  writes: RequestQueue;
  pool: RequestPool;
  maintenance: Maintenance;
  choice: Choice;
  tally: Tally;
  runs: Runs;

  /** Allocates for channel number `index` of a device. */
  build(device: usize, index: i32, runs: Runs): void {
    const banks = dramWord(device, Dram.BankGroups) * dramWord(device, Dram.BanksPerGroup);
    const readEntries = dramWord(device, Dram.ReadQueue);
    const writeEntries = dramWord(device, Dram.WriteQueue);
    this.readLatency = <i64>dramWord(device, Dram.ReadLatency);
    this.writeHigh = dramWord(device, Dram.WriteHigh);
    this.writeLow = dramWord(device, Dram.WriteLow);
    this.map = make<AddressMap>();
    this.map.build(device);
    this.timing = make<Timing>();
    this.timing.build(device);
    this.banks = make<Banks>();
    this.banks.build(banks);
    this.reads = make<RequestQueue>();
    this.reads.build(banks, readEntries);
    this.writes = make<RequestQueue>();
    this.writes.build(banks, writeEntries);
    this.pool = make<RequestPool>();
    this.pool.build(readEntries + writeEntries + banks);
    this.maintenance = make<Maintenance>();
    const stagger = <i64>index * <i64>dramWord(device, Dram.RefreshStagger);
    this.maintenance.build(dramWord(device, Dram.RefreshClocks), stagger);
    this.choice = make<Choice>();
    this.tally = make<Tally>();
    this.tally.build();
    this.runs = runs;
    this.reset();
  }

  reset(): void {
    this.serveAt = 0;
    this.freed = false;
    this.writeMode = false;
    this.timing.reset();
    this.banks.reset();
    this.reads.reset();
    this.writes.reset();
    this.pool.reset();
    this.maintenance.reset();
    this.tally.reset();
  }

  /** Offers the next transaction of a part at clock t; false when it is refused. */
  accept(part: Part, t: i64, out: Completions): bool {
    const local = part.local;
    const bank = this.map.bank(local);
    const write = part.write;
    if (this.writes.count != 0 && this.writes.holds(bank, local)) {
      if (write) this.tally.merged++;
      else {
        this.tally.forwarded++;
        this.tally.readLatency++;
      }
      this.runs.accepted(part);
      this.runs.complete(part, t + 1, out);
      return true;
    }
    const queue = write ? this.writes : this.reads;
    if (queue.full()) return false;
    const request = this.pool.take();
    request.part = part;
    request.local = local;
    request.accepted = t;
    request.row = this.map.row(local);
    request.bank = bank;
    request.write = write;
    request.classified = false;
    const news = queue.append(request, this.banks.row(bank));
    // One more request behind others with the same wish changes nothing, unless the writes become too many.
    if (news || this.writes.count > this.writeHigh) this.serveAt = t;
    this.runs.accepted(part);
    return true;
  }

  /** The controller's part of clock t: at most one command. */
  serve(t: i64, out: Completions): void {
    const clk = t + 1;
    this.freed = false;
    this.choice.clear();
    this.maintenance.observe(clk);
    const issued =
      this.tryActive(clk, out) || (this.maintenance.due != 0 ? this.tryRefresh(clk) : this.tryQueue(clk, out));
    this.serveAt = issued ? this.afterIssue(clk) : min<i64>(this.choice.next, this.maintenance.next) - 1;
  }

  canonical(now: i64, into: StateWriter): void {
    this.timing.canonical(now, into);
    this.maintenance.canonical(now, into);
    this.banks.canonical(into);
    into.put(<i64>this.writeMode);
    putQueue(this.reads, this.runs, now, into);
    putQueue(this.writes, this.runs, now, into);
    into.put(<i64>popcnt(this.banks.held));
    let request = this.banks.notBefore(0);
    while (request != null) {
      into.put(<i64>request.write);
      putRequest(request, this.runs, now, into);
      request = this.banks.notBefore(request.order + 1);
    }
  }

  /** Reads the state; the parts are there already. */
  load(now: i64, from: StateReader): void {
    this.timing.load(now, from);
    this.maintenance.load(now, from);
    this.banks.load(from);
    this.writeMode = from.take() != 0;
    this.pool.reset();
    this.takeQueue(this.reads, false, now, from);
    this.takeQueue(this.writes, true, now, from);
    const active = from.take();
    for (let i = 0; i < active; i++) {
      const write = from.take() != 0;
      this.banks.hold(this.takeRequest(write, now, from));
    }
    this.serveAt = now; // looking too early finds the same
    this.freed = false;
  }

  /** After a command the next clock has to be looked at; with nothing but row hits of reads, the bus says when. */
  @inline
  private afterIssue(clk: i64): i64 {
    const reads = this.reads;
    if ((reads.closed | reads.miss | this.banks.held) != 0 || reads.hit == 0) return clk;
    if (this.writeMode || this.writes.count > this.writeHigh || this.maintenance.due != 0) return clk;
    return max<i64>(clk, min<i64>(this.timing.rankReady(Command.Read), this.maintenance.next) - 1);
  }

  private tryActive(clk: i64, out: Completions): bool {
    if (this.banks.held == 0) return false;
    chooseActive(this.banks, this.timing, clk, this.choice);
    const request = this.choice.request;
    if (request == null) return false;
    this.banks.release(request.bank);
    this.reads.released();
    this.writes.released();
    this.access(request, this.choice.command, clk, out);
    return true;
  }

  private tryRefresh(clk: i64): bool {
    const command = this.banks.open != 0 ? Command.PreAll : Command.Refresh;
    if (this.banks.held != 0) return false;
    const ready = this.timing.rankReady(command);
    if (ready > clk) {
      this.choice.wait(ready);
      return false;
    }
    for (let mask = this.banks.open; mask != 0; mask &= mask - 1) this.precharge(<i32>ctz(mask));
    if (command == Command.Refresh) this.maintenance.due--;
    this.timing.issuedRank(command, clk);
    this.tally.command(command, -1, -1, clk);
    return true;
  }

  private tryQueue(clk: i64, out: Completions): bool {
    this.chooseMode();
    const queue = this.writeMode ? this.writes : this.reads;
    if (queue.count == 0) return false;
    chooseQueued(queue, this.banks, this.timing, this.writeMode ? Command.Write : Command.Read, clk, this.choice);
    const request = this.choice.request;
    if (request == null) return false;
    const command = this.choice.command;
    if (!request.classified) {
      request.classified = true;
      this.tally.firstCommand(command);
    }
    if (command == Command.Act) this.activate(queue, request, clk);
    else if (command == Command.Pre) {
      this.timing.issued(command, request.bank, clk);
      this.tally.command(command, request.bank, -1, clk);
      this.precharge(request.bank);
    } else {
      queue.removeHit(request);
      this.freed = true;
      this.access(request, command, clk, out);
    }
    return true;
  }

  /** Evaluated whenever the queues get their turn. */
  @inline
  private chooseMode(): void {
    if (!this.writeMode) this.writeMode = this.writes.count > this.writeHigh || this.reads.count == 0;
    else if (this.writes.count < this.writeLow && this.reads.count != 0) this.writeMode = false;
  }

  private activate(queue: RequestQueue, request: Request, clk: i64): void {
    const bank = request.bank;
    const row = request.row;
    queue.removeClosed(request);
    this.freed = true;
    this.timing.issued(Command.Act, bank, clk);
    this.tally.command(Command.Act, bank, row, clk);
    this.banks.activate(request);
    this.reads.opened(bank, row);
    this.writes.opened(bank, row);
  }

  private precharge(bank: i32): void {
    this.banks.precharge(bank);
    this.reads.precharged(bank);
    this.writes.precharged(bank);
  }

  /** RD or WR: the request is done. */
  private access(request: Request, command: i32, clk: i64, out: Completions): void {
    this.timing.issued(command, request.bank, clk);
    this.tally.command(command, request.bank, request.row, clk);
    let completion = clk;
    if (!request.write) {
      completion += this.readLatency;
      this.tally.readLatency += completion - request.accepted;
    }
    this.runs.complete(request.part, completion, out);
    this.pool.give(request);
  }

  private takeQueue(queue: RequestQueue, write: bool, now: i64, from: StateReader): void {
    queue.reset();
    const count = from.take();
    for (let i = 0; i < count; i++) {
      const request = this.takeRequest(write, now, from);
      queue.append(request, this.banks.row(request.bank));
    }
  }

  private takeRequest(write: bool, now: i64, from: StateReader): Request {
    return takeRequest(this.pool.take(), write, this.map, this.runs, now, from);
  }
}
