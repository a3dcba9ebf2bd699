//
//   The knobs of a machine: one row a knob. The row drives the parser, the range error, `--set`, the table in the docs,
//   the JSON Schema for editors and the random machines of the tests, so what can be written is what is tested.
//
//     KNOBS ──► machineSchema ──► parse        ──► machineJsonSchema (hw-configs/machine.schema.json)
//          └──► applySets                      ──► knobTable (docs)      ──► knobValueAt (random machines)
//
//   A default is the value of the edge machine (docs/machine.md says why); a key left out of a file takes it.
//

import { z } from "zod";
import { InputError, nearest } from "./errors.js";
import { firstRefusal } from "./yaml.js";

export type KnobValue = number | string | readonly string[];

export interface KnobRow {
  readonly path: string;
  readonly kind: "integer" | "number" | "powerOfTwo" | "choice" | "text" | "mapping";
  readonly unit: string;
  readonly min?: number;
  readonly max?: number;
  readonly choices?: readonly (number | string)[];
  /** Undefined: a file must say it. */
  readonly default: KnobValue | undefined;
  readonly text: string;
}

/** The fields of a DRAM address, for a mapping given as a list from the highest bits to the lowest. */
export const MAPPING_FIELDS = ["row", "bank", "bankGroup", "column", "channel"] as const;

/** What a DRAM region carries, in the order of Stream in assembly/contract.ts. */
// biome-ignore format: one line
export const STREAMS = ["slice1", "slice2", "slice3", "slice4", "scales", "router", "kv", "activations", "lmHead", "embedding"] as const;

/** Range of a clock, in steps of one kHz: clock ratios are exact integers. */
const CLOCK_STEP_MHZ = 0.001;

// biome-ignore format: one row a knob
export const KNOBS = [
  text("name", undefined, "name of the machine, as reports print it"),

  number("clock.coreMHz", "MHz", 1, 10000, 1000, "core clock, whole kHz"),
  integer("clock.syncCycles", "cycles", 0, 1000, 2, "destination cycles a signal takes to cross between core and memory clock"),
  integer("clock.requestLatencyCycles", "core cycles", 0, 100000, 10, "controller and PHY, core to memory"),
  integer("clock.returnLatencyCycles", "core cycles", 0, 100000, 10, "controller and PHY, memory to core"),

  integer("sequencer.queueDepth", "records", 1, 65536, 512, "work records each of the six queues holds"),
  integer("sequencer.runTableEntries", "runs", 1, 65536, 2048, "runs dispatched and not yet retired"),
  integer("sequencer.routeTableEntries", "routes", 1, 65536, 256, "router decisions dispatched and not yet retired"),

  integer("array.rows", "PEs", 1, 1024, 64, "PE rows: output rows of a tile"),
  integer("array.columns", "PEs", 1, 1024, 16, "PE columns: tokens of a column group"),
  powerOfTwo("array.lanes", "lanes", 1, 128, 4, "inputs a PE takes in one cycle, one term each"),
  integer("array.tileInputs", "inputs", 1, 65536, 2048, "inputs of a tile (Kt)"),
  choice("array.activationBits", "bits", [8, 16], 16, "bits of an activation: 16 is FP16, 8 is INT8"),
  integer("array.weightPortBits", "bits a cycle", 1, 1048576, 512, "weight port from the slice buffer"),
  integer("array.activationPortBits", "bits a cycle", 1, 16777216, 1024, "activation port, all columns together"),
  integer("array.pipelineCycles", "cycles", 0, 1000, 6, "from the last term to the group sum"),
  integer("array.dequantCycles", "cycles", 0, 1000, 11, "serial dequantizer of a PE: 8 with an INT8 scale, 11 with FP16"),

  integer("fetch.outstandingRuns", "runs", 1, 65536, 64, "runs granted and not yet arrived"),
  integer("fetch.residualReserveKiB", "KiB", 0, 1048576, 32, "slice buffer the first slices never take"),

  integer("router.macs", "MACs a cycle", 1, 1048576, 256, "INT8 MACs of the token router"),
  integer("router.hidden", "neurons", 1, 4096, 16, "hidden size of the router's MLP"),
  integer("router.pipelineCycles", "cycles", 0, 1000, 8, "pipeline of the router, once a token"),
  integer("router.sliceOneLead", "row tiles", 0, 64, 4, "row tiles whose slice 1 runs before their residual slices; 0 shows the whole hazard"),
  choice("router.weights", "", ["fetched", "resident"], "fetched", "router weights come with the base queue, or lie on chip"),

  integer("vector.lanes", "lanes", 1, 65536, 16, "FP32 lanes of the vector unit"),
  integer("vector.startupCycles", "cycles", 0, 10000, 12, "start of a vector op"),

  integer("buffers.sliceKiB", "KiB", 1, 1048576, 512, "slice buffer: what is fetched for the array waits here"),
  integer("buffers.activationKiB", "KiB", 1, 1048576, 512, "activation buffer"),
  integer("buffers.activationReserveKiB", "KiB", 0, 1048576, 64, "activation buffer kept free of a token block's inputs"),
  integer("buffers.arrayStagingKiB", "KiB", 1, 1048576, 32, "results of the array on their way out"),
  integer("buffers.vectorStagingKiB", "KiB", 1, 1048576, 64, "results of the vector unit on their way out"),

  integer("store.outstanding", "stores", 1, 65536, 64, "stores granted and not yet acknowledged"),
  integer("schedule.attentionLead", "KV heads", 0, 64, 2, "KV heads whose scores run ahead of P x V"),

  text("dram.device", "lpddr5-6400", "part: a name in hw-configs/dram or a file"),
  powerOfTwo("dram.channels", "channels", 1, 128, 4, "channels of that part"),
  choice("dram.dieGb", "Gb", [2, 4, 8, 16, 32], 32, "capacity of a die: rows and refresh time follow"),
  mapping("dram.mapping", "B", "address bits, high to low: A is row, bank, bank group, column; B is row, bank, column, bank group"),
  choice("dram.refresh", "", ["all-bank", "per-bank", "off"], "all-bank", "refresh policy"),
  integer("dram.refreshStaggerClocks", "memory clocks", 0, 1000000, 0, "between the refreshes of neighbouring channels"),
  ...STREAMS.map((stream) =>
    integer(`dram.bankStagger.${stream}` as const, "stripes", 0, 4096, stream === "scales" ? 2 : 0, `where the ${stream} region starts`),
  ),

  choice("kv.bits", "bits", [2, 3, 4, 8, 16], 8, "bits of a K or V element in DRAM: 16 is INT16"),

  choice("energy.technologyNm", "nm", [22, 28, 45], 28, "process; the energy tables must be of the same one"),
  text("energy.pe", "bitmod-28nm", "prices of the array: a name in hw-configs/energy or a file"),
  text("energy.sram", "cacti7", "prices and leakage of the buffers, the same way"),
  text("energy.vector", "vector-estimate-28nm", "prices of the vector unit, the same way"),
  text("energy.router", "router-estimate-28nm", "prices of the router, the same way"),
] as const satisfies readonly KnobRow[];

