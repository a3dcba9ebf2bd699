//
//   Rehearsal: a channel that simulates what the memo does not know yet.
//
//     state + frame ──load──► channel ──► offer a piece | idle for a while ──► entry: completions, rows, counters, next state
//
//   The channel is the one of channel.ts, so that there is one source of behaviour. Its parts are the pieces of the frame; to
//   stand in for the whole channel at a clock (a cut) they are the parts that the pieces belong to.
//   Source      docs/machine.md section 9, "Remembering".

import { Counter, Dram } from "../../contract";
import { make } from "../alloc";
import { StateReader, StateWriter, twisted } from "../state";
import { dramWord } from "./address";
import { Channel, newChannel } from "./channel";
import { Completions, newCompletions } from "./completions";
import { Frame } from "./frame";
import { Memo } from "./memo";
import {
  ASIDE_WORDS,
  COUNTERS,
  Entry,
  DONE_WORDS,
  FIRST_COUNTER,
  OPENED_WORDS,
  State,
  stateBytes,
} from "./memo-records";
import { pack, PACKED_BYTES, unpack } from "./pack";
import { Part, Runs } from "./runs";
import { Piece } from "./shelf";

/** Idling is remembered up to so many clocks. */
const LONGEST_IDLE: i64 = 1 << 12;
/** Words of a request with a piece of its own, and of a bank, in a state, generously. */
const REQUEST_WORDS: i32 = 16;
const BANK_WORDS: i32 = 4;
/** Clocks by which writes set aside are older than the requests of a state, whose clocks are ranks. */
const OLDER: i64 = 1 << 20;

/** Where a rehearsal begins: what a state leaves out beside its frame. */
@unmanaged
export class Origin {
  now: i64;
  refresh: i64; // clock of the next one
  turn: i32;
}


@unmanaged
export class Rehearsal {
  channel: Channel;
  after: Frame; // at the end
  out: Completions;
  writer: StateWriter;
  reader: StateReader;
  words: usize;
  capacity: i32;
  packed: usize;
  quiet: bool; // the state that was written last
  detached: bool; // at the end the write queue is left out of the state
  writesBefore: i32;
  done: usize; // completions, as in an entry
  aside: usize; // writes set aside at the end
  asides: i32; // -1: those of before
  ranks: usize; // i32: labels at the end by those at the begin
  standIns: usize; // Part pointers of the writes set aside
  openBefore: u64; // bit per bank that was open at the begin
  counters: usize;

  /** Bytes that one segment adds to a memo at most. */
  mostBytes(): i32 {
    const entry =
      256 +
      (this.after.capacity + 1) * (DONE_WORDS + ASIDE_WORDS + 8) * 4 +
      (1 << this.after.map.bankBits) * (OPENED_WORDS + 1) * 4;
    return offsetof<State>() + this.capacity * PACKED_BYTES + entry;
  }

  /** The pieces of a frame become the parts of the channel. */
  begin(state: State, frame: Frame, origin: Origin): void {
    const runs = this.channel.runs;
    runs.reset();
    for (let label = 0; label < frame.count; label++) {
      const piece = frame.piece(label);
      const part = runs.push(0, 0, piece.write, label, origin.now);
      part.base = piece.base;
      runs.label(label, part, piece.base);
    }
    this.load(state, frame, origin);
    for (let i = 0; i < frame.shelf.count; i++) {
      const write = frame.shelf.write(i);
      const part = runs.push(0, 0, true, frame.count + 1 + i, origin.now);
      part.base = write.base;
      this.takeWrite(write, part, origin.now);
    }
    this.channel.controller.wrote = false;
    this.detached = false;
    this.writesBefore = frame.shelf.count;
  }

  private takeWrite(write: Piece, part: Part, now: i64): void {
    this.channel.controller.takeWrite(part, write.base, now - OLDER + <i64>write.age, write.classified);
  }

  /** Whether what waits in the write queue has made a difference. */
  wrote(): bool {
    return this.channel.controller.wrote;
  }

