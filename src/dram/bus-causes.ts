//
//   Why the data buses of a DRAM channel carried nothing: every clock of each gets one cause.
//
//     acceptance clocks ──┐
//     command log ────────┴─► BusCauses ──► clocks by cause, which add up to the clocks of the bus
//
//   Law         docs/dram.md. A RD or WR at clk moves data in the clocks clk + offset .. clk + offset + burst - 1. A clock d of
//               the bus without data belongs to the next RD or WR (k-th of the bus): it would have carried data had that
//               command gone at x = d - offset. The first of these that holds is the cause:
//                 empty        the k-th request was not accepted before x
//                 refresh      a refresh was due and had not gone at x, or the bank was recovering from one
//                 turnaround   a rule from RD to WR or WR to RD held the command back at x
//                 activateRate the row was not open yet, and its ACT waited for those of other banks (tRRD, tFAW)
//                 row          the row was not open yet: PRE, tRP, ACT, tRCD, and what PRE and ACT of the bank waited for
//                 spacing      a rule from RD to RD or WR to WR held it back (tCCD_L)
//                 other        nothing of the above: the command bus was taken, or the requests came in another order
//   Left out    the requests that were overtaken: only the command that went next is asked.
//

import { Command, Dram } from "../../assembly/contract.js";
import { bankCount, commandsNamed, RuleClocks, RuleKind, sizeOf } from "./rule-clocks.js";

const REFRESHES = commandsNamed("Refresh", "RefreshBank");

export const CAUSES = ["empty", "refresh", "turnaround", "activateRate", "row", "spacing", "other"] as const;
export type Cause = (typeof CAUSES)[number];
/** Clocks of the data buses: `transfer` and the causes add up to all of them. */
export type BusClocks = Record<Cause | "transfer", number>;

/** How commands and data lie to each other, in clocks. */
export interface BusTimes {
  burst: number;
  /** From RD, from WR, to the first data. */
  readOffset: number;
  writeOffset: number;
}

/** One data bus: a channel has one, or one a pseudo-channel. */
interface Bus {
  /** Acceptance clocks of the requests that a command will follow. */
  accepted: ClockFifo;
  /** Refreshes that were pending since the latest data: due and issued, in turn. */
  pending: number[];
  dataEnd: number;
}

/** The buses of one channel. Requests and commands are given in the order of their clocks. */
export class BusCauses {
  readonly clocks: BusClocks = noClocks();
  private readonly rules: RuleClocks;
  private readonly buses: Bus[];
  private readonly banksPerBus: number;
  private readonly activates: Float64Array; // by bank: clock of the ACT, and when its bank and the others let it go
  private readonly refreshPeriod: number;
  private readonly refreshStagger: number;
  private refreshes = 0;

  constructor(
    device: Int32Array,
    channel: number,
    private readonly times: BusTimes,
  ) {
    const buses = sizeOf(device, "PseudoChannels");
    this.rules = new RuleClocks(device);
    this.buses = Array.from({ length: buses }, () => ({ accepted: new ClockFifo(), pending: [], dataEnd: 0 }));
    this.banksPerBus = bankCount(device) / buses;
    this.activates = new Float64Array(3 * bankCount(device));
    this.refreshPeriod = device[Dram.RefreshClocks];
    this.refreshStagger = channel * device[Dram.RefreshStagger];
  }

  /** How many data buses it has. */
  get count(): number {
    return this.buses.length;
  }

  /** A request of a bus was accepted at clock t, and a command will follow: it can go at t + 1. */
  accept(t: number, bus: number): void {
    this.buses[bus].accepted.push(t);
  }

  /** A command went at clk; bank -1 - p: to all banks of pseudo-channel p. */
  command(clk: number, command: number, bank: number): void {
    if (command === Command.Read) this.access(clk, command, bank, this.times.readOffset);
    else if (command === Command.Write) this.access(clk, command, bank, this.times.writeOffset);
    else if (command === Command.Act) this.activate(clk, bank);
    else if (REFRESHES.includes(command)) this.refresh(clk, bank);
    this.rules.issued(command, bank, clk);
  }

  /** First clock after the latest data. */
  get end(): number {
    return Math.max(...this.buses.map(({ dataEnd }) => dataEnd));
  }

  /** Nothing follows until `end`. */
  finish(end: number): void {
    for (const bus of this.buses) {
      this.clocks.empty += end - bus.dataEnd;
      bus.dataEnd = end;
    }
  }

