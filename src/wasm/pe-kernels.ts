//
//   FP16 activations on bit-serial PEs, in numeric.wasm: times slices.
//
//     x (FP16 numbers in FP32) ──► lanes ──► accumulators of all rows, bit for bit ──► FP32, in the order of pe-tile.ts ──► y
//

import { INTEGER_TILE } from "../../assembly/numeric/contract.js";
import type { NumericExports } from "./numeric.js";
import { type FloatVector, placeBytes, placeFloats, type Rows, Tiles } from "./vectors.js";

/** Slices as the PEs take them: codes of four digits by [slice][two quads][row][quad]; scale and base by [row][group]. */
export interface PeMatrix {
  readonly codes: number;
  readonly scale: FloatVector;
  readonly base: FloatVector;
  readonly inputs: number;
  readonly outputs: number;
}

const LANES = 4;
/** Quads that the kernel takes at a time. */
const QUADS = 2;
const VECTOR_BYTES = 16;
/** An accumulator of four tokens; a lane's exponents and mantissas of four tokens. */
const STATE_BYTES = 2 * VECTOR_BYTES;
/** What fills the last two quads: the digit 0. */
const ZERO = 2;

export class PeKernels {
  readonly #tiles: Tiles;
  #lanes = { at: 0, quads: -1 };
  #rows = { states: 0, sums: 0, count: -1 };

  constructor(private readonly wasm: NumericExports) {
    this.#tiles = new Tiles(wasm, INTEGER_TILE);
  }

  /** `slices` slices q1<<6 | q2<<4 | q3<<2 | q4 by [out][in]. */
  slices(codes: Uint8Array, scale: Float32Array, base: Float32Array, inputs: number, slices: number): PeMatrix {
    const at = placeBytes(this.wasm, byQuads(codes, inputs, slices));
    const [s, b] = [scale, base].map((values) => placeFloats(this.wasm, values));
    return { codes: at, scale: s, base: b, inputs, outputs: codes.length / inputs };
  }

  /** y = W_depth x for the tokens at these places. */
  multiply(x: Rows, y: Rows, places: Int32Array, w: PeMatrix, depth: number): void {
    const { codes, scale, base, inputs, outputs } = w;
    this.grow(inputs, outputs, depth);
    const { sources, results } = this.#tiles;
    const [lanes, { states, sums }] = [this.#lanes.at, this.#rows];
    this.#tiles.each(x, y, places, () => {
      this.wasm.packHalves(sources, inputs, 0, lanes);
      this.wasm.multiplySlicesPe(lanes, codes, scale.at, base.at, inputs, outputs, depth, states, sums, results);
    });
  }

  private grow(inputs: number, outputs: number, depth: number): void {
    const quads = QUADS * Math.ceil(inputs / LANES / QUADS);
    if (this.#lanes.quads < quads) {
      this.#lanes = { at: this.wasm.allocate(quads * LANES * STATE_BYTES), quads };
    }
    const count = outputs * depth + 1;
    if (this.#rows.count < count) {
      const states = this.wasm.allocate(count * STATE_BYTES);
      this.#rows = { states, sums: this.wasm.allocate(count * VECTOR_BYTES), count };
    }
  }
}

/** Codes of four digits by [slice][two quads][row][quad], lane 0 in the lowest bits. */
function byQuads(codes: Uint8Array, inputs: number, slices: number): Uint8Array {
  const rows = codes.length / inputs;
  const quads = QUADS * Math.ceil(inputs / LANES / QUADS);
  const turned = new Uint8Array(slices * quads * rows);
  for (let slice = 0; slice < slices; slice++) {
    const shift = 6 - 2 * slice;
    for (let quad = 0; quad < quads; quad++) {
      const from = (slice * quads + quad - (quad % QUADS)) * rows + (quad % QUADS);
      for (let row = 0; row < rows; row++) {
        let four = 0;
        for (let lane = 0; lane < LANES; lane++) {
          const k = quad * LANES + lane;
          four |= (k < inputs ? (codes[row * inputs + k] >> shift) & 3 : ZERO) << (2 * lane);
        }
        turned[from + row * QUADS] = four;
      }
    }
  }
  return turned;
}
