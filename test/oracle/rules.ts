//
//   DDR4 timing rules, from data-sheet names to the rows of a device (docs/machine.md, section 9).
//
//   The order and the formulas are those of the DRAM goldens' rule table; read and write with auto-precharge are left out.

import { Command, Level } from "../../assembly/contract.js";

/** Timings in memory clocks, named as in the data sheet. */
export interface Ddr4Timing {
  readonly BL: number;
  readonly CL: number;
  readonly CWL: number;
  readonly RCD: number;
  readonly RP: number;
  readonly RAS: number;
  readonly RC: number;
  readonly WR: number;
  readonly RTP: number;
  readonly CCDS: number;
  readonly CCDL: number;
  readonly RRDS: number;
  readonly RRDL: number;
  readonly FAW: number;
  readonly WTRS: number;
  readonly WTRL: number;
  readonly CS: number;
  readonly RFC: number;
}

export type RuleRow = readonly [
  level: Level,
  after: Command,
  before: Command,
  cycles: number,
  window: number,
  sibling: number,
];

export function ddr4Rules(t: Ddr4Timing): RuleRow[] {
  return [...rankRules(t), ...groupRules(t), ...bankRules(t)];
}

function rankRules(t: Ddr4Timing): RuleRow[] {
  const { Act, Pre, PreAll, Read, Write, Refresh } = Command;
  const writeDone = t.CWL + t.BL;
  return [
    [Level.Channel, Read, Read, t.BL, 1, 0],
    [Level.Channel, Write, Write, t.BL, 1, 0],
    [Level.Rank, Read, Read, t.CCDS, 1, 0],
    [Level.Rank, Write, Write, t.CCDS, 1, 0],
    [Level.Rank, Read, Write, t.CL + t.BL + 2 - t.CWL, 1, 0],
    [Level.Rank, Write, Read, writeDone + t.WTRS, 1, 0],
    [Level.Rank, Read, Read, t.BL + t.CS, 1, 1],
    [Level.Rank, Read, Write, t.BL + t.CS, 1, 1],
    [Level.Rank, Write, Read, writeDone + t.CS - t.CL, 1, 1],
    [Level.Rank, Read, PreAll, t.RTP, 1, 0],
    [Level.Rank, Write, PreAll, writeDone + t.WR, 1, 0],
    [Level.Rank, Act, Act, t.RRDS, 1, 0],
    [Level.Rank, Act, Act, t.FAW, 4, 0],
    [Level.Rank, Act, PreAll, t.RAS, 1, 0],
    [Level.Rank, PreAll, Act, t.RP, 1, 0],
    [Level.Rank, Act, Refresh, t.RC, 1, 0],
    [Level.Rank, Pre, Refresh, t.RP, 1, 0],
    [Level.Rank, PreAll, Refresh, t.RP, 1, 0],
    [Level.Rank, Refresh, Act, t.RFC, 1, 0],
    [Level.Rank, Refresh, PreAll, t.RFC, 1, 0],
  ];
}

function groupRules(t: Ddr4Timing): RuleRow[] {
  const { Act, Read, Write } = Command;
  return [
    [Level.BankGroup, Read, Read, t.CCDL, 1, 0],
    [Level.BankGroup, Write, Write, t.CCDL, 1, 0],
    [Level.BankGroup, Write, Read, t.CWL + t.BL + t.WTRL, 1, 0],
    [Level.BankGroup, Act, Act, t.RRDL, 1, 0],
  ];
}

function bankRules(t: Ddr4Timing): RuleRow[] {
  const { Act, Pre, Read, Write } = Command;
  return [
    [Level.Bank, Act, Act, t.RC, 1, 0],
    [Level.Bank, Act, Read, t.RCD, 1, 0],
    [Level.Bank, Act, Write, t.RCD, 1, 0],
    [Level.Bank, Act, Pre, t.RAS, 1, 0],
    [Level.Bank, Pre, Act, t.RP, 1, 0],
    [Level.Bank, Read, Pre, t.RTP, 1, 0],
    [Level.Bank, Write, Pre, t.CWL + t.BL + t.WR, 1, 0],
  ];
}
