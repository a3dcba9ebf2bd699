//
//   Origin: the clock of a boundary between two segments, and what a state leaves out of refresh.
//

/** Where a rehearsal begins: what a state leaves out beside its frame. */
@unmanaged
export class Origin {
  now: i64;
  refresh: i64; // clock of the next one
  turn: i32;
}
