//
//   Outcome: what a rehearsal has come to, as an entry of the memo.
//
//     channel at the end ──► completions, writes set aside ──► frame after it ──► state relative to it ──► entry
//                       └──► counters, rows that were opened
//
//   Source      docs/machine.md section 9, "Remembering".

import { Counter } from "../../contract";
import { make } from "../alloc";
import { StateWriter, twisted } from "../state";
import { Channel } from "./channel";
import { Completions, newCompletions } from "./completions";
import { putRequests } from "./controller-state";
import { Frame } from "./frame";
import { newFrame } from "./frame-build";
import { putFrame } from "./frame-state";
import { Memo } from "./memo";
import { Aside, ASIDE_WORDS, COUNTERS, DONE_WORDS, Entry, FIRST_COUNTER, OPENED_WORDS, State } from "./memo-records";
import { Origin } from "./origin";
import { Request } from "./request";
import { MOST_RANKS, OLDEST } from "./shelf";

/** Words of a request with a piece of its own, and of a bank, in a state, generously. */
const REQUEST_WORDS: i32 = 48;
const BANK_WORDS: i32 = 4;


@unmanaged
export class Outcome {
  channel: Channel;
  after: Frame; // at the end
  out: Completions;
  writer: StateWriter;
  words: usize;
  capacity: i32;
  quiet: bool; // the state that was written last
  detached: bool; // the state leaves out the write queue
  writesBefore: i32; // that were set aside
  openBefore: u64; // bit per bank that was open at the begin
  draft: Entry; // completions, writes set aside
  ranks: usize; // i32: labels at the end by those at the begin
  counters: usize;

  /** A rehearsal begins at a frame, with banks open. */
  begin(frame: Frame, open: u64): void {
    this.out.clear();
    this.detached = false;
    this.writesBefore = frame.shelf.count;
    this.openBefore = open;
  }

  /** Bytes that one segment adds to a memo at most. */
  mostBytes(): i32 {
    const entry =
      256 +
      (this.after.capacity + 1) * (DONE_WORDS + ASIDE_WORDS + 8) * 4 +
      (1 << this.after.map.bankBits) * (OPENED_WORDS + 1) * 4;
    return offsetof<State>() + (this.capacity << 2) + entry;
  }

  /** The state of the channel as it is, relative to a frame, from which writes are set aside. */
  intern(memo: Memo, frame: Frame): State {
    this.out.clear();
    this.channel.controller.wrote = true;
    this.draft.completions = 0;
    this.listAside(this.channel.now);
    for (let label = 0; label < frame.count; label++) frame.piece(label).label = label;
    frame.follow(false, this.draft);
    this.after.copy(frame);
    return this.remember(memo);
  }

  /** The rehearsal that began at a clock has come to its end. */
  conclude(start: i64): void {
    this.listDone(start);
    this.listAside(start);
  }

  /** Whether what waits in the write queue has made a difference, or does to the state. */
  wrote(): bool {
    return this.channel.controller.wrote || !this.detached;
  }

