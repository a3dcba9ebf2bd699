//
//   Packed words: most words of a state are -1 or small, and take a byte.
//
//     word -1 .. 253 ──► 1 byte: word + 1        other ──► 255 and four bytes
//

/** Stands before a word that does not fit into a byte. */
const WIDE: i32 = 255;
/** Bytes of a packed word at most. */
export const PACKED_BYTES: i32 = 5;

/** Packs words; the number of bytes. */
export function pack(words: usize, count: i32, into: usize): i32 {
  let at = into;
  for (let i = 0; i < count; i++) {
    const word = load<i32>(words + ((<usize>i) << 2)) + 1;
    if (word >= 0 && word < WIDE) store<u8>(at++, <u8>word);
    else {
      store<u8>(at, <u8>WIDE);
      store<i32>(at + 1, word);
      at += PACKED_BYTES;
    }
  }
  return <i32>(at - into);
}

/** Unpacks bytes; the number of words. */
export function unpack(bytes: usize, count: i32, into: usize): i32 {
  let words = 0;
  const end = bytes + <usize>count;
  for (let at = bytes; at < end; words++) {
    let word = <i32>load<u8>(at++);
    if (word == WIDE) {
      word = load<i32>(at);
      at += 4;
    }
    store<i32>(into + ((<usize>words) << 2), word - 1);
  }
  return words;
}
