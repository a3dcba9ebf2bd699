//
//   Timing rules: from when on each command may go to each node of the channel.
//
//        rule rows ──► flat lists per After command          rank          1 node (channel and rank: one rank)
//                                                              │
//        issued(command, bank, clk) ──► raises ready times   group 0 .. G-1
//                                                              │
//        ready(command, bank) ──► latest of the three nodes  bank 0 .. G*B-1
//
//   Cycle law   `Before` may go at clk >= clock of the Window-th last `After` at the node + Cycles, for every row; a sibling
//               row binds the other nodes under the same parent. PREA and REF meet the rank node only.
//   Left out    more than one rank (sibling rows at channel and rank level bind nothing); commands longer than a clock.
//   Source      rows of the device file, in the data sheet's names: docs/machine.md section 9.

import { Command, Dram, Level, Rule, RULE_WORDS } from "../../contract";
import { make } from "../alloc";
import { StateReader, StateWriter } from "../state";

/** Bytes of the ready times of a node: one i64 per command, padded to a power of two. */
const NODE_SHIFT: usize = 6;
/** Bytes of one flat rule: byte offset of Before in a node, Cycles. */
const FLAT_BYTES: usize = 8;
/** Before every clock; far enough that adding Cycles stays in the past. */
const LONG_AGO: i64 = -((<i64>1) << 40);

/** Rows that bind other nodes than the command's own, or count further back than the last command. */
@unmanaged
class SpecialRule {
  level: i32; // 0 rank, 1 group, 2 bank
  after: i32;
  before: i32;
  cycles: i32;
  window: i32;
  sibling: bool;
  history: usize; // i64[nodes of the level][window], oldest first from `position`
  positions: usize; // i32[nodes of the level]
}

/** Ready times of all nodes and what raises them. */
@unmanaged
export class Timing {
  groups: i32;
  banks: i32;
  bankBits: i32; // log2 of the banks of a group
  readyTimes: usize; // nodes: rank, groups, banks
  nodes: i32;
  flat: usize; // flat rules, sorted by level and After
  starts: usize; // i32[3 * Command.Count + 1]
  specials: usize; // SpecialRule pointers
  specialCount: i32;
  specialAfter: i32; // bit per After command that has a special rule

  /** Allocates for a device and flattens its rows. */
  build(device: usize): void {
    this.groups = load<i32>(device + (Dram.BankGroups << 2));
    const perGroup = load<i32>(device + (Dram.BanksPerGroup << 2));
    this.bankBits = <i32>ctz(perGroup);
    this.banks = this.groups * perGroup;
    this.nodes = 1 + this.groups + this.banks;
    this.readyTimes = heap.alloc((<usize>this.nodes) << NODE_SHIFT);
    const count = load<i32>(device + (Dram.RuleCount << 2));
    const rows = device + (Dram.Count << 2);
    this.flat = heap.alloc((<usize>count + 1) * FLAT_BYTES);
    this.starts = heap.alloc((3 * Command.Count + 1) << 2);
    this.specials = heap.alloc((<usize>count + 1) * sizeof<usize>());
    this.flatten(rows, count);
    this.reset();
  }

  reset(): void {
    memory.fill(this.readyTimes, 0, (<usize>this.nodes) << NODE_SHIFT);
    for (let i = 0; i < this.specialCount; i++) this.forget(this.special(i));
  }

  /** Earliest clock at which every rule lets a bank command go to a bank. */
  @inline
  ready(command: i32, bank: i32): i64 {
    return max<i64>(this.rankReady(command), this.belowRankReady(command, bank));
  }

  /** The same for the rank node alone: all that binds PREA and REF, and a lower bound for the others. */
  @inline
  rankReady(command: i32): i64 {
    return load<i64>(this.readyTimes + ((<usize>command) << 3));
  }

  /** The same for the group's and the bank's node. */
  @inline
  belowRankReady(command: i32, bank: i32): i64 {
    const offset = (<usize>command) << 3;
    const group = load<i64>(this.groupNode(bank) + offset);
    const own = load<i64>(this.bankNode(bank) + offset);
    return max<i64>(group, own);
  }

