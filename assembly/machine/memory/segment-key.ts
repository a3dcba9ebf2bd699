//
//   Segment key: the words with which an entry's key begins, and what they say.
//
//     [state] [input: what is offered, or how long it idles] [refresh] [its turn, where there is one] [writes set aside ...] ...
//
//   A state keeps a bit for what its keys begin with, so that hardly anything is looked for that is not there.

import { Entry, entryKey, State } from "./memo-records";

/** Word that says no refresh falls due. */
export const NONE: i32 = 0;
/** Input that says something idles until nothing binds any more; below it: for as many clocks as it is less. */
export const SETTLE: i32 = -1;
/** Stands for the writes set aside where they make no difference. */
export const WHATEVER: i32 = -1;
/** Where the size of a piece lies in the input that offers it. */
const SIZE: i32 = 21;

/** `taking` transactions, from `offset` of a stretch of `size` on. */
@inline
export function offering(offset: i32, taking: i32, write: bool, size: i32): i32 {
  return offset | (taking << 8) | ((<i32>write) << 20) | (size << SIZE);
}

/** Transactions of the stretch; below 0 where something idles. */
@inline
export function sizeOf(input: i32): i32 {
  return input >> SIZE;
}


@inline
export function inputOf(entry: Entry): i32 {
  return load<i32>(entryKey(entry), 4);
}


@inline
export function refreshOf(entry: Entry): i32 {
  return load<i32>(entryKey(entry), 8);
}

/** Whether an entry holds whatever is set aside. */
@inline
export function isCarefree(entry: Entry): bool {
  const key = entryKey(entry);
  return (load<i32>(key, 8) == NONE ? load<i32>(key, 12) : load<i32>(key, 16)) == WHATEVER;
}

/** Whether an entry of a state may begin like that. */
@inline
export function mayBegin(state: State, input: i32, refresh: i32, carefree: bool): bool {
  return ((carefree ? state.carefree : state.begins) & beginOf(input, refresh)) != 0;
}

/** Takes note of a state's new entry. */
export function noteBegin(state: State, entry: Entry): void {
  const begin = beginOf(inputOf(entry), refreshOf(entry));
  if (isCarefree(entry)) state.carefree |= begin;
  else state.begins |= begin;
}


@inline
function beginOf(input: i32, refresh: i32): u64 {
  const hash = ((<u32>input) ^ rotl<u32>(<u32>refresh, 16)) * 0x9e3779b1;
  const bit: u64 = hash >> 26;
  return (<u64>1) << bit;
}
