//
//   The matrix products of one step, as a revision of the formula sees them. Attention is where the two differ.
//
//     every linear [out, in]     decode: tokens = batch;    prefill: tokens = context, once a sequence
//     QK, PV of every layer      head: a product a KV head and sequence; the query heads of a group are its tokens
//                                paper: one product for all heads, 16-bit keys and values, at the weights' cycles
//
//   Left out    causality (half of a prefill's attention), norms, softmax, RoPE, the embedding, storing K and V.
//

import { InputError } from "../basics/errors.js";
import { ceilDiv } from "../basics/units.js";
import { type FormulaMachine, type FormulaModel, type FormulaStep, weightBitsOf } from "./tables.js";

/** inputs x outputs weights on tokens x batch vectors. */
export interface Product {
  readonly name: string;
  readonly kind: "linear" | "attention";
  /** Times a step does it. */
  readonly count: number;
  readonly inputs: number;
  readonly outputs: number;
  readonly tokens: number;
  /** Times it is done with other activations. */
  readonly batch: number;
  /** Times it is done with other weights: 1, or batch. */
  readonly weightBatch: number;
  /** Elements of an input vector as memory moves it. */
  readonly inputWidth: number;
  /** Of a weight, in DRAM. */
  readonly weightBits: number;
  /** Of a weight, as it is written to its buffer. */
  readonly bufferedBits: number;
  readonly cyclesPerTile: number;
}

/** The first two are names of ours: the artifact has no others for them. */
const ATTENTION_NAMES = { scores: "attn_qk", values: "attn_v" } as const;

/** Bits a bit-serial PE takes in a cycle: a radix-4 digit. */
const BITS_PER_CYCLE = 2;
/** Keys and values in DRAM, whatever the machine computes with (paper). */
const PAPER_KV_BITS = 16;

export function productsOf(model: FormulaModel, machine: FormulaMachine, step: FormulaStep): Product[] {
  if (step.revision === "paper" && step.batch !== 1) {
    throw new InputError(`batch is ${step.batch}; allowed 1 with revision paper, which knows no other (head does)`);
  }
  const attention = step.revision === "paper" ? paperAttention : headAttention;
  return [...linearProducts(model, machine, step), ...attention(model, machine, step)];
}

function linearProducts(model: FormulaModel, machine: FormulaMachine, step: FormulaStep): Product[] {
  const bits = weightBitsOf(machine, model.name, step);
  const [batch, tokens] = step.phase === "decode" ? [1, step.batch] : [step.batch, step.context];
  return model.linears.map((linear) => ({
    name: linear.name,
    kind: "linear",
    count: linear.count,
    inputs: linear.in,
    outputs: linear.out,
    tokens,
    batch,
    weightBatch: 1,
    inputWidth: linear.in,
    weightBits: bits,
    bufferedBits: bits,
    cyclesPerTile: cyclesPerTile(machine, bits),
  }));
}

function headAttention(
  model: FormulaModel,
  machine: FormulaMachine,
  { phase, batch, context }: FormulaStep,
): Product[] {
  const { headSize } = model;
  const groupHeads = model.heads / model.kvHeads;
  const product = (name: string, inputs: number, outputs: number): Product => ({
    name,
    kind: "attention",
    count: model.layers,
    inputs,
    outputs,
    tokens: phase === "decode" ? groupHeads : groupHeads * context,
    batch: batch * model.kvHeads,
    weightBatch: batch * model.kvHeads,
    inputWidth: inputs,
    weightBits: machine.kvBits,
    bufferedBits: machine.kvBits,
    cyclesPerTile: cyclesPerTile(machine, machine.kvBits),
  });
  return [product(ATTENTION_NAMES.scores, headSize, context), product(ATTENTION_NAMES.values, context, headSize)];
}

function paperAttention(model: FormulaModel, machine: FormulaMachine, step: FormulaStep): Product[] {
  const bits = weightBitsOf(machine, model.name, step);
  const queries = step.phase === "decode" ? 1 : step.context;
  const rows = model.heads * queries;
  const product = (name: string, inputs: number, outputs: number, tokens: number): Product => ({
    name,
    kind: "attention",
    count: model.layers,
    inputs,
    outputs,
    tokens,
    batch: 1,
    weightBatch: 1,
    inputWidth: model.headSize * model.kvHeads,
    weightBits: PAPER_KV_BITS,
    bufferedBits: bits,
    cyclesPerTile: cyclesPerTile(machine, bits),
  });
  return [
    product(ATTENTION_NAMES.scores, model.headSize * model.heads, queries, rows),
    product(ATTENTION_NAMES.values, step.context, rows, queries),
  ];
}

/** Fractions of a bit are scales and outliers: they cost bytes and no cycles. */
function cyclesPerTile({ bitSerial }: FormulaMachine, bits: number): number {
  return bitSerial ? ceilDiv(Math.floor(bits), BITS_PER_CYCLE) : 1;
}
