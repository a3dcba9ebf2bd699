//
//   machine.wasm: the exports, one line each. Handles are addresses; vectors are those of contract.ts.
//

import { make, zeroed } from "./alloc";
import { explain } from "./core/blocked";
import { SUPPLY_DEPTHS, SUPPLY_RECORDS } from "./core/sequencer";
import { MemoCount } from "../contract";
export { Event, Seen } from "../events";
import { System } from "./system";
import { StateReader, StateWriter } from "./state";

export {
  Blocked,
  Command,
  Counter,
  Dram,
  DramKind,
  Field,
  Knob,
  Level,
  MemoCount,
  Pool,
  Queue,
  Release,
  Rule,
  Status,
  Stream,
  Unit,
  Work,
} from "../contract";

// Doors for checks and benchmarks of the memory alone.
export * from "./memory/driver";
export * from "./memory/bare";

/** Bytes for a vector that crosses; never freed. */
export function allocate(bytes: i32): usize {
  return zeroed(bytes);
}

export function newMachine(knobs: usize, device: usize): usize {
  const machine = make<System>();
  machine.reset(knobs, device);
  return changetype<usize>(machine);
}

/** Where a supply of records goes; it holds `supplyRecords()` of them. */
export function recordsOf(machine: usize): usize {
  return changetype<System>(machine).core.sequencer.records;
}

/** Where the depths of a supply go; it holds `supplyDepths()` bytes. */
export function depthsOf(machine: usize): usize {
  return changetype<System>(machine).core.sequencer.depths;
}

export function supplyRecords(): i32 {
  return SUPPLY_RECORDS;
}

export function supplyDepths(): i32 {
  return SUPPLY_DEPTHS;
}

/** The next `records` records of the program are in place. */
export function supply(machine: usize, records: i32): void {
  changetype<System>(machine).core.sequencer.supply(records);
}

/** Records of the latest supply that the sequencer has taken. */
export function takenOf(machine: usize): i32 {
  return changetype<System>(machine).core.sequencer.taken;
}

/** No record will follow. */
export function endProgram(machine: usize): void {
  changetype<System>(machine).core.sequencer.ended = true;
}

/** Simulates cycles below `limit` (at most 2^42); a Status. */
export function run(machine: usize, limit: i64): i32 {
  return changetype<System>(machine).run(limit);
}

export function cycleOf(machine: usize): i64 {
  return changetype<System>(machine).now;
}

/** i64[Counter.Count]. */
export function countersOf(machine: usize): usize {
  return changetype<System>(machine).collect();
}

/** From here on the machine says what happens, and `run` answers Status.Events once `limit` events are written. */
export function observe(machine: usize, limit: i32): void {
  changetype<System>(machine).observe(limit);
}

/** The events since the book was emptied; `eventCountOf` says how many. */
export function eventsOf(machine: usize): usize {
  const events = changetype<System>(machine).core.board.events;
  events.close();
  return events.base;
}

export function eventCountOf(machine: usize): i32 {
  return changetype<System>(machine).core.board.events.count;
}

export function emptyEvents(machine: usize): void {
  changetype<System>(machine).core.board.events.empty();
}

/** i64[MemoCount.Count], all 0 without a memo. */
export function memoOf(machine: usize): usize {
  const into = zeroed(MemoCount.Count << 3);
  changetype<System>(machine).channels.countMemo(into);
  return into;
}

/** Why each unit waits: i32[5] of Blocked, i32[5] of numbers. */
export function blockedOf(machine: usize): usize {
  const into = zeroed(5 * 2 * 4);
  explain(changetype<System>(machine).core, into);
  return into;
}

/** Writes the canonical state as i32 words; the number of words. */
export function canonicalOf(machine: usize, words: usize, capacity: i32): i32 {
  const writer = make<StateWriter>();
  writer.reset(words, capacity);
  changetype<System>(machine).canonical(writer);
  return writer.count;
}

/** Makes a fresh machine, at the cycle `now` of the same clock phase, go on from a canonical state. */
export function loadInto(machine: usize, now: i64, words: usize, count: i32): void {
  const reader = make<StateReader>();
  reader.reset(words, count);
  changetype<System>(machine).load(now, reader);
}
