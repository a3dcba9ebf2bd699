//
//   Timing rules that bind other nodes than the command's own, count further back than the last command, or sit at a level
//   without ready times of its own.
//
//     issued(command, bank, clk) ──► history of the rule's node ──► clock of the Window-th last ──► raises ready times
//                                                                   sibling: of the other nodes under the same parent
//
//   Source      docs/machine.md section 9; tree.ts says which ready times stand for a level.

import { Level, Rule } from "../../contract";
import { make } from "../alloc";
import { StateReader, StateWriter } from "../state";
import { Tree } from "./tree";

/** Bytes of the ready times of a node: one i64 per command, padded to a power of two. */
export const NODE_SHIFT: usize = 7;
/** Before every clock; far enough that adding Cycles stays in the past. */
const LONG_AGO: i64 = -((<i64>1) << 40);

/** One such rule. */
@unmanaged
class SpecialRule {
  level: i32;
  after: i32;
  before: i32;
  cycles: i32;
  window: i32;
  sibling: bool;
  shift: i32; // bits of a bank index below the level
  siblingBits: i32; // log2 of the nodes under one parent
  firstNode: i32; // ready times that the rule raises: firstNode + node * nodesPer ..
  nodesPer: i32;
  nodes: i32; // of the level
  history: usize; // i64[nodes][window], oldest first from `position`
  positions: usize; // i32[nodes]
}

/** The special rules of a channel. */
@unmanaged
export class SpecialRules {
  tree: Tree;
  readyTimes: usize;
  rules: usize; // SpecialRule pointers
  count: i32;
  after: i32; // bit per After command that has such a rule

  build(tree: Tree, readyTimes: usize, capacity: i32): void {
    this.tree = tree;
    this.readyTimes = readyTimes;
    this.rules = heap.alloc((<usize>capacity + 1) * sizeof<usize>());
    this.count = 0;
    this.after = 0;
  }

  /** Adds a row of a device; `level` is the tree's. */
  add(row: usize, level: i32): void {
    const tree = this.tree;
    const rule = make<SpecialRule>();
    rule.level = level;
    rule.after = ruleWord(row, Rule.After);
    rule.before = ruleWord(row, Rule.Before);
    rule.cycles = ruleWord(row, Rule.Cycles);
    rule.window = ruleWord(row, Rule.Window);
    rule.sibling = ruleWord(row, Rule.Sibling) != 0;
    rule.shift = tree.shift(level);
    rule.siblingBits = tree.parentShift(level) - rule.shift;
    rule.firstNode = tree.firstNode(level);
    rule.nodesPer = tree.nodesPer(level);
    rule.nodes = tree.banks >> rule.shift;
    rule.history = heap.alloc((<usize>(rule.nodes * rule.window)) << 3);
    rule.positions = heap.alloc((<usize>rule.nodes) << 2);
    store<usize>(this.rules + <usize>this.count * sizeof<usize>(), changetype<usize>(rule));
    this.count++;
    this.after |= 1 << rule.after;
  }

  reset(): void {
    for (let i = 0; i < this.count; i++) {
      const rule = this.rule(i);
      for (let node = 0; node < rule.nodes; node++) {
        store<i32>(rule.positions + ((<usize>node) << 2), 0);
        for (let k = 0; k < rule.window; k++) store<i64>(historySlot(rule, node, k), LONG_AGO);
      }
    }
  }

  /** Takes note of a command to a bank, or, from a level up, to all banks around it. */
  issued(command: i32, bank: i32, lowest: i32, clk: i64): void {
    for (let i = 0; i < this.count; i++) {
      const rule = this.rule(i);
      if (rule.after != command || rule.level > lowest) continue;
      const node = bank >> rule.shift;
      const until = remember(rule, node, clk) + <i64>rule.cycles;
      if (rule.sibling) this.raiseSiblings(rule, node, until);
      else this.raise(rule, node, until);
    }
  }

  /** Words that canonical() writes. */
  stateWords(): i32 {
    let words = 0;
    for (let i = 0; i < this.count; i++) if (this.rule(i).window > 1) words += this.rule(i).nodes * this.rule(i).window;
    return words;
  }

  canonical(now: i64, into: StateWriter): void {
    for (let i = 0; i < this.count; i++) {
      const rule = this.rule(i);
      // Of a window of one the ready times are all that binds.
      if (rule.window == 1) continue;
      for (let place = 0; place < rule.nodes; place++) {
        const node = place ^ (into.twist >> rule.shift);
        for (let k = 0; k < rule.window; k++) {
          // What is Cycles old or older does not bind any more.
          into.time(load<i64>(historySlot(rule, node, k)) + rule.cycles - 2, now);
        }
      }
    }
  }

  load(now: i64, from: StateReader): void {
    for (let i = 0; i < this.count; i++) {
      const rule = this.rule(i);
      if (rule.window == 1) continue;
      for (let place = 0; place < rule.nodes; place++) {
        const node = place ^ (from.twist >> rule.shift);
        store<i32>(rule.positions + ((<usize>node) << 2), 0);
        for (let k = 0; k < rule.window; k++) {
          store<i64>(historySlot(rule, node, k), from.time(now) + 2 - rule.cycles);
        }
      }
    }
  }

  private raiseSiblings(rule: SpecialRule, node: i32, until: i64): void {
    const first = (node >> rule.siblingBits) << rule.siblingBits;
    for (let other = first; other < first + (1 << rule.siblingBits); other++) {
      if (other != node) this.raise(rule, other, until);
    }
  }

  private raise(rule: SpecialRule, node: i32, until: i64): void {
    const first = rule.firstNode + node * rule.nodesPer;
    for (let own = first; own < first + rule.nodesPer; own++) {
      const time = this.readyTimes + ((<usize>own) << NODE_SHIFT) + ((<usize>rule.before) << 3);
      if (load<i64>(time) < until) store<i64>(time, until);
    }
  }

  /** Special rule i. */
  @inline
  private rule(i: i32): SpecialRule {
    return changetype<SpecialRule>(load<usize>(this.rules + <usize>i * sizeof<usize>()));
  }
}

/** Adds a clock to a node's history and gives the clock of the Window-th last command. */
function remember(rule: SpecialRule, node: i32, clk: i64): i64 {
  const position = rule.positions + ((<usize>node) << 2);
  store<i64>(historySlot(rule, node, 0), clk);
  const next = load<i32>(position) + 1;
  store<i32>(position, next == rule.window ? 0 : next);
  return load<i64>(historySlot(rule, node, 0));
}

/** Place of the k-th oldest clock of a node. */
function historySlot(rule: SpecialRule, node: i32, k: i32): usize {
  let position = load<i32>(rule.positions + ((<usize>node) << 2)) + k;
  if (position >= rule.window) position -= rule.window;
  return rule.history + ((<usize>(node * rule.window + position)) << 3);
}

/** One word of a rule row. */
@inline
export function ruleWord(row: usize, field: i32): i32 {
  return load<i32>(row + ((<usize>field) << 2));
}

/** Whether ready times of a level's own nodes are all that a row needs. */
export function isPlain(row: usize, level: i32): bool {
  const ownNodes = level == Level.PseudoChannel || level == Level.BankGroup || level == Level.Bank;
  return ownNodes && ruleWord(row, Rule.Sibling) == 0 && ruleWord(row, Rule.Window) == 1;
}
