//
//   One DRAM channel, controller kind `ddr`, one memory clock at a time (docs/machine.md, section 9).
//
//       parts of runs ──► FIFO ──► read queue ─┐
//                              └─► write queue ┴─► active list ──► one command a clock
//
//   Clock law   offers at t, then the controller with clk = t + 1. Whether a command is ready is found by reading every
//               rule row that names it, each time; what was issued when is a list of clocks a node and command.

import { Command, Counter, Dram, Level, RULE_WORDS, Rule } from "../../assembly/contract.js";

/** A channel's share of a run: local transactions, in order. */
export class Part {
  readonly waiting: number[];
  unanswered: number;
  completion = 0; // latest completion clock so far
  constructor(
    transactions: readonly number[],
    readonly isWrite: boolean,
    readonly visibleFrom: number,
    readonly onComplete: (clock: number) => void,
  ) {
    this.waiting = [...transactions];
    this.unanswered = transactions.length;
  }
  answer(clock: number): void {
    this.completion = Math.max(this.completion, clock);
    this.unanswered--;
    if (this.unanswered === 0) this.onComplete(this.completion);
  }
}

interface Request extends Target {
  readonly part: Part;
  readonly address: number;
  readonly accepted: number; // clock
  readonly row: number;
  isClassified: boolean;
}

interface TimingRule {
  level: number;
  after: number;
  before: number;
  cycles: number;
  window: number;
  isSibling: boolean;
}

interface Target {
  readonly bankGroup: number;
  readonly bank: number;
}

const ALL = -1; // the bank group and bank of a rank command

export class Channel {
  readonly fifo: Part[] = [];
  private readonly reads: Request[] = [];
  private readonly writes: Request[] = [];
  private readonly active: Request[] = [];
  private isWriteMode = false;
  private refreshesDue = 0;
  private readonly openRow = new Map<number, number>(); // by bank node
  private readonly issued: number[][][] = []; // node, command: clocks, latest first
  private readonly rules: TimingRule[] = [];
  private readonly longestWindow: number;

  constructor(
    private readonly device: Int32Array,
    private readonly index: number,
    private readonly counters: Float64Array,
  ) {
    for (let i = 0; i < device[Dram.RuleCount]; i++) {
      const row = device.subarray(Dram.Count + i * RULE_WORDS, Dram.Count + (i + 1) * RULE_WORDS);
      this.rules.push({
        level: row[Rule.Level],
        after: row[Rule.After],
        before: row[Rule.Before],
        cycles: row[Rule.Cycles],
        window: row[Rule.Window],
        isSibling: row[Rule.Sibling] === 1,
      });
    }
    this.longestWindow = Math.max(1, ...this.rules.map((rule) => rule.window));
    const nodes = Level.BankGroup + device[Dram.BankGroups] * (1 + device[Dram.BanksPerGroup]);
    for (let node = 0; node < nodes; node++) this.issued.push(Array.from({ length: Command.Count }, () => []));
  }

  tick(clock: number): void {
    while (this.offer(clock));
    this.control(clock + 1);
  }

  /** Offers the next transaction; false when there is none or it is refused. */
  private offer(clock: number): boolean {
    const part = this.fifo[0];
    if (part === undefined || part.visibleFrom > clock) return false;
    const address = part.waiting[0];
    if (!(part.isWrite ? this.offerWrite(part, address, clock) : this.offerRead(part, address, clock))) return false;
    part.waiting.shift();
    if (part.waiting.length === 0) this.fifo.shift();
    return true;
  }

  private offerRead(part: Part, address: number, clock: number): boolean {
    if (this.writes.some((write) => write.address === address)) {
      this.counters[Counter.DramForwarded]++;
      this.counters[Counter.DramReadLatency] += 1;
      part.answer(clock + 1);
      return true;
    }
    if (this.reads.length >= this.device[Dram.ReadQueue]) return false;
    this.reads.push(this.request(part, address, clock));
    return true;
  }

  private offerWrite(part: Part, address: number, clock: number): boolean {
    if (this.writes.some((write) => write.address === address)) {
      this.counters[Counter.DramMerged]++;
      part.answer(clock + 1);
      return true;
    }
    if (this.writes.length >= this.device[Dram.WriteQueue]) return false;
    this.writes.push(this.request(part, address, clock));
    return true;
  }

  private request(part: Part, address: number, accepted: number): Request {
    const { device } = this;
    const digits = (shift: number, size: number) => Math.floor(address / 2 ** shift) % size;
    return {
      part,
      address,
      accepted,
      bankGroup: digits(device[Dram.BankGroupShift], device[Dram.BankGroups]),
      bank: digits(device[Dram.BankShift], device[Dram.BanksPerGroup]),
      row: digits(device[Dram.RowShift], 2 ** device[Dram.RowBits]),
      isClassified: false,
    };
  }

  /** One command at most: an active request, else refresh, else the chosen queue. */
  private control(clk: number): void {
    this.addRefresh(clk);
    const ready = this.active.filter((request) => this.isReady(access(request), request, clk));
    const oldest = ready.reduce<Request | undefined>(
      (best, request) => (best === undefined || request.accepted < best.accepted ? request : best),
      undefined,
    );
    if (oldest !== undefined) this.issueAccess(oldest, this.active, clk);
    else if (this.refreshesDue > 0) this.refresh(clk);
    else this.serve(this.chooseQueue(), clk);
  }

