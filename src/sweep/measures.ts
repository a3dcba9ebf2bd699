//
//   What a sweep knows of a run: one row a measure, with its unit in its name. A row with `best` can be an objective, and
//   prunes; the others are recorded beside them.
//
//     Result ──► value ──► record, CSV, Parquet              Reach (bounds.ts) ──► best ──► pruning
//
//   Where prices differ there are two ends; a name without an end (energyPj) is the high one.
//

import type { Band } from "../basics/band.js";
import { PJ_PER_JOULE } from "../basics/units.js";
import type { Breakdown, Result } from "../result/result.js";

/** What a point can reach at most, before it is run. */
export interface Reach {
  /** No fewer cycles, seconds, picojoules; no less power than what flows while nothing happens. */
  readonly cycles: number;
  readonly seconds: number;
  readonly energyPj: Band;
  readonly standingPowerW: Band;
  /** Exact. */
  readonly areaMm2: Band;
  readonly perplexity: number | null;
  readonly wantedBits: number;
  /** Core cycles of an access to the slowest buffer: above 1 it is no SRAM for this clock. */
  readonly sramCycles: number;
  readonly tokens: number;
  readonly steps: number;
  readonly phase: Result["phase"];
}

export type Goal = "min" | "max";

export interface Measure {
  readonly name: string;
  readonly unit: string;
  readonly text: string;
  /** Which way is better; undefined: neither. */
  readonly goal?: Goal;
  /** Null where this run has none. Undefined: `best` is exact, no run is needed to know it. */
  readonly value?: (result: Result) => number | null;
  /** Never worse than the value: no larger where less is better, no smaller where more is. Null where there is none. */
  readonly best?: (reach: Reach) => number | null;
}

const MS_PER_SECOND = 1e3;

type ValueOf = NonNullable<Measure["value"]>;

function recorded(name: string, unit: string, text: string, value: ValueOf): Measure {
  return { name, unit, text, value };
}

function objective(
  name: string,
  unit: string,
  goal: Goal,
  text: string,
  value: ValueOf,
  best: NonNullable<Measure["best"]>,
): Measure {
  return { name, unit, goal, text, value, best };
}

/** Two measures, one for each end of a band. */
function bandOf(
  name: string,
  unit: string,
  text: string,
  value: (result: Result, end: keyof Band) => number,
  best: (reach: Reach, end: keyof Band) => number,
): Measure[] {
  return (["low", "high"] as const).map((end) => {
    const suffix = end === "low" ? "Low" : "High";
    const about = `${text}, ${end} end`;
    return objective(
      name + suffix,
      unit,
      "min",
      about,
      (result) => value(result, end),
      (reach) => best(reach, end),
    );
  });
}

function cause(name: keyof Breakdown, text: string): Measure {
  return recorded(`${name}Cycles`, "core cycles", text, ({ breakdown }) => breakdown[name]);
}

/** A step's milliseconds where every sequence gets one token of it. */
function tpotMs(run: { phase: Result["phase"]; seconds: number; steps: number }): number | null {
  return run.phase === "decode" ? (run.seconds * MS_PER_SECOND) / run.steps : null;
}

/** Milliseconds until the window of every sequence is read. */
function ttftMs({ phase, seconds }: { phase: Result["phase"]; seconds: number }): number | null {
  return phase === "prefill" ? seconds * MS_PER_SECOND : null;
}

