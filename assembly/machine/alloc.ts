//
//   Where blocks live: each is an unmanaged record in linear memory, allocated once and never freed.
//

/** No record, run or route. */
export const NONE: i32 = -1;

/** Zeroed bytes. */
export function zeroed(bytes: usize): usize {
  const at = heap.alloc(bytes);
  memory.fill(at, 0, bytes);
  return at;
}

/** A zeroed block. */
export function make<T>(): T {
  return changetype<T>(zeroed(offsetof<T>()));
}

/** ceil(a / b) for a >= 0, b > 0. */
// @ts-ignore: decorator
@inline
export function ceilDiv(a: i64, b: i64): i64 {
  return (a + b - 1) / b;
}

/** The smallest power of two >= n. */
export function powerOfTwo(n: i32): i32 {
  let p = 1;
  while (p < n) p <<= 1;
  return p;
}

/** Adds to one counter. */
// @ts-ignore: decorator
@inline
export function count(counters: usize, counter: i32, n: i64): void {
  const at = counters + ((<usize>counter) << 3);
  store<i64>(at, load<i64>(at) + n);
}

/** One knob. */
// @ts-ignore: decorator
@inline
export function knob(knobs: usize, index: i32): i32 {
  return load<i32>(knobs + ((<usize>index) << 2));
}
