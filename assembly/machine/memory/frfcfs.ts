//
//   FRFCFS, first ready, first come: which command goes in a clock.
//
//                    ┌──────────────────────────── active list: smallest acceptance clock, then order of ACT
//       ready ones ──┤ else
//                    └── the chosen queue: smallest acceptance order
//
//       next command of a request   row open: RD or WR     bank closed: ACT     other row open: PRE (not of a held bank)
//
//   Cycle law   a candidate is ready when all nodes of its bank let its command go (rules.ts). Per bank and queue only
//               three requests can be first: the first hit, the first miss and, closed, the first of all. Ready times only
//               grow, so a clock before which nobody was ready holds until somebody joins (queue.ts, bank.ts).
//   Left out    a cap on row hits, fairness among streams, closing idle rows early.
//   Source      docs/machine.md section 9, which gives Ramulator 2.1's policy in words.

import { Command } from "../../contract";
import { NEVER } from "../state";
import { Banks } from "./bank";
import { RequestQueue, Wish } from "./queue";
import { Request } from "./request";
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

  /** Somebody is ready at this clock at the earliest. */
  @inline
  wait(until: i64): void {
    if (until < this.next) this.next = until;
  }

  /** The best so far. */
  @inline
  take(request: Request, command: i32): void {
    this.request = request;
    this.command = command;
  }
}

/** Looks for an active request whose RD or WR is ready. */
export function chooseActive(banks: Banks, timing: Timing, clk: i64, choice: Choice): void {
  if (banks.activeFrom > clk) {
    choice.wait(banks.activeFrom);
    return;
  }
  let soonest = NEVER;
  for (let mask = banks.held; mask != 0; mask &= mask - 1) {
    const bank = <i32>ctz(mask);
    const request = banks.request(bank);
    const command = request.write ? Command.Write : Command.Read;
    const ready = timing.ready(command, bank);
    if (ready > clk) {
      if (ready < soonest) soonest = ready;
      continue;
    }
    const best = choice.request;
    if (best == null || older(request, best)) choice.take(request, command);
  }
  if (choice.request != null) return;
  banks.activeFrom = soonest;
  choice.wait(soonest);
}

/** Looks for a queued request whose next command is ready. */
export function chooseQueued(
  queue: RequestQueue,
  banks: Banks,
  timing: Timing,
  access: i32,
  mayActivate: bool,
  clk: i64,
  choice: Choice,
): void {
  look(queue, Wish.Hit, queue.hit, timing, access, clk, choice);
  if (mayActivate) look(queue, Wish.Closed, queue.closed, timing, Command.Act, clk, choice);
  look(queue, Wish.Miss, queue.miss & ~banks.held, timing, Command.Pre, clk, choice);
}

/** The same for RD or WR alone. */
export function chooseHits(queue: RequestQueue, timing: Timing, access: i32, clk: i64, choice: Choice): void {
  look(queue, Wish.Hit, queue.hit, timing, access, clk, choice);
}

/** The same for ACT alone. */
export function chooseActivates(queue: RequestQueue, timing: Timing, clk: i64, choice: Choice): void {
  look(queue, Wish.Closed, queue.closed, timing, Command.Act, clk, choice);
}

/** The same for PRE alone, of other banks than those. */
export function choosePrecharges(queue: RequestQueue, timing: Timing, but: u64, clk: i64, choice: Choice): void {
  look(queue, Wish.Miss, queue.miss & ~but, timing, Command.Pre, clk, choice);
}

/** Looks at the first request of each bank in the mask; takes the oldest that is ready. */
@inline
function look(
  queue: RequestQueue,
  wish: Wish,
  mask: u64,
  timing: Timing,
  command: i32,
  clk: i64,
  choice: Choice,
): void {
  if (mask == 0) return;
  const from = max<i64>(queue.from(wish), timing.anyReady(command));
  if (from > clk) {
    choice.wait(from);
    return;
  }
  const alone = timing.tops == 1;
  let soonest = NEVER;
  let ready = false;
  while (mask != 0) {
    const bank = <i32>ctz(mask);
    mask &= mask - 1;
    const bankReady = alone ? timing.belowTopReady(command, bank) : timing.ready(command, bank);
    if (bankReady > clk) {
      if (bankReady < soonest) soonest = bankReady;
      continue;
    }
    ready = true;
    const request = queue.head(wish, bank);
    const best = choice.request;
    if (best == null || request.order < best.order) choice.take(request, command);
  }
  if (ready) return;
  queue.wait(wish, soonest);
  choice.wait(soonest);
}

/** Among active requests: smaller acceptance clock, then earlier ACT. */
@inline
function older(a: Request, b: Request): bool {
  return a.accepted != b.accepted ? a.accepted < b.accepted : a.order < b.order;
}
