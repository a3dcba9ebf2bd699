//
//   What a DRAM channel issued when, and what its timing rules let go now (docs/machine.md, section 9).
//
//   Clock law   `Before` is ready at clk if every rule row that names it holds at the node of its level above the target: clk
//               is at least Cycles after the Window-th last `After` there. A sibling row looks at the other nodes under the
//               same parent. Every row is read each time; what was issued is a list of clocks a node and command.

import { Command, Dram, Level, RULE_WORDS, Rule } from "../../assembly/contract.js";

/** Where a command goes; ALL from some level down. */
export interface Target {
  readonly pseudoChannel: number;
  readonly sid: number;
  readonly bankGroup: number;
  readonly bank: number;
}

export const ALL = -1;
const LEVELS = [Level.Channel, Level.Rank, Level.PseudoChannel, Level.Sid, Level.BankGroup, Level.Bank];

interface TimingRule {
  level: Level;
  after: Command;
  cycles: number;
  window: number;
  isSibling: boolean;
}

export class Ledger {
  private readonly issued = new Map<string, number[]>(); // node and command: clocks, latest first
  private readonly rules: TimingRule[][] = Array.from({ length: Command.Count }, () => []); // by Before
  private readonly longestWindow: number;
  private readonly sizes: number[]; // children of one parent, by level

  constructor(device: Int32Array) {
    for (let i = 0; i < device[Dram.RuleCount]; i++) {
      const row = device.subarray(Dram.Count + i * RULE_WORDS, Dram.Count + (i + 1) * RULE_WORDS);
      this.rules[row[Rule.Before]].push({
        level: row[Rule.Level],
        after: row[Rule.After],
        cycles: row[Rule.Cycles],
        window: row[Rule.Window],
        isSibling: row[Rule.Sibling] === 1,
      });
    }
    this.longestWindow = Math.max(1, ...this.rules.flat().map((rule) => rule.window));
    const { PseudoChannels, Sids, BankGroups, BanksPerGroup } = Dram;
    this.sizes = [1, 1, ...[PseudoChannels, Sids, BankGroups, BanksPerGroup].map((word) => device[word])];
  }

  isReady(command: Command, target: Target, clk: number): boolean {
    return this.rules[command].every((rule) =>
      this.nodes(rule, target).every((node) => {
        const last = this.issued.get(`${node} ${rule.after}`)?.[rule.window - 1];
        return last === undefined || clk >= last + rule.cycles;
      }),
    );
  }

  note(command: Command, target: Target, clk: number): void {
    for (const level of LEVELS) {
      const node = nodeOf(level, placesOf(target));
      if (node === undefined) return;
      const key = `${node} ${command}`;
      const clocks = this.issued.get(key) ?? [];
      this.issued.set(key, [clk, ...clocks].slice(0, this.longestWindow));
    }
  }

  /** The nodes whose commands a rule compares with: the target's own, or its siblings. */
  private nodes({ level, isSibling }: TimingRule, target: Target): string[] {
    const places = placesOf(target);
    const own = nodeOf(level, places);
    if (own === undefined) return [];
    if (!isSibling) return [own];
    const others = [...Array(this.sizes[level]).keys()].filter((place) => place !== places[level]);
    return others.map((place) => nodeOf(level, places.with(level, place)) as string);
  }
}

/** Place among the children of one parent, by level. */
function placesOf({ pseudoChannel, sid, bankGroup, bank }: Target): number[] {
  return [0, 0, pseudoChannel, sid, bankGroup, bank];
}

function nodeOf(level: Level, places: readonly number[]): string | undefined {
  const path = places.slice(0, level + 1);
  return path.includes(ALL) ? undefined : `${level}:${path.join(".")}`;
}
