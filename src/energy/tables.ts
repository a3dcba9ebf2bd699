//
//   Energy tables: the files of hw-configs/energy/ that a machine names, checked, and its buffers as SRAM banks.
//
//     energy.pe, .sram, .vector, .router ──► energyTables ──► machineBuffers
//                                                         └─► energyNotes: what a reader of the numbers has to know
//

import { z } from "zod";
import type { Band } from "../basics/band.js";
import { InputError } from "../basics/errors.js";
import { BYTES_PER_KIB } from "../basics/units.js";
import { parseWithSchema } from "../basics/yaml.js";
import type { Machine } from "../hardware/machine.js";
import { parseSramCsv, type SramBuffer, type SramTable, smallestBankKiB, sramBuffer } from "./sram.js";

/** Reads a table by name or file; `label` is how messages call it. */
type ReadTable = (nameOrFile: string, suffix: string) => { text: string; label: string };

export interface EnergyTables {
  pe: z.output<typeof peSchema>;
  sram: z.output<typeof sramSchema> & { banks: SramTable };
  vector: z.output<typeof vectorSchema>;
  router: z.output<typeof routerSchema>;
}

/** One number of an energy table or a DRAM part. */
export interface CitedPrice extends Band {
  /** Where it stands: `energy.pe`, `energy.vector`, `energy.router`, or the DRAM part. */
  table: string;
  name: string;
  source: string;
  /** Scaled from a publication by us, not stated by it. */
  estimate: boolean;
}

export type MachineBuffers = Record<keyof z.output<typeof sramSchema>["organisation"], SramBuffer>;

/** One number of a table: a band, where it comes from, and whether it is an estimate of ours. */
const priceSchema = z
  .strictObject({ low: z.number().min(0), high: z.number().min(0), source: z.string().min(1), estimate: z.boolean() })
  .refine(({ low, high }) => low <= high, { error: "allowed is a low that is not above its high" });

const head = { technologyNm: z.number().positive(), source: z.string().min(1) };

const peSchema = z.strictObject({
  ...head,
  kind: z.literal("pe"),
  clockMHz: z.number().positive(),
  lanes: z.int().min(1),
  activationBits: z.int().min(1),
  activeCyclePj: priceSchema,
  gatedCyclePj: priceSchema,
  unusedCyclePj: priceSchema,
  idleCyclePj: priceSchema,
  dequantizerCyclePj: priceSchema,
  accumulateAddPj: priceSchema,
  sumAddPj: priceSchema,
  areaUm2: priceSchema,
  sumAdderAreaUm2: priceSchema,
});

const organisationSchema = z
  .strictObject({
    banks: z.union([z.int().min(1), z.literal("columns")]),
    accessBanks: z.int().min(1),
    accessBits: z.union([z.int().min(1), z.enum(["weightPort", "lanes"])]),
  })
  .refine(({ banks, accessBanks }) => accessBanks === 1 || (banks !== "columns" && accessBanks <= banks), {
    error: "allowed are accessBanks up to the number of banks",
  });

const sramSchema = z.strictObject({
  ...head,
  kind: z.literal("sram"),
  table: z.string().min(1),
  cell: z.string().min(1),
  temperatureK: z.number().positive(),
  organisation: z.strictObject({
    slice: organisationSchema,
    activation: organisationSchema,
    accumulator: organisationSchema,
    arrayStaging: organisationSchema,
    vectorStaging: organisationSchema,
  }),
});

const vectorSchema = z.strictObject({
  ...head,
  kind: z.literal("vector"),
  elementPassPj: priceSchema,
  laneAreaUm2: priceSchema,
});
const routerSchema = z.strictObject({
  ...head,
  kind: z.literal("router"),
  macPj: priceSchema,
  macAreaUm2: priceSchema,
});

/** The tables a machine names; all of its process. */
export function energyTables({ energy }: Machine, read: ReadTable): EnergyTables {
  const load = <S extends z.ZodType<{ technologyNm: number }>>(
    knob: "pe" | "sram" | "vector" | "router",
    schema: S,
  ) => {
    const { text, label } = read(energy[knob], ".yaml");
    const table = parseWithSchema(text, label, schema);
    if (table.technologyNm === energy.technologyNm) return table;
    const found = `energy.technologyNm is ${energy.technologyNm}; ${label} (energy.${knob})`;
    throw new InputError(`${found} is of ${table.technologyNm} nm; allowed are tables of the same process`);
  };
  const sram = load("sram", sramSchema);
  const csv = read(sram.table, ".csv");
  const banks = parseSramCsv(csv.text, csv.label);
  const [pe, vector, router] = [load("pe", peSchema), load("vector", vectorSchema), load("router", routerSchema)];
  return { pe, sram: { ...sram, banks }, vector, router };
}

