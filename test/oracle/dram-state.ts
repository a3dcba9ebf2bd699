//
//   What a DRAM channel holds: queues, active list, open rows, due refreshes; and what commands do to them
//   (docs/machine.md, section 9). When which one goes: dram-kinds.ts.
//
//       transactions ──► read queue ─┐
//                   └──► write queue ┴─ ACT ─► active list ──► RD, WR: answered

import { Command, Counter, Dram, RULE_WORDS } from "../../assembly/contract.js";
import { ALL, Ledger, type Target } from "./ledger.js";

/** Who gets a transaction's completion clock. */
export interface Asker {
  readonly isWrite: boolean;
  answer(clock: number): void;
}

export interface Request extends Target {
  readonly part: Asker;
  readonly address: number;
  readonly accepted: number; // clock
  readonly row: number;
  isClassified: boolean;
}

const COUNTERS: Record<number, Counter> = {
  [Command.Act]: Counter.DramAct,
  [Command.Act2]: Counter.DramAct2,
  [Command.Pre]: Counter.DramPre,
  [Command.PreAll]: Counter.DramPreAll,
  [Command.Read]: Counter.DramRead,
  [Command.Write]: Counter.DramWrite,
  [Command.CasRead]: Counter.DramCasRead,
  [Command.CasWrite]: Counter.DramCasWrite,
  [Command.Refresh]: Counter.DramRefresh,
  [Command.RefreshBank]: Counter.DramRefreshBank,
};

/** Queues, active list, open rows and due refreshes of a channel. */
export class DramState {
  readonly active: Request[] = [];
  readonly refreshes: Target[] = []; // due, oldest first
  readonly ledger: Ledger;
  private readonly reads: Request[] = [];
  private readonly writes: Request[] = [];
  private readonly openRow = new Map<number, number>(); // by bank
  private isWriteMode = false;
  private nextRefresh = 0; // bank of the next per-bank refresh

  constructor(
    readonly device: Int32Array,
    private readonly index: number,
    private readonly counters: Float64Array,
  ) {
    this.ledger = new Ledger(device);
  }

  /** Takes a transaction, or refuses it. */
  accept(part: Asker, address: number, clock: number): boolean {
    const { isWrite } = part;
    const queue = isWrite ? this.writes : this.reads;
    if (this.writes.some((write) => write.address === address)) {
      this.counters[isWrite ? Counter.DramMerged : Counter.DramForwarded]++;
      if (!isWrite) this.counters[Counter.DramReadLatency] += 1;
      part.answer(clock + 1);
      return true;
    }
    if (queue.length >= this.device[isWrite ? Dram.WriteQueue : Dram.ReadQueue]) return false;
    queue.push({ part, address, accepted: clock, ...this.placeOf(address), isClassified: false });
    return true;
  }

  /** What gets due at a clock. */
  addRefreshes(clk: number): void {
    const { device } = this;
    const period = device[Dram.RefreshClocks];
    const since = clk - this.index * device[Dram.RefreshStagger];
    if (period === 0 || since <= 0 || since % period !== 0) return;
    const groups = device[Dram.PseudoChannels] * device[Dram.Sids] * device[Dram.BankGroups];
    if (device[Dram.RefreshPerBank] === 1) {
      const group = Math.floor(this.nextRefresh / device[Dram.BanksPerGroup]);
      this.refreshes.push({
        bank: this.nextRefresh % device[Dram.BanksPerGroup],
        bankGroup: group % device[Dram.BankGroups],
        sid: Math.floor(group / device[Dram.BankGroups]) % device[Dram.Sids],
        pseudoChannel: Math.floor(group / device[Dram.BankGroups] / device[Dram.Sids]),
      });
      this.nextRefresh = (this.nextRefresh + 1) % (groups * device[Dram.BanksPerGroup]);
      return;
    }
    for (let pseudoChannel = 0; pseudoChannel < device[Dram.PseudoChannels]; pseudoChannel++) {
      this.refreshes.push({ pseudoChannel, sid: ALL, bankGroup: ALL, bank: ALL });
    }
  }

  /** Of the active requests whose RD or WR is ready the one accepted first; of several, the one activated first. */
  oldestActive(clk: number): Request | undefined {
    const ready = this.active.filter((request) => this.ledger.isReady(access(request), request, clk));
    return ready.reduce<Request | undefined>(
      (best, request) => (best === undefined || request.accepted < best.accepted ? request : best),
      undefined,
    );
  }

  /** The queue whose turn it is. */
  chooseQueue(): Request[] {
    const { reads, writes, device } = this;
    if (!this.isWriteMode) {
      if (writes.length > device[Dram.WriteHigh] || reads.length === 0) this.isWriteMode = true;
    } else if (writes.length < device[Dram.WriteLow] && reads.length > 0) {
      this.isWriteMode = false;
    }
    return this.isWriteMode ? writes : reads;
  }

