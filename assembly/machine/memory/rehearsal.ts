//
//   Rehearsal: a channel that simulates what the memo does not know yet.
//
//     state + frame ──load──► channel ──► offer a piece | idle for a while ──► entry: completions, rows, counters, next state
//
//   The channel is the one of channel.ts, so that there is one source of behaviour. Its parts are the pieces of the frame; to
//   stand in for the whole channel at a clock (a cut) they are the parts that the pieces belong to.
//   Source      docs/machine.md section 9, "Remembering".

import { Dram } from "../../contract";
import { make } from "../alloc";
import { StateReader, twisted } from "../state";
import { dramWord } from "./address";
import { Channel, newChannel } from "./channel";
import { Controller } from "./controller";
import { GAP } from "./ages";
import { takeRequests } from "./controller-state";
import { Frame } from "./frame";
import { skipFrame } from "./frame-state";
import { Entry, State, stateBytes } from "./memo-records";
import { Origin } from "./origin";
import { newOutcome, Outcome } from "./outcome";
import { Part, Runs } from "./runs";
import { Shelf } from "./shelf";

/** Idling is remembered up to so many clocks. */
const LONGEST_IDLE: i64 = 1 << 12;


@unmanaged
export class Rehearsal {
  channel: Channel;
  outcome: Outcome;
  reader: StateReader;
  standIns: usize; // Part pointers of the writes set aside
  latest: usize; // the entry rehearsed last, 0 when the channel is not at its end
  era: i64;
  ready: bool; // the channel is where the memo channel is

  /** The pieces of a frame become the parts of the channel. */
  begin(state: State, frame: Frame, origin: Origin): void {
    const goesOn = this.ready && this.channel.now == origin.now;
    if (goesOn) this.nameParts();
    this.channel.runs.reset();
    this.takePieces(frame, origin.now);
    if (goesOn) this.goOn(frame, origin);
    else this.load(state, frame, origin);
    this.takeShelf(frame, origin.now);
    if (goesOn) this.stand(frame.shelf, origin.now);
    else this.takeWrites(frame.shelf, origin.now);
    this.channel.controller.wrote = false;
    this.forget();
  }

  /** The channel goes its own way. */
  forget(): void {
    this.latest = 0;
    this.ready = false;
  }

  /** What has been rehearsed is an entry now, of a memo that was full so many times before. */
  keep(entry: Entry, era: i64): void {
    this.latest = changetype<usize>(entry);
    this.era = era;
  }

  /** The memo channel has gone through an entry: maybe the one that was rehearsed last. */
  reach(entry: Entry, era: i64): void {
    this.ready = changetype<usize>(entry) == this.latest && era == this.era;
  }

  private takePieces(frame: Frame, now: i64): void {
    const runs = this.channel.runs;
    for (let label = 0; label < frame.count; label++) {
      const piece = frame.piece(label);
      const part = runs.push(0, 0, piece.write, label, now);
      part.base = piece.base;
      runs.label(label, part, piece.base);
    }
  }

  private takeShelf(frame: Frame, now: i64): void {
    for (let i = 0; i < frame.shelf.count; i++) {
      const part = this.channel.runs.push(0, 0, true, frame.count + 1 + i, now);
      part.base = frame.shelf.write(i).base;
      store<usize>(this.standIns + ((<usize>i) << 2), changetype<usize>(part));
    }
  }

  /** Each request keeps the rank of its part in place of its age, and a clock of acceptance of that age. */
  private nameParts(): void {
    const ages = this.channel.controller.ages;
    const now = this.channel.now;
    for (let i = 0; i < ages.count; i++) {
      const request = ages.at(i);
      request.accepted = now - <i64>request.age * GAP;
      request.age = request.part.rank;
    }
  }

  /** What load() does, where the channel is there already. */
  private goOn(frame: Frame, origin: Origin): void {
    const controller = this.channel.controller;
    const ages = controller.ages;
    controller.tally.reset();
    for (let i = 0; i < ages.count; i++) {
      const request = ages.at(i);
      request.part = this.channel.runs.labelled(request.age);
      request.part.toComplete++;
      // A waiting read counts from now on.
      if (!request.write) controller.tally.readLatency -= origin.now - request.accepted;
    }
    controller.maintenance.turn = origin.turn;
    controller.maintenance.next = origin.refresh;
    controller.serveAt = origin.now;
    controller.freed = false;
    this.outcome.begin(frame, controller.banks.open);
    this.channel.offerSoon();
  }

  /** The writes set aside, which are in their queue already, become transactions of the parts that stand in for theirs. */
  private stand(shelf: Shelf, now: i64): void {
    let accepted = now;
    let write = this.channel.controller.writes.first;
    for (let i = 0; i < shelf.count; i++) {
      accepted = shelf.clock(i, now, accepted);
      const part = changetype<Part>(load<usize>(this.standIns + ((<usize>i) << 2)));
      write!.accepted = accepted;
      write!.part = part;
      part.toComplete++;
      write = write!.later;
    }
  }

  /** Puts the writes set aside, of the parts that stand in for theirs, back into their queue. */
  private takeWrites(shelf: Shelf, now: i64): void {
    let accepted = now;
    for (let i = 0; i < shelf.count; i++) {
      const part = changetype<Part>(load<usize>(this.standIns + ((<usize>i) << 2)));
      accepted = shelf.clock(i, now, accepted);
      takeWrite(this.channel.controller, part, shelf.write(i).base, accepted, shelf.write(i).classified);
    }
  }

