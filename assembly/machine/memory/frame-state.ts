//
//   State words of a frame: how its pieces and the open rows are related among each other, with no address in it.
//
//     piece ──► bank, size and direction, older pieces with banks and maybe rows of it        open bank ──► whose row it is
//

import { StateReader, StateWriter } from "../state";
import { Frame } from "./frame";
import { Piece } from "./piece";

/** Behind the relations of a piece. */
const NO_MORE: i32 = -1;

/** Writes them; the open banks are the state's. */
export function putFrame(frame: Frame, open: u64, into: StateWriter): void {
  into.put(<i64>(<i32>open));
  into.put(<i64>(<i32>(open >> 32)));
  into.put(frame.count);
  for (let label = 0; label < frame.count; label++) {
    const piece = frame.piece(label);
    into.put(piece.bank ^ frame.twist);
    into.put((<i64>piece.write) | (piece.size << 1));
    putRelations(frame, piece, label, into);
  }
  for (let mask = open; mask != 0; mask &= mask - 1) {
    const bank = (<i32>ctz(mask)) ^ frame.twist;
    putSource(frame, frame.sourceOf(bank, frame.row(bank), frame.count), frame.row(bank), into);
  }
}

/** Skips what putFrame() wrote; gives the state's open banks. */
export function skipFrame(from: StateReader): u64 {
  let open = <u64>(<u32>from.take());
  open |= (<u64>(<u32>from.take())) << 32;
  for (let pieces = from.take(); pieces > 0; pieces--) {
    from.take();
    from.take();
    while (from.take() != NO_MORE) from.take();
  }
  for (let words = <i32>popcnt(open) * 2; words > 0; words--) from.take();
  return open;
}

/** Older pieces with banks and maybe rows of a piece; of equals the youngest, which names the next one. */
function putRelations(frame: Frame, piece: Piece, label: i32, into: StateWriter): void {
  for (let older = label - 1; older >= 0; older--) {
    const relation = frame.relation(frame.piece(older).row, piece.row);
    if ((frame.piece(older).banks & piece.banks) == 0 || relation == 0) continue;
    let younger = older + 1;
    while (younger < label && !areLike(frame, younger, older)) younger++;
    if (younger < label) continue;
    into.put(older);
    into.put(relation);
  }
  into.put(NO_MORE);
}

/** Whether two pieces touch the same banks, at rows that are related. */
function areLike(frame: Frame, a: i32, b: i32): bool {
  const same = frame.piece(a).banks == frame.piece(b).banks;
  return same && frame.relation(frame.piece(a).row, frame.piece(b).row) != 0;
}

function putSource(frame: Frame, label: i32, row: i32, into: StateWriter): void {
  into.put(label);
  into.put(label < 0 ? 0 : row ^ frame.piece(label).row);
}
