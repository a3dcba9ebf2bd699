//
//   Every timing rule is a tight gate: no command before its clock, and some command right at it.
//

import fc from "fast-check";
import { suite } from "uvu";
import * as assert from "uvu/assert";
import { Command, Dram, Level, Rule } from "../../../assembly/contract.js";
import {
  BareChannel,
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

for (const name of SHIPPED) {
  const device = withWords(shippedVector(name, { mapping: "B" }), { RefreshClocks: REFRESH_CLOCKS });
  for (const rule of [...rulesOf(device), ...UNUSUAL]) {
    gates(`${name}: ${say(rule)}`, () => {
      // Alone, nothing else keeps a command from coming too early.
      const tested = lengthened(rule);
      const alone = withWords(withRules(device, [tested]), { RefreshClocks: refreshClocksFor(tested) });
      const slack = commandsOf(alone).flatMap((log) => slackOf(tested, log, alone));
      assert.is(
        slack.reduce((least, clocks) => Math.min(least, clocks), Number.POSITIVE_INFINITY),
        0,
      );
    });
  }

  gates(`${name}: all rules together, in any traffic`, () => {
    const refreshes = withWords(device, { RefreshClocks: device[Dram.RefreshClocks] * 10 });
    const both = withRules(refreshes, [...rulesOf(device), ...UNUSUAL]);
    for (const log of commandsOf(both)) {
      assert.is(rowFault(log), undefined);
      const early = rulesOf(both).filter((rule) => slackOf(rule, log, both).some((clocks) => clocks < 0));
      assert.equal(early.map(say), []);
      assert.ok(
        log.every(({ clk }, i) => i === 0 || clk > log[i - 1].clk),
        "one command a clock",
      );
    }
  });
}

const isRankCommand = (command: number) => command === Command.PreAll || command === Command.Refresh;

/** After PREA and REF little can come soon: such a row is tested with more clocks than the part has. */
function lengthened(rule: RuleWords): RuleWords {
  const [level, after, before, cycles, ...rest] = rule;
  const isRare = isRankCommand(after) && before !== Command.Act;
  return [level, after, before, isRare ? Math.max(cycles, 200) : cycles, ...rest];
}

/** What comes after PREA or REF needs time till the next one; a PREA or REF has to be due while the row still binds. */
function refreshClocksFor([, after, before, cycles]: RuleWords): number {
  if (!isRankCommand(after)) return REFRESH_CLOCKS;
  return Math.max(REFRESH_CLOCKS, Math.floor(isRankCommand(before) ? cycles * 0.9 : cycles * 1.25));
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
