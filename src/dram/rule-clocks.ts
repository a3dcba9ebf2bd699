//
//   The timing rules of a device vector, read again outside the engine: from which clock on did which kind of rule let a
//   command go? bus-causes.ts asks this about commands that have gone.
//
//     issued(command, bank, clk) ──► clocks a rule and node ──► readyFrom(kind, command, bank)
//
//   Law         the machine's: `Before` at clk >= clock of the Window-th last `After` at the node + Cycles, for every row; a
//               sibling row binds the other nodes under the same parent (docs/machine.md section 9).
//

import { Command, Dram, Level, RULE_WORDS, Rule } from "../../assembly/contract.js";

/** What a rule is about, as far as it delays a RD or WR or the ACT before it. */
export enum RuleKind {
  Turnaround, // WR to RD, RD to WR
  Spacing, // RD to RD, WR to WR
  RowOpen, // ACT to RD, WR
  ActivateRate, // ACT to ACT of other banks: tRRD, tFAW
  BankCycle, // whatever else an ACT waits for at its bank
  Recovery, // REF to ACT
}

/** A rule and the clocks of its latest `After`s at every node. */
interface Watched {
  kind: RuleKind;
  before: number;
  cycles: number;
  window: number;
  sibling: boolean;
  /** Banks of a node, and of its parent. */
  banks: number;
  parentBanks: number;
  /** Ring of `window` clocks a node, and where its oldest is. */
  clocks: Float64Array;
  oldest: Int32Array;
}

/** Banks below a node of each level of a channel. */
interface Tree {
  banks: number;
  /** Of a pseudo-channel: what a command to all banks means. */
  top: number;
  below: Record<number, number>;
}

/** Levels from the bank up, and the word that says how many of the level below one has. */
const LEVELS: readonly [level: string, children?: string][] = [
  ["Bank"],
  ["BankGroup", "BanksPerGroup"],
  ["Sid", "BankGroups"],
  ["PseudoChannel", "Sids"],
  ["Rank", "PseudoChannels"],
  ["Channel"],
];
const ACCESSES: readonly number[] = [Command.Read, Command.Write];
const ACTIVATES = commandsNamed("Act", "Act2");
const REFRESHES = commandsNamed("Refresh", "RefreshBank");

export class RuleClocks {
  private readonly byAfter: Watched[][] = [];
  private readonly byQuestion: Watched[][] = [];
  private readonly top: number;

  constructor(device: Int32Array) {
    const tree = treeOf(device);
    this.top = tree.top;
    for (let i = 0; i < device[Dram.RuleCount]; i++) {
      const at = Dram.Count + i * RULE_WORDS;
      this.watch(device.subarray(at, at + RULE_WORDS), tree);
    }
  }

  /** Takes note of a command; bank -1 - p: to all banks of pseudo-channel p. */
  issued(command: number, bank: number, clk: number): void {
    const first = bank < 0 ? (-1 - bank) * this.top : bank;
    for (const rule of this.byAfter[command] ?? NONE) {
      if (bank < 0 && rule.banks < this.top) continue;
      const node = Math.floor(first / rule.banks);
      rule.clocks[node * rule.window + rule.oldest[node]] = clk;
      rule.oldest[node] = (rule.oldest[node] + 1) % rule.window;
    }
  }

  /** The earliest clock at which every rule of a kind lets a command go to a bank. */
  readyFrom(kind: RuleKind, command: number, bank: number): number {
    let ready = Number.NEGATIVE_INFINITY;
    for (const rule of this.byQuestion[questionOf(kind, command)] ?? NONE) {
      ready = Math.max(ready, lastOf(rule, bank) + rule.cycles);
    }
    return ready;
  }

  /** Whether a clock lies between a command and the end of a rule of a kind that counts from it. */
  binds(kind: RuleKind, command: number, bank: number, clk: number): boolean {
    for (const rule of this.byQuestion[questionOf(kind, command)] ?? NONE) {
      const last = lastOf(rule, bank);
      if (last <= clk && clk < last + rule.cycles) return true;
    }
    return false;
  }

  private watch(row: Int32Array, { banks, below }: Tree): void {
    const kind = kindOf(row);
    if (kind === undefined) return;
    const nodeBanks = below[row[Rule.Level]];
    const parent = Object.values(below).filter((size) => size > nodeBanks);
    const window = row[Rule.Window];
    const nodes = banks / nodeBanks;
    const rule: Watched = {
      kind,
      before: row[Rule.Before],
      cycles: row[Rule.Cycles],
      window,
      sibling: row[Rule.Sibling] !== 0,
      banks: nodeBanks,
      parentBanks: Math.min(banks, ...parent),
      clocks: new Float64Array(nodes * window).fill(Number.NEGATIVE_INFINITY),
      oldest: new Int32Array(nodes),
    };
    listAt(this.byAfter, row[Rule.After]).push(rule);
    listAt(this.byQuestion, questionOf(kind, rule.before)).push(rule);
  }
}

const NONE: readonly Watched[] = [];

function kindOf(row: Int32Array): RuleKind | undefined {
  const [after, before] = [row[Rule.After], row[Rule.Before]];
  if (ACCESSES.includes(before)) {
    if (after === before) return RuleKind.Spacing;
    if (ACCESSES.includes(after)) return RuleKind.Turnaround;
    return ACTIVATES.includes(after) ? RuleKind.RowOpen : undefined;
  }
  if (before !== Command.Act) return undefined;
  if (REFRESHES.includes(after)) return RuleKind.Recovery;
  const isRate = ACTIVATES.includes(after) && (row[Rule.Level] !== Level.Bank || row[Rule.Sibling] !== 0);
  return isRate ? RuleKind.ActivateRate : RuleKind.BankCycle;
}

/** Clock of the window-th last command that binds a bank. */
function lastOf(rule: Watched, bank: number): number {
  const own = Math.floor(bank / rule.banks);
  if (!rule.sibling) return rule.clocks[own * rule.window + rule.oldest[own]];
  const perParent = rule.parentBanks / rule.banks;
  const first = own - (own % perParent);
  let last = Number.NEGATIVE_INFINITY;
  for (let node = first; node < first + perParent; node++) {
    if (node !== own) last = Math.max(last, rule.clocks[node * rule.window + rule.oldest[node]]);
  }
  return last;
}

function treeOf(device: Int32Array): Tree {
  const below: Record<number, number> = {};
  let banks = 1;
  for (const [level, children] of LEVELS) {
    banks *= children === undefined ? 1 : sizeOf(device, children);
    const position = (Level as unknown as Record<string, number | undefined>)[level];
    if (position !== undefined) below[position] = banks;
  }
  return { banks, top: banks / sizeOf(device, "PseudoChannels"), below };
}

/** A word of a device vector that says how many of something there are; 1 where the contract knows no such thing. */
export function sizeOf(device: Int32Array, word: string): number {
  const position = (Dram as unknown as Record<string, number | undefined>)[word];
  return position === undefined ? 1 : device[position];
}

/** Banks of a channel. */
export function bankCount(device: Int32Array): number {
  return treeOf(device).banks;
}

function questionOf(kind: RuleKind, command: number): number {
  return kind * 64 + command;
}

function listAt<T>(lists: T[][], index: number): T[] {
  lists[index] ??= [];
  return lists[index];
}

/** Commands of the contract by name, those that it has. */
export function commandsNamed(...names: string[]): number[] {
  const all = Command as unknown as Record<string, number | undefined>;
  return names.flatMap((name) => all[name] ?? []);
}
