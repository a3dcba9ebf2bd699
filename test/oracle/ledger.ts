//
//   What a DRAM channel issued when, and what its timing rules let go now (docs/machine.md, section 9).
//
//   Clock law   `Before` is ready at clk if every rule row that names it holds at the node of its level above the target: clk
//               is at least Cycles after the Window-th last `After` there. A sibling row looks at the other nodes under the
//               same parent. Every row is read each time; what was issued is a list of clocks a node and command.

import { Command, Dram, type Level, RULE_WORDS, Rule } from "../../assembly/contract.js";

/** Where a command goes; ALL from some level down. */
export interface Target {
  readonly pseudoChannel: number;
  readonly sid: number;
  readonly bankGroup: number;
  readonly bank: number;
}

export const ALL = -1;

interface TimingRule {
  level: Level;
  after: Command;
  cycles: number;
  window: number;
  isSibling: boolean;
}

export class Ledger {
  private readonly issued: number[][] = []; // node and command: clocks, latest first
  private readonly rules: TimingRule[][] = Array.from({ length: Command.Count }, () => []); // by Before
  private readonly longestWindow: number;
  private readonly sizes: number[]; // children of one parent, by level
  private readonly first: number[] = []; // number of a level's first node

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
    let [nodes, ofLevel] = [0, 1];
    for (const size of this.sizes) {
      this.first.push(nodes);
      ofLevel *= size;
      nodes += ofLevel;
    }
    for (let i = 0; i < nodes * Command.Count; i++) this.issued.push([]);
  }

  isReady(command: Command, target: Target, clk: number): boolean {
    const path = this.pathOf(target);
    for (const rule of this.rules[command]) {
      const node = path[rule.level];
      if (node === undefined) continue;
      if (!rule.isSibling) {
        if (this.binds(rule, node, clk)) return false;
      } else if (this.siblings(rule.level, node).some((other) => this.binds(rule, other, clk))) return false;
    }
    return true;
  }

  note(command: Command, target: Target, clk: number): void {
    for (const node of this.pathOf(target)) {
      const clocks = this.issued[node * Command.Count + command];
      clocks.unshift(clk);
      if (clocks.length > this.longestWindow) clocks.pop();
    }
  }

  private binds({ after, window, cycles }: TimingRule, node: number, clk: number): boolean {
    const last = this.issued[node * Command.Count + after][window - 1];
    return last !== undefined && clk < last + cycles;
  }

  /** The nodes from the channel down to the target. */
  private pathOf({ pseudoChannel, sid, bankGroup, bank }: Target): number[] {
    const path: number[] = [];
    let index = 0;
    for (const [level, place] of [0, 0, pseudoChannel, sid, bankGroup, bank].entries()) {
      if (place === ALL) break;
      index = index * this.sizes[level] + place;
      path.push(this.first[level] + index);
    }
    return path;
  }

  /** The other nodes under the same parent. */
  private siblings(level: Level, node: number): number[] {
    const index = node - this.first[level];
    const eldest = node - (index % this.sizes[level]);
    return Array.from({ length: this.sizes[level] }, (_, i) => eldest + i).filter((other) => other !== node);
  }
}
