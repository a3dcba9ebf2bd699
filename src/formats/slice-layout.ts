//
//   SliceLayout: what of a code lies together in memory, and what reading some of it means.
//
//     slices [2, 2, 2, 2]      bits of each, uppermost first; depth k reads the first k
//     whole      all or nothing
//     prefix     the first k slices are the lower precision (centred digits: a stack of residuals)
//     rounded    the lower precision is the prefix plus the carry of the next bit, so a shallow read takes one plane more
//

type Reading = "whole" | "prefix" | "rounded";

export interface SliceLayout {
  slices: readonly number[];
  read: Reading;
}

/** Depths that can be read. */
export function depthsOf({ slices, read }: SliceLayout): number[] {
  return read === "whole" ? [slices.length] : slices.map((_, i) => i + 1);
}

/** Bits of a weight's value at a depth. */
export function valueBits({ slices }: SliceLayout, depth: number): number {
  return slices.slice(0, depth).reduce((sum, bits) => sum + bits, 0);
}

/** Bits of a weight's code that a read of a depth fetches. */
export function fetchedBits(layout: SliceLayout, depth: number): number {
  const carry = layout.read === "rounded" && depth < layout.slices.length ? 1 : 0;
  return valueBits(layout, depth) + carry;
}

/** Bits of a weight's whole code. */
export function codeBitsOf(layout: SliceLayout): number {
  return valueBits(layout, layout.slices.length);
}
