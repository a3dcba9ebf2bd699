//
//   The sections of a report on one run, in the order an architect asks: how fast, where did the cycles go, what did the
//   memory do, was the array used, what did it cost, how many bits, how good are the answers, from which inputs.
//

import type { Band } from "../basics/band.js";
import type { DramResult, MemoResult, Result } from "../result/result.js";
import { band, bytes, energy, integer, known, percent, seconds, significant } from "./format.js";
import type { Page, Row, Section } from "./page.js";

const LEGEND =
  "modelled: counted or derived on the simulated machine; recorded: by the trace pack when the model ran; " +
  "measured: by running the model here; cited: from a publication, estimated: scaled from one, each with its source in hw-configs.";

const DRAM_KINDS: [keyof DramResult["bytes"], string][] = [
  ["slice1", "slice 1"],
  ["slice2", "slice 2"],
  ["slice3", "slice 3"],
  ["slice4", "slice 4"],
  ["scales", "scales"],
  ["router", "router"],
  ["kv", "KV"],
  ["activations", "activations"],
  ["lmHead", "lm_head"],
  ["embedding", "embedding"],
];

/** Everything a report on one run says. */
export function pageOf(result: Result): Page {
  return {
    title: `${result.model} on ${result.machine}`,
    sections: [
      speed(result),
      cycles(result),
      dram(result.dram),
      array(result),
      energyByBlock(result),
      areaByBlock(result),
      bits(result),
      accuracy(result),
      inputs(result),
    ],
    legend: LEGEND,
  };
}

function speed(result: Result): Section {
  const { plan, partial, stepsAsked = 0, steps, cycles, seconds: time, tokens, tokensPerSecond } = result;
  const done = `partial: interrupted, ${integer(steps)} of ${counted(stepsAsked, "step")} done; all figures are of these`;
  return {
    title: "Speed",
    source: "modelled",
    rows: [
      fact("cycles", integer(cycles)),
      fact("time", `${seconds(time)}  (core clock ${significant(time > 0 ? cycles / time / 1e9 : 0)} GHz)`),
      fact("tokens/s", `${significant(tokensPerSecond)}  (${counted(tokens, "token")})`),
    ],
    notes: [...(partial ? [done] : []), workload(result), `plan: ${plan.text}`],
  };
}

function workload({ phase, batch, steps, chunk, trace }: Result): string {
  const chunks = chunk === undefined ? [] : [`chunks of ${counted(chunk, "token")}`];
  const source = trace === null ? "no trace" : `trace ${trace}`;
  return [phase, `batch ${integer(batch)}`, counted(steps, "step"), ...chunks, source].join(", ");
}

function cycles({ breakdown, cycles, exposed }: Result): Section {
  const saved = (name: string, value: number | null) =>
    value === null ? `${name} not known` : `${name} ${integer(value)} (${percent(value, cycles)})`;
  return {
    title: "Where the cycles went",
    source: "modelled",
    columns: ["cause", "cycles", "share"],
    rows: shares(Object.entries(breakdown), integer),
    notes: [
      `exposed (cycles saved if it were ideal): ${saved("route", exposed.route)}, ${saved("dram", exposed.dram)}, ` +
        saved("vector", exposed.vector),
    ],
  };
}

function dram({
  bytes: kinds,
  peakGBps,
  achievedGBps,
  rowHits,
  rowMisses,
  rowConflicts,
  commands,
}: DramResult): Section {
  const entries = DRAM_KINDS.map(([key, label]): [string, number] => [label, kinds[key]]);
  const withUnit = ({ cells, ...row }: Row, value: number): Row => ({
    ...row,
    cells: [cells[0], bytes(value), cells[1]],
  });
  const amounts = [...entries.map(([, value]) => value), sum(entries)];
  const requests = rowHits + rowMisses + rowConflicts;
  const request = (name: string, count: number) => `${integer(count)} ${name} (${percent(count, requests)})`;
  return {
    title: "DRAM bytes",
    source: "modelled",
    columns: ["kind", "bytes", "", "share"],
    rows: shares(entries, integer).map((row, i) => withUnit(row, amounts[i])),
    notes: [
      `achieved ${significant(achievedGBps)} of ${significant(peakGBps)} GB/s peak (${percent(achievedGBps, peakGBps)})`,
      `rows: ${request("hits", rowHits)}, ${request("misses", rowMisses)}, ${request("conflicts", rowConflicts)}`,
      `commands: ${Object.entries(commands)
        .map(([name, count]) => `${name} ${integer(count)}`)
        .join(", ")}`,
    ],
  };
}

function array({ breakdown, cycles, counters }: Result): Section {
  const { PeActiveCycles: active = 0, PeGatedCycles: gated = 0, PeUnusedCycles: unused = 0 } = counters;
  const executing = active + gated + unused;
  return {
    title: "Array",
    source: "modelled",
    rows: [
      fact("busy", `${percent(breakdown.busy, cycles)} of cycles`),
      fact(
        "PEs while busy",
        `${percent(active, executing)} active, ${percent(gated, executing)} gated, ${percent(unused, executing)} unused`,
      ),
    ],
    notes: [],
  };
}

