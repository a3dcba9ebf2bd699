//
//   How fast the functional path is: kernels at four tokens, and readings of the embedded packs, a CPU second of one core.
//

import { peRows } from "../src/infer/coded-linear.js";
import type { Arithmetic } from "../src/infer/linear.js";
import { Reader } from "../src/infer/reader.js";
import { constantDepths, givenDepths } from "../src/infer/routing.js";
import { openKernels, readLanguageModel } from "../src/io/language-model.js";
import type { Kernels } from "../src/wasm/kernels.js";
import { embeddedTrace } from "../test/support/pack.js";
import { leastSeconds } from "./clock.js";
import type { Figure } from "./figure.js";

const [INPUTS, OUTPUTS, TOKENS, SLICES] = [768, 256, 4, 2];
/** Multiplications and additions of a kernel call. */
const OPERATIONS = 2 * INPUTS * OUTPUTS * TOKENS * SLICES;
const REPEATS = 60;
const LANES = 4;
/** Of an INT8 code. */
const BOOTH_DIGITS = 4;
const BUDGET = "b4";

/** All figures; the best of a few tries each, because others use the machine too. */
export async function numericFigures(): Promise<Figure[]> {
  const kernels = await openKernels();
  const rate = (amount: number, task: () => void) => (amount * REPEATS) / leastSeconds(8, nothing, () => repeat(task));
  const int8 = rate(OPERATIONS, kernelOf(kernels, "int8"));
  const pe = rate(OPERATIONS / 2 / LANES, kernelOf(kernels, "fp16pe"));
  const codes = rate((INPUTS * OUTPUTS * TOKENS * BOOTH_DIGITS) / LANES, codesKernel(kernels));
  return [
    { name: "2-bit x INT8 kernel, 4 tokens", perSecond: int8, unit: "operations/CPU s" },
    { name: "FP16 PE kernel, 4 tokens", perSecond: pe, unit: "PE steps/CPU s" },
    { name: "FP16 PE kernel, INT8 codes, 4 tokens", perSecond: codes, unit: "PE steps/CPU s" },
    await reading("prefill2k", "int8", 1),
    await reading("decode16", "fp16pe", 2),
    await reading("decode16", "fp32", 2),
  ];
}

function kernelOf(kernels: Kernels, arithmetic: "int8" | "fp16pe"): () => void {
  const codes = Uint8Array.from({ length: INPUTS * OUTPUTS }, byteAt);
  const scales = new Float32Array((OUTPUTS * INPUTS) / 128).fill(0.01);
  const { x, y, places } = activations(kernels);
  if (arithmetic === "int8") {
    const matrix = kernels.int8.slices(codes, scales, scales, INPUTS);
    return () => kernels.int8.multiplySlices(x, y, places, matrix, SLICES);
  }
  const matrix = kernels.pe.slices(codes, scales, scales, INPUTS, SLICES);
  return () => kernels.pe.multiply(x, y, places, matrix, SLICES);
}

/** INT8 rows as those of lm_head. */
function codesKernel(kernels: Kernels): () => void {
  const codes = Int8Array.from({ length: INPUTS * OUTPUTS }, byteAt);
  const layer = peRows(kernels, { inputs: INPUTS, codes, scales: new Float32Array(OUTPUTS).fill(0.01) });
  const { x, y } = activations(kernels);
  return () => layer.apply(x, y, new Uint8Array(TOKENS));
}

function byteAt(_: unknown, i: number): number {
  return Math.imul(i, 2654435761) >>> 24;
}

function activations(kernels: Kernels) {
  const values = Float32Array.from({ length: INPUTS * TOKENS }, (_, i) => Math.sin(i));
  const x = { vector: kernels.floats(values), pitch: INPUTS };
  kernels.settle(x.vector, INPUTS * TOKENS);
  const y = { vector: kernels.floats(OUTPUTS * TOKENS), pitch: OUTPUTS };
  return { x, y, places: Int32Array.from({ length: TOKENS }, (_, token) => token) };
}

/** Tokens a second of the sliced model under recorded depths, its judgement included, the reference left out. */
async function reading(pack: string, arithmetic: Arithmetic, sequences: number): Promise<Figure> {
  const trace = embeddedTrace(pack);
  const length = trace.sequenceLength;
  const kv = arithmetic === "fp32" ? "exact" : 8;
  const folder = readLanguageModel("tiny-llama");
  const reader = new Reader(await openKernels(), folder, length, { arithmetic, kv });
  const linears = trace.linears.length;
  const logits = new Float32Array(length * folder.model.vocab);
  reader.expectations(trace.tokens.slice(0, 64), constantDepths(2), logits);
  const seconds = leastSeconds(2, nothing, () => {
    for (let sequence = 0; sequence < sequences; sequence++) {
      const [from, to] = [trace.row(sequence, 0), trace.row(sequence + 1, 0)];
      const depths = givenDepths(trace.slices(BUDGET).subarray(from * linears, to * linears), linears);
      reader.expectations(trace.tokens.slice(from, to), depths, logits);
    }
  });
  return {
    name: `reading ${pack}, ${BUDGET}, ${arithmetic}`,
    perSecond: (sequences * length) / seconds,
    unit: "tokens/CPU s",
  };
}

const nothing = () => {};

function repeat(task: () => void): void {
  for (let i = 0; i < REPEATS; i++) task();
}
