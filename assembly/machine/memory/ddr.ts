//
//   Controller kind `ddr` (DDR4, GDDR6): one command a clock on one bus.
//
//     active list ──► due refresh ──► chosen queue     the first of these that finds a command
//
//   Cycle law   clk = t + 1. First an active request whose RD or WR is ready; else a due refresh (PREA, then REF); else the
//               chosen queue. A command of n clocks keeps the next n - 1 clocks free of commands.
//   Source      docs/machine.md section 9.

import { Command } from "../../contract";
import { StateReader, StateWriter } from "../state";
import { Completions } from "./completions";
import { Controller } from "./controller";
import { refreshCommand, tryRefresh } from "./refresh";

/** What goes when. */
@unmanaged
export class Ddr {
  base: Controller;
  busFrom: i64; // clk from which the bus is free

  reset(): void {
    this.busFrom = 0;
  }

  /** Clock clk = t + 1: at most one command. */
  @inline
  serve(clk: i64, out: Completions): void {
    const base = this.base;
    if (clk < this.busFrom) {
      base.serveAt = this.busFrom - 1;
      return;
    }
    base.choice.clear();
    base.maintenance.observe(clk);
    const command = this.issue(clk, out);
    if (command < 0) {
      base.serveAt = min<i64>(base.choice.next, base.maintenance.next) - 1;
      return;
    }
    this.busFrom = clk + base.busTicks(command);
    base.serveAt = base.afterIssue(clk);
  }

  canonical(now: i64, into: StateWriter): void {
    into.time(this.busFrom - 2, now);
  }

  load(now: i64, from: StateReader): void {
    this.busFrom = from.time(now) + 2;
  }

  /** The command that went, -1 when none did. */
  @inline
  private issue(clk: i64, out: Completions): i32 {
    const base = this.base;
    if (base.pickActive(clk)) {
      base.accessActive(base.choice.request!, base.choice.command, clk, out);
      return base.choice.command;
    }
    if (base.maintenance.due != 0) {
      const command = refreshCommand(base);
      return tryRefresh(base, command, 0, clk) ? command : -1;
    }
    if (!base.pickQueued(clk, true)) return -1;
    const request = base.choice.request!;
    const command = base.choice.command;
    if (command == Command.Act || command == Command.Pre) {
      base.classify(request, command);
      if (command == Command.Pre) base.precharge(request.bank, clk);
      else {
        base.activate(request, clk);
        base.open(request);
      }
    } else base.accessQueued(request, command, clk, out);
    return command;
  }
}
