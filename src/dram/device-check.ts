//
//   What the schema of a DRAM part cannot see: names that do not exist, sizes that do not add up, mappings with holes.
//

import type { Path } from "../basics/yaml.js";
import { mappingFault, widthsOf } from "./device-mapping.js";
import { type Device, LEVELS, listOf, MAX_BANKS, type TimingRule, timingsOf } from "./device-schema.js";
import { ExpressionError, evaluate } from "./expression.js";

const BITS_PER_GIB = 2 ** 30;
/** Local transactions fit into a word of the channel's canonical state. */
const MAX_TRANSACTIONS = 2 ** 31;

/** Something wrong with the value at `path`. */
interface Fault {
  path: Path;
  text: string;
}

export function firstFault(device: Device): Fault | undefined {
  return [...sizeFaults(device), ...cycleFaults(device), ...ruleFaults(device), ...mappingFaults(device)][0];
}

function sizeFaults(device: Device): Fault[] {
  const { organisation, queues } = device;
  const { pseudoChannels, sids, bankGroups, banksPerGroup, columns } = organisation;
  const faults: Fault[] = [];
  const groups = pseudoChannels * sids * bankGroups;
  const banks = groups * banksPerGroup;
  const fault = (path: Path, value: number, allowed: string) =>
    faults.push({ path, text: `${path.join(".")} is ${value}; allowed ${allowed}` });
  if (banks > MAX_BANKS) fault(["organisation", "banksPerGroup"], banksPerGroup, `at most ${MAX_BANKS / groups}`);
  if (columns < device.burstLength) fault(["organisation", "columns"], columns, `${device.burstLength} or more`);
  if (queues.writeHigh >= queues.write) fault(["queues", "writeHigh"], queues.writeHigh, `below ${queues.write}`);
  if (queues.writeLow > queues.writeHigh) fault(["queues", "writeLow"], queues.writeLow, `up to ${queues.writeHigh}`);
  device.dies.forEach((die, i) => {
    const rows = (die.gb * organisation.diesPerChannel * BITS_PER_GIB) / (banks * columns * device.channelBits);
    if (die.rows !== rows) fault(["dies", i, "rows"], die.rows, `${rows}: what ${die.gb} Gb a die come to`);
    else if ((rows * banks * columns) / device.burstLength > MAX_TRANSACTIONS) fault(["dies", i, "gb"], die.gb, "less");
  });
  return faults;
}

function cycleFaults(device: Device): Fault[] {
  const texts: [Path, string][] = [
    [["readLatency"], device.readLatency],
    [["act2Deadline"], device.act2Deadline],
    [["wck", "read"], device.wck.read],
    [["wck", "write"], device.wck.write],
    [["refresh", "interval"], device.refresh.interval],
    [["refresh", "perBankInterval"], device.refresh.perBankInterval ?? "0"],
    ...device.rules.map((rule, i): [Path, string] => [["rules", i, "cycles"], rule.cycles]),
  ];
  return device.dies.flatMap((die) => {
    const timings = timingsOf(device, die);
    return texts.flatMap(([path, text]) => {
      const wrong = cycleFault(text, timings);
      return wrong === undefined ? [] : [{ path, text: `${path.join(".")} is ${JSON.stringify(text)}${wrong}` }];
    });
  });
}

function cycleFault(text: string, timings: Readonly<Record<string, number>>): string | undefined {
  try {
    const value = evaluate(text, timings);
    return value >= 0 ? undefined : `, which is ${value}; allowed 0 or more`;
  } catch (error) {
    if (!(error instanceof ExpressionError)) throw error;
    return `: ${error.message} is wrong; allowed integers, + - * and ${Object.keys(timings).join(", ")}`;
  }
}

/** PREA and REF meet a whole rank or pseudo-channel; a row below it would never bind. */
function ruleFaults(device: Device): Fault[] {
  const isRankCommand = (rule: TimingRule) =>
    [...listOf(rule.after), ...listOf(rule.before)].some((command) => command === "PREA" || command === "REF");
  return device.rules.flatMap((rule, i) => {
    if (LEVELS[rule.level] <= LEVELS.pseudoChannel || !isRankCommand(rule)) return [];
    return [
      {
        path: ["rules", i, "level"],
        text: `rules.${i}.level is ${rule.level}; allowed channel, rank, pseudoChannel with PREA, REF`,
      },
    ];
  });
}

function mappingFaults(device: Device): Fault[] {
  return Object.entries(device.mappings).flatMap(([name, mapping]) => {
    // A part fits machines of any number of channels, and dies of several sizes: one of them has to fit.
    const channel = mapping.find((item) => typeof item !== "string" && item.level === "channel");
    const channels = 2 ** (typeof channel === "object" ? (channel.bits ?? 0) : 0);
    const faults = device.dies.map((die) => mappingFault(mapping, widthsOf(device, die, channels)));
    const text = faults.includes(undefined) ? undefined : faults[0];
    return text === undefined ? [] : [{ path: ["mappings", name], text: `mappings.${name}: ${text}` }];
  });
}
