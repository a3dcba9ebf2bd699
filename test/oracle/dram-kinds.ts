//
//   What goes when: the three kinds of DRAM controllers, one clock at a time (docs/machine.md, section 9).
//
//     ddr      an active request, else refresh, else the chosen queue
//     lpddr5   the same around ACT2 deadlines and the access that follows its CAS
//     hbm      a column bus and a row bus; with two ticks a clock, rising edges

import { Command, Dram } from "../../assembly/contract.js";
import { access, type DramState, isIn, type Request } from "./dram-state.js";
import { ALL, type Target } from "./ledger.js";

export interface Control {
  tick(clk: number): void;
}

const anything = () => true;

/** Clocks for which a command holds its bus. */
function ticksOf(device: Int32Array, command: Command): number {
  return device[Dram.ActTicks + command];
}

export class DdrControl implements Control {
  private freeFrom = 0;
  constructor(private readonly channel: DramState) {}

  tick(clk: number): void {
    if (clk < this.freeFrom) return;
    const command = this.issue(clk);
    if (command !== undefined) this.freeFrom = clk + ticksOf(this.channel.device, command);
  }

  private issue(clk: number): Command | undefined {
    const { channel } = this;
    const active = channel.oldestActive(clk);
    if (active !== undefined) return this.access(active, clk);
    if (channel.refreshes.length > 0) {
      const command = channel.refreshCommand();
      return channel.refresh(clk) ? command : undefined;
    }
    const request = channel.firstReady(channel.chooseQueue(), clk, anything);
    if (request === undefined) return undefined;
    const command = channel.nextCommand(request);
    if (command === Command.Pre) channel.precharge(request, clk);
    else if (command === Command.Act) {
      channel.activate(request, clk);
      channel.open(request);
    } else return this.access(request, clk);
    return command;
  }

  private access(request: Request, clk: number): Command {
    this.channel.access(request, clk);
    return access(request);
  }
}

export class Lpddr5Control implements Control {
  private readonly activating: { request: Request; deadline: number }[] = [];
  private synced: Request | undefined; // its CAS went in the clock before
  private wckExpiry = 0;
  constructor(private readonly channel: DramState) {}

  tick(clk: number): void {
    const { synced } = this;
    if (this.hasDeadline(clk)) this.activateSecond(clk);
    else if (synced !== undefined) this.accessNow(synced, clk);
    else if (!this.step(clk) && this.activating.length > 0) this.activateSecond(clk);
  }

  /** An active request, else refresh, else the chosen queue; false when nothing went. */
  private step(clk: number): boolean {
    const { channel, activating } = this;
    const active = channel.oldestActive(clk);
    if (active !== undefined) return this.access(active, clk);
    if (channel.refreshes.length > 0) {
      const [target] = channel.refreshes;
      return !activating.some(({ request }) => isIn(request, target)) && channel.refresh(clk);
    }
    const isAllowed = (command: Command) => command !== Command.Act || activating.length === 0;
    const request = channel.firstReady(channel.chooseQueue(), clk, isAllowed);
    if (request === undefined) return false;
    const command = channel.nextCommand(request);
    if (command === Command.Pre) channel.precharge(request, clk);
    else if (command === Command.Act) {
      channel.activate(request, clk);
      activating.push({ request, deadline: clk + channel.device[Dram.Act2Deadline] });
    } else return this.access(request, clk);
    return true;
  }

  private access(request: Request, clk: number): boolean {
    if (clk < this.wckExpiry) this.accessNow(request, clk);
    else if (this.hasDeadline(clk + 1)) this.activateSecond(clk);
    else {
      this.synced = request;
      this.channel.note(request.part.isWrite ? Command.CasWrite : Command.CasRead, request, clk);
    }
    return true;
  }

  private accessNow(request: Request, clk: number): void {
    const { device } = this.channel;
    this.synced = undefined;
    const until = clk + device[request.part.isWrite ? Dram.WckWrite : Dram.WckRead];
    this.wckExpiry = Math.max(this.wckExpiry, until);
    this.channel.access(request, clk);
  }

  private hasDeadline(clk: number): boolean {
    return this.activating.some(({ deadline }) => deadline <= clk);
  }

  private activateSecond(clk: number): void {
    const [first] = this.activating.sort((a, b) => a.deadline - b.deadline);
    this.activating.shift();
    this.channel.note(Command.Act2, first.request, clk);
    this.channel.open(first.request);
  }
}

export class HbmControl implements Control {
  private columnFrom = 0;
  private rowFrom = 0;
  /** The latest row command of a rising edge. */
  private latestRow: { command: Command; target: Target; clk: number } | undefined;
  constructor(private readonly channel: DramState) {}

  tick(clk: number): void {
    if (this.isRising(clk) && clk >= this.columnFrom) this.column(clk);
    if (clk >= this.rowFrom) this.row(clk);
  }

  private get hasEdges(): boolean {
    return this.channel.device[Dram.TicksPerClock] === 2;
  }

  private isRising(clk: number): boolean {
    return !this.hasEdges || clk % 2 === 1;
  }

  private column(clk: number): void {
    const { channel } = this;
    const isColumn = (command: Command) => command === Command.Read || command === Command.Write;
    const queued = () =>
      channel.refreshes.length > 0 ? undefined : channel.firstReady(channel.chooseQueue(), clk, isColumn);
    const request = channel.oldestActive(clk) ?? queued();
    if (request === undefined) return;
    channel.access(request, clk);
    this.columnFrom = clk + ticksOf(channel.device, access(request));
  }

  private row(clk: number): void {
    const { channel } = this;
    if (channel.refreshes.length > 0) {
      const [target] = channel.refreshes;
      const command = channel.refreshCommand();
      if (this.mayGo(command, target, clk) && channel.refresh(clk)) this.noteRow(command, target, clk);
      return;
    }
    const isAllowed = (command: Command, request: Request) =>
      (command === Command.Act || command === Command.Pre) && this.mayGo(command, request, clk);
    const request = channel.firstReady(channel.chooseQueue(), clk, isAllowed);
    if (request === undefined) return;
    const command = channel.nextCommand(request);
    if (command === Command.Pre) channel.precharge(request, clk);
    else {
      channel.activate(request, clk);
      channel.open(request);
    }
    this.noteRow(command, request, clk);
  }

  /** At a falling edge PRE and PREA alone, and of some banks not right after a row command. */
  private mayGo(command: Command, target: Target, clk: number): boolean {
    if (this.isRising(clk)) return true;
    if (command !== Command.Pre && command !== Command.PreAll) return false;
    const { latestRow: latest } = this;
    if (latest === undefined || clk !== latest.clk + (latest.command === Command.Act ? 3 : 1)) return true;
    if (latest.target.pseudoChannel !== target.pseudoChannel) return true;
    if (latest.command === Command.PreAll || latest.command === Command.Refresh) return false;
    return command === Command.Pre && target.bank !== ALL && !isIn(target, latest.target);
  }

  private noteRow(command: Command, target: Target, clk: number): void {
    this.rowFrom = clk + ticksOf(this.channel.device, command);
    if (this.hasEdges && this.isRising(clk)) this.latestRow = { command, target, clk };
  }
}
