//
//   An in-order queue of work records between the sequencer and one unit.
//
//   Records are copied in at dispatch, with their waits and references already turned from distances into absolute
//   numbers, so reading a queue needs nobody else.

import { RECORD_WORDS } from "../../contract";
import { powerOfTwo, zeroed } from "../alloc";
import { StateReader, StateWriter } from "../state";
import { Board } from "./board";

const RECORD_BYTES: usize = RECORD_WORDS * 4;


@unmanaged
export class RecordQueue {
  base: usize;
  mask: i32;
  depth: i32;
  head: i32;
  size: i32;

  reset(depth: i32): void {
    const capacity = powerOfTwo(depth);
    this.base = zeroed(<usize>capacity * RECORD_BYTES);
    this.mask = capacity - 1;
    this.depth = depth;
    this.head = 0;
    this.size = 0;
  }

  full(): bool {
    return this.size >= this.depth;
  }

  /** Address of the record of a rank; rank 0 is the oldest. */
  at(rank: i32): usize {
    return this.base + <usize>((this.head + rank) & this.mask) * RECORD_BYTES;
  }

  /** Address of the oldest record; only when size > 0. */
  front(): usize {
    return this.at(0);
  }

  /** Address of the place behind the youngest record, now taken. */
  append(): usize {
    this.size++;
    return this.at(this.size - 1);
  }

  pop(): void {
    this.head = (this.head + 1) & this.mask;
    this.size--;
  }

  canonical(into: StateWriter, board: Board): void {
    into.put(this.size);
    for (let i = 0; i < this.size; i++) {
      for (let word = 0; word < RECORD_WORDS; word++) into.put(board.relative(this.at(i), word));
    }
  }

  load(from: StateReader): void {
    this.head = 0;
    this.size = 0;
    const size = <i32>from.take();
    for (let i = 0; i < size; i++) {
      const at = this.append();
      for (let word = 0; word < RECORD_WORDS; word++) store<i32>(at + ((<usize>word) << 2), <i32>from.take());
    }
  }
}
