//
//   FRFCFS, first ready, first come: which command goes in a clock.
//
//                    ┌──────────────────────────── active list: smallest acceptance clock, then order of ACT
//       ready ones ──┤ else
//                    └── the chosen queue: smallest acceptance order
//
//       next command of a request   row open: RD or WR     bank closed: ACT     other row open: PRE (not of a held bank)
//
//   Cycle law   a candidate is ready when all three nodes of its bank let its command go (rules.ts). Per bank and queue only
//               three requests can be first: the first hit, the first miss and, closed, the first of all.
//   Left out    a cap on row hits, fairness among streams, closing idle rows early.
//   Source      docs/machine.md section 9, which gives Ramulator 2.1's policy in words.

import { Command } from "../../contract";
import { NEVER } from "../state";
import { Banks } from "./bank";
import { Request, RequestQueue } from "./queue";
import { Timing } from "./rules";

/** What a look found: a ready request and its command, or the earliest clock at which looking again makes sense. */
@unmanaged
export class Choice {
  request: Request | null;
  command: i32;
  next: i64; // a lower bound, over all looks since clear()

  clear(): void {
    this.request = null;
    this.next = NEVER;
  }


  @inline
  wait(until: i64): void {
    if (until < this.next) this.next = until;
  }


  @inline
  take(request: Request, command: i32): void {
    this.request = request;
    this.command = command;
  }
}

/** Looks for an active request whose RD or WR is ready. */
export function chooseActive(banks: Banks, timing: Timing, clk: i64, choice: Choice): void {
  for (let mask = banks.held; mask != 0; mask &= mask - 1) {
    const bank = <i32>ctz(mask);
    const request = banks.request(bank);
    const command = request.write ? Command.Write : Command.Read;
    const ready = timing.ready(command, bank);
    if (ready > clk) {
      choice.wait(ready);
      continue;
    }
    const best = choice.request;
    if (best == null || older(request, best)) choice.take(request, command);
  }
}

/** Looks for a queued request whose next command is ready. */
export function chooseQueued(
  queue: RequestQueue,
  banks: Banks,
  timing: Timing,
  access: i32,
  clk: i64,
  choice: Choice,
): void {
  let bestOrder = NEVER;
  if (queue.hit != 0) {
    const rank = timing.rankReady(access);
    if (rank > clk) choice.wait(rank);
    else {
      for (let mask = queue.hit; mask != 0; mask &= mask - 1) {
        const bank = <i32>ctz(mask);
        const ready = timing.belowRankReady(access, bank);
        if (ready > clk) {
          choice.wait(ready);
          continue;
        }
        const request = queue.firstHit(bank);
        if (request.order < bestOrder) {
          bestOrder = request.order;
          choice.take(request, access);
        }
      }
    }
  }
  if (queue.closed != 0) {
    const rank = timing.rankReady(Command.Act);
    if (rank > clk) choice.wait(rank);
    else {
      for (let mask = queue.closed; mask != 0; mask &= mask - 1) {
        const bank = <i32>ctz(mask);
        const ready = timing.belowRankReady(Command.Act, bank);
        if (ready > clk) {
          choice.wait(ready);
          continue;
        }
        const request = queue.first(bank);
        if (request.order < bestOrder) {
          bestOrder = request.order;
          choice.take(request, Command.Act);
        }
      }
    }
  }
  const precharges = queue.miss & ~banks.held;
  if (precharges != 0) {
    const rank = timing.rankReady(Command.Pre);
    if (rank > clk) choice.wait(rank);
    else {
      for (let mask = precharges; mask != 0; mask &= mask - 1) {
        const bank = <i32>ctz(mask);
        const ready = timing.belowRankReady(Command.Pre, bank);
        if (ready > clk) {
          choice.wait(ready);
          continue;
        }
        const request = queue.firstMiss(bank);
        if (request.order < bestOrder) {
          bestOrder = request.order;
          choice.take(request, Command.Pre);
        }
      }
    }
  }
}

/** Among active requests: smaller acceptance clock, then earlier ACT. */
@inline
function older(a: Request, b: Request): bool {
  return a.accepted != b.accepted ? a.accepted < b.accepted : a.order < b.order;
}
