//
//   Likeness: whether two channels that remember are in the same situation, at the same rows, and making one a copy of the other.
//
//     state, segment under way, refresh    parts under way    pieces, writes set aside, open rows
//              ==                               ==                          ==                       they will do the same
//
//   What they have counted is apart: each keeps its own.

import { twisted } from "../state";
import { Frame } from "./frame";
import { MemoChannel } from "./memo-channel";
import { Piece } from "./piece";
import { Runs } from "./runs";

/** Whether two channels will do the same if they are given the same. */
export function areAlike(a: MemoChannel, b: MemoChannel): bool {
  if (a.alone || b.alone || a.now != b.now || a.left != b.left || a.told != b.told) return false;
  if (a.place.state != b.place.state || a.place.entry != b.place.entry) return false;
  if (a.origin.now != b.origin.now || a.origin.refresh != b.origin.refresh || a.origin.turn != b.origin.turn)
    return false;
  const taking = a.place.entry != 0 ? a.segments.taking : 0;
  if (a.place.entry != 0 && (taking != b.segments.taking || a.segments.offers.offset != b.segments.offers.offset))
    return false;
  if (!areAtSameRows(a, b) || !haveSameParts(a.whole, b.whole)) return false;
  return haveSamePieces(a.frame, b.frame, taking > 0);
}

/** Makes a channel a copy of another one, but for what it has counted. */
export function makeAlike(own: MemoChannel, other: MemoChannel): void {
  own.alone = false;
  own.rehearsal.forget();
  own.misses = other.misses;
  own.left = other.left;
  own.now = other.now;
  own.told = other.told;
  own.certain = other.certain;
  own.place.state = other.place.state;
  own.place.entry = other.place.entry;
  own.place.last = other.place.last;
  own.origin.now = other.origin.now;
  own.origin.refresh = other.origin.refresh;
  own.origin.turn = other.origin.turn;
  own.segments.taking = other.segments.taking;
  own.segments.offers.offset = other.segments.offers.offset;
  own.whole.copy(other.whole);
  const offered = other.place.entry != 0 && other.segments.taking > 0;
  const frame = own.frame;
  frame.copy(other.frame);
  for (let label = 0; label < frame.count + (offered ? 1 : 0); label++) toOwnPart(frame.piece(label), own.whole);
  for (let i = 0; i < frame.shelf.count; i++) toOwnPart(frame.shelf.write(i), own.whole);
}

/** A piece of another channel's part is of the own part of the same rank. */
function toOwnPart(piece: Piece, own: Runs): void {
  piece.part = own.labelled(piece.part.rank);
}

/** Parts with the same transactions and slots, as far as they are done; gives them their ranks. */
function haveSameParts(a: Runs, b: Runs): bool {
  let own = a.first;
  let other = b.first;
  for (let rank = 0; own != null && other != null; rank++) {
    if (own.local != other.local || own.toOffer != other.toOffer || own.toComplete != other.toComplete) return false;
    if (own.arrive != other.arrive || own.slot != other.slot || own.write != other.write) return false;
    if (own.completion != other.completion || own.reported != other.reported) return false;
    if (own.toReport != other.toReport) return false;
    own.rank = rank;
    other.rank = rank;
    own = own.next;
    other = other.next;
  }
  return own == null && other == null;
}

function areAtSameRows(a: MemoChannel, b: MemoChannel): bool {
  if (a.frame.twist != b.frame.twist) return false;
  for (let open = twisted(a.place.state.open, a.frame.twist); open != 0; open &= open - 1) {
    const bank = <i32>ctz(open);
    if (a.frame.row(bank) != b.frame.row(bank)) return false;
  }
  return true;
}

/** The same pieces in flight and writes set aside, of parts with the same ranks. */
function haveSamePieces(a: Frame, b: Frame, offered: bool): bool {
  if (a.count != b.count || a.shelf.count != b.shelf.count) return false;
  for (let label = 0; label < a.count + (offered ? 1 : 0); label++) {
    if (!areSame(a.piece(label), b.piece(label))) return false;
  }
  for (let i = 0; i < a.shelf.count; i++) {
    const own = a.shelf.write(i);
    const other = b.shelf.write(i);
    if (!areSame(own, other) || own.rank != other.rank || own.tied != other.tied) return false;
    if (own.joined != other.joined || own.classified != other.classified) return false;
  }
  return true;
}

function areSame(a: Piece, b: Piece): bool {
  if (a.part.rank != b.part.rank || a.base != b.base || a.size != b.size) return false;
  return a.count == b.count && a.write == b.write;
}
