//
//   Random small DRAM devices of every controller kind. Shrinking makes them plainer: fewer nodes, the ddr kind.
//

import fc from "fast-check";
import { Command, DramKind, Level } from "../../assembly/contract.js";
import { type DeviceWords, deviceOf } from "../oracle/device.js";
import { type Ddr4Timing, ddr4Rules, type RuleRow } from "../oracle/rules.js";

const between = (min: number, max: number) => fc.integer({ min, max });

/** hbm3: the hbm kind with two ticks a clock. */
const KINDS = ["ddr", "lpddr5", "hbm2", "hbm3"] as const;
type Kind = (typeof KINDS)[number];

const SHAPE = {
  kind: fc.constantFrom(...KINDS),
  channelBits: between(0, 2),
  pseudoBits: between(0, 1),
  sidBits: between(0, 1),
  groupBits: between(0, 2),
  bankBits: between(0, 2),
  columnBits: between(0, 4),
  rowBits: between(2, 6),
  order: fc.shuffledSubarray(["bankGroup", "bank", "column", "row", "sid", "pseudoChannel"] as const, {
    minLength: 6,
    maxLength: 6,
  }),
  hashed: fc.boolean(),
  channelAt: fc.nat(255),
  transactionBytes: fc.constantFrom(8, 16, 32, 64),
  readQueue: between(1, 32),
  writeQueue: between(1, 32),
  writeHigh: fc.nat(255),
  writeLow: fc.nat(255),
  refresh: fc.option(fc.record({ slack: between(40, 400), stagger: between(0, 60), perBank: fc.boolean() }), {
    nil: undefined,
  }),
  siblings: fc.option(fc.record({ group: between(1, 12), bank: between(1, 12) }), { nil: undefined }),
  act2Deadline: between(1, 12),
  wck: between(0, 30),
};

const TIMING = {
  BL: between(1, 4),
  CWL: between(1, 6),
  readAfterWriteLatency: between(0, 6), // CL - CWL
  RCD: between(1, 8),
  RP: between(1, 8),
  restore: between(1, 12), // RAS - RCD
  WR: between(1, 8),
  RTP: between(1, 6),
  CCDS: between(1, 4),
  CCDL: between(1, 8),
  RRDS: between(1, 4),
  RRDL: between(1, 8),
  FAW: between(1, 24),
  WTRS: between(1, 4),
  WTRL: between(1, 8),
  RFC: between(4, 40),
};

/** Device vectors of small devices: the address fields in any order, the channel bits anywhere. */
export function deviceArbitrary(): fc.Arbitrary<Int32Array> {
  return fc.tuple(fc.record(SHAPE), fc.record(TIMING)).map(([shape, drawn]) => {
    const { kind, refresh } = shape;
    const timing: Ddr4Timing = {
      ...drawn,
      CL: drawn.CWL + drawn.readAfterWriteLatency,
      RAS: drawn.RCD + drawn.restore,
      RC: drawn.RCD + drawn.restore + drawn.RP,
      CS: 2,
    };
    const rules = [...kindRules(kind, timing), ...siblingRules(shape.siblings)];
    const tops = isHbm(kind) ? 2 ** shape.pseudoBits : 1;
    // a write mode that is left at WriteLow must have been entered above it
    const writeHigh = shape.writeHigh % shape.writeQueue;
    const words: DeviceWords = {
      ...kindWords(kind, timing),
      Channels: 2 ** shape.channelBits,
      TransactionBytes: shape.transactionBytes,
      PseudoChannels: tops,
      Sids: isHbm(kind) ? 2 ** shape.sidBits : 1,
      BankGroups: 2 ** shape.groupBits,
      BanksPerGroup: 2 ** shape.bankBits,
      ChannelShift: shape.channelAt % (shape.groupBits + shape.bankBits + shape.columnBits + shape.rowBits + 1),
      ColumnBits: shape.columnBits,
      RowBits: shape.rowBits,
      ReadLatency: timing.CL + timing.BL,
      ReadQueue: shape.readQueue,
      WriteQueue: shape.writeQueue,
      WriteHigh: writeHigh,
      WriteLow: 1 + (shape.writeLow % (writeHigh + 1)),
      RefreshClocks: refresh === undefined ? 0 : tops * (timing.RFC + timing.RC) + refresh.slack,
      RefreshStagger: refresh?.stagger ?? 0,
      RefreshPerBank: Number(kind === "lpddr5" && refresh?.perBank === true),
      Act2Deadline: shape.act2Deadline,
      WckRead: timing.CL + shape.wck,
      WckWrite: timing.CWL + shape.wck,
    };
    return deviceOf(words, rules, shape.order, shape.hashed);
  });
}

const isHbm = (kind: Kind) => kind === "hbm2" || kind === "hbm3";

function kindWords(kind: Kind, timing: Ddr4Timing): DeviceWords {
  if (kind === "hbm2") return { Kind: DramKind.Hbm, ActTicks: 2 };
  if (kind === "hbm3") return { Kind: DramKind.Hbm, TicksPerClock: 2, ActTicks: 3, ReadTicks: 2, WriteTicks: 2 };
  // A ddr command of several clocks, for the one bus.
  return kind === "ddr" ? { Kind: DramKind.Ddr, ActTicks: timing.BL > 3 ? 2 : 1 } : { Kind: DramKind.Lpddr5 };
}

function kindRules(kind: Kind, timing: Ddr4Timing): RuleRow[] {
  const rules = ddr4Rules(timing);
  if (kind === "lpddr5") return [...rules, ...perBankRules(timing)];
  if (kind === "ddr") return rules;
  const { Read, Write, Act, PreAll } = Command;
  return [
    ...rules.map(([level, ...rest]): RuleRow => [level <= Level.Rank ? Level.PseudoChannel : level, ...rest]),
    [Level.Sid, Read, Read, timing.CCDS + 1, 1, 1],
    [Level.Sid, Write, Write, timing.CCDL, 1, 0],
    [Level.Sid, Act, Read, timing.RCD + 2, 2, 0],
    [Level.Channel, Act, Act, timing.RRDS - 1, 1, 0],
    [Level.Channel, PreAll, Act, timing.RRDL, 1, 0],
    [Level.PseudoChannel, Write, Read, timing.WTRS, 1, 1],
  ];
}

function perBankRules({ RFC, RRDS, RC, RP }: Ddr4Timing): RuleRow[] {
  const { Act, Pre, PreAll, RefreshBank } = Command;
  return [
    [Level.Rank, Pre, Pre, 2, 1, 0],
    [Level.Rank, Pre, PreAll, 2, 1, 0],
    [Level.Rank, RefreshBank, RefreshBank, RFC, 1, 0],
    [Level.Rank, RefreshBank, Act, RRDS, 1, 0],
    [Level.Bank, RefreshBank, Act, RFC, 1, 0],
    [Level.Bank, Act, RefreshBank, RC, 1, 0],
    [Level.Bank, Pre, RefreshBank, RP, 1, 0],
  ];
}

/** Rows that no DDR4 has, for the sibling law. */
function siblingRules(cycles: { group: number; bank: number } | undefined): RuleRow[] {
  if (cycles === undefined) return [];
  const { Act, Read, Write } = Command;
  return [
    [Level.BankGroup, Read, Write, cycles.group, 1, 1],
    [Level.BankGroup, Act, Act, cycles.group, 2, 1],
    [Level.Bank, Act, Act, cycles.bank, 1, 1],
    [Level.Bank, Write, Read, cycles.bank, 1, 1],
  ];
}
