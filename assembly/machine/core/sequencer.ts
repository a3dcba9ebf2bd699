//
//   Sequencer: takes the program in order and deals its records to the units' queues.
//
//      records, depths ──►┌───────────┐──► base fetch ──► demand fetch
//                         │ SEQUENCER │──► route
//                         └───────────┘──► compute ──► vector ──► store
//
//   Cycle law   phase 3 of a cycle; any number of records, in program order, stopping at the first whose queue, run table
//               or route table is full. Units see a record one cycle after its dispatch.
//   Left out    the time to fetch and decode records: their stream is small beside the weights (96 B for 32 KiB).
//   Source      docs/machine.md, section 2.

import { Field, Queue, RECORD_WORDS, ROUTE_TOKENS, Work } from "../../contract";
import { zeroed } from "../alloc";
import { Board, FETCH_BASES_BEFORE, FETCH_RUN, ROUTE_SELF } from "./board";
import { RecordQueue } from "./queue";
import { put, word } from "./record";

const RECORD_BYTES: usize = RECORD_WORDS * 4;
/** Records and depth bytes that one supply may hold. */
export const SUPPLY_RECORDS: i32 = 4096;
export const SUPPLY_DEPTHS: i32 = 65536 + ROUTE_TOKENS;


@unmanaged
export class Sequencer {
  board: Board;
  base: RecordQueue;
  demand: RecordQueue;
  route: RecordQueue;
  compute: RecordQueue;
  vector: RecordQueue;
  store: RecordQueue;
  records: usize;
  depths: usize;
  supplied: i32;
  taken: i32;
  ended: bool;
  /** The latest dispatch has given a unit with an empty queue something to do. */
  news: bool;

  reset(board: Board): void {
    this.board = board;
    this.records = zeroed(<usize>SUPPLY_RECORDS * RECORD_BYTES);
    this.depths = zeroed(SUPPLY_DEPTHS);
    this.supplied = this.taken = 0;
    this.ended = false;
  }

  supply(count: i32): void {
    this.supplied = count;
    this.taken = 0;
  }

  wantsWork(): bool {
    return this.taken == this.supplied && !this.ended;
  }

  /** Whether every record of the program has left its queue. */
  drained(): bool {
    return (
      this.ended &&
      this.taken == this.supplied &&
      this.base.size + this.demand.size + this.route.size + this.compute.size + this.vector.size + this.store.size == 0
    );
  }

  /** Phase 3; true when a record was dispatched. */
  dispatch(): bool {
    const before = this.taken;
    this.news = false;
    while (this.taken < this.supplied) {
      if (!this.dispatchOne(this.records + <usize>this.taken * RECORD_BYTES)) break;
      this.taken++;
    }
    return this.taken != before;
  }

  private dispatchOne(record: usize): bool {
    switch (word(record, Field.Kind)) {
      case Work.Fetch:
        return this.dispatchFetch(record);
      case Work.Route:
        return this.dispatchRoute(record);
      case Work.Compute:
        return this.dispatchCompute(record);
      case Work.Vector:
        return this.dispatchVector(record);
      default:
        return this.dispatchStore(record);
    }
  }

  /** Copies a record into its queue with its waits made absolute. */
  private enqueue(queue: RecordQueue, record: usize): usize {
    if (queue.size == 0) this.news = true;
    const at = queue.append();
    // Word by word: a call for a copy of this length costs more than the copy.
    for (let offset: usize = 0; offset < RECORD_BYTES; offset += 8) store<i64>(at + offset, load<i64>(record + offset));
    const board = this.board;
    absolute(at, Field.AfterCompute, board.computesDispatched);
    absolute(at, Field.AfterVector, board.vectorsDispatched);
    absolute(at, Field.AfterStore, board.storesDispatched);
    return at;
  }

  private dispatchFetch(record: usize): bool {
    const board = this.board;
    const isBase = word(record, Field.FetchQueue) == Queue.Base;
    const queue = isBase ? this.base : this.demand;
    if (queue.full() || board.runs.full()) return false;
    const at = this.enqueue(queue, record);
    absolute(at, Field.FetchRoute, board.routes.next);
    board.routes.fetchNames(word(at, Field.FetchRoute), 1);
    put(at, FETCH_RUN, board.runs.dispatch(word(record, Field.FetchQueue)) + 1);
    put(at, FETCH_BASES_BEFORE, board.basesDispatched);
    if (isBase) board.basesDispatched++;
    return true;
  }

  private dispatchRoute(record: usize): bool {
    const board = this.board;
    if (this.route.full() || board.routes.full()) return false;
    const at = this.enqueue(this.route, record);
    absolute(at, Field.RouteRun, board.runs.next);
    const depths = this.depths + <usize>word(record, Field.RouteDepths);
    put(at, ROUTE_SELF, board.routes.dispatch(word(record, Field.RouteTokens), depths) + 1);
    put(at, Field.RouteDepths, 0);
    return true;
  }

  private dispatchCompute(record: usize): bool {
    if (this.compute.full()) return false;
    const board = this.board;
    const at = this.enqueue(this.compute, record);
    absolute(at, Field.ComputeRun, board.runs.next);
    absolute(at, Field.ComputeScaleRun, board.runs.next);
    absolute(at, Field.ComputeInputRun, board.runs.next);
    absolute(at, Field.ComputeRoute, board.routes.next);
    board.computesDispatched++;
    return true;
  }

  private dispatchVector(record: usize): bool {
    if (this.vector.full()) return false;
    absolute(this.enqueue(this.vector, record), Field.VectorRun, this.board.runs.next);
    this.board.vectorsDispatched++;
    return true;
  }

  private dispatchStore(record: usize): bool {
    if (this.store.full()) return false;
    this.enqueue(this.store, record);
    this.board.storesDispatched++;
    return true;
  }
}

/** A backward distance d among `dispatched` records of its kind becomes the number of the record, counted from 1. */
// @ts-ignore: decorator
@inline
function absolute(record: usize, field: i32, dispatched: i32): void {
  const distance = word(record, field);
  if (distance != 0) put(record, field, dispatched - distance + 1);
}
