//
//   What one run is asked: names and numbers as the user gave them, defaults filled in. `simulate` resolves the names.
//

import type { Phase } from "./trace/replay-options.js";
import type { Process } from "./trace/synthetic.js";

/** MiB for the memo of the DRAM channels where nobody says, and at most: linear memory ends at 4 GiB. */
export const DEFAULT_MEMO_MIB = 64;
export const MOST_MEMO_MIB = 1024;

export interface RunRequest {
  /** A machine of hw-configs/, or a YAML file. */
  machine: string;
  /** A machine: `machine` gets as many columns as stay within its area. */
  isoArea?: string;
  /** A number format of formats/, or a YAML file: it decides the knobs of machineSets. */
  weights?: string;
  /** `path.to.knob=value`, later ones win. */
  sets: string[];
  /** A model of models/, or a folder. */
  model: string;
  /** A pack of traces/, or a folder; of another model: its plan is transplanted. Without one tokens are not known. */
  trace?: string;
  /** Average weight bits: one of the budgets recorded in the trace, or what `synthetic` aims at. Excludes `slices`. */
  budget?: number;
  /** Constant plan: this many slices for every token and linear. */
  slices?: number;
  /** Depths from this process instead of a trace's. */
  synthetic?: Process;
  rho?: number;
  seed?: number;
  phase?: Phase;
  batch?: number;
  steps?: number;
  /** Tokens of a prefill window; without a trace only. */
  tokens?: number;
  /** Tokens of a prefill window that one step takes. */
  chunk?: number;
  /** KV entries before the first step. */
  context?: number;
  /** MiB for what DRAM channels did; 0: every clock is simulated. No result depends on it. */
  memoMib?: number;
}
