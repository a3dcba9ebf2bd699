//
//   Tally: what a channel counts, and the log of its commands for a debug driver.
//
//     every command ──► one counter per command       every request ──► hit, miss or conflict, once, by its first command
//                  └──► log line, if somebody gave a buffer
//
//   Counters are not state: they never change what the channel does. The equations are in docs/machine.md section 11.

import { Command, Counter } from "../../contract";

/** Bytes of a log line: clk i64, command i32, bank i32 (-1 - pseudo-channel for all its banks), row i32, 0. */
export const LOG_LINE_BYTES: usize = 24;

/** Counters and command log of one channel. */
@unmanaged
export class Tally {
  commands: usize; // i64[Command.Count] issued
  rowHits: i64;
  rowMisses: i64;
  rowConflicts: i64;
  forwarded: i64;
  merged: i64;
  readLatency: i64; // sum of completion - acceptance clocks
  log: usize; // where the next line goes
  logEnd: usize;

  build(): void {
    this.commands = heap.alloc(Command.Count << 3);
    this.reset();
  }

  reset(): void {
    memory.fill(this.commands, 0, Command.Count << 3);
    this.rowHits = 0;
    this.rowMisses = 0;
    this.rowConflicts = 0;
    this.forwarded = 0;
    this.merged = 0;
    this.readLatency = 0;
  }

  /** One command was issued. */
  @inline
  command(command: i32, bank: i32, row: i32, clk: i64): void {
    const slot = this.commands + ((<usize>command) << 3);
    store<i64>(slot, load<i64>(slot) + 1);
    if (this.log != this.logEnd) this.logLine(command, bank, row, clk);
  }

  /** A request's first command says what it met. */
  @inline
  firstCommand(command: i32): void {
    if (command == Command.Act) this.rowMisses++;
    else if (command == Command.Pre) this.rowConflicts++;
    else this.rowHits++;
  }

  /** Logs commands until the buffer is full. */
  logInto(lines: usize, count: i32): void {
    this.log = lines;
    this.logEnd = lines + <usize>count * LOG_LINE_BYTES;
  }

  /** Adds to a vector of Counter.Count; reads that wait count with their clocks so far. */
  collect(counters: usize, waiting: i64): void {
    add(counters, Counter.DramAct, this.issued(Command.Act));
    add(counters, Counter.DramPre, this.issued(Command.Pre));
    add(counters, Counter.DramPreAll, this.issued(Command.PreAll));
    add(counters, Counter.DramRead, this.issued(Command.Read));
    add(counters, Counter.DramWrite, this.issued(Command.Write));
    add(counters, Counter.DramRefresh, this.issued(Command.Refresh));
    add(counters, Counter.DramRefreshBank, this.issued(Command.RefreshBank));
    add(counters, Counter.DramAct2, this.issued(Command.Act2));
    add(counters, Counter.DramCasRead, this.issued(Command.CasRead));
    add(counters, Counter.DramCasWrite, this.issued(Command.CasWrite));
    add(counters, Counter.DramRowHits, this.rowHits);
    add(counters, Counter.DramRowMisses, this.rowMisses);
    add(counters, Counter.DramRowConflicts, this.rowConflicts);
    add(counters, Counter.DramForwarded, this.forwarded);
    add(counters, Counter.DramMerged, this.merged);
    add(counters, Counter.DramReadLatency, this.readLatency + waiting);
  }

  private issued(command: i32): i64 {
    return load<i64>(this.commands + ((<usize>command) << 3));
  }

  private logLine(command: i32, bank: i32, row: i32, clk: i64): void {
    store<i64>(this.log, clk);
    store<i32>(this.log, command, 8);
    store<i32>(this.log, bank, 12);
    store<i64>(this.log, <i64>row, 16);
    this.log += LOG_LINE_BYTES;
  }
}

function add(counters: usize, counter: i32, value: i64): void {
  const slot = counters + ((<usize>counter) << 3);
  store<i64>(slot, load<i64>(slot) + value);
}
