//
//   Canonical state as a vector of i32 words.
//
//     block.canonical(writer)              block.load(reader)
//            │ put, time                          ▲ take, time
//            ▼                                    │
//        [ w0 w1 w2 ... ]  ── compared, hashed, remembered by whoever owns the words
//
//   Nothing absolute goes in: a time is written as its distance to now, clipped at -1 ("already"), so two machines that
//   will do the same from now on write the same words. A word that does not fit is a bug and stops the run.

/** Bits of a mask at places that are xored. */
export function twisted(mask: u64, twist: i32): u64 {
  if (twist == 0) return mask;
  let moved: u64 = 0;
  for (; mask != 0; mask &= mask - 1) moved |= (<u64>1) << (ctz(mask) ^ (<u64>twist));
  return moved;
}

/** A clock that never comes. */
export const NEVER: i64 = i64.MAX_VALUE;
/** The word of a time that never comes. */
const NEVER_WORD: i32 = i32.MAX_VALUE;

/** Fills a vector of words. */
@unmanaged
export class StateWriter {
  words: usize;
  count: i32;
  capacity: i32;
  latest: i64; // the farthest time, -1 when all is past
  twist: i32; // banks are written in the order of bank xor twist
  brief: bool; // for those who remember many: a request is a word

  reset(words: usize, capacity: i32): void {
    this.words = words;
    this.twist = 0;
    this.brief = false;
    this.capacity = capacity;
    this.count = 0;
    this.latest = -1;
  }

  /** Writes one integer, which must fit into a word. */
  @inline
  put(value: i64): void {
    assert(value == <i64>(<i32>value), "a word of the canonical state does not fit into 32 bits");
    if (this.count >= this.capacity) abort("the canonical state does not fit into its buffer");
    store<i32>(this.words + ((<usize>this.count) << 2), <i32>value);
    this.count++;
  }

  /** Writes a time as its distance to now; the past is -1. */
  time(time: i64, now: i64): void {
    if (time == NEVER) {
      this.put(NEVER_WORD);
      return;
    }
    const distance = time - now;
    assert(distance < <i64>NEVER_WORD, "a time lies too far ahead");
    this.latest = max<i64>(this.latest, distance);
    this.put(max<i64>(distance, -1));
  }
}

/** Reads a vector of words in the order in which it was filled. */
@unmanaged
export class StateReader {
  words: usize;
  position: i32;
  count: i32;
  twist: i32; // that of the writer, or another one: the same state at other banks
  brief: bool; // as the writer's

  reset(words: usize, count: i32): void {
    this.words = words;
    this.twist = 0;
    this.brief = false;
    this.count = count;
    this.position = 0;
  }

  take(): i32 {
    if (this.position >= this.count) abort("the canonical state ends too early");
    const value = load<i32>(this.words + ((<usize>this.position) << 2));
    this.position++;
    return value;
  }

  /** Reads a time that was written by StateWriter.time. */
  time(now: i64): i64 {
    const word = this.take();
    return word == NEVER_WORD ? NEVER : now + <i64>word;
  }
}