  /** Remembers what has been done under the memo's key. */
  enter(memo: Memo, frame: Frame, taking: i32, origin: Origin): Entry {
    const after = this.after;
    this.follow(frame, taking);
    const state = this.remember(memo);
    const entry = memo.enter(this.draft);
    const maintenance = this.channel.controller.maintenance;
    entry.state = state;
    entry.length = <i32>(this.channel.now - origin.now);
    entry.turns = maintenance.turn - origin.turn + (maintenance.turn < origin.turn ? maintenance.turns : 0);
    entry.due =
      maintenance.next == origin.refresh ? 0 : <i32>((maintenance.next - origin.refresh) / maintenance.period);
    this.count(entry);
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

  /** Whether an open bank was closed at the begin, or at another row. (Equal rows are equal wherever the key is.) */
  private isNew(bank: i32, frame: Frame): bool {
    return !((this.openBefore >> bank) & 1) || this.channel.controller.banks.row(bank) != frame.row(bank);
  }

  /** The frame at the end; counts the rows that were opened. */
  private follow(frame: Frame, taking: i32): void {
    const after = this.after;
    const banks = this.channel.controller.banks;
    after.copy(frame);
    for (let label = 0; label <= frame.count + frame.shelf.count; label++) after.labelled(label).label = label;
    after.follow(taking > 0, this.draft);
    this.draft.rows = 0;
    for (let open = banks.open; open != 0; open &= open - 1) {
      const bank = <i32>ctz(open);
      if (!this.isNew(bank, frame)) continue;
      after.setRow(bank, banks.row(bank));
      this.draft.rows++;
    }
  }

  private remember(memo: Memo): State {
    this.rank();
    this.measure();
    const open = twisted(this.channel.controller.banks.open, this.after.twist);
    return memo.intern(this.words, this.writer.count << 2, open, this.detached, this.quiet);
  }

  /** Writes the state's words, and whether it is quiet. */
  measure(): void {
    const channel = this.channel;
    const controller = channel.controller;
    const writer = this.writer;
    const due = controller.maintenance.due;
    writer.reset(this.words, this.capacity);
    writer.brief = true;
    writer.twist = this.after.twist;
    controller.timing.putBinding(channel.now, writer);
    writer.put(due);
    writer.put(due > 0 ? controller.maintenance.turn : 0);
    putFrame(this.after, twisted(controller.banks.open, writer.twist), writer);
    putRequests(controller, !this.detached, writer);
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
    this.draft.completions = out.count;
    for (let i = 0; i < out.count; i++) {
      const at = this.draft.done + <usize>(i * (DONE_WORDS << 2));
      store<i32>(at, out.slot(i));
      store<i32>(at, <i32>(out.knownAt(i) - start), 4);
      store<i32>(at, <i32>(out.clock(i) - start), 8);
    }
  }

  /** Writes set aside: what waits in the write queue where that can be left out of the state. Ranks all that is in it. */
  private listAside(start: i64): void {
    const now = this.channel.now;
    const controller = this.channel.controller;
    const writes = controller.writes;
    const ages = controller.ages;
    const draft = this.draft;
    draft.asides = 0;
    ages.rank(controller.reads, controller.pool, now, false);
    this.detached = this.channel.service.ignoresWrites() && ages.ranks <= MOST_RANKS;
    if (!this.detached) {
      if (writes.count > 0) ages.rank(controller.reads, controller.pool, now, true);
    } else if (!controller.wrote && writes.count == this.writesBefore) {
      draft.asides = -1;
      draft.left = ages.left(start, now);
      draft.since = ages.since(start, now);
    } else {
      let older = 0; // requests of the state that are
      let last = i64.MIN_VALUE;
      let write = writes.first;
      while (write != null) {
        while (older < ages.count && ages.at(older).accepted < write.accepted) older++;
        this.putAside(write, older, write.accepted == last);
        last = write.accepted;
        write = write.later;
      }
    }
  }

  /** One more write set aside, with so many older requests in the state. */
  private putAside(write: Request, older: i32, joined: bool): void {
    const ages = this.channel.controller.ages;
    const now = this.channel.now;
    const next = older < ages.count ? ages.at(older).accepted : now;
    const nextRank = older < ages.count ? ages.at(older).age : 0;
    const tied = next == write.accepted;
    const part = write.part;
    const at = this.draft.aside + <usize>(this.draft.asides * (ASIDE_WORDS << 2));
    let flags = 0;
    if (write.classified) flags |= Aside.Classified;
    if (tied) flags |= Aside.Tied;
    if (joined) flags |= Aside.Joined;
    if (--part.toComplete == 0) flags |= Aside.Last;
    store<i32>(at, part.slot);
    store<i32>(at, <i32>(write.local - part.base), 4);
    store<i32>(at, flags, 8);
    store<i32>(at, tied ? nextRank : older == 0 ? OLDEST : nextRank + 1, 12);
    this.draft.asides++;
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

/** Of a channel, with room for the completions of `parts` parts. */
export function newOutcome(channel: Channel, parts: i32): Outcome {
  const outcome = make<Outcome>();
  outcome.channel = channel;
  outcome.after = newFrame(channel.controller);
  outcome.out = newCompletions(parts);
  outcome.writer = make<StateWriter>();
  outcome.capacity = stateWords(channel);
  outcome.words = heap.alloc((<usize>outcome.capacity) << 2);
  outcome.counters = heap.alloc(Counter.Count << 3);
  outcome.draft = make<Entry>();
  outcome.draft.done = heap.alloc((<usize>(parts * DONE_WORDS)) << 2);
  outcome.draft.aside = heap.alloc((<usize>(parts * ASIDE_WORDS)) << 2);
  outcome.ranks = heap.alloc((<usize>(2 * parts)) << 2);
  return outcome;
}

/** Most words of a state. */
function stateWords(channel: Channel): i32 {
  const controller = channel.controller;
  return (
    2 * controller.timing.stateWords() +
    controller.pool.capacity * REQUEST_WORDS +
    controller.banks.banks * BANK_WORDS +
    64
  );
}
