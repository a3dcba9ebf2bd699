//
//   What the emitters of one token block share.
//

import type { Machine } from "../hardware/machine.js";
import type { Model } from "../model/model.js";
import type { Plan } from "../trace/plan.js";
import type { Accumulators } from "./accumulators.js";
import type { Placement } from "./placement.js";
import type { Program } from "./program.js";
import type { ComputeRecord, FetchRecord, StoreRecord, VectorRecord } from "./records.js";
import type { Residency } from "./residency.js";
import type { Spill } from "./spill.js";
import type { Limits, Piece } from "./tiles.js";

/** Tokens of one sequence inside a token block. */
export interface Span {
  sequence: number;
  /** Earlier KV entries of its first token. */
  firstPosition: number;
  count: number;
  /** Place of its first token in the block. */
  firstToken: number;
  /** The last token of a step's entry that samples is in it: it needs logits. */
  last: boolean;
}

/** Queries of one span that go through attention together. */
export interface QueryBlock {
  span: Span;
  /** Earlier KV entries of its first token. */
  firstPosition: number;
  /** Its tokens in the block. */
  tokens: Piece;
}

/** Records that are filled in again and again. */
interface KeptRecords {
  /** A store into the cache. */
  readonly entry: StoreRecord;
  /** A vector op on a row tile of a linear's output. */
  readonly vector: VectorRecord;
  /** Those of a tile of a linear, by the tokens of its block. */
  readonly tiles: Map<number, TileRecords>;
  /** Groups of row tiles, by what they depend on (passage.ts). */
  readonly passages: Map<string, Passages>;
}

/** The records of a group of row tiles, to be copied (passage.ts). */
export interface Passage {
  readonly words: Int32Array;
  readonly fetches: number;
  readonly computes: number;
  /** Of each Fetch record: its first word, the region of its run, and the bytes from there. */
  readonly runs: Int32Array;
  /** Of each row tile: its first Compute record by its first word, by its number from 0, and the number of its last from 1. */
  readonly tiles: Int32Array;
}

/** Passages of blocks of a name, by the kind of the group. */
export type Passages = Map<number, Passage>;

/** Key positions of a query block whose scores are there at a time. */
export interface KeyBlock {
  index: number;
  /** No later keys for these queries. */
  last: boolean;
  /** (query, key) pairs that causality and window allow; all of them where nothing is skipped. */
  pairs: number;
  runs: readonly KeyRun[];
}

/** Passes of the array: row tiles x column groups, and what of them is in use. */
export interface Passes {
  passes: number;
  passColumns: number;
  rowColumns: number;
}

/** Positions whose K, and later V, are fetched together. */
export interface KeyRun extends Piece {
  /** Positions that are fetched; the others are the block's own, in the activation buffer. */
  fetched: number;
  /** QK: row tiles of positions. */
  scores: Passes;
  /** PV: row tiles of head dims, for neighbouring positions that the same columns see. */
  parts: readonly (Passes & { positions: number })[];
}

/** The records of a tile: what they have in common in a token block is filled in once. */
export interface TileRecords {
  scales: FetchRecord;
  slice: FetchRecord;
  first: ComputeRecord;
  residual: ComputeRecord;
}

/** What one token block leaves to the next. */
export interface Carried {
  /** Last Store record into the cache, by layer and sequence. */
  readonly cacheStores: Int32Array;
  /** Vector record that sampled the latest token of a sequence. */
  readonly sampled: Int32Array;
  readonly accumulators: Accumulators;
  readonly records: KeptRecords;
}

export interface Context {
  readonly program: Program;
  readonly machine: Machine;
  readonly model: Model;
  readonly plan: Plan;
  readonly placement: Placement;
  readonly limits: Limits;
  readonly residency: Residency;
  readonly spill: Spill;
  readonly carried: Carried;
  /** Slices that a run may need at most. */
  readonly slices: number;
  readonly spans: readonly Span[];
  readonly queryBlocks: readonly QueryBlock[];
  /** What query blocks see, once made (causal.ts). */
  readonly shapes: Map<string, readonly KeyBlock[]>;
  /** Tokens of the block. */
  readonly tokens: number;
  /** Sequences that have a cache. */
  readonly sequences: number;
  /** Tokens of a block of a linear with this many inputs. */
  blockTokens(inputs: number): number;
  /** Slices wanted in a linear by tokens of the block. */
  depths(linear: number, tokens: Piece): Uint8Array;
}
