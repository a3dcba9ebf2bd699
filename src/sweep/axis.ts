//
//   One axis of a space: a knob of the machine or an option of run, with the values it takes.
//
//     array.rows: [32, 64]      {from: 256 KiB, to: 2 MiB, factor: 2}      {values: [3, 4], when: machine == edge}
//
//   Every value is checked here: one that no run would take is refused with the line of the space file.
//

import { InputError, nearest } from "../basics/errors.js";
import { KNOBS, type KnobRow, knob } from "../hardware/knobs.js";
import { parseSet, powersOfTwo } from "../hardware/machine-schema.js";
import { type AxisValue, type Levels, listLevels, type Range, rangeLevels, withinLevels } from "./levels.js";
import { quantity, unitsFor } from "./quantity.js";
import { reasonOf } from "./record.js";

/** What checks a value of each option of run that may stand in a space, and of knobs that name files; throws InputError. */
export type OptionChecks = Readonly<Record<string, (text: string) => unknown>>;
/** Refuses what is written at this axis, in one line. */
export type Refuse = (text: string) => never;

export interface RangeWritten {
  readonly from: AxisValue;
  readonly to: AxisValue;
  readonly step?: AxisValue | undefined;
  readonly factor?: number | undefined;
  readonly count?: number | undefined;
  readonly scale?: "linear" | "log" | undefined;
}

/** Options whose values are whole numbers; the others that are numbers take three decimals. */
const WHOLE = ["slices", "seed", "batch", "steps", "context", "chunk", "tokens"];
const FRACTIONS = ["budget", "rho"];
const FRACTION_GRAIN = 0.001;
/** Ranges with more values are of every value of a knob between two ends: then the ends say it all. */
const MOST_CHECKED = 4096;
/** Knobs that are no part of a machine's make. */
const UNSWEPT = ["name"];

/** Whether a space may name it; refuses with the nearest name. */
export function checkName(name: string, options: OptionChecks, refuse: Refuse): void {
  const paths = KNOBS.map(({ path }) => path as string).filter((path) => !UNSWEPT.includes(path));
  const names = [...Object.keys(options), ...paths];
  if (names.includes(name)) return;
  const near = nearest(name, names) ?? paths.find((path) => path.endsWith(`.${name}`));
  const inside = paths.find((path) => path.startsWith(`${name}.`));
  const guess = near ?? inside;
  refuse(`unknown knob ${name}; ${guess === undefined ? "docs/knobs.md lists them" : `did you mean ${guess}?`}`);
}

/** One value, in the knob's own unit. */
export function valueIn(name: string, written: unknown, options: OptionChecks, refuse: Refuse): AxisValue {
  if (typeof written !== "number" && typeof written !== "string") {
    return refuse(`${name} is ${JSON.stringify(written)}; allowed a number or a word`);
  }
  const row = knob(name);
  const value = row !== undefined && isNumeric(row) ? numberIn(name, row.unit, written, refuse) : written;
  explained(refuse, () => {
    if (row !== undefined) parseSet(`${name}=${value}`);
    options[name]?.(String(value));
  });
  return value;
}

export function listOf(name: string, written: readonly unknown[], options: OptionChecks, refuse: Refuse): Levels {
  const values = written.map((one) => valueIn(name, one, options, refuse));
  const twice = values.find((one, i) => values.indexOf(one) < i);
  if (values.length === 0) refuse(`${name} has no values; allowed one or more`);
  if (twice !== undefined) refuse(`${name}: ${twice} is there twice`);
  return listLevels(values);
}

export function rangeOf(name: string, written: RangeWritten, options: OptionChecks, refuse: Refuse): Levels {
  const row = knob(name);
  const isNumber = row === undefined ? [...WHOLE, ...FRACTIONS].includes(name) : isNumeric(row);
  if (!isNumber) refuse(`${name} takes words; allowed a list of them, no range`);
  const range = numbers(name, written, row, refuse);
  const levels = levelsOf(name, range, row);
  if (levels.count < 1) refuse(`${name}: nothing lies in ${range.from}..${range.to}`);
  const checked =
    levels.count > MOST_CHECKED ? [0, levels.count - 1] : Array.from({ length: levels.count }, (_, i) => i);
  for (const index of checked) valueIn(name, levels.at(index), options, refuse);
  return levels;
}

// ---- ranges

function levelsOf(name: string, range: Range, row: KnobRow | undefined): Levels {
  const spaced = range.step ?? range.factor ?? range.count;
  if (row?.kind === "powerOfTwo" && spaced === undefined) return withinLevels(powersOfTwo(row), range);
  if (row?.choices !== undefined && spaced === undefined) return withinLevels(row.choices as readonly number[], range);
  const grain = row === undefined ? (WHOLE.includes(name) ? 1 : FRACTION_GRAIN) : (row.step ?? 1);
  return rangeLevels(range, grain);
}

function numbers(name: string, written: RangeWritten, row: KnobRow | undefined, refuse: Refuse): Range {
  const number = (value: AxisValue) => numberIn(name, row?.unit ?? "", value, refuse);
  const { from, to, step, ...rest } = written;
  const range = { ...rest, from: number(from), to: number(to), step: step === undefined ? undefined : number(step) };
  const given = [range.step, range.factor, range.count].filter((one) => one !== undefined);
  if (given.length > 1) refuse(`${name}: step, factor and count exclude each other; allowed one of them`);
  if (!(range.from <= range.to)) refuse(`${name}: the range ${from}..${to} is empty; allowed from <= to`);
  if ((range.factor !== undefined || range.scale === "log") && range.from <= 0)
    refuse(`${name}: from is ${from}; allowed above 0 where the scale is log`);
  if (range.step !== undefined && range.step <= 0) refuse(`${name}: step is ${step}; allowed above 0`);
  return range;
}

function isNumeric(row: KnobRow): boolean {
  if (row.choices !== undefined) return row.choices.every((one) => typeof one === "number");
  return row.kind !== "mapping" && row.kind !== "text";
}

/** A number in the knob's unit. */
function numberIn(name: string, unit: string, written: AxisValue, refuse: Refuse): number {
  const value = quantity(written, unit);
  if (value !== undefined) return value;
  const units = unitsFor(unit);
  const allowed = units.length === 0 ? "a number" : `a number, alone or in ${units.join(", ")}`;
  return refuse(`${name} is ${JSON.stringify(written)}; allowed ${allowed}`);
}

/** A refusal of the command line's as one of the space's. */
function explained(refuse: Refuse, check: () => unknown): void {
  try {
    check();
  } catch (error) {
    if (!(error instanceof InputError)) throw error;
    refuse(reasonOf(error));
  }
}
