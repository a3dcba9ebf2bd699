//
//   Two results as a page: A, B, and what B has more or less.
//

import type { Band } from "../basics/band.js";
import type { Change, CounterChange, Difference } from "../compare/difference.js";
import type { Result } from "../result/result.js";
import { partsNotes } from "./dram-parts.js";
import { energy, integer, known, percent, seconds, significant } from "./format.js";
import { jsonText } from "./json.js";
import type { Page, Row, Section } from "./page.js";

const MOST_ROWS = 16;
const LEGEND =
  "modelled: counted or derived on the simulated machine. Energy is counts x prices (cited or estimated) of each run, at the high " +
  "end of its band unless a line says otherwise; a cycle has one cause, so the causes add up.";

export function differencePage(difference: Difference): Page {
  const { a, b } = difference;
  return {
    title: `B against A: ${inWords(difference)}`,
    sections: [
      asked(difference),
      speed(a, b),
      table("Where the cycles moved", difference.causes, integer, b.cycles - a.cycles, "of the difference"),
      counters(difference),
      energyOf(difference),
      quality(a, b),
      ...ops(difference),
    ],
    legend: LEGEND,
  };
}

export function differenceJson({ a, b, ...moved }: Difference): string {
  const side = ({ version, machine, model, cycles, seconds: time, tokens, energyPj, stateHash }: Result) => {
    return { version, machine, model, cycles, seconds: time, tokens, energyPj: energyPj.total, stateHash };
  };
  return jsonText({ a: side(a), b: side(b), ...moved });
}

function inWords({ a, b, causes }: Difference): string {
  if (a.stateHash === b.stateHash && a.cycles === b.cycles) return "the same run";
  const change = b.cycles - a.cycles;
  if (change === 0) return "as many cycles, another run";
  const most = [...causes].sort((one, other) => Math.abs(other.b - other.a) - Math.abs(one.b - one.a))[0];
  return `${signedPercent(change, a.cycles)} cycles, most of it ${most.name} (${signed(most.b - most.a, integer)})`;
}

function asked({ a, b, asked }: Difference): Section {
  const rows = asked.map(({ name, a: one, b: other }): Row => ({ label: name, cells: [one, other] }));
  const same = rows.length > 0 ? [] : ["the same was asked of the same machine"];
  const tokens = a.tokens === b.tokens ? [] : ["the runs have different tokens: compare what is per token"];
  return { title: "What was asked differently", columns: ["", "A", "B"], rows, notes: [...same, ...tokens] };
}

function speed(a: Result, b: Result): Section {
  const perToken = ({ energyPj, tokens }: Result) => (tokens > 0 ? energyPj.total.high / tokens : 0);
  const row = (label: string, of: (one: Result) => number, show: (value: number) => string): Row =>
    rowOf({ name: label, a: of(a), b: of(b) }, show);
  return {
    title: "Speed and energy",
    source: "modelled, prices cited or estimated",
    columns: ["", "A", "B", "B - A", "change"],
    rows: [
      row("cycles", ({ cycles }) => cycles, integer),
      row("time", (one) => one.seconds, seconds),
      row("tokens/s", ({ tokensPerSecond }) => tokensPerSecond, significant),
      row("energy a token, high", perToken, energy),
      row("cycles a token", ({ cycles, tokens }) => (tokens > 0 ? cycles / tokens : 0), significant),
      row("area, mm2, high", ({ areaMm2 }) => areaMm2.total.high, significant),
    ],
    notes: partsNotes(
      ["energy"],
      [a, b].map(({ config }) => config.dram.device),
    ),
  };
}

/** Changes of one unit; the last column is their part of `whole`. */
function table(
  title: string,
  all: readonly Change[],
  show: (value: number) => string,
  whole: number,
  part: string,
): Section {
  const rows = all.filter(({ a, b }) => a !== 0 || b !== 0);
  return {
    title,
    source: "modelled",
    columns: ["", "A", "B", "B - A", "change", part],
    rows: rows.map((one) => {
      const { label, cells } = rowOf(one, show);
      return { label, cells: [...cells, whole === 0 ? "-" : percent(one.b - one.a, whole)] };
    }),
    notes: [],
  };
}

function counters({ counters, powers }: Difference): Section {
  const cost = ({ a, b }: Change<Band>) => signed(b.high - a.high, energy);
  const row = (one: CounterChange): Row => {
    const { label, cells } = rowOf(one, integer);
    const free = one.energyPj.a.high === 0 && one.energyPj.b.high === 0;
    return { label, cells: [...cells, free ? "-" : cost(one.energyPj)] };
  };
  const time = powers.filter(({ a, b }) => a.high !== b.high).map((one) => `time costs, ${one.name}: ${cost(one)}`);
  const more = counters.length - MOST_ROWS;
  return {
    title: "Which counters moved, and what that cost",
    source: "modelled, prices cited or estimated",
    columns: ["", "A", "B", "B - A", "change", "energy"],
    rows: counters.slice(0, MOST_ROWS).map(row),
    notes: [...time, ...(more > 0 ? [`${more} more moved; --json has them all`] : [])],
  };
}

function energyOf({ blocks, a, b }: Difference): Section {
  const high = blocks.map(({ name, a: one, b: other }) => ({ name, a: one.high, b: other.high }));
  const whole = { name: "total", a: a.energyPj.total.high, b: b.energyPj.total.high };
  const section = table("Energy by block, high end", [...high, whole], energy, whole.b - whole.a, "of the difference");
  return { ...section, source: "modelled, prices cited or estimated" };
}

function quality(a: Result, b: Result): Section {
  const bits = (["wanted", "fetched", "computed"] as const).map((name): Row => {
    const [one, other] = [a.bits[name], b.bits[name]];
    return {
      label: `${name} bits`,
      cells: [one.toFixed(3), other.toFixed(3), signed(other - one, (value) => value.toFixed(3))],
    };
  });
  const shown = ({ accuracy }: Result) => known(accuracy.perplexity, (value) => value.toFixed(4));
  const [one, other] = [a.accuracy.perplexity, b.accuracy.perplexity];
  const change = one === null || other === null ? "-" : signed(other - one, (value) => value.toFixed(4));
  const perplexity: Row = { label: "perplexity", cells: [shown(a), shown(b), change] };
  const sources: Row = { label: "accuracy is", cells: [a.accuracy.source, b.accuracy.source, ""] };
  return {
    title: "Bits and accuracy",
    columns: ["", "A", "B", "B - A"],
    rows: [...bits, perplexity, sources],
    notes: [],
  };
}

function ops({ ops, a, b }: Difference): Section[] {
  if (ops.length === 0) return [];
  const section = table(
    "Ops that moved most",
    ops.slice(0, MOST_ROWS),
    integer,
    b.cycles - a.cycles,
    "of the difference",
  );
  return [section];
}

function rowOf({ name, a, b }: Change, show: (value: number) => string): Row {
  return { label: name, cells: [show(a), show(b), signed(b - a, show), signedPercent(b - a, a)] };
}

function signed(value: number, show: (value: number) => string): string {
  return value > 0 ? `+${show(value)}` : show(value);
}

function signedPercent(part: number, whole: number): string {
  const text = percent(part, whole);
  return part > 0 && whole > 0 ? `+${text}` : text;
}
