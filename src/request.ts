//
//   What one run is asked: names and numbers as the user gave them, defaults filled in. `simulate` resolves the names.
//

export interface RunRequest {
  /** A machine of hw-configs/, or a YAML file. */
  machine: string;
  /** `path.to.knob=value`, later ones win. */
  sets: string[];
  /** A model of models/, or a folder. */
  model: string;
  /** A pack of traces/, or a folder. Without one the plan is constant and `slices` is given. */
  trace?: string;
  /** Average weight bits: one of the budgets recorded in the trace. Excludes `slices`. */
  budget?: number;
  /** Constant plan: this many slices for every token and linear. */
  slices?: number;
  phase?: "prefill" | "decode";
  batch?: number;
  steps?: number;
  /** Tokens of a prefill window; without a trace only. */
  tokens?: number;
  /** KV entries before the first step. */
  context?: number;
}