  private access(clk: number, command: number, bank: number, offset: number): void {
    const bus = this.buses[Math.floor(bank / this.banksPerBus)];
    const { burst } = this.times;
    const start = clk + offset;
    const acceptedAt = bus.accepted.shift();
    const gapFrom = bus.dataEnd - offset;
    const waiting = Math.min(Math.max(gapFrom, acceptedAt + 1), clk);
    this.clocks.empty += Math.max(0, waiting - gapFrom);
    if (waiting < clk) this.attribute(bus, acceptedAt, waiting, clk, command, bank);
    this.clocks.transfer += start + burst - Math.max(start, bus.dataEnd);
    bus.dataEnd = start + burst;
    bus.pending.length = 0;
  }

  /** The clocks from..clk - 1, at which the RD or WR of clk could have gone but for a cause. */
  private attribute(bus: Bus, acceptedAt: number, from: number, clk: number, command: number, bank: number): void {
    const { rules, clocks } = this;
    const turnaround = rules.readyFrom(RuleKind.Turnaround, command, bank);
    const rowOpen = rules.readyFrom(RuleKind.RowOpen, command, bank);
    const spacing = rules.readyFrom(RuleKind.Spacing, command, bank);
    const activateAhead = rowOpen - this.activates[3 * bank];
    for (let x = from; x < clk; x++) {
      if (this.isRefreshing(bus, x, bank)) clocks.refresh++;
      else if (x < turnaround) clocks.turnaround++;
      else if (x < rowOpen) clocks[this.causeOfActivate(x - activateAhead, bank, acceptedAt)]++;
      else if (x < spacing) clocks.spacing++;
      else clocks.other++;
    }
  }

  /** Why the ACT of a bank did not go at a clock, which made its RD or WR late. */
  private causeOfActivate(clk: number, bank: number, acceptedAt: number): Cause {
    const [activated, bankReady, rateReady] = this.activates.subarray(3 * bank, 3 * bank + 3);
    if (clk < bankReady || clk >= activated) return "row";
    if (clk < rateReady) return "activateRate";
    return clk > acceptedAt ? "other" : "row";
  }

  private isRefreshing({ pending }: Bus, x: number, bank: number): boolean {
    if (this.refreshPeriod === 0) return false;
    if (x >= this.refreshDue(this.refreshes)) return true;
    for (let i = 0; i < pending.length; i += 2) {
      if (x >= pending[i] && x < pending[i + 1]) return true;
    }
    return this.rules.binds(RuleKind.Recovery, Command.Act, bank, x);
  }

  private activate(clk: number, bank: number): void {
    const { rules } = this;
    const cycle = rules.readyFrom(RuleKind.BankCycle, Command.Act, bank);
    const recovered = rules.readyFrom(RuleKind.Recovery, Command.Act, bank);
    const rateReady = rules.readyFrom(RuleKind.ActivateRate, Command.Act, bank);
    this.activates.set([clk, Math.max(cycle, recovered), rateReady], 3 * bank);
  }

  /** A refresh that is due stops all buses of the channel. */
  private refresh(clk: number, bank: number): void {
    const due = this.refreshDue(this.refreshes);
    this.refreshes += bank < 0 ? 1 / this.buses.length : 1;
    for (const { pending } of this.buses) pending.push(due, clk);
  }

  /** Clock from which on a refresh is due, after so many rounds of them: one of every pseudo-channel, or of one bank. */
  private refreshDue(rounds: number): number {
    return (Math.floor(rounds) + 1) * this.refreshPeriod + this.refreshStagger;
  }
}

/** Sum over buses. */
export function sumOf(all: readonly BusClocks[]): BusClocks {
  const sum = noClocks();
  for (const one of all) for (const key of Object.keys(sum) as (keyof BusClocks)[]) sum[key] += one[key];
  return sum;
}

function noClocks(): BusClocks {
  return { transfer: 0, empty: 0, refresh: 0, turnaround: 0, activateRate: 0, row: 0, spacing: 0, other: 0 };
}

/** Clocks in the order in which they came. */
class ClockFifo {
  private clocks: number[] = [];
  private first = 0;

  push(clock: number): void {
    this.clocks.push(clock);
  }

  shift(): number {
    if (this.first >= this.clocks.length) throw new Error("internal: more DRAM accesses than accepted requests");
    const clock = this.clocks[this.first++];
    if (this.first === 65536) {
      this.clocks = this.clocks.slice(this.first);
      this.first = 0;
    }
    return clock;
  }
}
