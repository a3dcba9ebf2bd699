//
//   Piece: what a memo offers at a time: a part of a run, cut at multiples of the size of an aligned stretch.
//
//     part ──► [1 transaction], [small: 64] where that is all that is left, else [large: 256]     a write set aside: 1
//

import { Part } from "./runs";

/** Transactions of a piece. */
export const SMALL: i32 = 64;
export const LARGEST: i32 = 256;

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
  rank: i32; // and its age, see shelf.ts
  tied: bool;
  joined: bool; // accepted in the same clock as the one before
  label: i32; // at the begin of the segment that is followed
}