  private addRefresh(clk: number): void {
    const period = this.device[Dram.RefreshClocks];
    const since = clk - this.index * this.device[Dram.RefreshStagger];
    if (period > 0 && since > 0 && since % period === 0) this.refreshesDue++;
  }

  private refresh(clk: number): void {
    const rank = { bankGroup: ALL, bank: ALL };
    if (this.openRow.size > 0) {
      if (this.active.length > 0 || !this.isReady(Command.PreAll, rank, clk)) return;
      this.openRow.clear();
      this.note(Command.PreAll, rank, clk, Counter.DramPreAll);
    } else if (this.isReady(Command.Refresh, rank, clk)) {
      this.refreshesDue--;
      this.note(Command.Refresh, rank, clk, Counter.DramRefresh);
    }
  }

  private chooseQueue(): Request[] {
    const { reads, writes, device } = this;
    if (!this.isWriteMode) {
      if (writes.length > device[Dram.WriteHigh] || reads.length === 0) this.isWriteMode = true;
    } else if (writes.length < device[Dram.WriteLow] && reads.length > 0) {
      this.isWriteMode = false;
    }
    return this.isWriteMode ? writes : reads;
  }

  private serve(queue: Request[], clk: number): void {
    for (const request of queue) {
      const command = this.nextCommand(request);
      if (!this.isReady(command, request, clk)) continue;
      if (command === Command.Pre && this.active.some((other) => this.bankNode(other) === this.bankNode(request)))
        continue;
      if (command === Command.Pre) this.issuePrecharge(request, clk);
      else if (command === Command.Act) this.issueActivate(request, queue, clk);
      else this.issueAccess(request, queue, clk);
      return;
    }
  }

  private nextCommand(request: Request): Command {
    const open = this.openRow.get(this.bankNode(request));
    if (open === undefined) return Command.Act;
    return open === request.row ? access(request) : Command.Pre;
  }

  private issuePrecharge(request: Request, clk: number): void {
    this.classify(request, Counter.DramRowConflicts);
    this.openRow.delete(this.bankNode(request));
    this.note(Command.Pre, request, clk, Counter.DramPre);
  }

  private issueActivate(request: Request, queue: Request[], clk: number): void {
    this.classify(request, Counter.DramRowMisses);
    this.openRow.set(this.bankNode(request), request.row);
    queue.splice(queue.indexOf(request), 1);
    this.active.push(request);
    this.note(Command.Act, request, clk, Counter.DramAct);
  }

  private issueAccess(request: Request, list: Request[], clk: number): void {
    const { isWrite } = request.part;
    this.classify(request, Counter.DramRowHits);
    list.splice(list.indexOf(request), 1);
    this.note(access(request), request, clk, isWrite ? Counter.DramWrite : Counter.DramRead);
    const completion = isWrite ? clk : clk + this.device[Dram.ReadLatency];
    if (!isWrite) this.counters[Counter.DramReadLatency] += completion - request.accepted;
    request.part.answer(completion);
  }

  private classify(request: Request, kind: Counter): void {
    if (!request.isClassified) this.counters[kind]++;
    request.isClassified = true;
  }

  private isReady(command: Command, target: Target, clk: number): boolean {
    return this.rules.every((rule) => {
      if (rule.before !== command) return true;
      return this.boundNodes(rule, target).every((node) => {
        const last = this.issued[node][rule.after][rule.window - 1];
        return last === undefined || clk >= last + rule.cycles;
      });
    });
  }

  /** The nodes whose commands a rule compares with: the target's own, or its siblings. A channel has one rank. */
  private boundNodes(rule: TimingRule, { bankGroup, bank }: Target): number[] {
    if (rule.level === Level.Channel || rule.level === Level.Rank) return rule.isSibling ? [] : [rule.level];
    if (bankGroup === ALL) return [];
    const isGroupRule = rule.level === Level.BankGroup;
    if (!rule.isSibling) return [isGroupRule ? this.groupNode(bankGroup) : this.bankNode({ bankGroup, bank })];
    const count = this.device[isGroupRule ? Dram.BankGroups : Dram.BanksPerGroup];
    const others = [...Array(count).keys()].filter((other) => other !== (isGroupRule ? bankGroup : bank));
    return others.map((other) => (isGroupRule ? this.groupNode(other) : this.bankNode({ bankGroup, bank: other })));
  }

  private note(command: Command, target: Target, clk: number, counter: Counter): void {
    const nodes: number[] = [Level.Channel, Level.Rank];
    if (target.bankGroup !== ALL) nodes.push(this.groupNode(target.bankGroup), this.bankNode(target));
    for (const node of nodes) {
      const clocks = this.issued[node][command];
      clocks.unshift(clk);
      if (clocks.length > this.longestWindow) clocks.pop();
    }
    this.counters[counter]++;
  }

  // Nodes are numbered: channel, rank, every bank group, every bank.
  private groupNode(bankGroup: number): number {
    return Level.BankGroup + bankGroup;
  }

  private bankNode({ bankGroup, bank }: Target): number {
    const { device } = this;
    return Level.BankGroup + device[Dram.BankGroups] + bankGroup * device[Dram.BanksPerGroup] + bank;
  }
}

function access(request: Request): Command {
  return request.part.isWrite ? Command.Write : Command.Read;
}
