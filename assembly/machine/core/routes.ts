//
//   The route table: what the router has decided, and what that means for a slice.
//
//      depths of the tokens ──► per slice e: first token that wants it, column groups that run it,
//                               columns that want it, columns that sit in those groups
//
//   The depths come with the program (the plan), so the summaries are made at dispatch; nobody may use them before the
//   router has decided the tokens they rest on.
//   Source      docs/machine.md, sections 3 to 5.

import { MAX_SLICES } from "../../contract";
import { NONE, powerOfTwo, zeroed } from "../alloc";
import { StateReader, StateWriter } from "../state";

// One entry: tokens, decided, released, queued fetches that name it, then per slice 1..MAX_SLICES: first token, groups, wanting, present (i32 each).
const HEADER: i32 = 4;
const PER_SLICE: i32 = 4;
const WORDS: i32 = HEADER + MAX_SLICES * PER_SLICE;


@unmanaged
export class RouteTable {
  base: usize;
  mask: i32;
  entries: i32;
  columns: i32;
  first: i32;
  next: i32;

  reset(entries: i32, columns: i32): void {
    const capacity = powerOfTwo(entries);
    this.base = zeroed(<usize>(capacity * WORDS * 4));
    this.mask = capacity - 1;
    this.entries = entries;
    this.columns = columns;
    this.first = this.next = 0;
  }

  full(): bool {
    return this.next - this.first >= this.entries;
  }

  private at(route: i32): usize {
    return this.base + <usize>((route & this.mask) * WORDS * 4);
  }

  private slice(route: i32, slice: i32): usize {
    return this.at(route) + <usize>((HEADER + (slice - 1) * PER_SLICE) * 4);
  }

  dispatch(tokens: i32, depths: usize): i32 {
    const entry = this.at(this.next);
    store<i32>(entry, tokens);
    store<i32>(entry, 0, 4);
    store<i32>(entry, 0, 8);
    store<i32>(entry, 0, 12);
    for (let e = 1; e <= MAX_SLICES; e++) this.summarise(this.slice(this.next, e), tokens, depths, e);
    return this.next++;
  }

  private summarise(at: usize, tokens: i32, depths: usize, slice: i32): void {
    let first = NONE;
    let groups = 0;
    let wanting = 0;
    let present = 0;
    for (let begin = 0; begin < tokens; begin += this.columns) {
      const end = min(begin + this.columns, tokens);
      let inGroup = 0;
      for (let token = begin; token < end; token++) {
        if (<i32>load<u8>(depths + token) < slice) continue;
        if (first == NONE) first = token;
        inGroup++;
      }
      if (inGroup == 0) continue;
      groups++;
      wanting += inGroup;
      present += end - begin;
    }
    store<i32>(at, first);
    store<i32>(at, groups, 4);
    store<i32>(at, wanting, 8);
    store<i32>(at, present, 12);
  }

  decideNext(route: i32): void {
    const entry = this.at(route);
    store<i32>(entry, load<i32>(entry, 4) + 1, 4);
  }

  complete(route: i32): bool {
    const entry = this.at(route);
    return load<i32>(entry, 4) == load<i32>(entry);
  }

  /** Whether any token of the block is this deep; meaningful once the route is complete. */
  wanted(route: i32, slice: i32): bool {
    return load<i32>(this.slice(route, slice)) != NONE;
  }

  /** Whether a token decided so far is this deep. */
  wantedAlready(route: i32, slice: i32): bool {
    const first = load<i32>(this.slice(route, slice));
    return first != NONE && first < load<i32>(this.at(route), 4);
  }

  groups(route: i32, slice: i32): i32 {
    return load<i32>(this.slice(route, slice), 4);
  }

  /** Columns whose token is this deep. */
  wanting(route: i32, slice: i32): i32 {
    return load<i32>(this.slice(route, slice), 8);
  }

  /** Columns in use in the groups that run the slice. */
  present(route: i32, slice: i32): i32 {
    return load<i32>(this.slice(route, slice), 12);
  }

  release(reference: i32): void {
    if (reference == 0) return;
    store<i32>(this.at(reference - 1), 1, 8);
    this.retire();
  }

  /** A queued Fetch record begins (+1) or ceases (-1) to name the route; reference 0 names none. */
  fetchNames(reference: i32, change: i32): void {
    if (reference == 0) return;
    const entry = this.at(reference - 1);
    store<i32>(entry, load<i32>(entry, 12) + change, 12);
    this.retire();
  }

  private retire(): void {
    while (this.first < this.next && this.retired(this.at(this.first))) this.first++;
  }

  private retired(entry: usize): bool {
    return load<i32>(entry, 8) != 0 && load<i32>(entry, 12) == 0;
  }

  canonical(into: StateWriter): void {
    into.put(this.next - this.first);
    for (let route = this.first; route < this.next; route++) {
      for (let w = 0; w < WORDS; w++) into.put(load<i32>(this.at(route) + <usize>(w << 2)));
    }
  }

  load(from: StateReader): void {
    this.first = 0;
    this.next = <i32>from.take();
    for (let route = 0; route < this.next; route++) {
      for (let w = 0; w < WORDS; w++) store<i32>(this.at(route) + <usize>(w << 2), <i32>from.take());
    }
  }
}