  /** The channel's own parts become those of this one, which then is the whole channel at a boundary. */
  standIn(state: State, frame: Frame, origin: Origin, whole: Runs): void {
    const runs = this.channel.runs;
    runs.reset();
    whole.number();
    let part = whole.first;
    while (part != null) {
      const copy = runs.push(part.local, part.toOffer, part.write, part.slot, part.arrive);
      copy.completion = part.completion;
      for (let label = 0; label < frame.count; label++) {
        if (frame.piece(label).part == part) runs.label(label, copy, frame.piece(label).base);
      }
      for (let i = 0; i < frame.shelf.count; i++) {
        if (frame.shelf.write(i).part == part) store<usize>(this.standIns + ((<usize>i) << 2), changetype<usize>(copy));
      }
      part = part.next;
    }
    this.load(state, frame, origin);
    for (let i = 0; i < frame.shelf.count; i++) {
      this.takeWrite(
        frame.shelf.write(i),
        changetype<Part>(load<usize>(this.standIns + ((<usize>i) << 2))),
        origin.now,
      );
    }
  }

  /** Offers the frame's head until its last transaction is accepted. */
  offer(frame: Frame): void {
    const head = frame.head();
    const part = this.channel.runs.push(head.part.local, head.count, head.write, frame.count, this.channel.now);
    part.base = head.base;
    this.channel.offerSoon();
    this.channel.offerAll(this.out);
  }

  /** Processes the clocks until nothing binds any more and nothing is due, a clock at least. */
  idle(): void {
    const channel = this.channel;
    const limit = channel.now + LONGEST_IDLE;
    const before = channel.now;
    while (channel.now < limit) {
      if (!channel.idle()) {
        channel.work(limit, this.out);
        continue;
      }
      this.measure();
      if (this.quiet && channel.now > before) return;
      channel.advance(min<i64>(limit, channel.now + max<i64>(this.writer.latest + 1, 1)), this.out);
    }
  }

  /** Processes so many clocks. */
  wait(clocks: i64): void {
    this.channel.advance(this.channel.now + clocks, this.out);
  }

  /** Whether a refresh has fallen due. */
  refreshed(origin: Origin): bool {
    return this.channel.controller.maintenance.next != origin.refresh;
  }

  /** The state of the channel as it is, relative to a frame. */
  intern(memo: Memo, frame: Frame): State {
    this.after.copy(frame);
    this.detached = false;
    return this.remember(memo);
  }

  /** Whether an open bank was closed at the begin, or at another row. (Equal rows are equal wherever the key is.) */
  private isNew(bank: i32, frame: Frame): bool {
    return !((this.openBefore >> bank) & 1) || this.channel.controller.banks.row(bank) != frame.row(bank);
  }

  /** Remembers what has been done under the memo's key. */
  enter(memo: Memo, frame: Frame, taking: i32, origin: Origin): Entry {
    const after = this.after;
    this.listDone(origin.now);
    this.listAside(frame, taking);
    const rows = this.follow(frame, taking);
    const state = this.remember(memo);
    const entry = memo.enter(this.out.count, this.asides, rows);
    const maintenance = this.channel.controller.maintenance;
    entry.state = state;
    entry.length = <i32>(this.channel.now - origin.now);
    entry.turns = maintenance.turn - origin.turn + (maintenance.turn < origin.turn ? maintenance.turns : 0);
    entry.due =
      maintenance.next == origin.refresh ? 0 : <i32>((maintenance.next - origin.refresh) / maintenance.period);
    this.count(entry);
    memory.copy(entry.done, this.done, (<usize>(entry.completions * DONE_WORDS)) << 2);
    if (this.asides > 0) memory.copy(entry.aside, this.aside, (<usize>(this.asides * ASIDE_WORDS)) << 2);
    this.listRows(entry, frame, frame.count + (taking > 0 ? 1 : 0));
    assert(after.count <= after.capacity, "too many pieces in flight");
    return entry;
  }

  /** The counters of what has been done, by the clock now: i64[Counter.Count]. */
  counted(): usize {
    memory.fill(this.counters, 0, Counter.Count << 3);
    this.channel.collect(this.counters);
    return this.counters;
  }