/** A machine file as a zod schema, built from the rows; what it gives is the Machine of hardware.ts. */
export const machineSchema: z.ZodType<Record<string, unknown>> = sectionSchema("") as z.ZodType<
  Record<string, unknown>
>;

/** `machine` with every `path=value` set, in order. */
export function applySets<M extends object>(machine: M, sets: readonly string[]): M {
  const changed = structuredClone(machine);
  for (const set of sets) {
    const { path, value } = parseSet(set);
    place(changed as Record<string, unknown>, path.split("."), value);
  }
  return changed;
}

/** The path a `path=value` names, and its value, checked against the knob's row. */
export function parseSet(set: string): { path: string; value: KnobValue } {
  const at = set.indexOf("=");
  if (at < 0) throw new InputError(`--set ${set}: no value; allowed is path=value`);
  const path = set.slice(0, at).trim();
  const row = knob(path);
  if (row === undefined) throw new InputError(`--set: unknown knob ${path || '""'}${guess(path)}`);
  const value = readValue(row, set.slice(at + 1).trim());
  const steps = path.split(".");
  const schema = steps.reduceRight<z.ZodType>((inner, step) => z.object({ [step]: inner }), valueSchema(row));
  const nested = steps.reduceRight<unknown>((inner, step) => ({ [step]: inner }), value);
  const refused = firstRefusal(schema, nested);
  if (refused !== undefined) throw new InputError(`--set ${refused.text}`);
  return { path, value };
}

export function knob(path: string): KnobRow | undefined {
  return KNOBS.find((row) => row.path === path);
}

/** The value of the knob at `path` in a machine. */
export function knobValue(machine: object, path: string): unknown {
  return path.split(".").reduce<unknown>((inner, step) => (inner as Record<string, unknown>)[step], machine);
}

/** The knob's value at `at` in 0 <= at < 1, its smallest at 0: many small ones, a few large ones. */
export function knobValueAt(row: KnobRow, at: number): KnobValue {
  const choices = row.kind === "powerOfTwo" ? powers(row) : row.kind === "mapping" ? ["A", "B"] : row.choices;
  if (choices !== undefined) return choices[Math.floor(at * choices.length)];
  if (row.kind === "text") return row.default ?? "unnamed";
  const step = row.kind === "number" ? CLOCK_STEP_MHZ : 1;
  const steps = Math.floor(((row.max ?? 0) - (row.min ?? 0)) / step + 1);
  return Number(((row.min ?? 0) + (Math.floor((steps + 1) ** at) - 1) * step).toFixed(3));
}

/** The JSON Schema of a machine file, for editors. */
export function machineJsonSchema(): string {
  const { $schema, ...schema } = z.toJSONSchema(machineSchema, { io: "input" });
  return `${JSON.stringify({ $schema, title: "MoBiSim machine", ...schema }, undefined, 2)}\n`;
}

/** The knobs as a Markdown table. */
export function knobTable(): string {
  const rows = KNOBS.map(
    (row: KnobRow) =>
      `| \`${row.path}\` | ${row.unit} | ${allowed(row)} | ${row.default === undefined ? "" : String(row.default)} | ${row.text} |`,
  );
  return ["| key | unit | allowed | default | what it is |", "|---|---|---|---|---|", ...rows, ""].join("\n");
}

