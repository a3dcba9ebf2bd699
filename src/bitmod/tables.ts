//
//   What the BitMoD cost formula is about: machines on one platform, models, and the step that is asked for.
//
//     hw-configs/formula/bitmod.yaml ──► data-file.ts ─────────┐
//     a golden file ───────────────────► check/bitmod-file.ts ─┴──► these tables ──► estimate.ts
//
//   No number lives in code: what a published revision assumes about a machine or a model is a row of a file.
//

import { InputError } from "../basics/errors.js";

/** Of the public artifact: `paper` gives the published figures, `head` corrects attention. */
export const REVISIONS = ["paper", "head"] as const;
export type Revision = (typeof REVISIONS)[number];

/** What a step does: a window at once, or a token of every sequence. */
export type Phase = "prefill" | "decode";

/** One number for every model, or one a model. */
export type PerModel = number | Readonly<Record<string, number>>;

export interface FormulaMachine {
  /** How messages call its place in a file: `FILE: machines.ant`. */
  readonly place: string;
  /** Rows take outputs, columns take tokens. */
  readonly array: Readonly<Record<Phase, { rows: number; columns: number }>>;
  /** Products a PE takes at once. */
  readonly lanes: number;
  /** Two weight bits a cycle; otherwise a weight a cycle, whatever its bits. */
  readonly bitSerial: boolean;
  readonly pePj: number;
  readonly activationBits: number;
  readonly kvBits: number;
  readonly weightBits: Readonly<Record<Revision, Readonly<Record<Phase, PerModel>>>>;
  readonly platform: Platform;
}

/** What all machines of a comparison share. */
export interface Platform {
  readonly peOverhead: number;
  readonly weightBufferBytes: number;
  readonly inputBufferBytes: number;
  /** A write to a buffer moves a multiple of this. */
  readonly sramWriteBits: number;
  readonly dram: { readonly bitsPerCycle: number; readonly accessBits: number; readonly accessPj: number };
  readonly sram: SramTable;
}

/** Energy of an access by its width; a width that is not there is not known. */
export interface SramTable {
  readonly place: string;
  readonly ports: readonly SramPort[];
}

export interface SramPort {
  readonly widthBits: number;
  readonly readPj: number;
  readonly writePj: number;
}

export interface FormulaModel {
  readonly name: string;
  readonly layers: number;
  readonly heads: number;
  readonly kvHeads: number;
  /** Elements of a head. */
  readonly headSize: number;
  /** lm_head among them, the embedding not. */
  readonly linears: readonly FormulaLinear[];
}

export interface FormulaLinear {
  readonly name: string;
  readonly in: number;
  readonly out: number;
  /** How many of these a model has. */
  readonly count: number;
}

/** One prefill of `context` tokens for each sequence, or one decode step behind `context` tokens. */
export interface FormulaStep {
  readonly revision: Revision;
  readonly phase: Phase;
  readonly batch: number;
  readonly context: number;
}

export function weightBitsOf({ weightBits, place }: FormulaMachine, model: string, step: FormulaStep): number {
  const bits = weightBits[step.revision][step.phase];
  if (typeof bits === "number") return bits;
  if (Object.hasOwn(bits, model)) return bits[model];
  const allowed = Object.keys(bits).join(", ") || "models with weight bits, and none has";
  throw new InputError(
    `${place}: no weight bits for model ${model} (${step.revision}, ${step.phase}); allowed ${allowed}`,
  );
}

/** Buffers as wide as the array asks for: 4-bit words of weights, whole activations; half of it for bit-serial PEs. */
export function portsOf(
  machine: FormulaMachine,
  model: string,
  step: FormulaStep,
): { weight: SramPort; input: SramPort } {
  const { rows, columns } = machine.array[step.phase];
  const weightBits = Math.ceil(weightBitsOf(machine, model, step) / WEIGHT_WORD_BITS) * WEIGHT_WORD_BITS;
  const share = machine.bitSerial ? 2 : 1;
  return {
    weight: portOf(machine, (machine.lanes * weightBits * rows) / share, `weight buffer, ${step.phase}`),
    input: portOf(machine, (machine.lanes * machine.activationBits * columns) / share, `input buffer, ${step.phase}`),
  };
}

const WEIGHT_WORD_BITS = 4;

function portOf({ place, platform: { sram } }: FormulaMachine, widthBits: number, buffer: string): SramPort {
  const port = sram.ports.find((one) => one.widthBits === widthBits);
  if (port !== undefined) return port;
  const allowed = sram.ports.map((one) => one.widthBits).join(", ");
  throw new InputError(`${sram.place}: no width of ${widthBits} bits (${place}, ${buffer}); allowed ${allowed}`);
}