  private load(state: State, frame: Frame, origin: Origin): void {
    const channel = this.channel;
    const controller = channel.controller;
    const reader = this.reader;
    const now = origin.now;
    channel.now = now;
    this.out.clear();
    reader.reset(this.words, unpack(stateBytes(state), state.bytes, this.words));
    reader.twist = frame.twist;
    controller.tally.reset();
    controller.timing.load(now, reader);
    controller.maintenance.due = reader.take();
    reader.take();
    controller.maintenance.turn = origin.turn;
    controller.maintenance.next = origin.refresh;
    controller.banks.reset();
    this.openBefore = twisted(frame.load(reader), frame.twist);
    for (let open = this.openBefore; open != 0; open &= open - 1) {
      const bank = <i32>ctz(open);
      controller.banks.restore(bank, frame.row(bank));
    }
    controller.takeRequests(now, reader);
    channel.service.takeKind(now, reader);
    channel.offerSoon();
  }

  /** The frame at the end; the number of rows that were opened. */
  private follow(frame: Frame, taking: i32): i32 {
    const after = this.after;
    const banks = this.channel.controller.banks;
    after.copy(frame);
    for (let label = 0; label <= frame.count + frame.shelf.count; label++) after.labelled(label).label = label;
    after.follow(taking > 0, this.done, this.out.count, this.aside, this.asides);
    let rows = 0;
    for (let open = banks.open; open != 0; open &= open - 1) {
      const bank = <i32>ctz(open);
      if (!this.isNew(bank, frame)) continue;
      after.setRow(bank, banks.row(bank));
      rows++;
    }
    return rows;
  }

  private remember(memo: Memo): State {
    const bytes = this.write();
    const open = twisted(this.channel.controller.banks.open, this.after.twist);
    return memo.intern(this.packed, bytes, open, !this.channel.controller.writeMode, this.quiet);
  }

  /** Writes and packs the state relative to `after`; its bytes. */
  private write(): i32 {
    this.rank();
    this.measure();
    return pack(this.words, this.writer.count, this.packed);
  }

  /** Writes the state's words. */
  private measure(): void {
    const channel = this.channel;
    const controller = channel.controller;
    const writer = this.writer;
    const due = controller.maintenance.due;
    writer.reset(this.words, this.capacity);
    writer.twist = this.after.twist;
    controller.timing.canonical(channel.now, writer);
    writer.put(due);
    writer.put(due > 0 ? controller.maintenance.turn : 0);
    this.after.canonical(twisted(controller.banks.open, writer.twist), writer);
    controller.putRequests(channel.now, !this.detached, writer);
    channel.service.putKind(channel.now, writer);
    // A look at empty queues enters write mode.
    this.quiet = channel.idle() && due == 0 && writer.latest < 0 && controller.writeMode;
  }

  private count(entry: Entry): void {
    const counters = this.counted();
    for (let i = 0; i < COUNTERS; i++) {
      const value = load<i64>(counters + ((<usize>(FIRST_COUNTER + i)) << 3));
      store<i32>(entry.counters + ((<usize>i) << 2), <i32>value);
    }
  }

  /** Completions, relative to a clock. */
  private listDone(start: i64): void {
    const out = this.out;
    for (let i = 0; i < out.count; i++) {
      const at = this.done + <usize>(i * (DONE_WORDS << 2));
      store<i32>(at, out.slot(i));
      store<i32>(at, <i32>(out.knownAt(i) - start), 4);
      store<i32>(at, <i32>(out.clock(i) - start), 8);
    }
  }

