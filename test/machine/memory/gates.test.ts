//
//   Every timing rule is a tight gate: no command before its clock, and some command right at it.
//

import fc from "fast-check";
import { suite } from "uvu";
import * as assert from "uvu/assert";
import { Command, Dram, DramKind, Level, Rule } from "../../../assembly/contract.js";
import {
  BareChannel,
  busFault,
  type LoggedCommand,
  type RuleWords,
  rowFault,
  rulesOf,
  slackOf,
  withRules,
  withWords,
} from "../../support/dram-channel.js";
import { SHIPPED, scattered, shippedVector, traffic } from "../../support/dram-parts.js";

const SEED = 20260;
/** Refreshes come often enough to meet every other command. */
const REFRESH_CLOCKS = 150;
/** Some traffic starves behind refreshes that come too often: what was logged till then will do. */
const END = 12_000;
/** The parts ship no such rows; devices of more than one rank or other standards do. */
const UNUSUAL: RuleWords[] = [
  [Level.BankGroup, Command.Read, Command.Read, 9, 1, 1],
  [Level.Bank, Command.Act, Command.Act, 31, 1, 1],
  [Level.BankGroup, Command.Act, Command.Act, 60, 3, 0],
  [Level.Bank, Command.Read, Command.Read, 25, 2, 0],
  [Level.BankGroup, Command.Write, Command.Read, 40, 2, 1],
];

const gates = suite("DRAM timing rules");

/** The shipped parts, per-bank refresh apart. */
const PARTS: [name: string, device: Int32Array][] = [
  ...SHIPPED.map((name): [string, Int32Array] => [name, shippedVector(name, { mapping: "B" })]),
  ["lpddr5-6400 per bank", shippedVector("lpddr5-6400", { mapping: "B", refresh: "per-bank" })],
];

for (const [name, part] of PARTS) {
  const device = withWords(part, { RefreshClocks: REFRESH_CLOCKS });
  for (const rule of [...rulesOf(device).filter((row) => canMeet(row, device)), ...UNUSUAL]) {
    gates(`${name}: ${say(rule)}`, () => {
      // Alone, nothing else keeps a command from coming too early.
      const tested = lengthened(rule, device);
      const alone = withWords(withRules(device, [tested]), { RefreshClocks: refreshClocksFor(tested, device) });
      const slack = commandsOf(alone).flatMap((log) => slackOf(tested, log, alone));
      const least = slack.reduce((one, other) => Math.min(one, other), Number.POSITIVE_INFINITY);
      assert.is(least, leastSlack(tested, device));
    });
  }

  gates(`${name}: all rules together, in any traffic`, () => {
    const refreshes = withWords(device, {
      RefreshClocks: device[Dram.RefreshClocks] * 10 * device[Dram.TicksPerClock],
    });
    const both = withRules(refreshes, [...rulesOf(device), ...UNUSUAL]);
    for (const log of commandsOf(both)) {
      assert.is(rowFault(log, both), undefined);
      assert.is(busFault(log, both), undefined);
      const early = rulesOf(both).filter((rule) => slackOf(rule, log, both).some((clocks) => clocks < 0));
      assert.equal(early.map(say), []);
    }
  });
}

gates("the checks fire when a rule is weaker than what they check", () => {
  for (const [name, part] of PARTS) {
    const rules = rulesOf(part);
    const strict = rules.find(([, after, before]) => after === Command.Act && before === Command.Read) as number[];
    const weak = rules.map((row) => (row === strict ? row.with(Rule.Cycles, strict[Rule.Cycles] - 3) : row));
    const logs = commandsOf(withRules(part, weak));
    assert.ok(
      logs.some((log) => slackOf(strict, log, part).some((clocks) => clocks < 0)),
      name,
    );
    assert.ok(
      logs.some((log) => busFault([log[0], log[0]], part) !== undefined),
      name,
    );
  }
});

const isAllBank = (command: number) => command === Command.PreAll || command === Command.Refresh;
const isRefresh = (command: number) => isAllBank(command) || command === Command.RefreshBank;

/** A device refreshes all banks or one by one. */
function canMeet([, after, before]: RuleWords, device: Int32Array): boolean {
  const never = device[Dram.RefreshPerBank] === 1 ? [Command.PreAll, Command.Refresh] : [Command.RefreshBank];
  return !never.includes(after) && !never.includes(before);
}

/** How tight a row can be: the bus may be taken for longer, and the next rising edge may be a tick away. */
function leastSlack([, after, before, cycles]: RuleWords, device: Int32Array): number {
  const isColumn = (command: number) => command === Command.Read || command === Command.Write;
  const oneBus = device[Dram.Kind] !== DramKind.Hbm || isColumn(after) === isColumn(before);
  const taken = oneBus ? Math.max(0, device[Dram.ActTicks + after] - cycles) : 0;
  const falls = (command: number) => command === Command.Pre || command === Command.PreAll;
  const needsEdge = device[Dram.TicksPerClock] === 2 && !falls(after) && !falls(before);
  return needsEdge && (taken + cycles) % 2 === 1 ? taken + 1 : taken;
}

/** After a refresh little can come soon: such a row is tested with more clocks than the part has. */
function lengthened(rule: RuleWords, device: Int32Array): RuleWords {
  const [level, after, before, cycles, ...rest] = rule;
  const isRare = isRefresh(after) && before !== Command.Act;
  return [level, after, before, isRare ? Math.max(cycles, 200 * device[Dram.TicksPerClock]) : cycles, ...rest];
}

/** What comes after a refresh needs time till the next one; a PREA or REF has to be due while the row still binds. */
function refreshClocksFor([, after, before, cycles]: RuleWords, device: Int32Array): number {
  const ticks = REFRESH_CLOCKS * device[Dram.TicksPerClock];
  if (!isRefresh(after)) return isRefresh(before) ? Math.max(ticks, Math.floor(cycles * 1.25)) : ticks;
  return Math.max(ticks, Math.floor(isRefresh(before) ? cycles * 0.9 : cycles * 1.25));
}

/** The commands of some random traffic. */
function commandsOf(device: Int32Array): LoggedCommand[][] {
  const kinds = [...fc.sample(traffic(device, 60), { seed: SEED, numRuns: 4 })];
  kinds.push(...fc.sample(scattered(device, 400), { seed: SEED, numRuns: 4 }));
  return kinds.map((parts) => {
    const channel = new BareChannel(device);
    channel.record(END);
    parts.forEach((part, slot) => {
      channel.push(part, slot);
    });
    channel.advance(END);
    return channel.recorded();
  });
}

function say(rule: RuleWords): string {
  const [level, after, before, cycles, window] = rule;
  const sibling = rule[Rule.Sibling] === 1 ? ", siblings" : "";
  return `${Level[level]}: ${Command[after]} to ${Command[before]}, ${cycles} clocks, window ${window}${sibling}`;
}

gates.run();
