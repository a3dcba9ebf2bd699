//
//   A space file: what is run, what varies, what is looked for. docs/sweep.md has its keys.
//
//     text ──► parseSpace ──► Space ──► valuesAt(place on every axis) ──► values of a point | the condition it breaks
//
//   `when`     an axis that exists only where a condition holds; elsewhere the machine's own value stands
//   `where`    conditions between values: what breaks one is no point of the space
//   `follow`   values that are computed from others
//

import { z } from "zod";
import { InputError, nearest } from "../basics/errors.js";
import { parseWithSchema, parseYaml } from "../basics/yaml.js";
import { knob } from "../hardware/knobs.js";
import type { Aims, Constraint, Objective } from "./aims.js";
import { checkName, listOf, type OptionChecks, type RangeWritten, type Refuse, rangeOf, valueIn } from "./axis.js";
import { type Expression, ExpressionError, type Lookup, parseExpression } from "./expression.js";
import type { AxisValue, Levels } from "./levels.js";
import { type Measure, measure, objectiveNames } from "./measures.js";
import { quantity } from "./quantity.js";
import type { Values } from "./record.js";

export const SEARCHES = ["grid", "random", "lhs", "evolution"] as const;

export interface Search {
  readonly kind: (typeof SEARCHES)[number];
  /** Points to draw; of an evolution: to try in all. */
  readonly points: number;
  readonly seed: number;
  /** Of an evolution: points of a generation. */
  readonly generation: number;
}

export interface Axis {
  readonly name: string;
  /** "" where there is none. */
  readonly unit: string;
  readonly levels: Levels;
  readonly when?: Expression;
}

export interface Space extends Aims {
  readonly name: string;
  readonly axes: readonly Axis[];
  /** What holds for every point. */
  readonly run: Values;
  readonly follow: readonly { readonly name: string; readonly expression: Expression }[];
  readonly where: readonly Expression[];
  readonly search: Search;
}

/** The machine's own value of a knob, for the names of an expression that a point does not have. */
export type MachineValue = (machine: string, path: string) => AxisValue | undefined;

const DEFAULT_SEED = 1;
const DEFAULT_POINTS = 100;
const DEFAULT_GENERATION = 24;
export const DEFAULT_MACHINE = "edge";

const scalar = z.union([z.number(), z.string()]);
const rangeSchema = z.strictObject({
  from: scalar,
  to: scalar,
  step: scalar.optional(),
  factor: z.number().gt(1).optional(),
  count: z.int().min(1).optional(),
  scale: z.enum(["linear", "log"]).optional(),
  when: z.string().optional(),
});
const listSchema = z.strictObject({ values: z.array(z.unknown()), when: z.string().optional() });
const searchSchema = z.strictObject({
  kind: z.enum(SEARCHES).default("grid"),
  points: z.int().min(1).default(DEFAULT_POINTS),
  seed: z
    .int()
    .min(0)
    .max(2 ** 32 - 1)
    .default(DEFAULT_SEED),
  generation: z.int().min(2).default(DEFAULT_GENERATION),
});
const spaceSchema = z.strictObject({
  name: z.string().min(1).optional(),
  run: z.record(z.string(), scalar).default({}),
  vary: z.record(z.string(), z.union([scalar, z.array(z.unknown()), rangeSchema, listSchema])),
  follow: z.record(z.string(), scalar).default({}),
  where: z.array(z.string()).default([]),
  objectives: z.array(z.string()).min(1),
  constraints: z.array(z.string()).default([]),
  search: searchSchema.prefault({}),
});
type Written = z.output<typeof spaceSchema>;

/** The space of a file; `options` are what may stand in it beside knobs. */
export function parseSpace(text: string, fileName: string, options: OptionChecks): Space {
  const written = parseWithSchema(text, fileName, spaceSchema);
  const { lineOf } = parseYaml(text, fileName);
  const refuseAt =
    (...path: (string | number)[]): Refuse =>
    (why) => {
      throw new InputError(`${fileName}:${lineOf(path)}: ${why}`);
    };
  const base = (fileName.split(/[/\\]/).at(-1) ?? fileName).replace(/\.ya?ml$/, "");
  const run = runOf(written, options, refuseAt);
  const axes = Object.entries(written.vary).map(([name, one]) => axisOf(name, one, options, refuseAt("vary", name)));
  if (axes.length === 0) refuseAt("vary")("vary has no axis: the space is empty; allowed one or more");
  const follow = Object.entries(written.follow).map(([name, one]) => {
    checkName(name, options, refuseAt("follow", name));
    return { name, expression: expressionOf(String(one), options, refuseAt("follow", name)) };
  });
  refuseTwice([Object.keys(run), axes.map(({ name }) => name), follow.map(({ name }) => name)].flat(), refuseAt);
  const where = written.where.map((one, i) => expressionOf(one, options, refuseAt("where", i)));
  const objectives = written.objectives.map((one, i) => objectiveOf(one, refuseAt("objectives", i)));
  const constraints = written.constraints.map((one, i) => constraintOf(one, refuseAt("constraints", i)));
  return { name: written.name ?? base, axes, run, follow, where, objectives, constraints, search: written.search };
}

