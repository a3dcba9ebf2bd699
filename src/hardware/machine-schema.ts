//
//   The form of a machine file, made from the rows of knobs.ts.
//
//     KNOBS ──► machineSchema ──► parse        ──► machineJsonSchema (hw-configs/machine.schema.json)
//          └──► applySets                      ──► knobTable (docs)      ──► knobValueAt (random machines)
//

import { z } from "zod";
import { InputError, nearest } from "../basics/errors.js";
import { firstRefusal } from "../basics/yaml.js";
import { KNOBS, type KnobRow, type KnobValue, knob, MAPPING_FIELDS } from "./knobs.js";

/** Decimals of a number that is a multiple of its step. */
const STEP_DECIMALS = 7;

/** A machine file as a zod schema, built from the rows; what it gives is the Machine of machine.ts. */
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

/** The knob's value at `at` in 0 <= at < 1, its smallest at 0: many small ones, a few large ones. */
export function knobValueAt(row: KnobRow, at: number): KnobValue {
  const choices = row.kind === "powerOfTwo" ? powersOfTwo(row) : row.kind === "mapping" ? ["A", "B"] : row.choices;
  if (choices !== undefined) return choices[Math.floor(at * choices.length)];
  if (row.kind === "text") return row.default ?? "unnamed";
  const step = row.step ?? 1;
  const steps = Math.floor(((row.max ?? 0) - (row.min ?? 0)) / step + 1);
  return Number(((row.min ?? 0) + (Math.floor((steps + 1) ** at) - 1) * step).toFixed(STEP_DECIMALS));
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

/** The values of a knob that takes powers of two. */
export function powersOfTwo(row: KnobRow): number[] {
  return Array.from({ length: 32 }, (_, i) => 2 ** i).filter((one) => one >= (row.min ?? 1) && one <= (row.max ?? 1));
}

function allowed(row: KnobRow): string {
  if (row.kind === "powerOfTwo") return `powers of two ${row.min}..${row.max}`;
  if (row.kind === "mapping") return `A, B or a list of ${MAPPING_FIELDS.join(", ")}, each once`;
  if (row.kind === "text") return "a text";
  if (row.kind === "number") return `${row.min}..${row.max} in steps of ${row.step}`;
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
      return z
        .number({ error })
        .min(min, { error })
        .max(max, { error })
        .multipleOf(row.step ?? 1, { error });
    case "powerOfTwo":
      return z.literal(powersOfTwo(row), { error });
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
