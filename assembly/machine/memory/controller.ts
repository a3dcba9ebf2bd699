//
//   Controller of a channel: queues, active list, refresh, and what commands do to them. When which one goes is said by the
//   controller kinds: ddr.ts, lpddr5.ts, hbm.ts.
//
//     accept(part, t) ──► read queue ──┐
//                    └──► write queue ─┤ ACT ──► active list ─┐
//                                      └─────── RD, WR ───────┴──► completion clock
//
//   Cycle law   clk = t + 1. A read completes at clk + ReadLatency, a write at clk, a forwarded read or merged write at t + 1.
//   Left out    power-down; more than one rank.
//   Source      docs/machine.md section 9.

import { Command, Dram } from "../../contract";
import { make } from "../alloc";
import { StateReader } from "../state";
import { AddressMap, dramWord } from "./address";
import { Ages } from "./ages";
import { Banks } from "./bank";
import { Completions } from "./completions";
import { Choice, chooseActive, chooseQueued } from "./frfcfs";
import { Maintenance } from "./maintenance";
import { RequestQueue } from "./queue";
import { Request, RequestPool } from "./request";
import { takeRequest } from "./request-state";
import { Timing } from "./rules";
import { Part, Runs } from "./runs";
import { Tally } from "./tally";

/** The controller of one channel. */
@unmanaged
export class Controller {
  serveAt: i64; // earliest clock t at which the kind may do something
  freed: bool; // the last clock took a request out of a queue
  writeMode: bool;
  wrote: bool; // since it was cleared, what waits in the write queue has made a difference
  readLatency: i64;
  writeHigh: i32;
  writeLow: i32;
  ticks: usize; // i32[Command.Count]: clocks for which a command holds its bus
  map: AddressMap;
  timing: Timing;
  banks: Banks;
  reads: RequestQueue;
  writes: RequestQueue;
  pool: RequestPool;
  ages: Ages;
  maintenance: Maintenance;
  choice: Choice;
  tally: Tally;
  runs: Runs;

  /** Allocates for channel number `index` of a device. */
  build(device: usize, index: i32, runs: Runs): void {
    const readEntries = dramWord(device, Dram.ReadQueue);
    const writeEntries = dramWord(device, Dram.WriteQueue);
    this.readLatency = <i64>dramWord(device, Dram.ReadLatency);
    this.writeHigh = dramWord(device, Dram.WriteHigh);
    this.writeLow = dramWord(device, Dram.WriteLow);
    this.ticks = device + (Dram.ActTicks << 2);
    this.map = make<AddressMap>();
    this.map.build(device);
    this.timing = make<Timing>();
    this.timing.build(device);
    const banks = this.timing.tree.banks;
    this.banks = make<Banks>();
    this.banks.build(banks);
    this.reads = make<RequestQueue>();
    this.reads.build(banks, readEntries);
    this.writes = make<RequestQueue>();
    this.writes.build(banks, writeEntries);
    this.pool = make<RequestPool>();
    this.pool.build(readEntries + writeEntries + banks);
    this.ages = make<Ages>();
    this.ages.build(this.pool.capacity);
    this.maintenance = make<Maintenance>();
    this.maintenance.build(device, index);
    this.choice = make<Choice>();
    this.tally = make<Tally>();
    this.tally.build();
    this.runs = runs;
    this.reset();
  }