// ---- rows

type Row<P extends string> = KnobRow & { readonly path: P };

function integer<P extends string>(
  path: P,
  unit: string,
  min: number,
  max: number,
  edge: number,
  what: string,
): Row<P> {
  return { path, kind: "integer", unit, min, max, default: edge, text: what };
}

function number<P extends string>(path: P, unit: string, min: number, max: number, edge: number, what: string): Row<P> {
  return { path, kind: "number", unit, min, max, default: edge, text: what };
}

function powerOfTwo<P extends string>(
  path: P,
  unit: string,
  min: number,
  max: number,
  edge: number,
  what: string,
): Row<P> {
  return { path, kind: "powerOfTwo", unit, min, max, default: edge, text: what };
}

function choice<P extends string, V extends number | string>(
  path: P,
  unit: string,
  choices: readonly V[],
  edge: V,
  what: string,
): Row<P> {
  return { path, kind: "choice", unit, choices, default: edge, text: what };
}

function text<P extends string>(path: P, edge: string | undefined, what: string): Row<P> {
  return { path, kind: "text", unit: "", default: edge, text: what };
}

function mapping<P extends string>(path: P, edge: string, what: string): Row<P> {
  return { path, kind: "mapping", unit: "", default: edge, text: what };
}

function powers(row: KnobRow): number[] {
  return Array.from({ length: 32 }, (_, i) => 2 ** i).filter((one) => one >= (row.min ?? 1) && one <= (row.max ?? 1));
}

function allowed(row: KnobRow): string {
  if (row.kind === "powerOfTwo") return `powers of two ${row.min}..${row.max}`;
  if (row.kind === "mapping") return `A, B or a list of ${MAPPING_FIELDS.join(", ")}, each once`;
  if (row.kind === "text") return "a text";
  if (row.kind === "number") return `${row.min}..${row.max} in steps of ${CLOCK_STEP_MHZ}`;
  return row.choices === undefined ? `${row.min}..${row.max}` : row.choices.join(", ");
}

function guess(path: string): string {
  const paths = KNOBS.map((row) => row.path);
  const inside = paths.find((one) => one.startsWith(`${path}.`));
  const near = inside ?? nearest(path, paths) ?? paths.find((one) => one.endsWith(`.${path}`));
  return near === undefined ? "" : `; did you mean ${near}?`;
}

// ---- schemas

function sectionSchema(prefix: string): z.ZodType {
  const inside = KNOBS.filter((row) => row.path.startsWith(prefix));
  const keys = new Set(inside.map((row) => row.path.slice(prefix.length).split(".")[0]));
  const shape = [...keys].map((key): [string, z.ZodType] => [key, keySchema(prefix + key)]);
  const section = z.strictObject(Object.fromEntries(shape));
  return prefix === "" ? section : section.prefault({});
}

function keySchema(path: string): z.ZodType {
  const row = knob(path);
  if (row === undefined) return sectionSchema(`${path}.`);
  const described = valueSchema(row).meta({ description: row.unit === "" ? row.text : `${row.text} [${row.unit}]` });
  return row.default === undefined ? described : described.default(row.default);
}

function valueSchema(row: KnobRow): z.ZodType {
  const [min, max] = [row.min ?? 0, row.max ?? 0];
  const error = `allowed ${allowed(row)}`;
  switch (row.kind) {
    case "integer":
      return z.int().min(min).max(max);
    case "number":
      return z.number({ error }).min(min, { error }).max(max, { error }).multipleOf(CLOCK_STEP_MHZ, { error });
    case "powerOfTwo":
      return z.literal(powers(row), { error });
    case "choice":
      return z.literal([...(row.choices ?? [])]);
    case "text":
      return z.string().min(1).max(4096);
    case "mapping":
      return z.union([z.enum(["A", "B"]), z.array(z.enum(MAPPING_FIELDS)).refine(isMapping, { error })], { error });
  }
}

/** Each field once; the channel may be left out: it is lowest then. */
function isMapping(fields: readonly string[]): boolean {
  const needed = MAPPING_FIELDS.filter((field) => field !== "channel");
  return new Set(fields).size === fields.length && needed.every((field) => fields.includes(field));
}

// ---- values

/** What a command line's word means for a knob; words that mean nothing stay words and are refused with the rest. */
function readValue(row: KnobRow, word: string): KnobValue {
  if (row.kind === "text" || (row.kind === "mapping" && !word.includes(","))) return word;
  if (row.kind === "mapping") return word.split(",").map((field) => field.trim());
  if (row.choices?.includes(word)) return word;
  return /^[-+]?(\d+\.?\d*|\.\d+)(e[-+]?\d+)?$/i.test(word) ? Number(word) : word;
}

function place(machine: Record<string, unknown>, steps: readonly string[], value: KnobValue): void {
  const [step, ...rest] = steps;
  if (rest.length === 0) machine[step] = value;
  else place(machine[step] as Record<string, unknown>, rest, value);
}
