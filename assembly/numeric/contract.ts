//
//   The whole boundary between TypeScript and numeric.wasm: positions and limits that both compilers read.
//
//     TypeScript ──► vectors at addresses of `allocate`        operands
//                ◄── vectors, sums                             results
//
//   The machine knows nothing of this module and has a memory of its own, so weights never share one with it.

/** Bits of an integer group sum, two's complement. */
export const GROUP_SUM_BITS = 24;
/** The longest group: 512 * 128 * 127 < 2^23, so no INT8 code times an activation within +-127 leaves the group sum. */
export const INT8_GROUP = 512;

/** Version of the exports; a binary of another one is stale. */
// prettier-ignore
export enum Numeric { Version = 1 }
