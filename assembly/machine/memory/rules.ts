//
//   Timing rules: from when on each command may go to each node of the channel.
//
//        rule rows ──► flat lists per After command          top           1 node, or one per pseudo-channel
//                                                              │
//        issued(command, bank, clk) ──► raises ready times   group 0 .. G-1
//                                                              │
//        ready(command, bank) ──► latest of the three nodes  bank 0 .. G*B-1
//
//   Cycle law   `Before` may go at clk >= clock of the Window-th last `After` at the node + Cycles, for every row; a sibling
//               row binds the other nodes under the same parent. PREA and REF meet the top nodes only.
//   Left out    more than one rank (sibling rows at channel and rank level bind nothing).
//   Source      rows of the device file, in the data sheet's names: docs/machine.md section 9; windows, siblings: special.ts.

import { Command, Dram, Level, Rule, RULE_WORDS } from "../../contract";
import { make } from "../alloc";
import { StateReader, StateWriter } from "../state";
import { dramWord } from "./address";
import { isPlain, NODE_SHIFT, ruleWord, SpecialRules } from "./special";
import { Tree } from "./tree";

/** Behind the ready times that bind. */
const NO_MORE: i32 = -1;
/** Bytes of one flat rule: byte offset of Before in a node, Cycles. */
const FLAT_BYTES: usize = 8;

/** Ready times of all nodes and what raises them. */
@unmanaged
export class Timing {
  tree: Tree;
  tops: i32;
  topShift: i32; // bits of a bank index below its top
  groupShift: i32; // and below its group
  readyTimes: usize; // nodes: tops, groups, banks
  groupTimes: usize;
  bankTimes: usize;
  flat: usize; // flat rules, sorted by level and After
  starts: usize; // i32[3 * Command.Count + 1]
  specials: SpecialRules;
  specialAfter: i32; // bit per After command that has a special rule
  topBound: u32; // bit per Before command of some rule, by the level of its ready times
  groupBound: u32;
  bankBound: u32;

  /** Allocates for a device and flattens its rows. */
  build(device: usize): void {
    this.tree = make<Tree>();
    this.tree.build(device);
    this.tops = this.tree.tops;
    this.topShift = this.tree.topShift;
    this.groupShift = this.tree.groupShift;
    this.readyTimes = heap.alloc((<usize>this.tree.nodes()) << NODE_SHIFT);
    this.groupTimes = this.readyTimes + ((<usize>this.tops) << NODE_SHIFT);
    this.bankTimes = this.groupTimes + ((<usize>this.tree.groups) << NODE_SHIFT);
    const count = dramWord(device, Dram.RuleCount);
    this.flat = heap.alloc((<usize>count + 1) * FLAT_BYTES);
    this.starts = heap.alloc((3 * Command.Count + 1) << 2);
    this.specials = make<SpecialRules>();
    this.specials.build(this.tree, this.readyTimes, count);
    this.topBound = 0;
    this.groupBound = 0;
    this.bankBound = 0;
    this.flatten(device + (Dram.Count << 2), count);
    this.specialAfter = this.specials.after;
    this.reset();
  }

  reset(): void {
    memory.fill(this.readyTimes, 0, (<usize>this.tree.nodes()) << NODE_SHIFT);
    this.specials.reset();
  }

  /** Earliest clock at which every rule lets a bank command go to a bank. */
  @inline
  ready(command: i32, bank: i32): i64 {
    return max<i64>(this.topReady(command, bank >> this.topShift), this.belowTopReady(command, bank));
  }

  /** The same for a top node alone: all that binds PREA and REF. */
  @inline
  topReady(command: i32, top: i32): i64 {
    return load<i64>(this.readyTimes + ((<usize>top) << NODE_SHIFT) + ((<usize>command) << 3));
  }

  /** The same for the group's and the bank's node: all that is left where the only top is ready. */
  @inline
  belowTopReady(command: i32, bank: i32): i64 {
    const offset = (<usize>command) << 3;
    return max<i64>(load<i64>(this.groupNode(bank) + offset), load<i64>(this.bankNode(bank) + offset));
  }

  /** No bank command goes anywhere before this clock. */
  @inline
  anyReady(command: i32): i64 {
    const first = load<i64>(this.readyTimes + ((<usize>command) << 3));
    return this.tops == 1 ? first : this.soonestTop(command, first);
  }

  /** Takes note of a bank command. */
  issued(command: i32, bank: i32, clk: i64): void {
    this.raise(command, this.readyTimes + ((<usize>(bank >> this.topShift)) << NODE_SHIFT), clk);
    this.raise(Command.Count + command, this.groupNode(bank), clk);
    this.raise(2 * Command.Count + command, this.bankNode(bank), clk);
    if ((this.specialAfter >> command) & 1) this.specials.issued(command, bank, Level.Bank, clk);
  }

  /** Takes note of PREA or REF. */
  issuedTop(command: i32, top: i32, clk: i64): void {
    this.raise(command, this.readyTimes + ((<usize>top) << NODE_SHIFT), clk);
    if ((this.specialAfter >> command) & 1) {
      this.specials.issued(command, top << this.topShift, Level.PseudoChannel, clk);
    }
  }

