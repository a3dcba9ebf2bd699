//
//   What the emitters of one token block share.
//

import type { Machine } from "../hardware.js";
import type { Model } from "../model.js";
import type { Plan } from "../plan.js";
import type { Placement } from "./placement.js";
import type { Program } from "./program.js";
import type { Limits, Piece, Residency } from "./tiles.js";

/** Tokens of one sequence inside a token block. */
export interface Span {
  sequence: number;
  /** Earlier KV entries of its first token. */
  firstPosition: number;
  count: number;
  /** Whether the last token of the step's entry is in it: then it needs logits. */
  last: boolean;
}

export interface Context {
  readonly program: Program;
  readonly machine: Machine;
  readonly model: Model;
  readonly plan: Plan;
  readonly placement: Placement;
  readonly limits: Limits;
  readonly residency: Residency;
  /** Slices that a run may need at most. */
  readonly slices: number;
  readonly spans: readonly Span[];
  /** Tokens of the block. */
  readonly tokens: number;
  /** Tokens of a block of a linear with this many inputs. */
  blockTokens(inputs: number): number;
  /** Slices wanted in a linear by tokens of the block. */
  depths(linear: number, tokens: Piece): Uint8Array;
}