/** Points of the whole grid. */
export function gridSize({ axes }: Space): number {
  return axes.reduce((product, { levels }) => product * levels.count, 1);
}

/** The values at a place on every axis; or the condition that they break. */
export function valuesAt(
  space: Space,
  place: readonly number[],
  machineValue: MachineValue,
): { values: Values } | { broken: string } {
  const values: Record<string, AxisValue> = {};
  const lookup: Lookup = (name) => {
    const given = values[name] ?? space.run[name];
    const machine = String(values.machine ?? space.run.machine ?? DEFAULT_MACHINE);
    return given ?? (name === "machine" ? machine : knob(name) && machineValue(machine, name));
  };
  const asked = (one: Expression) => explained(one, () => one.value(lookup));
  for (const [i, { name, levels }] of space.axes.entries()) values[name] = levels.at(place[i]);
  for (const { name, when } of space.axes) if (when !== undefined && asked(when) !== true) delete values[name];
  for (const { name, expression } of space.follow) values[name] = asked(expression) as AxisValue;
  const broken = space.where.find((one) => asked(one) !== true);
  return broken === undefined ? { values } : { broken: broken.text };
}

// ---- parts of the file

type RefuseAt = (...path: (string | number)[]) => Refuse;

function runOf({ run }: Written, options: OptionChecks, refuseAt: RefuseAt): Values {
  const entries = Object.entries(run).map(([name, one]): [string, AxisValue] => {
    checkName(name, options, refuseAt("run", name));
    return [name, valueIn(name, one, options, refuseAt("run", name))];
  });
  return Object.fromEntries(entries);
}

function axisOf(name: string, written: Written["vary"][string], options: OptionChecks, refuse: Refuse): Axis {
  checkName(name, options, refuse);
  const unit = knob(name)?.unit ?? "";
  if (typeof written !== "object") return { name, unit, levels: listOf(name, [written], options, refuse) };
  if (Array.isArray(written)) return { name, unit, levels: listOf(name, written, options, refuse) };
  const { when, ...rest } = written;
  const levels =
    "values" in rest
      ? listOf(name, rest.values, options, refuse)
      : rangeOf(name, rest as RangeWritten, options, refuse);
  return { name, unit, levels, ...(when === undefined ? {} : { when: expressionOf(when, options, refuse) }) };
}

function expressionOf(text: string, options: OptionChecks, refuse: Refuse): Expression {
  try {
    const expression = parseExpression(text);
    for (const word of expression.words) if (word.includes(".")) checkName(word, options, refuse);
    return expression;
  } catch (error) {
    if (error instanceof ExpressionError) return refuse(`${text || '""'}: ${error.message}`);
    throw error;
  }
}

function objectiveOf(name: string, refuse: Refuse): Objective {
  const { best, goal, name: found } = measureOf(name, refuse);
  if (best === undefined || goal === undefined) return unknownMeasure(name, refuse);
  return { measure: found, goal };
}

const CONSTRAINT = /^\s*([A-Za-z]\w*)\s*(<=|>=|<|>)\s*(.+?)\s*$/;

function constraintOf(text: string, refuse: Refuse): Constraint {
  const [, name, operator, limit] = CONSTRAINT.exec(text) ?? [];
  if (name === undefined) return refuse(`constraint ${text}: allowed is MEASURE <= NUMBER, or >=, <, >`);
  const found = measureOf(name, refuse);
  const number = quantity(limit, found.unit);
  if (number === undefined) return refuse(`constraint ${text}: ${limit} is no number of ${found.unit || "no unit"}`);
  return { text: text.trim(), measure: found.name, operator: operator as Constraint["operator"], limit: number };
}

function measureOf(name: string, refuse: Refuse): Measure {
  return measure(name) ?? unknownMeasure(name, refuse);
}

function unknownMeasure(name: string, refuse: Refuse): never {
  const near = nearest(name, objectiveNames());
  const guess = near === undefined ? `allowed ${objectiveNames().join(", ")}` : `did you mean ${near}?`;
  return refuse(`${name} cannot be an objective; ${guess}`);
}

function refuseTwice(names: readonly string[], refuseAt: RefuseAt): void {
  const twice = names.find((name, i) => names.indexOf(name) < i);
  if (twice !== undefined) refuseAt("vary", twice)(`${twice} is there twice; allowed once in run, vary and follow`);
}

/** Words that are no names of this point are what makes an expression fail. */
function explained<T>({ text }: Expression, value: () => T): T {
  try {
    return value();
  } catch (error) {
    if (error instanceof ExpressionError) throw new InputError(`${text}: ${error.message}`);
    throw error;
  }
}