  /** Writes what binds from clock now on; the next command goes at now + 1 at the earliest. */
  canonical(now: i64, into: StateWriter): void {
    for (let place = 0; place < this.tree.nodes(); place++) {
      const node = this.tree.twistedNode(place, into.twist);
      for (let command = 0; command < Command.Count; command++) into.time(load<i64>(this.slot(node, command)) - 2, now);
    }
    this.specials.canonical(now, into);
  }

  /** Writes the ready times that bind alone, each behind its place. */
  putBinding(now: i64, into: StateWriter): void {
    const bound = now + 2;
    for (let place = 0; place < this.tree.nodes(); place++) {
      const node = this.tree.twistedNode(place, into.twist);
      const times = this.slot(node, 0);
      for (let commands = this.boundAt(node); commands != 0; commands &= commands - 1) {
        const command = <i32>ctz(commands);
        const time = load<i64>(times + ((<usize>command) << 3));
        if (time < bound) continue;
        into.put(place * Command.Count + command);
        into.time(time - 2, now);
      }
    }
    into.put(NO_MORE);
    this.specials.canonical(now, into);
  }

  takeBinding(now: i64, from: StateReader): void {
    memory.fill(this.readyTimes, 0, (<usize>this.tree.nodes()) << NODE_SHIFT);
    for (let at = from.take(); at != NO_MORE; at = from.take()) {
      const node = this.tree.twistedNode(at / Command.Count, from.twist);
      store<i64>(this.slot(node, at % Command.Count), from.time(now) + 2);
    }
    this.specials.load(now, from);
  }

  load(now: i64, from: StateReader): void {
    for (let place = 0; place < this.tree.nodes(); place++) {
      const node = this.tree.twistedNode(place, from.twist);
      for (let command = 0; command < Command.Count; command++)
        store<i64>(this.slot(node, command), from.time(now) + 2);
    }
    this.specials.load(now, from);
  }

  /** Words that canonical() writes. */
  stateWords(): i32 {
    return this.tree.nodes() * Command.Count + this.specials.stateWords();
  }

  /** Bit per command that rules bind at a node. */
  @inline
  private boundAt(node: i32): u32 {
    return node < this.tops ? this.topBound : node < this.tops + this.tree.groups ? this.groupBound : this.bankBound;
  }

  private soonestTop(command: i32, first: i64): i64 {
    let soonest = first;
    for (let top = 1; top < this.tops; top++) soonest = min<i64>(soonest, this.topReady(command, top));
    return soonest;
  }

  /** Ready times of a bank's group. */
  @inline
  private groupNode(bank: i32): usize {
    return this.groupTimes + ((<usize>(bank >> this.groupShift)) << NODE_SHIFT);
  }

  /** Ready times of a bank. */
  @inline
  private bankNode(bank: i32): usize {
    return this.bankTimes + ((<usize>bank) << NODE_SHIFT);
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

  private flatten(rows: usize, count: i32): void {
    let end: usize = 0;
    for (let list = 0; list < 3; list++) {
      const level = list == 0 ? Level.PseudoChannel : list == 1 ? Level.BankGroup : Level.Bank;
      for (let after = 0; after < Command.Count; after++) {
        store<i32>(this.starts + ((<usize>(list * Command.Count + after)) << 2), <i32>end);
        for (let i = 0; i < count; i++) {
          const row = rows + <usize>i * (RULE_WORDS << 2);
          if (this.tree.levelOf(ruleWord(row, Rule.Level)) != level || ruleWord(row, Rule.After) != after) continue;
          if (isPlain(row, level)) end = this.addFlat(end, row);
        }
      }
    }
    store<i32>(this.starts + ((3 * Command.Count) << 2), <i32>end);
    for (let i = 0; i < count; i++) {
      const row = rows + <usize>i * (RULE_WORDS << 2);
      const level = this.tree.levelOf(ruleWord(row, Rule.Level));
      this.bind(this.tree.firstNode(level), (<u32>1) << ruleWord(row, Rule.Before));
      if (!isPlain(row, level) && !this.isAlone(row)) this.specials.add(row, level);
    }
  }

  /** Some rule binds a command at the nodes like one. */
  private bind(node: i32, command: u32): void {
    if (node < this.tops) this.topBound |= command;
    else if (node < this.tops + this.tree.groups) this.groupBound |= command;
    else this.bankBound |= command;
  }

  /** A sibling row where there are no siblings. */
  private isAlone(row: usize): bool {
    const level = ruleWord(row, Rule.Level);
    const alone = level <= Level.Rank || this.tree.parentShift(level) == this.tree.shift(level);
    return ruleWord(row, Rule.Sibling) != 0 && alone;
  }

  private addFlat(end: usize, row: usize): usize {
    store<i32>(this.flat + end, ruleWord(row, Rule.Before) << 3);
    store<i32>(this.flat + end, ruleWord(row, Rule.Cycles), 4);
    return end + FLAT_BYTES;
  }
}
