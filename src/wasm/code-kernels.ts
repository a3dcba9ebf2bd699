//
//   Weights as codes of any number format on the PEs, in numeric.wasm: FP16 activations term by term, INT8 ones exactly.
//
//     x ──► lanes, or INT8 tile ──► sums of 128 inputs, bit for bit ──► FP32, in the order of pe-codes.ts, int8-codes.ts ──► y
//

import { CODE_TERM_BYTES, CODES, GROUP, INTEGER_TILE, Term } from "../../assembly/numeric/contract.js";
import { type CodedWeights, fillingCode, recodingOf } from "../formats/coded.js";
import { boothTerms, type TermTable, termTable } from "../formats/term-table.js";
import type { NumericExports } from "./numeric.js";
import { type FloatVector, placeBytes, placeFloats, type Rows, Tiles } from "./vectors.js";

/**
 * A matrix for FP16 PEs: codes of four lanes by [quad][row], `pitch` rows to the next quad, and the terms of a code; or, without
 * `terms`, Booth's digits by [quad][row][slot].
 */
export interface PeCodes {
  readonly codes: number;
  readonly pitch: number;
  readonly slots: number;
  readonly terms: number;
  readonly bsigs: number;
  readonly inputs: number;
  readonly outputs: number;
  readonly block: number;
  readonly scale: FloatVector;
  readonly offset: FloatVector | null;
}

/** A matrix for integer PEs: integers i16[row][inputs], rows on 16. */
export interface Int8Codes extends Omit<PeCodes, "codes" | "pitch" | "slots" | "terms" | "bsigs"> {
  readonly weights: number;
}

const LANES = 4;
const STATE_BYTES = 32;
const VECTOR_BYTES = 16;
/** Digits as the kernel counts them: 0, 1, 2, ... for -2, -1, 0, ...; of a quad's four, two make a pair of five bits. */
const BOOTH_DIGITS = 5;
const DIGIT_ZERO = 2;
const PAIR_BITS = 5;
const NO_DIGITS = (DIGIT_ZERO + BOOTH_DIGITS * DIGIT_ZERO) * (1 + (1 << PAIR_BITS));
/** Rows that the kernel takes at a time (pe-codes.ts). */
const ROWS = 4096;
/** Inputs of a row end on whole ones. */
const ROW_STEP = 16;
/** The adder's 23 bits hold a dot product at this shift of a slot. */
const LARGEST_BSIG = 6;

export class CodeKernels {
  readonly #tiles: Tiles;
  readonly #states: number;
  readonly #sums: number;
  readonly #scales: FloatVector;
  readonly #own: number;
  #room = { lanes: 0, tile: 0, groupSums: 0, inputs: -1 };

  constructor(private readonly wasm: NumericExports) {
    this.#tiles = new Tiles(wasm, INTEGER_TILE);
    this.#states = wasm.allocate((ROWS + 1) * STATE_BYTES);
    this.#sums = wasm.allocate((2 * ROWS + 1) * VECTOR_BYTES);
    this.#scales = placeFloats(wasm, INTEGER_TILE);
    this.#own = wasm.allocate(VECTOR_BYTES);
  }

  /** Room for the digits of a matrix, all 0; `rows` of `inputs` lanes. */
  digits(inputs: number, rows: number, slots: number): DigitMatrix {
    const digits = new Uint16Array(Math.ceil(inputs / LANES) * rows * slots).fill(NO_DIGITS);
    const at = placeBytes(this.wasm, new Uint8Array(digits.buffer));
    return new DigitMatrix(this.wasm.memory, { at, inputs, rows, slots });
  }

  /** The terms of codes, where the kernel finds them. */
  private terms({ slots, terms, bsigs }: TermTable): Pick<PeCodes, "terms" | "bsigs"> {
    if (bsigs.some((bsig) => bsig > LARGEST_BSIG))
      throw new Error(`internal: a slot is shifted by ${Math.max(...bsigs)}`);
    const placed = new DataView(new ArrayBuffer(slots * CODES * CODE_TERM_BYTES));
    for (let i = 0; i < slots * CODES; i++) {
      const exponent = (terms[i] & Term.Exp) >> 1;
      const sign = terms[i] & Term.Sign ? -1 : 1;
      placed.setFloat32(i * CODE_TERM_BYTES, terms[i] & Term.Man ? sign * 2 ** exponent : 0, true);
      placed.setInt32(i * CODE_TERM_BYTES + 4, exponent << 23, true);
    }
    return { terms: placeBytes(this.wasm, new Uint8Array(placed.buffer)), bsigs: placeBytes(this.wasm, bsigs) };
  }

  /** For FP16 activations; a code takes `slots` cycles. */
  pe(weights: CodedWeights, slots: number): PeCodes {
    const { inputs, outputs, values, codes } = weights;
    const common = { pitch: outputs, slots, ...this.reals(weights) };
    if (recodingOf(values, slots) === "signed") {
      const placed = placeBytes(this.wasm, byQuads(codes, inputs, fillingCode(values)));
      return { ...common, codes: placed, ...this.terms(termTable(values, slots, "signed")) };
    }
    const matrix = this.digits(inputs, outputs, slots);
    const integers = Int32Array.from(codes, (code) => values[code]);
    for (let row = 0; row < outputs; row++) matrix.putRow(row, integers.subarray(row * inputs, (row + 1) * inputs));
    return { ...common, ...matrix.placed };
  }

  /** For INT8 activations. */
  int8(weights: CodedWeights): Int8Codes {
    const { inputs, outputs, values, codes } = weights;
    const pitch = Math.ceil(inputs / ROW_STEP) * ROW_STEP;
    const levels = new Int16Array(outputs * pitch);
    for (const [i, code] of codes.entries()) levels[Math.floor(i / inputs) * pitch + (i % inputs)] = values[code];
    return { weights: placeBytes(this.wasm, new Uint8Array(levels.buffer)), ...this.reals(weights) };
  }