function energyByBlock({ energyPj: { total, blocks }, energyNotes, tokens }: Result): Section {
  const perToken = { low: total.low / tokens, high: total.high / tokens };
  const row = (label: string, value: Band): Row => ({
    label,
    cells: [integer(value.low), integer(value.high), band(value, energy), bandShare(value, total)],
  });
  return {
    title: "Energy",
    source: "modelled, prices cited or estimated",
    columns: ["block", "low pJ", "high pJ", "", "share"],
    rows: [...Object.entries(blocks).map(([name, value]) => row(name, value)), { ...row("total", total), total: true }],
    notes: [...(tokens > 0 ? [`energy per token: ${band(perToken, energy)}`] : []), ...energyNotes],
  };
}

function areaByBlock({ areaMm2: { total, blocks } }: Result): Section {
  const row = (label: string, { low, high }: Band): Row => ({
    label,
    cells: [low.toFixed(3), high.toFixed(3), bandShare({ low, high }, total)],
  });
  const there = Object.entries(blocks).filter(([, { high }]) => high > 0);
  return {
    title: "Area",
    source: "modelled, prices cited or estimated",
    columns: ["block", "low mm2", "high mm2", "share"],
    rows: [...there.map(([name, value]) => row(name, value)), { ...row("total", total), total: true }],
    notes: ["cells and SRAM; no wires between blocks, control or DRAM interface"],
  };
}

function bits({ bits: { wanted, fetched, computed }, plan }: Result): Section {
  const origin = { trace: "recorded by the trace", transplanted: "transplanted from the trace" };
  const { [plan.source as keyof typeof origin]: from = plan.source } = origin;
  return {
    title: "Bits per routed weight",
    source: "modelled",
    rows: [
      fact("wanted", `${wanted.toFixed(3)}  (${from})`),
      fact("fetched", fetched.toFixed(3)),
      fact("computed", computed.toFixed(3)),
    ],
    notes: [],
  };
}

function accuracy({ accuracy: figures, plan }: Result): Section {
  const { source, perplexity, reference, tokens, arithmetic, weights, sourceModel } = figures;
  const shown = (value: number | null) => known(value, (one) => one.toFixed(4));
  const how =
    source === "recorded" ? RECORDED : `arithmetic ${arithmetic}${weights === undefined ? "" : `, weights ${weights}`}`;
  const notes = [source === "none" ? noAccuracy(plan) : `over ${counted(tokens, "token")}, ${how}`];
  if (sourceModel !== undefined) {
    const { name, perplexity: own, reference: fp, tokens: over } = sourceModel;
    const figure = `${name} itself: perplexity ${shown(own)}, FP16 ${shown(fp)}, over ${counted(over, "token")}`;
    notes.push(`${figure} (recorded by the trace, in its own context)`);
  }
  return {
    title: "Accuracy",
    source,
    rows: [fact("perplexity", shown(perplexity)), fact("FP16", shown(reference)), ...beside(figures)],
    notes,
  };
}

const RECORDED = "when the trace was recorded; run --accuracy measured reads them here, in the PE's arithmetic";

/** What only a measurement knows. */
function beside({ kl, agreement }: Result["accuracy"]): Row[] {
  if (kl === undefined || agreement === undefined) return [];
  return [fact("KL to FP16", `${significant(kl)} nats`), fact("same top token", percent(agreement, 1))];
}

function noAccuracy({ source }: Result["plan"]): string {
  if (source === "transplanted") return "no accuracy: another model chose these depths, on its own tokens";
  if (source === "synthetic") return "no accuracy: no model chose these depths";
  return "no accuracy: these tokens were not run, and nothing is interpolated";
}

function inputs({ inputs, memo, stateHash, version }: Result): Section {
  return {
    title: "Inputs",
    rows: [
      ...inputs.map(({ name, sha256 }) => fact(name, sha256.slice(0, 16))),
      ...(memo === undefined ? [] : [fact("DRAM memo", remembered(memo))]),
      fact("state hash", stateHash),
      fact("mobisim", version),
    ],
    notes: [],
  };
}

function remembered({ remembered, simulated }: MemoResult): string {
  return `${percent(remembered, remembered + simulated)} of the transactions remembered, the others simulated`;
}

// --- pieces ---

export function fact(label: string, value: string): Row {
  return { label, cells: [value] };
}

export function counted(count: number, noun: string): string {
  return `${integer(count)} ${noun}${count === 1 ? "" : "s"}`;
}

function sum(entries: [string, number][]): number {
  return entries.reduce((total, [, value]) => total + value, 0);
}

/** One row an entry with its share, then the total. */
export function shares(entries: [string, number][], show: (value: number) => string): Row[] {
  const total = sum(entries);
  const row = ([label, value]: [string, number]): Row => ({
    label,
    cells: [show(value), percent(value, total)],
    share: total === 0 ? 0 : value / total,
  });
  const { label, cells } = row(["total", total]);
  return [...entries.map(row), { label, cells, total: true }];
}

/** Share of the total, at the low prices and at the high ones. */
function bandShare(part: Band, whole: Band): string {
  const [low, high] = [percent(part.low, whole.low), percent(part.high, whole.high)];
  return low === high ? low : `${low.replace(" %", "")} - ${high}`;
}