  /** Takes note of a bank command. */
  issued(command: i32, bank: i32, clk: i64): void {
    this.raise(command, this.readyTimes, clk);
    this.raise(Command.Count + command, this.groupNode(bank), clk);
    this.raise(2 * Command.Count + command, this.bankNode(bank), clk);
    if ((this.specialAfter >> command) & 1) this.raiseSpecial(command, bank, clk);
  }

  /** Takes note of PREA or REF. */
  issuedRank(command: i32, clk: i64): void {
    this.raise(command, this.readyTimes, clk);
    if ((this.specialAfter >> command) & 1) this.raiseSpecial(command, -1, clk);
  }

  /** Writes what binds from clock now on; the next command goes at now + 1 at the earliest. */
  canonical(now: i64, into: StateWriter): void {
    for (let node = 0; node < this.nodes; node++) {
      for (let command = 0; command < Command.Count; command++) into.time(load<i64>(this.slot(node, command)) - 2, now);
    }
    for (let i = 0; i < this.specialCount; i++) {
      const rule = this.special(i);
      const nodes = this.nodesOf(rule.level);
      for (let node = 0; node < nodes; node++) {
        for (let k = 0; k < rule.window; k++) {
          // What is Cycles old or older does not bind any more.
          into.time(load<i64>(this.historySlot(rule, node, k)) + rule.cycles - 2, now);
        }
      }
    }
  }

  load(now: i64, from: StateReader): void {
    for (let node = 0; node < this.nodes; node++) {
      for (let command = 0; command < Command.Count; command++)
        store<i64>(this.slot(node, command), from.time(now) + 2);
    }
    for (let i = 0; i < this.specialCount; i++) {
      const rule = this.special(i);
      const nodes = this.nodesOf(rule.level);
      for (let node = 0; node < nodes; node++) {
        store<i32>(rule.positions + ((<usize>node) << 2), 0);
        for (let k = 0; k < rule.window; k++) {
          store<i64>(this.historySlot(rule, node, k), from.time(now) + 2 - rule.cycles);
        }
      }
    }
  }

  /** Ready times of a bank's group. */
  @inline
  private groupNode(bank: i32): usize {
    return this.readyTimes + ((<usize>(1 + (bank >> this.bankBits))) << NODE_SHIFT);
  }

  /** Ready times of a bank. */
  @inline
  private bankNode(bank: i32): usize {
    return this.readyTimes + ((<usize>(1 + this.groups + bank)) << NODE_SHIFT);
  }

  /** Ready time of a command at a node. */
  @inline
  private slot(node: i32, command: i32): usize {
    return this.readyTimes + ((<usize>node) << NODE_SHIFT) + ((<usize>command) << 3);
  }

  /** Raises the ready times of a node by one list of flat rules. */
  @inline
  private raise(list: i32, node: usize, clk: i64): void {
    const starts = this.starts + ((<usize>list) << 2);
    let rule = this.flat + <usize>load<i32>(starts);
    const end = this.flat + <usize>load<i32>(starts, 4);
    for (; rule < end; rule += FLAT_BYTES) {
      const time = node + <usize>load<i32>(rule);
      const until = clk + <i64>load<i32>(rule, 4);
      if (load<i64>(time) < until) store<i64>(time, until);
    }
  }

  private raiseSpecial(command: i32, bank: i32, clk: i64): void {
    for (let i = 0; i < this.specialCount; i++) {
      const rule = this.special(i);
      if (rule.after != command || (bank < 0 && rule.level > 0)) continue;
      const node = rule.level == 0 ? 0 : rule.level == 1 ? bank >> this.bankBits : bank;
      const until = this.remember(rule, node, clk) + <i64>rule.cycles;
      if (rule.sibling) this.raiseSiblings(rule, node, until);
      else this.raiseNode(rule, node, until);
    }
  }

  /** Adds a clock to a node's history and gives the clock of the Window-th last command. */
  private remember(rule: SpecialRule, node: i32, clk: i64): i64 {
    const position = rule.positions + ((<usize>node) << 2);
    store<i64>(this.historySlot(rule, node, 0), clk);
    const next = load<i32>(position) + 1;
    store<i32>(position, next == rule.window ? 0 : next);
    return load<i64>(this.historySlot(rule, node, 0));
  }

