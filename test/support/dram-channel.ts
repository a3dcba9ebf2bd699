//
//   One bare DRAM channel of the binary, and what its command log says about the timing rules.
//

import { Command, Counter, Dram, DramKind, Level, MemoCount, RULE_WORDS, Rule } from "../../assembly/contract.js";
import { type DramExports, dramExports, placeVector, readCounters } from "./dram-driver.js";

/** A share of a run: consecutive local transactions. */
export interface PartRequest {
  local: number;
  count: number;
  write: boolean;
  arrive: number;
}

export interface Completion {
  slot: number;
  write: boolean;
  clock: number;
}

export interface LoggedCommand {
  clk: number;
  command: Command;
  /** -1 - p: a command to all banks of pseudo-channel p. */
  bank: number;
  row: number;
}

const LOG_LINE_BYTES = 24;
const STATE_WORDS = 65536;

export class BareChannel {
  private readonly handle: number;
  private readonly words: number;
  private log = { at: 0, capacity: 0 };

  constructor(
    device: Int32Array,
    private readonly dram: DramExports = dramExports(),
    index = 0,
    fifoCapacity = 4096,
  ) {
    this.handle = dram.channelOpen(placeVector(dram, device), index, fifoCapacity);
    this.words = dram.allocate(STATE_WORDS * 4);
  }

  /** Remembers from now on, in so many KiB; 1 is as few as the channel allows. */
  remember(kib: number): void {
    this.dram.channelRemember(this.handle, kib);
  }

  /** Indexed by MemoCount. */
  memo(): number[] {
    const at = this.dram.allocate(MemoCount.Count * 8);
    this.dram.channelMemo(this.handle, at);
    return Array.from(new BigInt64Array(this.dram.memory.buffer, at, MemoCount.Count), Number);
  }

  push(part: PartRequest, slot: number): void {
    this.dram.channelPush(this.handle, part.local, part.count, Number(part.write), slot, part.arrive);
  }

  advance(untilTick: number): Completion[] {
    const { dram, handle } = this;
    return Array.from({ length: dram.channelAdvance(handle, untilTick) }, (_, i) => ({
      slot: dram.channelCompletionSlot(handle, i),
      write: dram.channelCompletionWrite(handle, i) === 1,
      clock: dram.channelCompletionClock(handle, i),
    }));
  }

  /** Next clock at which something can happen; -1 when idle. */
  wake(): number {
    return this.dram.channelWake(this.handle);
  }

  counters(): number[] {
    return readCounters(this.dram, (at) => this.dram.channelCounters(this.handle, at));
  }

  state(): number[] {
    const count = this.dram.channelState(this.handle, this.words, STATE_WORDS);
    return Array.from(new Int32Array(this.dram.memory.buffer, this.words, count));
  }

  load(state: readonly number[], now: number): void {
    new Int32Array(this.dram.memory.buffer).set(state, this.words / 4);
    this.dram.channelLoad(this.handle, this.words, state.length, now);
  }

  record(capacity: number): void {
    this.log = { at: this.dram.allocate(capacity * LOG_LINE_BYTES), capacity };
    this.dram.channelLog(this.handle, this.log.at, capacity);
  }

  recorded(): LoggedCommand[] {
    const counters = this.counters();
    const { DramAct, DramPre, DramPreAll, DramRead, DramWrite, DramRefresh } = Counter;
    const { DramRefreshBank, DramAct2, DramCasRead, DramCasWrite } = Counter;
    const kinds = [DramAct, DramPre, DramPreAll, DramRead, DramWrite, DramRefresh];
    kinds.push(DramRefreshBank, DramAct2, DramCasRead, DramCasWrite);
    const issued = kinds.reduce((sum, kind) => sum + counters[kind], 0);
    const view = new DataView(this.dram.memory.buffer);
    return Array.from({ length: Math.min(issued, this.log.capacity) }, (_, i) => {
      const at = this.log.at + i * LOG_LINE_BYTES;
      const clk = Number(view.getBigInt64(at, true));
      return {
        clk,
        command: view.getInt32(at + 8, true),
        bank: view.getInt32(at + 12, true),
        row: view.getInt32(at + 16, true),
      };
    });
  }
}

export type RuleWords = readonly number[];

export function rulesOf(device: Int32Array): RuleWords[] {
  return Array.from({ length: device[Dram.RuleCount] }, (_, i) => {
    const at = Dram.Count + i * RULE_WORDS;
    return [...device.subarray(at, at + RULE_WORDS)];
  });
}

/** The same device with other rules. */
export function withRules(device: Int32Array, rules: readonly RuleWords[]): Int32Array {
  const masks = device.subarray(Dram.Count + device[Dram.RuleCount] * RULE_WORDS);
  const vector = Int32Array.from([...device.subarray(0, Dram.Count), ...rules.flat(), ...masks]);
  vector[Dram.RuleCount] = rules.length;
  return vector;
}