  /** The channel's own parts become those of this one, which then is the whole channel at a boundary. */
  standIn(state: State, frame: Frame, origin: Origin, whole: Runs): void {
    this.forget();
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
    this.takeWrites(frame.shelf, origin.now);
  }

  /** The parts of the channel, which has served alone, become the whole ones, and the requests in flight pieces of a frame. */
  handOver(frame: Frame, whole: Runs): void {
    this.forget();
    const own = this.channel.runs;
    frame.clear();
    whole.reset();
    let part = own.first;
    while (part != null) {
      const now = whole.take(part);
      this.gather(part, now, frame);
      part = part.next;
    }
    own.reset();
    for (let label = 0; label < frame.count; label++) {
      const piece = frame.piece(label);
      const stand = own.push(0, 0, piece.write, label, this.channel.now);
      stand.base = piece.base;
      own.label(label, stand, piece.base);
    }
    const pool = this.channel.controller.pool;
    for (let i = 0; i < pool.capacity; i++) {
      const request = pool.at(i);
      if (!request.waiting) continue;
      request.part = own.labelled(request.age);
      request.part.toComplete++;
    }
  }

  /** Requests of a part become pieces; each request's age is the label of its own for now. */
  private gather(part: Part, whole: Part, frame: Frame): void {
    const pool = this.channel.controller.pool;
    const first = frame.count;
    for (let i = 0; i < pool.capacity; i++) {
      const request = pool.at(i);
      if (!request.waiting || request.part != part) continue;
      let label = first;
      while (label < frame.count && !frame.covers(label, request.local)) label++;
      if (label == frame.count) frame.append(whole, request.local);
      frame.piece(label).count++;
      request.age = label;
    }
  }

  /** Offers the frame's head until its last transaction is accepted. */
  offer(frame: Frame): void {
    const head = frame.head();
    const part = this.channel.runs.push(head.part.local, head.count, head.write, frame.count, this.channel.now);
    part.base = head.base;
    this.channel.offerSoon();
    this.channel.offerAll(this.outcome.out);
  }

  /** Processes the clocks until nothing binds any more and nothing is due, a clock at least. */
  idle(): void {
    const channel = this.channel;
    const limit = channel.now + LONGEST_IDLE;
    const before = channel.now;
    while (channel.now < limit) {
      if (!channel.idle()) {
        channel.work(limit, this.outcome.out);
        continue;
      }
      this.outcome.measure();
      if (this.outcome.quiet && channel.now > before) return;
      channel.advance(min<i64>(limit, channel.now + max<i64>(this.outcome.writer.latest + 1, 1)), this.outcome.out);
    }
  }

  /** Processes so many clocks. */
  wait(clocks: i64): void {
    this.channel.advance(this.channel.now + clocks, this.outcome.out);
  }

  /** Whether a refresh has fallen due. */
  refreshed(origin: Origin): bool {
    return this.channel.controller.maintenance.next != origin.refresh;
  }

  private load(state: State, frame: Frame, origin: Origin): void {
    const channel = this.channel;
    const controller = channel.controller;
    const reader = this.reader;
    const now = origin.now;
    channel.now = now;
    reader.reset(stateBytes(state), state.bytes >> 2);
    reader.brief = true;
    reader.twist = frame.twist;
    controller.tally.reset();
    controller.timing.takeBinding(now, reader);
    controller.maintenance.due = reader.take();
    reader.take();
    controller.maintenance.turn = origin.turn;
    controller.maintenance.next = origin.refresh;
    controller.banks.reset();
    const open = twisted(skipFrame(reader), frame.twist);
    this.outcome.begin(frame, open);
    for (let left = open; left != 0; left &= left - 1) {
      const bank = <i32>ctz(left);
      controller.banks.restore(bank, frame.row(bank));
    }
    takeRequests(controller, now, reader);
    channel.service.takeKind(now, reader);
    channel.offerSoon();
  }
}

/** A write that a state has left out, younger than those before it. */
function takeWrite(base: Controller, part: Part, local: i64, accepted: i64, classified: bool): void {
  const request = base.pool.take();
  const place = base.map.place(local);
  request.part = part;
  request.local = local;
  request.accepted = accepted;
  request.row = base.map.row(place);
  request.bank = base.map.bank(place);
  request.write = true;
  request.classified = classified;
  part.toComplete++;
  base.writes.append(request, base.banks.row(request.bank));
}

/** A rehearsal for channel number `index`; its channel also serves alone, with up to `fifoCapacity` parts. */
export function newRehearsal(device: usize, index: i32, fifoCapacity: i32): Rehearsal {
  const rehearsal = make<Rehearsal>();
  const requests = dramWord(device, Dram.ReadQueue) + dramWord(device, Dram.WriteQueue);
  const channel = newChannel(device, index, fifoCapacity + requests + 2 * 64 + 2);
  const parts = fifoCapacity + channel.controller.pool.capacity + 2;
  rehearsal.channel = channel;
  rehearsal.outcome = newOutcome(channel, parts);
  rehearsal.reader = make<StateReader>();
  rehearsal.standIns = heap.alloc((<usize>parts) << 2);
  return rehearsal;
}
