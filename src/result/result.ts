//
//   What one run answers: the document that `run --json` prints, field for field. Types only.
//

import type { Band } from "../basics/band.js";
import type { CitedPrice } from "../energy/tables.js";
import type { Machine } from "../hardware/machine.js";
import type { Phase } from "../trace/replay-options.js";

export interface Breakdown {
  busy: number;
  route: number;
  dram: number;
  buffer: number;
  vector: number;
  store: number;
  drain: number;
}

export interface DramResult {
  /** Payload bytes read and written, by what they carry. */
  bytes: {
    slice1: number;
    slice2: number;
    slice3: number;
    slice4: number;
    scales: number;
    router: number;
    kv: number;
    activations: number;
    lmHead: number;
    embedding: number;
  };
  peakGBps: number;
  achievedGBps: number;
  rowHits: number;
  rowMisses: number;
  rowConflicts: number;
  commands: Record<string, number>;
}

export interface MemoResult {
  /** Segments of channel time that were looked up: remembered, simulated. */
  hits: number;
  misses: number;
  /** Transactions of those, and of channels that simulated every clock meanwhile. */
  remembered: number;
  simulated: number;
  /** Times that it was full and began anew. */
  forgotten: number;
  states: number;
  entries: number;
  bytes: number;
}

/** What energy was computed with. */
export interface Prices {
  /** `pj` for each count of a counter; together with the powers they add up to `energyPj`. */
  events: { block: string; counter: string; pj: Band; what: string }[];
  powers: { block: string; milliwatts: Band; what: string }[];
  cited: CitedPrice[];
}

type AccuracySource = "measured" | "recorded" | "cited" | "none";

export interface Accuracy {
  source: AccuracySource;
  perplexity: number | null;
  /** FP16 perplexity on the same tokens. */
  reference: number | null;
  tokens: number;
  arithmetic: string;
  /** Measured only: `slices`, or the number format of the weights. */
  weights?: string;
  /** Measured only: mean KL(FP16 || this) in nats, and the share of tokens with FP16's likeliest continuation. */
  kl?: number;
  agreement?: number;
  /** The trace is of another model: what that one reached on these tokens, recorded. */
  sourceModel?: { name: string; perplexity: number; reference: number | null; tokens: number };
}

/** One op of one layer, summed over the steps. */
export interface OpDetail {
  /** null: of no layer. */
  layer: number | null;
  op: string;
  /** Core cycles in which the array executed it or waited for it. */
  breakdown: Breakdown;
  peActiveCycles: number;
  peGatedCycles: number;
  vectorCycles: number;
  routerCycles: number;
  /** Payload that it fetched and stored. */
  bytesRead: number;
  bytesWritten: number;
}

/** The run in windows of equal length; the last one may be shorter. */
export interface TimeDetail {
  windowCycles: number;
  breakdown: Record<keyof Breakdown, number[]>;
  /** Payload of the runs that arrived, of the stores that were sent. */
  bytesRead: number[];
  bytesWritten: number[];
}

/** What the tokens of a sequence want: mean slices by layer and column of consecutive tokens. */
export interface DepthDetail {
  sequence: number;
  tokens: number;
  tokensPerColumn: number;
  slices: number[][];
}

/** What only an observed run knows (run --detail). */
export interface Detail {
  /** Layer by layer; their cycles and bytes add up to the run's. */
  ops: OpDetail[];
  time: TimeDetail;
  depths: DepthDetail | null;
}

export interface Result {
  version: string;
  inputs: { name: string; sha256: string }[];
  machine: string;
  /** Every knob as the machine had it. */
  config: Machine;
  model: string;
  trace: string | null;
  plan: { source: "trace" | "constant" | "transplanted" | "synthetic"; budget?: number; slices?: number; text: string };
  phase: Phase;
  batch: number;
  steps: number;
  /** Tokens of a prefill that a step takes, where a window is cut. */
  chunk?: number;
  /** The run was interrupted: everything here is of its first `steps` steps. */
  partial?: true;
  /** Steps that a partial run was asked for. */
  stepsAsked?: number;
  cycles: number;
  seconds: number;
  tokens: number;
  tokensPerSecond: number;
  /** Core cycles by cause; they add up to `cycles`. */
  breakdown: Breakdown;
  /**
   * cycles - cycles of the same program with that cause idealised; 0 where the array never waited for it; null where an
   * interrupted run did not come to know it.
   */
  exposed: { route: number | null; dram: number | null; vector: number | null };
  dram: DramResult;
  energyPj: { total: Band; blocks: Record<string, Band> };
  /** What the prices of energy assume, a line each. */
  energyNotes: string[];
  prices: Prices;
  areaMm2: { total: Band; blocks: Record<string, Band> };
  /** Mean weight bits: wanted by the tokens, fetched per routed weight and step, computed by the array. */
  bits: { wanted: number; fetched: number; computed: number };
  accuracy: Accuracy;
  counters: Record<string, number>;
  detail?: Detail;
  /** What the memo of the DRAM channels did, when there is one. Says how the result was found, not what it is. */
  memo?: MemoResult;
  stateHash: string;
}