export function withWords(device: Int32Array, words: Partial<Record<keyof typeof Dram, number>>): Int32Array {
  const vector = Int32Array.from(device);
  for (const [name, value] of Object.entries(words)) vector[Dram[name as keyof typeof Dram]] = value;
  return vector;
}

/** Clocks from the window-th last `After` to each `Before` that a rule binds, minus the rule's cycles: 0 is tight. */
export function slackOf(rule: RuleWords, log: readonly LoggedCommand[], device: Int32Array): number[] {
  const history = new Map<number, number[]>();
  const slack: number[] = [];
  for (const entry of log) {
    if (entry.command === rule[Rule.Before]) {
      for (const node of boundNodes(rule, entry.bank, device)) {
        const last = history.get(node)?.at(-rule[Rule.Window]);
        if (last !== undefined) slack.push(entry.clk - last - rule[Rule.Cycles]);
      }
    }
    if (entry.command !== rule[Rule.After]) continue;
    const node = nodeOf(rule[Rule.Level], entry.bank, device);
    if (node !== undefined) history.set(node, [...(history.get(node) ?? []), entry.clk].slice(-rule[Rule.Window]));
  }
  return slack;
}

function boundNodes(rule: RuleWords, bank: number, device: Int32Array): number[] {
  const level = rule[Rule.Level];
  const node = nodeOf(level, bank, device);
  if (node === undefined) return [];
  if (rule[Rule.Sibling] === 0) return [node];
  const children = banksBelow(level - 1, device) / banksBelow(level, device);
  const first = node - (node % children);
  return Array.from({ length: children }, (_, i) => first + i).filter((other) => other !== node);
}

function nodeOf(level: Level, bank: number, device: Int32Array): number | undefined {
  if (bank >= 0) return Math.floor(bank / banksBelow(level, device));
  return level > Level.PseudoChannel ? undefined : topOf(bank, level, device);
}

/** Of a command to all banks of a pseudo-channel. */
function topOf(bank: number, level: Level, device: Int32Array): number {
  return Math.floor(((-1 - bank) * banksBelow(Level.PseudoChannel, device)) / banksBelow(level, device));
}

/** Banks of one node of a level. */
function banksBelow(level: Level, device: Int32Array): number {
  const { PseudoChannels, Sids, BankGroups, BanksPerGroup } = Dram;
  const sizes = [1, PseudoChannels, Sids, BankGroups, BanksPerGroup].map((word, i) => (i === 0 ? 1 : device[word]));
  return sizes.slice(Math.max(0, level)).reduce((all, size) => all * size, 1);
}

/** Rows that accesses name must be open, and what opens a bank finds it closed. */
export function rowFault(log: readonly LoggedCommand[], device: Int32Array): string | undefined {
  const open = new Map<number, number>();
  const isTwoStep = device[Dram.Kind] === DramKind.Lpddr5;
  const opens = isTwoStep ? Command.Act2 : Command.Act;
  const topBanks = banksBelow(Level.PseudoChannel, device);
  for (const { clk, command, bank, row } of log) {
    const found = open.get(bank);
    const isAccess = [Command.Read, Command.Write, Command.CasRead, Command.CasWrite].includes(command);
    if (isAccess && found !== row) return `clk ${clk}: bank ${bank} has row ${found} open, not ${row}`;
    const wantsClosed = [Command.Act, Command.Act2, Command.RefreshBank].includes(command);
    if (wantsClosed && found !== undefined) return `clk ${clk}: ${Command[command]} of open bank ${bank}`;
    if (command === Command.Pre && found === undefined) return `clk ${clk}: PRE of closed bank ${bank}`;
    const own = [...open.keys()].filter((other) => Math.floor(other / topBanks) === -1 - bank);
    if (command === Command.Refresh && own.length > 0) return `clk ${clk}: REF with open banks`;
    if (command === opens) open.set(bank, row);
    if (command === Command.Pre) open.delete(bank);
    if (command === Command.PreAll) for (const other of own) open.delete(other);
  }
  return undefined;
}

/** Commands that came while an earlier one held their bus, or, of a part with two ticks a clock, at a falling edge. */
export function busFault(log: readonly LoggedCommand[], device: Int32Array): string | undefined {
  const isHbm = device[Dram.Kind] === DramKind.Hbm;
  const from = [0, 0];
  for (const { clk, command } of log) {
    const bus = isHbm && (command === Command.Read || command === Command.Write) ? 1 : 0;
    if (clk < from[bus]) return `clk ${clk}: ${Command[command]} on a taken bus`;
    const mayFall = command === Command.Pre || command === Command.PreAll;
    if (device[Dram.TicksPerClock] === 2 && clk % 2 === 0 && !mayFall) return `clk ${clk}: ${Command[command]} falls`;
    from[bus] = clk + device[Dram.ActTicks + command];
  }
  return undefined;
}
