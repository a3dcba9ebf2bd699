//
//   Two results side by side: what was asked differently, where the cycles moved, which counters moved and what that cost.
//
//     A, B ──► Difference ──► report/difference-page.ts
//
//   Law         the causes' differences add up to the difference of the cycles; the energy of the counters and of the powers
//               to that of the energy.
//

import type { Band } from "../basics/band.js";
import { PJ_PER_MILLIJOULE } from "../basics/units.js";
import type { Breakdown, OpDetail, Result } from "../result/result.js";

export interface Change<T = number> {
  name: string;
  a: T;
  b: T;
}

/** A counter, and the energy of its counts. */
export interface CounterChange extends Change {
  energyPj: Change<Band>;
}

export interface Difference {
  a: Result;
  b: Result;
  /** What was asked, and the knobs, where they differ. */
  asked: Change<string>[];
  causes: Change[];
  /** Those that moved, the most expensive change first. */
  counters: CounterChange[];
  /** Leakage, standby: power x time. */
  powers: Change<Band>[];
  blocks: Change<Band>[];
  /** Ops of layers, the largest change of cycles first; none unless both were observed. */
  ops: Change[];
}

const ASKED = ["machine", "model", "trace", "phase", "batch", "steps", "chunk"] as const;
const NOTHING: Band = { low: 0, high: 0 };

export function differenceOf(a: Result, b: Result): Difference {
  return {
    a,
    b,
    asked: [...askedOf(a, b), ...knobsOf(a, b), ...inputsOf(a, b)],
    causes: changes(
      a.breakdown as unknown as Record<string, number>,
      b.breakdown as unknown as Record<string, number>,
      0,
    ),
    counters: countersOf(a, b),
    powers: changes(powersOf(a), powersOf(b), NOTHING),
    blocks: changes(a.energyPj.blocks, b.energyPj.blocks, NOTHING),
    ops: opsOf(a, b),
  };
}

/** B against A of everything that either has, in their order. */
function changes<T>(a: Readonly<Record<string, T>>, b: Readonly<Record<string, T>>, missing: T): Change<T>[] {
  const names = [...new Set([...Object.keys(a), ...Object.keys(b)])];
  return names.map((name) => ({ name, a: a[name] ?? missing, b: b[name] ?? missing }));
}

function askedOf(a: Result, b: Result): Change<string>[] {
  const of = (one: Result) => ({
    ...Object.fromEntries(ASKED.map((name) => [name, String(one[name] ?? "-")])),
    plan: one.plan.text,
  });
  return differing(changes<string>(of(a), of(b), "-"));
}

function knobsOf(a: Result, b: Result): Change<string>[] {
  return differing(changes(leaves(a.config), leaves(b.config), "-")).filter(({ name }) => name !== "name");
}

/** Files of the same name with other bytes. */
function inputsOf(a: Result, b: Result): Change<string>[] {
  const hashes = ({ inputs }: Result) =>
    Object.fromEntries(inputs.map(({ name, sha256 }) => [name, sha256.slice(0, 16)]));
  return differing(changes(hashes(a), hashes(b), "-")).filter(({ a: one, b: other }) => one !== "-" && other !== "-");
}

function differing(all: Change<string>[]): Change<string>[] {
  return all.filter(({ a, b }) => a !== b);
}

/** Values by path. */
function leaves(value: object, path = ""): Record<string, string> {
  const inner = Object.entries(value).flatMap(([key, one]) => {
    const here = path === "" ? key : `${path}.${key}`;
    const nested = typeof one === "object" && one !== null && !Array.isArray(one);
    return nested ? Object.entries(leaves(one, here)) : [[here, String(one)]];
  });
  return Object.fromEntries(inner);
}

function countersOf(a: Result, b: Result): CounterChange[] {
  const [inA, inB] = [a, b].map(costOfCounters);
  const moved = changes(a.counters, b.counters, 0).map(({ name, ...counts }): CounterChange => {
    return { name, ...counts, energyPj: { name, a: inA[name] ?? NOTHING, b: inB[name] ?? NOTHING } };
  });
  const cost = ({ energyPj }: CounterChange) => Math.abs(energyPj.b.high - energyPj.a.high);
  return moved.filter((one) => one.a !== one.b || cost(one) > 0).sort((one, other) => cost(other) - cost(one));
}

/** The energy of every counter, all blocks that it costs in together. */
function costOfCounters({ counters, prices }: Result): Record<string, Band> {
  const costs: Record<string, Band> = {};
  for (const { counter, pj } of prices.events) {
    const count = counters[counter] ?? 0;
    const { low, high } = costs[counter] ?? NOTHING;
    costs[counter] = { low: low + count * pj.low, high: high + count * pj.high };
  }
  return costs;
}

function powersOf({ prices, seconds }: Result): Record<string, Band> {
  const pj = seconds * PJ_PER_MILLIJOULE;
  const of = ({ low, high }: Band) => ({ low: low * pj, high: high * pj });
  return Object.fromEntries(prices.powers.map(({ block, what, milliwatts }) => [`${block}: ${what}`, of(milliwatts)]));
}

function opsOf(a: Result, b: Result): Change[] {
  if (a.detail === undefined || b.detail === undefined) return [];
  const cycles = (ops: readonly OpDetail[]) => Object.fromEntries(ops.map((op) => [opName(op), total(op.breakdown)]));
  const all = changes(cycles(a.detail.ops), cycles(b.detail.ops), 0).filter((one) => one.a !== one.b);
  return all.sort((one, other) => Math.abs(other.b - other.a) - Math.abs(one.b - one.a));
}

function opName({ layer, op }: OpDetail): string {
  return layer === null ? op : `layer ${layer} ${op}`;
}

function total(breakdown: Breakdown): number {
  return Object.values(breakdown).reduce((sum, one) => sum + one, 0);
}
