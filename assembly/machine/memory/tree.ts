//
//   The tree of a channel: which nodes there are, and where their ready times lie.
//
//     channel ─┬─ pseudo-channel (top) 0 ─┬─ sid ─┬─ bank group ─┬─ bank
//              └─ pseudo-channel (top) 1  └─ ...  └─ ...         └─ ...
//
//     nodes with ready times:   top 0..P-1 | bank group 0..P*S*G-1 | bank 0..P*S*G*B-1
//
//   A node of any level is a bank index without its lowest bits. Channel, rank and sid have no ready times of their own: what
//   binds there raises the tops or the groups below; where a top or sid is the only one, the levels are one.

import { Dram, Level } from "../../contract";
import { bankCount, dramWord } from "./address";

/** Sizes of a channel in nodes and bits. */
@unmanaged
export class Tree {
  tops: i32;
  groups: i32; // of the channel
  banks: i32;
  groupsPerSid: i32;
  groupShift: i32; // bits of a bank index below each level
  sidShift: i32;
  topShift: i32;
  channelShift: i32;

  build(device: usize): void {
    this.tops = dramWord(device, Dram.PseudoChannels);
    this.groupsPerSid = dramWord(device, Dram.BankGroups);
    this.banks = bankCount(device);
    this.groups = this.banks / dramWord(device, Dram.BanksPerGroup);
    this.groupShift = <i32>ctz(dramWord(device, Dram.BanksPerGroup));
    this.sidShift = this.groupShift + <i32>ctz(this.groupsPerSid);
    this.topShift = this.sidShift + <i32>ctz(dramWord(device, Dram.Sids));
    this.channelShift = this.topShift + <i32>ctz(this.tops);
  }

  /** All nodes with ready times. */
  nodes(): i32 {
    return this.tops + this.groups + this.banks;
  }

  /** The node with ready times that takes the place of another where banks are xored below the tops. */
  twistedNode(node: i32, twist: i32): i32 {
    const bank = node - this.tops - this.groups;
    if (bank >= 0) return node - bank + (bank ^ twist);
    const group = node - this.tops;
    return group < 0 ? node : node - group + (group ^ (twist >> this.groupShift));
  }

  /** The level that a rule's level is the same as: ranks are one, and so is what is the only one of its kind. */
  levelOf(level: i32): i32 {
    if (level == Level.Channel || level == Level.Rank) return this.tops == 1 ? Level.PseudoChannel : Level.Channel;
    return level == Level.Sid && this.sidShift == this.topShift ? Level.PseudoChannel : level;
  }

  /** Bits of a bank index below a level. */
  shift(level: i32): i32 {
    if (level <= Level.Rank) return this.channelShift;
    if (level == Level.PseudoChannel) return this.topShift;
    if (level == Level.Sid) return this.sidShift;
    return level == Level.BankGroup ? this.groupShift : 0;
  }

  /** Bits of a bank index below the level above. */
  parentShift(level: i32): i32 {
    return level <= Level.PseudoChannel ? this.channelShift : this.shift(level - 1);
  }

  /** The first node with ready times at or below a level. */
  firstNode(level: i32): i32 {
    if (level <= Level.PseudoChannel) return 0;
    return level == Level.Bank ? this.tops + this.groups : this.tops;
  }

  /** Nodes with ready times that stand for one node of a level. */
  nodesPer(level: i32): i32 {
    if (level <= Level.Rank) return this.tops;
    return level == Level.Sid ? this.groupsPerSid : 1;
  }

  /** Bit per bank of a pseudo-channel. */
  bankMask(top: i32): u64 {
    const all = ~(<u64>0) >> (64 - (1 << this.topShift));
    return all << (top << this.topShift);
  }
}
