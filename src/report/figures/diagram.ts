//
//   The machine of a run, drawn from its knobs: units, buffers, clock domains, and how much of each the run used.
//
//     DRAM channels ──► slice buffer ──► PE array ──► vector unit ──► activation buffer ──► (array) , store ──► DRAM
//

import type { Result } from "../../result/result.js";
import { escapeMarkup } from "../escape.js";
import { percent, significant } from "../format.js";
import type { Figure } from "../page.js";

const WIDTH = 600;
const HEIGHT = 428;

type Kind = "unit" | "memory" | "dram";

interface Box {
  kind: Kind;
  x: number;
  y: number;
  width: number;
  height: number;
  title: string;
  lines: string[];
}

const [LEFT, MIDDLE, RIGHT] = [12, 190, 394];
const [BESIDE, WIDE] = [142, 176];
const CAPTION = "The machine, drawn from the knobs of this run. Solid: data; dashed: who decides.";

export function diagramFigure(result: Result): Figure {
  const boxes = boxesOf(result);
  const title = `The machine of this run: ${result.machine}`;
  const svg = [
    `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${WIDTH} ${HEIGHT}" role="img" aria-label="${escapeMarkup(title)}" font-family="system-ui, Helvetica, Arial, sans-serif" font-size="12">`,
    MARKERS,
    domain(4, 158, "memory clock"),
    domain(178, WIDTH - 182, `core clock, ${result.config.clock.coreMHz} MHz`),
    ...boxes.map(draw),
    ...WIRES.map(([path, dashed]) => wire(path, dashed)),
    "</svg>",
  ].join("\n");
  return { name: "machine", caption: CAPTION, svg };
}

function boxesOf({ config, dram, breakdown, cycles, counters }: Result): Box[] {
  const { array, buffers, fetch, router, vector, store, sequencer, weights } = config;
  const share = (count: number | undefined) => `busy ${percent(count ?? 0, cycles)}`;
  const bandwidth = `${significant(dram.achievedGBps)} of ${significant(dram.peakGBps)} GB/s`;
  const routed = weights.layout !== "codes";
  const routing = routed
    ? [`${router.macs} MACs a cycle`, `lead ${router.sliceOneLead} row tiles`]
    : ["not used: whole codes"];
  return [
    box("dram", LEFT, 46, BESIDE, 250, "DRAM", [
      config.dram.device,
      `${config.dram.channels} channels`,
      `refresh ${config.dram.refresh}`,
      bandwidth,
      `rows hit ${percent(dram.rowHits, dram.rowHits + dram.rowMisses + dram.rowConflicts)}`,
    ]),
    box("unit", MIDDLE, 46, WIDE, 76, "Fetch", [
      `${fetch.outstandingRuns} runs at once`,
      `reserve ${fetch.residualReserveKiB} KiB`,
    ]),
    box("memory", MIDDLE, 146, WIDE, 66, "Slice buffer", [
      `${buffers.sliceKiB} KiB`,
      `port ${array.weightPortBits} bit a cycle`,
    ]),
    box("unit", MIDDLE, 246, WIDE, 66, "Store", [
      `${store.outstanding} at once`,
      `staging ${buffers.arrayStagingKiB} + ${buffers.vectorStagingKiB} KiB`,
    ]),
    box("unit", RIGHT, 46, WIDE, 76, "Router", [...routing, share(counters.RouterBusyCycles)].slice(0, 3)),
    box("unit", RIGHT, 146, WIDE, 80, `PE array ${array.rows} x ${array.columns}`, [
      `${array.lanes} lanes, ${array.bitsPerCycle} bit a cycle`,
      `FP32 sums, ${array.activationBits}-bit x`,
      share(breakdown.busy),
    ]),
    box("unit", RIGHT, 256, WIDE, 56, "Vector unit", [`${vector.lanes} lanes, ${share(counters.VectorBusyCycles)}`]),
    box("memory", RIGHT, 338, WIDE, 62, "Activation buffer", [
      `${buffers.activationKiB} KiB, port ${array.activationPortBits} bit`,
    ]),
    box("unit", MIDDLE, 338, WIDE, 62, "Sequencer", [
      `${sequencer.queueDepth} records a queue`,
      "six queues, in order",
    ]),
  ];
}

function box(kind: Kind, x: number, y: number, width: number, height: number, title: string, lines: string[]): Box {
  return { kind, x, y, width, height, title, lines };
}

const FILL: Record<Kind, string> = { unit: "#e8eef7", memory: "#f4ecdf", dram: "#e6f1e8" };

function draw({ kind, x, y, width, height, title, lines }: Box): string {
  const texts = lines.map(
    (line, i) => `<text x="${x + 10}" y="${y + 37 + 15 * i}" fill="#334">${escapeMarkup(line)}</text>`,
  );
  const frame = `<rect x="${x}" y="${y}" width="${width}" height="${height}" rx="4" fill="${FILL[kind]}" stroke="#334"/>`;
  return `${frame}<text x="${x + 10}" y="${y + 19}" font-weight="bold" font-size="13">${escapeMarkup(title)}</text>${texts.join("")}`;
}

function domain(x: number, width: number, label: string): string {
  const frame = `<rect x="${x}" y="26" width="${width}" height="${HEIGHT - 32}" rx="8" fill="none" stroke="#889" stroke-dasharray="2 4"/>`;
  return `${frame}<text x="${x + 6}" y="18" fill="#445">${escapeMarkup(label)}</text>`;
}

const MARKERS =
  '<defs><marker id="data" viewBox="0 0 8 8" refX="7" refY="4" markerWidth="7" markerHeight="7" orient="auto"><path d="M0 0 8 4 0 8z" fill="#334"/></marker>' +
  '<marker id="control" viewBox="0 0 8 8" refX="7" refY="4" markerWidth="7" markerHeight="7" orient="auto"><path d="M0 0 8 4 0 8z" fill="#a5641b"/></marker></defs>';

/** Paths between the boxes; dashed where something is decided, not moved. */
const WIRES: [path: string, dashed: boolean][] = [
  ["M190 79 L154 79", true], // runs asked of DRAM
  ["M154 179 L190 179", false], // weights, KV
  ["M366 179 L394 179", false],
  ["M394 79 L366 79", true], // how deep
  ["M380 179 L380 108 L394 108", false], // router weights
  ["M482 226 L482 256", false],
  ["M482 312 L482 338", false],
  ["M570 369 L585 369 L585 190 L570 190", false], // activations to the array
  ["M394 284 L366 284", false],
  ["M190 279 L154 279", false],
  ["M278 338 L278 312", true],
  ["M366 369 L380 369 L380 210 L394 210", true],
];

function wire(path: string, dashed: boolean): string {
  const look = dashed
    ? 'stroke="#a5641b" stroke-dasharray="5 3" marker-end="url(#control)"'
    : 'stroke="#334" stroke-width="2" marker-end="url(#data)"';
  return `<path d="${path}" fill="none" ${look}/>`;
}