  private raiseSiblings(rule: SpecialRule, node: i32, until: i64): void {
    const perParent = rule.level == 1 ? this.groups : 1 << this.bankBits;
    const first = node - (node & (perParent - 1));
    for (let other = first; other < first + perParent; other++) {
      if (other != node) this.raiseNode(rule, other, until);
    }
  }

  private raiseNode(rule: SpecialRule, node: i32, until: i64): void {
    const base = rule.level == 0 ? 0 : rule.level == 1 ? 1 : 1 + this.groups;
    const time = this.slot(base + node, rule.before);
    if (load<i64>(time) < until) store<i64>(time, until);
  }

  private flatten(rows: usize, count: i32): void {
    let end: usize = 0;
    for (let level = 0; level < 3; level++) {
      for (let after = 0; after < Command.Count; after++) {
        store<i32>(this.starts + ((<usize>(level * Command.Count + after)) << 2), <i32>end);
        for (let i = 0; i < count; i++) {
          const row = rows + <usize>i * (RULE_WORDS << 2);
          if (levelOf(row) != level || word(row, Rule.After) != after) continue;
          const window = word(row, Rule.Window);
          const sibling = word(row, Rule.Sibling) != 0;
          if (sibling && level == 0) continue;
          if (sibling || window > 1) this.addSpecial(row, level);
          else end = this.addFlat(end, row);
        }
      }
    }
    store<i32>(this.starts + ((3 * Command.Count) << 2), <i32>end);
  }

  private addFlat(end: usize, row: usize): usize {
    store<i32>(this.flat + end, word(row, Rule.Before) << 3);
    store<i32>(this.flat + end, word(row, Rule.Cycles), 4);
    return end + FLAT_BYTES;
  }

  private addSpecial(row: usize, level: i32): void {
    const rule = make<SpecialRule>();
    rule.level = level;
    rule.after = word(row, Rule.After);
    rule.before = word(row, Rule.Before);
    rule.cycles = word(row, Rule.Cycles);
    rule.window = word(row, Rule.Window);
    rule.sibling = word(row, Rule.Sibling) != 0;
    const nodes = <usize>this.nodesOf(level);
    rule.history = heap.alloc((nodes * <usize>rule.window) << 3);
    rule.positions = heap.alloc(nodes << 2);
    store<usize>(this.specials + <usize>this.specialCount * sizeof<usize>(), changetype<usize>(rule));
    this.specialCount++;
    this.specialAfter |= 1 << rule.after;
  }

  private forget(rule: SpecialRule): void {
    const nodes = this.nodesOf(rule.level);
    for (let node = 0; node < nodes; node++) {
      store<i32>(rule.positions + ((<usize>node) << 2), 0);
      for (let k = 0; k < rule.window; k++) store<i64>(this.historySlot(rule, node, k), LONG_AGO);
    }
  }

  private nodesOf(level: i32): i32 {
    return level == 0 ? 1 : level == 1 ? this.groups : this.banks;
  }

  /** Special rule i. */
  @inline
  private special(i: i32): SpecialRule {
    return changetype<SpecialRule>(load<usize>(this.specials + <usize>i * sizeof<usize>()));
  }

  /** Place of the k-th oldest clock of a node. */
  private historySlot(rule: SpecialRule, node: i32, k: i32): usize {
    let position = load<i32>(rule.positions + ((<usize>node) << 2)) + k;
    if (position >= rule.window) position -= rule.window;
    return rule.history + ((<usize>(node * rule.window + position)) << 3);
  }
}

/** One word of a rule row. */
@inline
function word(row: usize, field: i32): i32 {
  return load<i32>(row + ((<usize>field) << 2));
}

/** Channel and rank are one node, since a channel has one rank. */
function levelOf(row: usize): i32 {
  const level = word(row, Rule.Level);
  return level <= Level.Rank ? 0 : level == Level.BankGroup ? 1 : 2;
}
