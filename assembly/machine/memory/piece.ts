//
//   Piece: what a memo offers at a time: a part of a run, cut at multiples of the size of an aligned stretch.
//
//     part ──► [small: 64 transactions] where that is all that is left, else [large: 256]         a write set aside: 1
//

import { Part } from "./runs";

/** log2 of the transactions of a piece, by its size. */
const SMALL_BITS: i32 = 6;
const LARGE_BITS: i32 = 8;
/** Transactions of the largest. */
export const LARGEST: i32 = 1 << LARGE_BITS;
/** Sizes of pieces: 0 and 1. */
export const SIZES: i32 = 2;

/** Transactions of a run in flight: an aligned stretch, or one write. */
@unmanaged
export class Piece {
  base: i64;
  part: Part; // the channel's
  count: i32; // transactions that are reported when it completes
  size: i32; // transactions of the stretch
  bank: i32; // of the base
  row: i32;
  banks: u64; // bit per bank that the stretch touches
  write: bool;
  classified: bool; // of a write set aside
  age: i32; // and its rank among the clocks of their acceptance, the oldest first
  label: i32; // at the begin of the segment that is followed
}

/** Transactions of the stretch of a piece. */
@inline
export function pieceTransactions(size: i32): i32 {
  return size == 0 ? 1 << SMALL_BITS : LARGEST;
}
