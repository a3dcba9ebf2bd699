//
//   Memo channel: a DRAM channel that does again what it did before, without simulating it. Same doors as channel.ts.
//
//     push(part) ──► FIFO ──pieces──► segments.ts ──► completions ──► out
//                      ▲                    └───────► next state
//                      └── the next piece ◄──────────────┘
//
//   Cycle law   channel.ts. A segment goes from one boundary to the next: the last transaction of a piece is accepted, or the
//               FIFO is empty and something arrives, or nothing binds any more. Inside a segment the channel depends on its
//               state and on the piece alone: what is granted meanwhile waits in the FIFO. An idle segment that an arrival
//               cuts has its length in the key, one in which a refresh falls due the clocks until then and whose turn it is.
//   State       at a boundary: address of the interned state, frame, clock of the next refresh. What is between two boundaries
//               is rehearsed when somebody asks for it, so remembering leaves no trace.
//   Alone       a channel that was loaded from words simulates every clock until it works again; one of a memo that is not worth
//               its time until it is; one that met small segments, all new, until a part of LARGE transactions comes.

import { StateReader, StateWriter } from "../state";
import { Completions } from "./completions";
import { Frame } from "./frame";
import { Memo } from "./memo";
import { addCounters, COUNTERS, DONE_WORDS, Entry, FIRST_COUNTER, Place } from "./memo-records";
import { Origin } from "./origin";
import { Rehearsal } from "./rehearsal";
import { Runs } from "./runs";
import { Segments } from "./segments";

/** Transactions from which on a segment is worth a rehearsal; small segments that are rehearsed in a row. */
const LARGE: i32 = 16;
const MANY: i32 = 4;


@unmanaged
export class MemoChannel {
  memo: Memo | null; // null: every clock is simulated
  alone: bool; // every clock is simulated for now
  rehearsal: Rehearsal;
  whole: Runs; // the parts under way
  frame: Frame;
  place: Place;
  origin: Origin; // the boundary
  segments: Segments;
  told: i32; // completions of the segment under way that the core knows
  misses: i32; // small segments rehearsed since the last large one; MANY: serves alone until a large part comes
  left: i32; // parts that it does not know to be done
  times: i32; // channels that this one stands for, itself included: it does not serve alone for others
  now: i64; // clocks below are processed
  certain: i64; // no part gets known to be done below this clock, whatever is granted
  counters: usize; // i64[COUNTERS] of what it has served alone
  refreshClocks: i64;
  turns: i32;

  reset(): void {
    this.rehearsal.channel.reset();
    this.whole.reset();
    this.left = 0;
    memory.fill(this.counters, 0, COUNTERS << 3);
    this.now = 0;
    this.certain = 0;
    this.misses = 0;
    this.times = 1;
    this.alone = true;
  }

  /** Remembers from now on. */
  use(memo: Memo): void {
    this.memo = memo;
    this.segments.at.memo = memo;
    memo.settle(this.place);
    this.enter();
  }

  push(local: i64, count: i32, write: bool, slot: i32, arrive: i64): void {
    if (this.alone) {
      this.certain = 0;
      if (this.memo != null) this.memo!.balance.noteAlone(count);
      if (count >= LARGE) this.misses = 0;
      return this.rehearsal.channel.push(local, count, write, slot, arrive);
    }
    this.left++;
    const part = this.whole.push(local, count, write, slot, arrive);
    // An idle segment was chosen before its end was known.
    if (this.whole.offering == part && this.segments.taking == 0) this.place.entry = 0;
    this.foresee();
  }

  idle(): bool {
    return this.alone ? this.rehearsal.channel.idle() : this.left == 0;
  }

  /** Where it is certain to: a segment that offers to its next completion or end, an idle one may be cut by an arrival. */
  private foresee(): void {
    this.certain = 0;
    if (this.idle()) this.certain = i64.MAX_VALUE;
    else if (!this.alone && this.place.entry != 0 && this.segments.taking > 0) {
      const entry = changetype<Entry>(this.place.entry);
      const done = entry.done + <usize>(this.told * (DONE_WORDS << 2));
      this.certain = this.origin.now + <i64>(this.told < entry.completions ? load<i32>(done, 4) : entry.length);
    }
  }

  /** Processes all memory clocks t < until; parts whose last completion clock got known go to `out`. */
  advance(until: i64, out: Completions): void {
    this.process(until, false, out);
  }

  /** As `advance`, but stops where the channel falls idle: what refresh does after that can wait until somebody asks. */
  work(until: i64, out: Completions): void {
    if (!this.idle()) this.process(until, true, out);
    this.foresee();
  }

  /** Adds the counters to a vector of Counter.Count, but for what the memo counts. */
  collect(counters: usize): void {
    addCounters(this.counters, counters + (FIRST_COUNTER << 3));
    if (!this.alone) this.catchUp();
    this.rehearsal.channel.collect(counters);
  }

  canonical(into: StateWriter, firstRun: i32, firstStore: i32): void {
    if (!this.alone) this.catchUp();
    this.rehearsal.channel.canonical(into, firstRun, firstStore);
  }

  load(now: i64, from: StateReader): void {
    this.alone = true;
    this.certain = 0;
    this.whole.reset();
    this.left = 0;
    this.place.clear();
    this.rehearsal.channel.load(now, from);
  }

