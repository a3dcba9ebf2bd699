//
//   Key words of a frame: what the piece about to be offered, and the writes set aside, have to do with what is in flight.
//
//     frame ──► bank of the head, its relation to every piece and open row in its banks        keyOfHead
//          └──► each write set aside: its bank, its age, whose row it wants                    keyOfAside
//

import { Frame } from "./frame";
import { Memo } from "./memo";
import { LARGEST, Piece } from "./piece";

/** Adds to a key what the head has to do with the state. */
export function keyOfHead(frame: Frame, open: u64, memo: Memo): void {
  const head = frame.head();
  memo.add(head.bank ^ frame.twist);
  for (let label = 0; label < frame.count; label++) {
    const piece = frame.piece(label);
    if ((head.banks & piece.banks) != 0) memo.add(headRelation(frame, piece, head));
  }
  for (let mask = open & frame.banksOf(head.size, head.bank ^ frame.twist); mask != 0; mask &= mask - 1) {
    memo.add(frame.relation(frame.row((<i32>ctz(mask)) ^ frame.twist), head.row));
  }
}

/** Adds what is set aside to a key; `withHead`: with what it has to do with the piece about to be offered. */
export function keyOfAside(frame: Frame, open: u64, withHead: bool, memo: Memo): void {
  const shelf = frame.shelf;
  const head = frame.head();
  memo.add(shelf.count);
  for (let i = 0; i < shelf.count; i++) {
    const write = shelf.write(i);
    const bank = write.bank ^ frame.twist;
    memo.add(bank | ((<i32>write.classified) << 8) | ((<i32>write.tied) << 9) | ((<i32>write.joined) << 10));
    memo.add(write.rank);
    const source = frame.sourceOf(write.bank, write.row, frame.count);
    const label = source >= 0 ? source : frame.asideSourceOf(write.bank, write.row, i);
    memo.add(label);
    if (label >= 0) memo.add(write.row ^ frame.labelled(label).row);
    if ((open >> bank) & 1) memo.add(frame.relation(frame.row(write.bank), write.row));
    if (withHead) memo.add(headRelation(frame, write, head));
  }
}

/** What a piece has to do with the one about to be offered: transactions of a write that are offered again, else rows. */
function headRelation(frame: Frame, piece: Piece, head: Piece): i32 {
  const offset = piece.base - head.base;
  if (piece.write && offset > -piece.size && offset < head.size) return -LARGEST - <i32>offset;
  return frame.relation(piece.row, head.row);
}
