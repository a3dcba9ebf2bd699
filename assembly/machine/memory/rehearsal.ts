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
import { StateReader, StateWriter } from "../state";
import { channelTransactions, dramWord } from "./address";
import { Channel, newChannel } from "./channel";
import { Completions, newCompletions } from "./completions";
import { Frame } from "./frame";
import { Memo } from "./memo";
import { COUNTERS, Entry, DONE_WORDS, FIRST_COUNTER, OPENED_WORDS, State, stateBytes } from "./memo-records";
import { pack, PACKED_BYTES, unpack } from "./pack";
import { Runs } from "./runs";

/** log2 of the transactions of a piece. */
export const PIECE_BITS: i32 = 6;
/** Idling is remembered up to so many clocks. */
const LONGEST_IDLE: i64 = 1 << 12;
/** Words of a request with a piece of its own, and of a bank, in a state, generously. */
const REQUEST_WORDS: i32 = 16;
const BANK_WORDS: i32 = 4;

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
  openBefore: u64; // bit per bank that was open at the begin
  counters: usize;

  /** Bytes that one segment adds to a memo at most. */
  mostBytes(): i32 {
    const entry =
      256 + (this.after.capacity + 1) * (DONE_WORDS + 1) * 4 + (1 << this.after.map.bankBits) * (OPENED_WORDS + 1) * 4;
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
      part = part.next;
    }
    this.load(state, frame, origin);
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
    return this.remember(memo);
  }

  /** Whether an open bank was closed at the begin, or at another row. (Equal rows are equal wherever the key is.) */
  private isNew(bank: i32, frame: Frame): bool {
    return !((this.openBefore >> bank) & 1) || this.channel.controller.banks.row(bank) != frame.row(bank);
  }

  /** Remembers what has been done under the memo's key. */
  enter(memo: Memo, frame: Frame, taking: i32, origin: Origin): Entry {
    const after = this.after;
    const rows = this.follow(frame, taking);
    const state = this.remember(memo);
    const entry = memo.enter(this.out.count, rows);
    const maintenance = this.channel.controller.maintenance;
    entry.state = state;
    entry.length = <i32>(this.channel.now - origin.now);
    entry.turns = maintenance.turn - origin.turn + (maintenance.turn < origin.turn ? maintenance.turns : 0);
    entry.due =
      maintenance.next == origin.refresh ? 0 : <i32>((maintenance.next - origin.refresh) / maintenance.period);
    this.count(entry);
    this.list(entry, frame, frame.count + (taking > 0 ? 1 : 0), origin.now);
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
    controller.tally.reset();
    controller.timing.load(now, reader);
    controller.maintenance.due = reader.take();
    reader.take();
    controller.maintenance.turn = origin.turn;
    controller.maintenance.next = origin.refresh;
    controller.banks.reset();
    this.openBefore = frame.load(reader);
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
    if (taking > 0) after.count++;
    for (let i = 0; i < this.out.count; i++) after.piece(this.out.slot(i)).count = 0;
    after.retire();
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
    return memo.intern(this.packed, bytes, this.channel.controller.banks.open, this.quiet);
  }

  /** Writes and packs the state relative to `after`; its bytes. */
  private write(): i32 {
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
    controller.timing.canonical(channel.now, writer);
    writer.put(due);
    writer.put(due > 0 ? controller.maintenance.turn : 0);
    this.after.canonical(controller.banks.open, writer);
    channel.runs.number();
    controller.putRequests(channel.now, writer);
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

  private list(entry: Entry, frame: Frame, labels: i32, start: i64): void {
    const out = this.out;
    for (let i = 0; i < out.count; i++) {
      const at = entry.done + <usize>(i * (DONE_WORDS << 2));
      store<i32>(at, out.slot(i));
      store<i32>(at, <i32>(out.knownAt(i) - start), 4);
      store<i32>(at, <i32>(out.clock(i) - start), 8);
    }
    const banks = this.channel.controller.banks;
    let at = entry.opened;
    for (let open = banks.open; open != 0; open &= open - 1) {
      const bank = <i32>ctz(open);
      if (!this.isNew(bank, frame)) continue;
      const row = banks.row(bank);
      const source = frame.sourceOf(bank, row, labels);
      assert(source >= 0, "a row was opened that nobody asked for");
      store<i32>(at, bank);
      store<i32>(at, source, 4);
      store<i32>(at, row ^ frame.piece(source).row, 8);
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
  return rehearsal;
}

/** A frame of a device's channels. */
export function newFrame(device: usize, channel: Channel): Frame {
  const frame = make<Frame>();
  const bits = min<i32>(PIECE_BITS, <i32>ctz(channelTransactions(device)));
  frame.build(channel.controller.map, bits, channel.controller.pool.capacity + 1);
  return frame;
}

/** Most words of a state. */
function stateWords(channel: Channel): i32 {
  const controller = channel.controller;
  return (
    controller.timing.stateWords() + controller.pool.capacity * REQUEST_WORDS + controller.banks.banks * BANK_WORDS + 64
  );
}