  private process(until: i64, stopIdle: bool, out: Completions): void {
    if (!this.alone && this.times == 1 && (this.misses == MANY || this.memo!.balance.isWasted())) this.leave();
    if (!this.alone) return this.recall(until, stopIdle, out);
    const channel = this.rehearsal.channel;
    if (stopIdle) channel.work(until, out);
    else channel.advance(until, out);
    if (this.memo != null && this.misses < MANY && this.memo!.balance.isWorthTrying()) this.enter();
  }

  /** The channel serves alone from now on. */
  private leave(): void {
    this.catchUp();
    this.alone = true;
    this.whole.reset();
    this.left = 0;
    this.place.clear();
  }

  /** The channel becomes a state of the memo. */
  private enter(): void {
    const channel = this.rehearsal.channel;
    const maintenance = channel.controller.maintenance;
    const origin = this.origin;
    this.keepCounters();
    this.alone = false;
    this.misses = 0;
    this.now = channel.now;
    this.segments.taking = 0;
    this.told = 0;
    origin.now = channel.now;
    origin.refresh = maintenance.next;
    origin.turn = maintenance.turn;
    this.rehearsal.handOver(this.frame, this.whole);
    this.left = this.whole.number();
    for (let open = channel.controller.banks.open; open != 0; open &= open - 1) {
      const bank = <i32>ctz(open);
      this.frame.setRow(bank, channel.controller.banks.row(bank));
    }
    this.memo!.reserve(this.rehearsal.outcome.mostBytes());
    this.place.clear();
    this.place.state = this.rehearsal.outcome.intern(this.memo!, this.frame);
  }

  /** What the channel has counted alone. */
  private keepCounters(): void {
    addCounters(this.rehearsal.outcome.counted() + (FIRST_COUNTER << 3), this.counters);
    this.rehearsal.channel.controller.tally.reset();
  }

  private recall(until: i64, stopIdle: bool, out: Completions): void {
    const origin = this.origin;
    while (origin.now < until) {
      if (this.place.entry == 0 && !this.choose(until)) break;
      const entry = changetype<Entry>(this.place.entry);
      const known = this.tell(entry, until, out);
      if (stopIdle && this.left == 0) {
        this.now = max<i64>(this.now, known + 1);
        return;
      }
      if (origin.now + entry.length >= until) break;
      this.commit(entry);
    }
    this.now = max<i64>(this.now, until);
  }

  /** The segment that begins at the boundary; takes note of small ones that have to be rehearsed, one after the other. */
  private choose(until: i64): bool {
    const memo = this.memo!;
    const joined = this.segments.join(this.whole);
    if (joined > 0) memo.balance.note(true, joined, this.times);
    const before = memo.rehearsals;
    if (!this.segments.choose(this.whole.offering, until)) return false;
    const known = memo.rehearsals == before;
    memo.balance.note(known, this.segments.taking, this.times);
    if (this.segments.taking >= LARGE) this.misses = 0;
    else if (!known && this.misses < MANY) this.misses++;
    return true;
  }

  /** Reports the completions of a segment that get known before a clock; the clock of the last one. */
  private tell(entry: Entry, until: i64, out: Completions): i64 {
    const start = this.origin.now;
    let known = start;
    for (; this.told < entry.completions; this.told++) {
      const done = entry.done + <usize>(this.told * (DONE_WORDS << 2));
      if (start + <i64>load<i32>(done, 4) >= until) break;
      known = start + <i64>load<i32>(done, 4);
      const piece = this.frame.labelled(load<i32>(done));
      const part = piece.part;
      part.reported = max<i64>(part.reported, start + <i64>load<i32>(done, 8));
      part.toReport -= piece.count;
      if (part.toReport != 0) continue;
      this.left--;
      out.add(part.slot, part.write, part.reported);
    }
    return known;
  }

  /** Goes to the boundary at the end of a segment, all of whose completions are told. */
  private commit(entry: Entry): void {
    const origin = this.origin;
    const frame = this.frame;
    frame.open(entry);
    const taken = this.segments.taking > 0;
    if (taken) this.whole.offered(frame.head().part, this.segments.taking);
    for (let i = 0; i < entry.completions; i++) {
      const done = entry.done + <usize>(i * (DONE_WORDS << 2));
      const piece = frame.labelled(load<i32>(done));
      this.whole.settle(piece.part, piece.count, origin.now + <i64>load<i32>(done, 8));
    }
    frame.follow(taken, entry);
    origin.now += entry.length;
    if (entry.due != 0) origin.refresh += <i64>entry.due * this.refreshClocks;
    if (entry.turns != 0) origin.turn = (origin.turn + entry.turns) % this.turns;
    this.memo!.use(entry, this.times);
    this.place.state = entry.state;
    this.place.entry = 0;
    this.place.last = changetype<usize>(entry);
    this.rehearsal.reach(entry, this.memo!.forgotten);
    this.told = 0;
  }

  /** The rehearsal becomes the whole channel at the clock now. */
  private catchUp(): void {
    const rehearsal = this.rehearsal;
    rehearsal.standIn(this.place.state, this.frame, this.origin, this.whole);
    rehearsal.channel.advance(this.now, rehearsal.outcome.out);
  }
}
