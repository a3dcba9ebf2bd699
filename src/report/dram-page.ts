//
//   The report on one stream of DRAM requests: how fast, why not faster, how late, what the rows did, what it cost.
//

import { CAUSES, type Cause } from "../dram/bus-causes.js";
import type { DramRun } from "../dram/run.js";
import type { Result } from "../result/result.js";
import { band, bytes, energy, integer, percent, seconds, significant } from "./format.js";
import type { Page, Row, Section } from "./page.js";
import { counted, fact, shares } from "./sections.js";

/** What was asked for, and the answer; `dram --json` prints it as it is. */
export interface DramReport extends DramRun {
  version: string;
  inputs: Result["inputs"];
  device: string;
  mapping: string;
  refresh: string;
  channels: number;
  stream: string;
}

const LEGEND =
  "Every clock of a data bus without data has one cause: what held back the read or write that came next " +
  "(docs/dram.md). modelled: counted on the simulated channels; prices: from the part's file.";

/** What a cause is called, and what would change it. */
const CAUSE_TEXTS: Record<Cause, [label: string, advice: string]> = {
  spacing: ["same bank group (tCCD_L)", "neighbouring requests meet one bank group: put bankGroup low in the mapping"],
  row: [
    "opening rows (tRP, tRCD, tRC)",
    "requests wait for rows of their bank: stay longer in a row, or spread over banks",
  ],
  activateRate: [
    "activate rate (tRRD, tFAW)",
    "rows open as fast as the part allows: use more of a row before the next",
  ],
  turnaround: ["read/write turnaround", "reads and writes take turns: gather the writes"],
  refresh: ["refresh", "the part needs it: per-bank refresh, where it knows it, stops less"],
  empty: ["nothing requested", "requests came too late or too slowly for more"],
  other: ["command bus, order", "commands were in each other's way"],
};
/** In the order of the table. */
const ORDER: readonly Cause[] = ["spacing", "row", "activateRate", "turnaround", "refresh", "empty", "other"];

/** Everything the report says. */
export function dramPage(report: DramReport): Page {
  const { device, mapping, channels, refresh, stream } = report;
  return {
    title: `${stream} on ${device}, mapping ${mapping}, refresh ${refresh}, ${counted(channels, "channel")}`,
    sections: [speed(report), causes(report), latency(report), rows(report), costs(report), inputs(report)],
    legend: LEGEND,
  };
}

function speed(run: DramReport): Section {
  const { bandwidthGBps, peakGBps, cycles, clockSeconds } = run;
  return {
    title: "Bandwidth",
    source: "modelled",
    rows: [
      fact(
        "achieved",
        `${significant(bandwidthGBps)} of ${significant(peakGBps)} GB/s peak (${percent(bandwidthGBps, peakGBps)})`,
      ),
      fact("time", `${seconds(run.seconds)}  (${integer(cycles)} clocks of ${seconds(clockSeconds)})`),
      fact("moved", `${bytes(run.bytes)}  (${counted(run.requests, "request")})`),
    ],
    notes: [],
  };
}

function causes({ busClocks: { buses, causes: clocks } }: DramReport): Section {
  const entries = ORDER.map((cause): [string, number] => [CAUSE_TEXTS[cause][0], clocks[cause]]);
  const worst = CAUSES.reduce((most, cause) => (clocks[cause] > clocks[most] ? cause : most));
  const notes = clocks[worst] === 0 ? [] : [`most is lost to: ${CAUSE_TEXTS[worst][0]}; ${CAUSE_TEXTS[worst][1]}`];
  return {
    title: "Why: what the data bus did",
    source: "modelled",
    columns: ["cause", buses === 1 ? "clocks" : `clocks of ${buses} buses`, "share"],
    rows: shares([["data", clocks.transfer], ...entries], integer),
    notes,
  };
}

function latency({ latencyClocks, clockSeconds }: DramReport): Section {
  const shown = (clocks: number) => `${seconds(clocks * clockSeconds)}  (${significant(clocks)} clocks)`;
  const facts = Object.entries(latencyClocks ?? {}).map(([name, clocks]) => fact(name, shown(clocks)));
  return {
    title: "Latency of reads",
    source: "modelled",
    rows: facts.length > 0 ? facts : [fact("mean", "-")],
    notes: ["from acceptance by the channel to the last data"],
  };
}

function rows({ rowHits, rowMisses, rowConflicts, forwarded, merged, commands }: DramReport): Section {
  const requests = rowHits + rowMisses + rowConflicts;
  const share = (label: string, count: number): Row => fact(label, `${integer(count)}  (${percent(count, requests)})`);
  const queued = `${integer(forwarded)} reads from the write queue, ${integer(merged)} writes merged`;
  return {
    title: "Rows and commands",
    source: "modelled",
    rows: [share("hits", rowHits), share("misses", rowMisses), share("conflicts", rowConflicts)],
    notes: [
      Object.entries(commands)
        .map(([name, count]) => `${name} ${integer(count)}`)
        .join(", "),
      ...(forwarded + merged > 0 ? [queued] : []),
    ],
  };
}

function costs({ energyPj: { total, parts }, bytes: moved }: DramReport): Section {
  const perBit = { low: total.low / (8 * moved), high: total.high / (8 * moved) };
  return {
    title: "Energy",
    source: "modelled, prices cited",
    rows: [
      ...Object.entries(parts).map(([name, value]) => fact(name, band(value, energy))),
      { ...fact("total", `${band(total, energy)}  (${band(perBit, significant)} pJ/bit)`), total: true },
    ],
    notes: [],
  };
}

function inputs({ inputs: files, version }: DramReport): Section {
  return {
    title: "Inputs",
    rows: [...files.map(({ name, sha256 }) => fact(name, sha256.slice(0, 16))), fact("mobisim", version)],
    notes: [],
  };
}