export const MEASURES: readonly Measure[] = [
  objective(
    "cycles",
    "core cycles",
    "min",
    "cycles of the run",
    (run) => run.cycles,
    (reach) => reach.cycles,
  ),
  objective(
    "seconds",
    "s",
    "min",
    "time of the run",
    (run) => run.seconds,
    (reach) => reach.seconds,
  ),
  objective("tpotMs", "ms", "min", "decode: time per output token of a sequence", tpotMs, tpotMs),
  objective("ttftMs", "ms", "min", "prefill: time to the first token", ttftMs, ttftMs),
  objective(
    "tokensPerSecond",
    "tokens/s",
    "max",
    "tokens of all sequences a second",
    (run) => run.tokensPerSecond,
    ({ tokens, seconds }) => tokens / seconds,
  ),
  ...bandOf(
    "energyPj",
    "pJ",
    "energy of the run",
    ({ energyPj }, end) => energyPj.total[end],
    ({ energyPj }, end) => energyPj[end],
  ),
  ...bandOf(
    "jPerToken",
    "J/token",
    "energy of a token",
    ({ energyPj, tokens }, end) => energyPj.total[end] / tokens / PJ_PER_JOULE,
    ({ energyPj, tokens }, end) => energyPj[end] / tokens / PJ_PER_JOULE,
  ),
  ...bandOf(
    "powerW",
    "W",
    "mean power, DRAM included",
    ({ energyPj, seconds }, end) => energyPj.total[end] / PJ_PER_JOULE / seconds,
    ({ standingPowerW }, end) => standingPowerW[end],
  ),
  ...bandOf(
    "edpJs",
    "J s",
    "energy-delay product of the run",
    ({ energyPj, seconds }, end) => (energyPj.total[end] / PJ_PER_JOULE) * seconds,
    ({ energyPj, seconds }, end) => (energyPj[end] / PJ_PER_JOULE) * seconds,
  ),
  ...bandOf(
    "areaMm2",
    "mm2",
    "area of the chip, DRAM not included",
    ({ areaMm2 }, end) => areaMm2.total[end],
    ({ areaMm2 }, end) => areaMm2[end],
  ),
  objective(
    "perplexity",
    "",
    "min",
    "recorded by the trace on the replayed tokens",
    ({ accuracy }) => accuracy.perplexity,
    ({ perplexity }) => perplexity,
  ),
  objective(
    "wantedBits",
    "bits",
    "max",
    "mean weight bits that tokens want",
    ({ bits }) => bits.wanted,
    ({ wantedBits }) => wantedBits,
  ),
  {
    name: "sramCycles",
    unit: "core cycles",
    goal: "min",
    text: "access to the slowest buffer; above 1 its SRAM is too slow for the clock",
    best: ({ sramCycles }) => sramCycles,
  },
  recorded("achievedGBps", "GB/s", "DRAM bandwidth, achieved", ({ dram }) => dram.achievedGBps),
  recorded("dramBytes", "bytes", "DRAM bytes, all streams", ({ dram }) => {
    return Object.values(dram.bytes).reduce((sum, one) => sum + one, 0);
  }),
  recorded("fetchedBits", "bits", "mean weight bits fetched", ({ bits }) => bits.fetched),
  recorded("computedBits", "bits", "mean weight bits computed", ({ bits }) => bits.computed),
  cause("busy", "the array computes"),
  cause("route", "the array waits for the router"),
  cause("dram", "the array waits for DRAM"),
  cause("buffer", "the array waits for room in the slice buffer"),
  cause("vector", "the array waits for the vector unit"),
  cause("store", "the array waits for stores"),
  cause("drain", "the array is done, the rest is not"),
];

/** The measure of a name; without an end, the high one. */
export function measure(name: string): Measure | undefined {
  return MEASURES.find((one) => one.name === name) ?? MEASURES.find((one) => one.name === `${name}High`);
}

/** Names that an objective can have. */
export function objectiveNames(): string[] {
  return MEASURES.filter(({ best }) => best !== undefined).map(({ name }) => name.replace(/High$/, ""));
}

/** What a run says, by measure. */
export function measured(result: Result): Record<string, number | null> {
  return Object.fromEntries(
    MEASURES.flatMap(({ name, value }) => (value === undefined ? [] : [[name, value(result)]])),
  );
}

/** What is known without a run: of `best`, the measures that no run says. */
export function unmeasured(best: Readonly<Record<string, number | null>>): Record<string, number | null> {
  return Object.fromEntries(MEASURES.flatMap(({ name, value }) => (value === undefined ? [[name, best[name]]] : [])));
}
