//
//   The other half of the boundary (contract.ts is the first): what a machine that is observed says of itself.
//
//     events      i32[n * EVENT_WORDS], in the order in which they happened; a bounded buffer that TypeScript reads and
//                 empties whenever `run` answers. Nothing is written, and nothing costs time, unless `observe` was called;
//                 what is observed goes on exactly as if it were not.

/** Words of one event. */
export const EVENT_WORDS = 12;
/** Bits of a tag that are part of a machine's state: the op. What stands above them is for who observes. */
export const TAG_OP_BITS = 5;

/** Kinds. An execution is said at its end, with its start; everything else when it happens. */
export enum Event {
  None,
  Cycles, // a stretch of cycles with one cause
  Compute, // an execution of the array, the router, the vector unit
  Route,
  Vector,
  Grant, // a run is asked of the memory; it is in the buffer
  Arrival,
  Store, // a store is sent; it is acknowledged
  Stored,
}

/** Words of an event. */
export enum Seen {
  Event,
  Tag, // of the record; of Cycles: of the record that the array executes or waits for, else of the latest it executed
  StartLow, // cycle, low 32 bits
  StartHigh,
  Cycles, // how long; 0 of what just happens
  FreeBytes, // slice buffer, at that moment

  Cause = 6, // Cycles: the Counter it is charged to

  Slice = 6, // Compute: 0 where it has none
  PassCycles,
  Active, // rows x columns, summed over the passes: that compute, that are gated
  Gated,

  Tokens = 6, // Route

  Elements = 6, // Vector
  Passes,

  Number = 6, // Grant, Arrival: of the run. Store, Stored: of the store
  Stream,
  Bytes,
  AddressLow,
  AddressHigh,
  Queue, // Grant
}
