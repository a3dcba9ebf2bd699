//
//   A channel that can remember, and a memo for some of them.
//

import { Dram } from "../../contract";
import { make } from "../alloc";
import { Boundary } from "./boundary";
import { channelTransactions, dramWord } from "./address";
import { newFrame } from "./frame-build";
import { Idles } from "./idles";
import { Memo, MOST_SEGMENTS } from "./memo";
import { MemoChannel } from "./memo-channel";
import { COUNTERS, Place } from "./memo-records";
import { Offers } from "./offers";
import { Origin } from "./origin";
import { newRehearsal } from "./rehearsal";
import { Runs } from "./runs";
import { Segments } from "./segments";

/** Channel number `index` of a device; without a memo it simulates every clock. */
export function newMemoChannel(device: usize, index: i32, fifoCapacity: i32): MemoChannel {
  const channel = make<MemoChannel>();
  const rehearsal = newRehearsal(device, index, fifoCapacity);
  const controller = rehearsal.channel.controller;
  channel.memo = null;
  channel.rehearsal = rehearsal;
  channel.whole = make<Runs>();
  channel.whole.build(fifoCapacity + controller.pool.capacity + 2, channelTransactions(device) - 1);
  channel.frame = newFrame(rehearsal.channel.controller);
  channel.place = make<Place>();
  channel.origin = make<Origin>();
  channel.counters = heap.alloc(COUNTERS << 3);
  channel.refreshClocks = controller.maintenance.period;
  channel.turns = controller.maintenance.turns;
  const at = make<Boundary>();
  at.rehearsal = rehearsal;
  at.frame = channel.frame;
  at.place = channel.place;
  at.origin = channel.origin;
  const segments = make<Segments>();
  segments.at = at;
  segments.offers = make<Offers>();
  segments.offers.at = at;
  segments.offers.pace = 0;
  segments.idles = make<Idles>();
  segments.idles.at = at;
  segments.room = rehearsal.outcome.mostBytes() * MOST_SEGMENTS;
  segments.flips = dramWord(device, Dram.TicksPerClock) == 2;
  channel.segments = segments;
  channel.reset();
  return channel;
}

/** A memo of some bytes for `channels` channels like this one. */
export function newMemo(like: MemoChannel, channels: i32, bytes: i32): Memo {
  const memo = make<Memo>();
  const frame = like.frame;
  const controller = like.rehearsal.channel.controller;
  const keyCapacity = frame.capacity + 6 * frame.shelf.capacity + controller.banks.banks + 16;
  memo.build(bytes, channels, like.rehearsal.outcome.mostBytes(), keyCapacity, controller.pool.capacity);
  return memo;
}