/** The buffers of a machine, as its SRAM table organises them. */
export function machineBuffers(machine: Machine, { sram }: EnergyTables): MachineBuffers {
  const { array, buffers, energy } = machine;
  const resultKiB = (array.rows * array.columns * 4) / BYTES_PER_KIB;
  const bankKiB = Math.max(resultKiB, smallestBankKiB(sram.banks, energy.technologyNm)); // CACTI makes none smaller
  const made = (key: keyof MachineBuffers, sizeKiB?: number): SramBuffer => {
    const { banks, accessBanks, accessBits } = sram.organisation[key];
    const count = banks === "columns" ? array.columns : banks;
    const named = { weightPort: array.weightPortBits, lanes: array.lanes * array.activationBits };
    const bits = typeof accessBits === "number" ? accessBits : named[accessBits];
    return sramBuffer(sram.banks, energy.technologyNm, sizeKiB ?? bankKiB * count, bits, { banks: count, accessBanks });
  };
  return {
    slice: made("slice", buffers.sliceKiB),
    activation: made("activation", buffers.activationKiB),
    accumulator: made("accumulator"),
    arrayStaging: made("arrayStaging", buffers.arrayStagingKiB),
    vectorStaging: made("vectorStaging", buffers.vectorStagingKiB),
  };
}

/** Every price of energy that the tables hold for a machine, with its source. */
export function citedPrices(machine: Machine, tables: EnergyTables): CitedPrice[] {
  const { pe, sram, vector, router } = tables;
  const logic = Object.entries({ pe, vector, router }).flatMap(([table, values]) =>
    pricesIn(`energy.${table}`, values),
  );
  const buffers = Object.entries(machineBuffers(machine, tables)).flatMap(([buffer, prices]) =>
    SRAM_PRICES.map((price): CitedPrice => {
      const [name, value] = [`${buffer}.${price}`, prices[price]];
      return { table: "energy.sram", name, low: value, high: value, source: sram.source, estimate: false };
    }),
  );
  return [...logic, ...buffers];
}

const SRAM_PRICES = ["accessReadPj", "accessWritePj", "leakageMw"] as const;

function pricesIn(table: string, values: object): CitedPrice[] {
  return Object.entries(values)
    .filter(([name]) => name.endsWith("Pj"))
    .map(([name, { low, high, source, estimate }]) => ({ table, name, low, high, source, estimate }));
}

/** Whatever of the numbers rests on an assumption, a line each. */
export function energyNotes(machine: Machine, tables: EnergyTables): string[] {
  const { pe, sram, vector, router } = tables;
  const { coreMHz } = machine.clock;
  const { lanes, activationBits } = machine.array;
  const estimates = Object.entries({ ...pe, ...vector, ...router })
    .filter(([name, price]) => name.endsWith("Pj") && typeof price === "object" && price.estimate)
    .map(([name]) => name);
  const slow = Object.entries(machineBuffers(machine, tables)).filter(([, { cycleNs }]) => cycleNs > 1000 / coreMHz);
  return [
    `SRAM leakage: ${sram.cell} cells at ${sram.temperatureK} K, ${sram.technologyNm} nm`,
    ...(estimates.length > 0 ? [`estimates: ${estimates.join(", ")}`] : []),
    ...(coreMHz === pe.clockMHz
      ? []
      : [`assumed: PE energy per cycle at ${coreMHz} MHz as synthesised at ${pe.clockMHz} MHz`]),
    ...(lanes === pe.lanes ? [] : [`assumed: PE energy in proportion to its lanes, ${lanes} for ${pe.lanes}`]),
    ...(activationBits === pe.activationBits
      ? []
      : [`assumed: PE energy as with ${pe.activationBits}-bit activations`]),
    ...slow.map(
      ([name, { bankKiB, cycleNs }]) =>
        `too slow for ${coreMHz} MHz: ${name} banks of ${bankKiB} KiB, ${cycleNs.toFixed(2)} ns`,
    ),
  ];
}