  /** The first request of a queue whose next command is ready and allowed; a held bank is not precharged. */
  firstReady(queue: readonly Request[], clk: number, isAllowed: (command: Command, request: Request) => boolean) {
    return queue.find((request) => {
      const command = this.nextCommand(request);
      if (command === Command.Pre && this.active.some((other) => isIn(other, bankOf(request)))) return false;
      return isAllowed(command, request) && this.ledger.isReady(command, request, clk);
    });
  }

  nextCommand(request: Request): Command {
    const open = this.openRow.get(keyOf(request));
    if (open === undefined) return Command.Act;
    return open === request.row ? access(request) : Command.Pre;
  }

  /** The next command of the refresh at the head. */
  refreshCommand(): Command {
    const target = this.refreshes[0];
    const isOneBank = target.bank !== ALL;
    if (this.openBanks(target).length > 0) return isOneBank ? Command.Pre : Command.PreAll;
    return isOneBank ? Command.RefreshBank : Command.Refresh;
  }

  /** Issues it; false where it is not ready or one of its banks is held. */
  refresh(clk: number): boolean {
    const target = this.refreshes[0];
    const command = this.refreshCommand();
    if (this.active.some((request) => isIn(request, target)) || !this.ledger.isReady(command, target, clk))
      return false;
    for (const bank of this.openBanks(target)) this.openRow.delete(bank);
    if (command === Command.Refresh || command === Command.RefreshBank) this.refreshes.shift();
    this.note(command, target, clk);
    return true;
  }

  precharge(request: Request, clk: number): void {
    this.classify(request, Counter.DramRowConflicts);
    this.openRow.delete(keyOf(request));
    this.note(Command.Pre, bankOf(request), clk);
  }

  /** ACT, or ACT1: the request leaves its queue. */
  activate(request: Request, clk: number): void {
    this.classify(request, Counter.DramRowMisses);
    this.leave(request);
    this.note(Command.Act, bankOf(request), clk);
  }

  /** The row is open and held by the request. */
  open(request: Request): void {
    this.openRow.set(keyOf(request), request.row);
    this.active.push(request);
  }

  access(request: Request, clk: number): void {
    this.classify(request, Counter.DramRowHits);
    this.leave(request);
    this.note(access(request), bankOf(request), clk);
    const isWrite = request.part.isWrite;
    const completion = isWrite ? clk : clk + this.device[Dram.ReadLatency];
    if (!isWrite) this.counters[Counter.DramReadLatency] += completion - request.accepted;
    request.part.answer(completion);
  }

  note(command: Command, target: Target, clk: number): void {
    this.ledger.note(command, target, clk);
    this.counters[COUNTERS[command]]++;
  }

  /** Every bit of the bank index and the row is the sum of the address bits under its mask. */
  private placeOf(address: number) {
    const { device } = this;
    let at = Dram.Count + device[Dram.RuleCount] * RULE_WORDS;
    const next = (bits: number) => {
      let value = 0;
      for (let bit = 0; bit < bits; bit++) value += sumOf(address & device[at++]) * 2 ** bit;
      return value;
    };
    const bank = next(Math.log2(device[Dram.BanksPerGroup]));
    const bankGroup = next(Math.log2(device[Dram.BankGroups]));
    const sid = next(Math.log2(device[Dram.Sids]));
    const pseudoChannel = next(Math.log2(device[Dram.PseudoChannels]));
    return { bank, bankGroup, sid, pseudoChannel, row: next(device[Dram.RowBits]) };
  }

  private openBanks(target: Target): number[] {
    const { pseudoChannel, bank } = target;
    const isOf = (key: number) =>
      bank === ALL ? Math.floor(key / PLACES ** 3) === pseudoChannel : key === keyOf(target);
    return [...this.openRow.keys()].filter(isOf);
  }

  private leave(request: Request): void {
    for (const list of [this.reads, this.writes, this.active]) {
      if (list.includes(request)) list.splice(list.indexOf(request), 1);
    }
  }

  private classify(request: Request, kind: Counter): void {
    if (!request.isClassified) this.counters[kind]++;
    request.isClassified = true;
  }
}

export function access(request: Request): Command {
  return request.part.isWrite ? Command.Write : Command.Read;
}

/** Whether a bank is, or is among, a target. */
export function isIn(bank: Target, target: Target): boolean {
  if (bank.pseudoChannel !== target.pseudoChannel) return false;
  return target.bank === ALL || keyOf(bank) === keyOf(target);
}

function bankOf({ pseudoChannel, sid, bankGroup, bank }: Target): Target {
  return { pseudoChannel, sid, bankGroup, bank };
}

/** More than any level has places under one parent. */
const PLACES = 256;

function keyOf({ pseudoChannel, sid, bankGroup, bank }: Target): number {
  return ((pseudoChannel * PLACES + sid) * PLACES + bankGroup) * PLACES + bank;
}

function sumOf(bits: number): number {
  let sum = 0;
  for (let rest = bits; rest !== 0; rest &= rest - 1) sum ^= 1;
  return sum;
}