  /** Writes set aside: what waits in the write queue where that can be left out of the state. */
  private listAside(frame: Frame, taking: i32): void {
    const channel = this.channel;
    const writes = channel.controller.writes;
    this.asides = -1;
    this.detached = true;
    if (!this.wrote() && writes.count == this.writesBefore && !channel.controller.writeMode) return;
    this.detached = channel.service.canSetWritesAside(channel.now);
    this.asides = 0;
    if (!this.detached) return;
    let age = 0;
    let clock: i64 = i64.MIN_VALUE;
    let request = writes.notBefore(0);
    while (request != null) {
      if (request.accepted != clock && this.asides > 0) age++;
      clock = request.accepted;
      const part = request.part;
      const at = this.aside + <usize>(this.asides * (ASIDE_WORDS << 2));
      store<i32>(at, part.slot);
      store<i32>(at, <i32>(request.local - part.base), 4);
      store<i32>(at, <i32>request.classified, 8);
      store<i32>(at, age, 12);
      store<i32>(at, <i32>(--part.toComplete == 0), 16);
      this.asides++;
      request = writes.notBefore(request.order + 1);
    }
  }

  /** Every part gets the label that its piece has at the end as its rank. */
  private rank(): void {
    const after = this.after;
    for (let label = 0; label < after.count; label++) {
      store<i32>(this.ranks + ((<usize>after.piece(label).label) << 2), label);
    }
    let part = this.channel.runs.first;
    while (part != null) {
      part.rank = load<i32>(this.ranks + ((<usize>part.slot) << 2));
      part = part.next;
    }
  }

  private listRows(entry: Entry, frame: Frame, labels: i32): void {
    const banks = this.channel.controller.banks;
    let at = entry.opened;
    for (let open = banks.open; open != 0; open &= open - 1) {
      const bank = <i32>ctz(open);
      if (!this.isNew(bank, frame)) continue;
      const row = banks.row(bank);
      let source = frame.sourceOf(bank, row, labels);
      if (source < 0) source = frame.asideSourceOf(bank, row, frame.shelf.count);
      assert(source >= 0, "a row was opened that nobody asked for");
      store<i32>(at, bank ^ frame.twist);
      store<i32>(at, source, 4);
      store<i32>(at, row ^ frame.labelled(source).row, 8);
      at += OPENED_WORDS << 2;
    }
  }
}

/** A rehearsal for channel number `index`; its channel also serves alone, with up to `fifoCapacity` parts. */
export function newRehearsal(device: usize, index: i32, fifoCapacity: i32): Rehearsal {
  const rehearsal = make<Rehearsal>();
  const requests = dramWord(device, Dram.ReadQueue) + dramWord(device, Dram.WriteQueue);
  const channel = newChannel(device, index, fifoCapacity + requests + 2 * 64 + 2);
  const controller = channel.controller;
  rehearsal.channel = channel;
  rehearsal.after = newFrame(device, channel);
  rehearsal.out = newCompletions(fifoCapacity + controller.pool.capacity + 2);
  rehearsal.writer = make<StateWriter>();
  rehearsal.reader = make<StateReader>();
  rehearsal.capacity = stateWords(channel);
  rehearsal.words = heap.alloc((<usize>rehearsal.capacity) << 2);
  rehearsal.packed = heap.alloc(<usize>(rehearsal.capacity * PACKED_BYTES));
  rehearsal.counters = heap.alloc(Counter.Count << 3);
  const most = <usize>(fifoCapacity + controller.pool.capacity + 2);
  rehearsal.done = heap.alloc((most * DONE_WORDS) << 2);
  rehearsal.aside = heap.alloc((most * ASIDE_WORDS) << 2);
  rehearsal.ranks = heap.alloc((2 * most) << 2);
  rehearsal.standIns = heap.alloc(most << 2);
  return rehearsal;
}

/** A frame of a device's channels. */
export function newFrame(device: usize, channel: Channel): Frame {
  const frame = make<Frame>();
  const controller = channel.controller;
  // Refresh of single banks knows one bank from another, and pseudo-channels are refreshed in turn.
  const alike = controller.maintenance.perBank ? 0 : (1 << controller.timing.topShift) - 1;
  frame.build(controller.map, controller.pool.capacity + 1, controller.writes.capacity, alike);
  return frame;
}

/** Most words of a state. */
function stateWords(channel: Channel): i32 {
  const controller = channel.controller;
  return (
    controller.timing.stateWords() + controller.pool.capacity * REQUEST_WORDS + controller.banks.banks * BANK_WORDS + 64
  );
}