  reset(): void {
    this.serveAt = 0;
    this.freed = false;
    this.wrote = false;
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
    const place = this.map.place(local);
    const bank = this.map.bank(place);
    const write = part.write;
    if (this.writes.count != 0 && this.writes.holds(bank, local)) {
      this.wrote = true;
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
    if (write) this.wrote = true;
    if (queue.full()) return false;
    const request = this.pool.take();
    request.part = part;
    request.local = local;
    request.accepted = t;
    request.row = this.map.row(place);
    request.bank = bank;
    request.write = write;
    request.classified = false;
    const news = queue.append(request, this.banks.row(bank));
    // One more request behind others with the same wish changes nothing, unless the writes become too many.
    if (news || this.writes.count > this.writeHigh) this.serveAt = t;
    this.runs.accepted(part);
    return true;
  }

  /** Step 1: the oldest active request whose RD or WR is ready is the choice. */
  @inline
  pickActive(clk: i64): bool {
    if (this.banks.held == 0) return false;
    chooseActive(this.banks, this.timing, clk, this.choice);
    return this.choice.request != null;
  }

  /** Step 3: the oldest request of the chosen queue whose next command is ready is the choice. */
  @inline
  pickQueued(clk: i64, mayActivate: bool): bool {
    const queue = this.chosenQueue();
    if (queue.count == 0) return false;
    chooseQueued(queue, this.banks, this.timing, this.queueAccess(), mayActivate, clk, this.choice);
    return this.choice.request != null;
  }

  /** The queue whose turn it is; evaluated whenever the queues get their turn. */
  @inline
  chosenQueue(): RequestQueue {
    if (!this.writeMode) this.writeMode = this.writes.count > this.writeHigh || this.reads.count == 0;
    else if (this.writes.count < this.writeLow && this.reads.count != 0) this.writeMode = false;
    if (!this.writeMode) return this.reads;
    this.wrote = true;
    return this.writes;
  }

  /** The command that the chosen queue's hits want. */
  @inline
  queueAccess(): i32 {
    return this.writeMode ? Command.Write : Command.Read;
  }

  /** A queued request's first command says what it met. */
  @inline
  classify(request: Request, command: i32): void {
    if (request.classified) return;
    request.classified = true;
    this.tally.firstCommand(command);
  }

  /** ACT, or the first of its two halves: the request leaves its queue. */
  @inline
  activate(request: Request, clk: i64): void {
    (request.write ? this.writes : this.reads).removeClosed(request);
    this.freed = true;
    this.timing.issued(Command.Act, request.bank, clk);
    this.tally.command(Command.Act, request.bank, request.row, clk);
  }

  /** The row of a request is open now, and its bank held for it. */
  open(request: Request): void {
    this.banks.activate(request);
    this.reads.opened(request.bank, request.row);
    this.writes.opened(request.bank, request.row);
  }

  /** PRE of a request's bank. */
  precharge(bank: i32, clk: i64): void {
    this.timing.issued(Command.Pre, bank, clk);
    this.tally.command(Command.Pre, bank, -1, clk);
    this.close(bank);
  }

  /** A bank has no open row any more. */
  close(bank: i32): void {
    this.banks.precharge(bank);
    this.reads.precharged(bank);
    this.writes.precharged(bank);
  }

  /** RD or WR of an active request. */
  @inline
  accessActive(request: Request, command: i32, clk: i64, out: Completions): void {
    this.banks.release(request.bank);
    this.reads.released();
    this.writes.released();
    this.access(request, command, clk, out);
  }

  /** RD or WR of a queued request. */
  @inline
  accessQueued(request: Request, command: i32, clk: i64, out: Completions): void {
    this.classify(request, command);
    (request.write ? this.writes : this.reads).removeHit(request);
    this.freed = true;
    this.access(request, command, clk, out);
  }

  /** After a command the next clock has to be looked at; with nothing but row hits of reads, the bus says when. */
  @inline
  afterIssue(clk: i64): i64 {
    const reads = this.reads;
    if ((reads.closed | reads.miss | this.banks.held) != 0 || reads.hit == 0) return clk;
    if (this.writeMode || this.writes.count > this.writeHigh || this.maintenance.due != 0) return clk;
    return max<i64>(clk, min<i64>(this.timing.anyReady(Command.Read), this.maintenance.next) - 1);
  }

  /** Clocks for which a command holds its bus. */
  @inline
  busTicks(command: i32): i64 {
    return <i64>load<i32>(this.ticks + ((<usize>command) << 2));
  }

  /** A request of the state. */
  takeRequest(write: bool, now: i64, from: StateReader): Request {
    return takeRequest(this.pool.take(), write, this.map, this.runs, now, from);
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
}
