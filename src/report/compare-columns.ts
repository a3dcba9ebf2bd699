//
//   What a comparison shows of each run: one row of COLUMNS a figure, for every format it is printed in.
//
//     Result ──► value (number, text or null) ──► csv, json: as it is, the unit in the column's name
//                                             └──► md, terminal: `show`
//

import { PJ_PER_JOULE } from "../basics/units.js";
import type { Breakdown, Result } from "../result/result.js";
import { integer, percent, seconds, significant } from "./format.js";

type Value = number | string | null;

/** Figures that a reader looks at together. */
export const GROUPS = ["Speed and energy", "Bits and accuracy", "Where the cycles went"] as const;

export interface Column {
  readonly group: (typeof GROUPS)[number];
  /** With its unit. */
  readonly name: string;
  readonly head: string;
  readonly value: (result: Result) => Value;
  readonly show: (value: number) => string;
}

type Make = (name: string, head: string, show: Column["show"], value: Column["value"]) => Column;

function columnsOf(group: Column["group"]): Make {
  return (name, head, show, value) => ({ group, name, head, show, value });
}

const speed = columnsOf("Speed and energy");
const quality = columnsOf("Bits and accuracy");
const cycles = columnsOf("Where the cycles went");

const bits = (value: number) => value.toFixed(3);
const share = (value: number) => percent(value, 1);

function cause(name: keyof Breakdown): Column {
  return cycles(`${name}_share`, name, share, (result) => result.breakdown[name] / result.cycles);
}

function joules(end: "low" | "high"): Column {
  return speed(
    `joules_per_token_${end}`,
    `J/token ${end}`,
    significant,
    ({ energyPj, tokens }) => energyPj.total[end] / tokens / PJ_PER_JOULE,
  );
}

function dramBytes({ dram }: Result): number {
  return Object.values(dram.bytes).reduce((sum, one) => sum + one, 0);
}

export const COLUMNS: readonly Column[] = [
  speed("cycles", "cycles", integer, (result) => result.cycles),
  speed("seconds", "time", seconds, (result) => result.seconds),
  speed("tokens_per_second", "tokens/s", significant, ({ tokensPerSecond }) => tokensPerSecond),
  joules("low"),
  joules("high"),
  speed("dram_bytes", "DRAM bytes", integer, dramBytes),
  speed("achieved_gb_per_second", "GB/s", significant, ({ dram }) => dram.achievedGBps),
  quality("wanted_bits", "wanted", bits, (result) => result.bits.wanted),
  quality("fetched_bits", "fetched", bits, (result) => result.bits.fetched),
  quality("computed_bits", "computed", bits, (result) => result.bits.computed),
  quality(
    "perplexity",
    "perplexity",
    (value) => value.toFixed(3),
    ({ accuracy }) => accuracy.perplexity,
  ),
  quality("accuracy_source", "source", String, ({ accuracy }) => accuracy.source),
  quality("plan_source", "plan", String, ({ plan }) => plan.source),
  ...(["busy", "route", "dram", "buffer", "vector", "store", "drain"] as const).map(cause),
];
