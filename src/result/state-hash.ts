//
//   A 64-bit hash of a machine's final state: equal runs have equal hashes. FNV-1a over 32-bit words (Fowler, Noll, Vo).
//

const OFFSET = 0xcbf29ce484222325n;
const PRIME = 0x100000001b3n;
const MASK = (1n << 64n) - 1n;

/** Hash of canonical state words and counters, 16 hex digits. */
export function stateHash(state: Int32Array, counters: readonly number[]): string {
  let hash = OFFSET;
  const mix = (value: bigint) => {
    hash = ((hash ^ value) * PRIME) & MASK;
  };
  for (const word of state) mix(BigInt(word >>> 0));
  for (const counter of counters) mix(BigInt(counter));
  return hash.toString(16).padStart(16, "0");
}
