//
//   The published comparison as a file: platform, machines, names of models and headline, checked.
//
//     hw-configs/formula/bitmod.yaml ─┬─► parseComparison ──► Comparison ──► reproduce.ts
//     models it names ────────────────┘
//

import { z } from "zod";
import { parseWithSchema } from "../basics/yaml.js";
import type { Model } from "../model/model.js";
import { formulaModel } from "./from-model.js";
import type { FormulaMachine, FormulaModel, SramTable } from "./tables.js";

export interface Comparison {
  readonly machines: readonly ComparedMachine[];
  readonly models: readonly ComparedModel[];
  readonly clockMHz: number;
  readonly headline: HeadlineRule;
}

export interface ComparedModel extends FormulaModel {
  /** Its name in models/shapes.json. */
  readonly shape: string;
}

export interface ComparedMachine extends FormulaMachine {
  readonly name: string;
  readonly label: string;
  /** The machine of hw-configs/ that simulates it. */
  readonly config: string;
  /** Synthesised; the arrays of a comparison take about the same area. */
  readonly peAreaUm2: number;
}

interface HeadlineRule {
  /** The machine that speed-ups of the table are over. */
  readonly reference: string;
  readonly machine: string;
  readonly decodeSteps: number;
  /** Published speed-up of `machine` over others. */
  readonly over: Readonly<Record<string, number>>;
  readonly source: string;
}

const count = z.int().min(1);
const positive = z.number().positive();
const source = z.string().min(1);

/** A weight has a bit at least, or bit-serial PEs would take no cycle. */
const bits = z.number().min(1).max(64);
const bitsByPhase = z.strictObject({
  decode: z.union([bits, z.record(z.string(), bits)]),
  prefill: z.union([bits, z.record(z.string(), bits)]),
});
const array = z.tuple([count, count]).transform(([rows, columns]) => ({ rows, columns }));

const platformSchema = z.strictObject({
  clockMHz: positive,
  peOverhead: positive,
  weightBufferBytes: count,
  inputBufferBytes: count,
  sramWriteBits: count,
  dram: z.strictObject({ bitsPerCycle: count, accessBits: count, accessPj: positive }),
  sram: z.array(z.strictObject({ widthBits: count, readPj: positive, writePj: positive })).min(1),
});

const machineSchema = z.strictObject({
  label: z.string().min(1),
  config: z.string().min(1),
  array: z.strictObject({ decode: array, prefill: array }),
  lanes: count,
  bitSerial: z.boolean(),
  pePj: positive,
  peAreaUm2: positive,
  activationBits: count,
  kvBits: bits,
  weightBits: z.strictObject({ head: bitsByPhase, paper: bitsByPhase }),
});

const comparisonSchema = z
  .strictObject({
    kind: z.literal("cost-formula"),
    source,
    platform: platformSchema,
    machines: z.record(z.string(), machineSchema),
    headline: z.strictObject({
      reference: z.string(),
      machine: z.string(),
      decodeSteps: count,
      over: z.record(z.string(), positive),
      source,
    }),
    models: z.record(z.string(), z.string().min(1)),
  })
  .refine(
    ({ machines, headline: { reference, machine, over } }) =>
      [reference, machine, ...Object.keys(over)].every((name) => Object.hasOwn(machines, name)),
    {
      path: ["headline"],
      error: "allowed are names in machines",
    },
  );

/** A model of the project by name: its shape. */
type ReadModel = (name: string) => Model;

export function parseComparison(text: string, label: string, readModel: ReadModel): Comparison {
  const { platform, machines, models, headline } = parseWithSchema(text, label, comparisonSchema);
  const sram: SramTable = { place: `${label}: platform.sram`, ports: platform.sram };
  return {
    machines: Object.entries(machines).map(([name, machine]) => ({
      name,
      place: `${label}: machines.${name}`,
      ...machine,
      platform: { ...platform, sram },
    })),
    models: Object.entries(models).map(([name, shape]) => ({ ...formulaModel(readModel(shape)), name, shape })),
    clockMHz: platform.clockMHz,
    headline,
  };
}