  /** y = W x for the tokens at these places; x holds FP16 numbers, of each token as many as `own` says, or all inputs. */
  multiplyPe(x: Rows, y: Rows, places: Int32Array, w: PeCodes, own?: (place: number) => number): void {
    const { lanes } = this.grow(w.inputs);
    const { sources, results } = this.#tiles;
    this.#tiles.each(x, y, places, (tile) => {
      this.wasm.packHalves(sources, w.inputs, own === undefined ? 0 : this.placeOwn(tile, own), lanes);
      this.wasm.multiplyCodesPe(
        lanes,
        w.codes,
        w.pitch,
        w.terms,
        w.bsigs,
        w.slots,
        w.inputs,
        w.outputs,
        w.block,
        w.scale.at,
        w.offset?.at ?? 0,
        this.#states,
        this.#sums,
        results,
      );
    });
  }

  /** The same with activations in INT8. */
  multiplyInt8(x: Rows, y: Rows, places: Int32Array, w: Int8Codes): void {
    const { tile, groupSums } = this.grow(w.inputs);
    const { sources, results } = this.#tiles;
    const { inputs, outputs, block, scale, offset } = w;
    const scales = this.#scales.at;
    this.#tiles.each(x, y, places, () => {
      this.wasm.packInt8(sources, inputs, tile, scales, groupSums);
      const at = offset?.at ?? 0;
      this.wasm.multiplyCodesInt8(tile, w.weights, inputs, outputs, block, scale.at, at, scales, results);
    });
  }

  /** How many inputs each token of a tile has. */
  private placeOwn(tile: Int32Array, own: (place: number) => number): number {
    new Int32Array(this.wasm.memory.buffer, this.#own, INTEGER_TILE).set(tile.map(own));
    return this.#own;
  }

  private reals({ inputs, outputs, block, scale, offset }: CodedWeights) {
    const placed = offset === null ? null : placeFloats(this.wasm, offset);
    return { inputs, outputs, block, scale: placeFloats(this.wasm, scale), offset: placed };
  }

  /** Room for the activations of a tile. */
  private grow(inputs: number) {
    if (this.#room.inputs < inputs) {
      const padded = Math.ceil(inputs / ROW_STEP) * ROW_STEP;
      this.#room = {
        lanes: this.wasm.allocate(padded * STATE_BYTES),
        tile: this.wasm.allocate(padded * INTEGER_TILE * 2),
        groupSums: this.wasm.allocate(Math.ceil(inputs / GROUP) * VECTOR_BYTES),
        inputs,
      };
    }
    return this.#room;
  }
}

/** Booth's digits of a matrix whose weights are put in one row or one column after the other. */
export class DigitMatrix {
  /** Digits of an integer, by value from -128 on. */
  readonly #digits: readonly (readonly number[])[];

  constructor(
    private readonly memory: WebAssembly.Memory,
    private readonly shape: {
      readonly at: number;
      readonly inputs: number;
      readonly rows: number;
      readonly slots: number;
    },
  ) {
    this.#digits = Array.from({ length: CODES }, (_, i) => boothDigits(i - CODES / 2, shape.slots));
  }

  get placed() {
    return { codes: this.shape.at, slots: this.shape.slots, terms: 0, bsigs: 0 };
  }

  /** The weights of an output, from its first input on. */
  putRow(row: number, values: Int32Array): void {
    const words = this.words();
    for (let input = 0; input < values.length; input++) this.put(words, row, input, values[input]);
  }

  /** The weights of an input, from its first output on. */
  putColumn(input: number, values: Int32Array): void {
    const words = this.words();
    for (let row = 0; row < values.length; row++) this.put(words, row, input, values[row]);
  }

  /** The matrix; valid until the next allocation. */
  private words(): Uint16Array {
    const { at, inputs, rows, slots } = this.shape;
    return new Uint16Array(this.memory.buffer, at, Math.ceil(inputs / LANES) * rows * slots);
  }

  private put(words: Uint16Array, row: number, input: number, value: number): void {
    const { rows, slots } = this.shape;
    const shift = input & 2 ? PAIR_BITS : 0;
    const at = ((input >> 2) * rows + row) * slots;
    const digits = this.#digits[value + CODES / 2];
    for (let slot = 0; slot < slots; slot++) {
      const pair = (words[at + slot] >> shift) & ((1 << PAIR_BITS) - 1);
      const first = pair % BOOTH_DIGITS;
      const changed = input & 1 ? first + BOOTH_DIGITS * digits[slot] : pair - first + digits[slot];
      words[at + slot] += (changed - pair) << shift;
    }
  }
}

/** As the kernel counts them, lowest first. */
function boothDigits(value: number, slots: number): number[] {
  return boothTerms(value, slots).map(({ negative, man, exp }) => DIGIT_ZERO + (negative ? -1 : 1) * man * 2 ** exp);
}

/** Codes of four lanes by [quad][row], lane 0 first; `missing` fills the last quad of a row. */
function byQuads(codes: Uint8Array, inputs: number, filling: number): Uint8Array {
  const rows = codes.length / inputs;
  const quads = Math.ceil(inputs / LANES);
  const turned = new Uint8Array(quads * rows * LANES).fill(filling);
  for (let row = 0; row < rows; row++) {
    for (let k = 0; k < inputs; k++) {
      turned[((k >> 2) * rows + row) * LANES + (k & 3)] = codes[row * inputs + k];
    }
  }
  return turned;
}
