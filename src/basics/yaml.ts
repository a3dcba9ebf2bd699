//
//   YAML in, plain values out, and every complaint names a line.
//
//     text ──► parseYaml ──► value, lineOf(path)          syntax, tabs, duplicate keys
//          └─► parseWithSchema ──► typed value            type, range, unknown key: the first issue, in one line
//
//   A schema may word its own limits: a zod message that starts with "allowed" or "unknown" is printed as it stands;
//   every other limit is read off the schema.
//

import { type Document, isAlias, isMap, isScalar, isSeq, LineCounter, parseDocument, type YAMLError } from "yaml";
import { z } from "zod";
import { InputError, nearest } from "./errors.js";

// A schema sees one file or two: compiling it takes longer than it saves.
z.config({ jitless: true });

export type Path = readonly (string | number)[];

interface ParsedYaml {
  value: unknown;
  /** 1-based line of the key at `path`; where it is absent, the line of the nearest parent that is there. */
  lineOf(path: Path): number;
}

export function parseYaml(text: string, fileName: string): ParsedYaml {
  refuseTabs(text, fileName);
  const lines = new LineCounter();
  const document = parseDocument(text, { lineCounter: lines, prettyErrors: false, logLevel: "silent" });
  const problem = document.errors[0] ?? document.warnings[0];
  if (problem !== undefined) {
    throw new InputError(`${fileName}:${lines.linePos(problem.pos[0]).line}: ${syntax(text, problem)}`);
  }
  return { value: plainValue(document, fileName), lineOf: (path) => lineAt(document, lines, path) };
}

/** The value of `text` as `schema` sees it; the first thing the schema refuses becomes one line. */
export function parseWithSchema<S extends z.ZodType>(text: string, fileName: string, schema: S): z.output<S> {
  const { value, lineOf } = parseYaml(text, fileName);
  return checked(schema, value, ({ path, text: why }) => {
    throw new InputError(`${fileName}:${lineOf(path)}: ${why}`);
  });
}

/** Where a schema refuses a value, and a line that says what, without the file. */
interface Refusal {
  path: Path;
  text: string;
}

/** `value` as `schema` sees it; the first thing that it refuses goes to `refuse`. */
export function checked<S extends z.ZodType>(
  schema: S,
  value: unknown,
  refuse: (refusal: Refusal) => never,
): z.output<S> {
  const result = schema.safeParse(value);
  return result.success ? result.data : refuse(refusalOf(schema, value, result.error));
}

/** What `schema` refuses in `value`; undefined when it is fine. */
export function firstRefusal(schema: z.ZodType, value: unknown): Refusal | undefined {
  const result = schema.safeParse(value);
  return result.success ? undefined : refusalOf(schema, value, result.error);
}

function refusalOf(schema: z.ZodType, value: unknown, error: z.ZodError): Refusal {
  const found = error.issues.map((issue) => innermost(issue, []));
  const { issue, path } = found.find((one) => one.issue.code === "unrecognized_keys") ?? found[0];
  const shape = z.toJSONSchema(schema, { io: "input", unrepresentable: "any" }) as Shape;
  if (issue.code !== "unrecognized_keys") return { path, text: refusal(shape, path, issue, value) };
  const unknown = [...path, issue.keys[0]];
  return { path: unknown, text: unknownKey(shape, path, dotted(unknown)) };
}

// ---- reading

function refuseTabs(text: string, fileName: string): void {
  const line = text.split("\n").findIndex((one) => /^ *\t\s*\S/.test(one));
  if (line >= 0) throw new InputError(`${fileName}:${line + 1}: a tab in the indentation; allowed are spaces`);
}

function syntax(text: string, problem: YAMLError): string {
  if (problem.code !== "DUPLICATE_KEY") return oneLine(problem.message);
  const key = /^[^\s:,}]+/.exec(text.slice(problem.pos[0]))?.[0] ?? "";
  return `key ${key} is given twice`;
}

function plainValue(document: Document, fileName: string): unknown {
  try {
    return document.toJS();
  } catch (error) {
    throw new InputError(`${fileName}:1: ${oneLine(String((error as Error).message))}`);
  }
}

function lineAt(document: Document, lines: LineCounter, path: Path): number {
  let node: unknown = document.contents;
  let offset = startOf(node) ?? 0;
  for (const step of path) {
    const next = child(isAlias(node) ? node.resolve(document) : node, step);
    if (next === undefined) break;
    offset = startOf(next.key) ?? startOf(next.value) ?? offset;
    node = next.value;
  }
  return Math.max(1, lines.linePos(offset).line);
}

function child(node: unknown, step: string | number): { key: unknown; value: unknown } | undefined {
  if (isSeq(node)) {
    const value = node.items[Number(step)];
    return value === undefined ? undefined : { key: undefined, value };
  }
  if (!isMap(node)) return undefined;
  const pair = node.items.find(({ key }) => isScalar(key) && String(key.value) === String(step));
  return pair === undefined ? undefined : { key: pair.key, value: pair.value };
}

function startOf(node: unknown): number | undefined {
  return (node as { range?: [number, number, number] | null } | null | undefined)?.range?.[0];
}

function oneLine(text: string): string {
  return text.replace(/\s+/g, " ").trim();
}

// ---- refusing

/** As much of a JSON Schema as messages need. */
interface Shape {
  type?: string;
  properties?: Record<string, Shape>;
  additionalProperties?: Shape | boolean;
  items?: Shape | false;
  prefixItems?: Shape[];
  anyOf?: Shape[];
  oneOf?: Shape[];
  allOf?: Shape[];
  enum?: unknown[];
  const?: unknown;
  minimum?: number;
  maximum?: number;
  exclusiveMinimum?: number;
  exclusiveMaximum?: number;
  minItems?: number;
  maxItems?: number;
  minLength?: number;
}

type Issue = z.core.$ZodIssue;
interface Found {
  issue: Issue;
  path: Path;
}

/** A union's issue says little; of its branches the one that came furthest says what is wrong. */
function innermost(issue: Issue, parents: Path): Found {
  const path = [...parents, ...(issue.path as Path)];
  if (issue.code !== "invalid_union" || issue.errors.length === 0) return { issue, path };
  const branches = issue.errors.filter((one) => one.length > 0).map((one) => innermost(one[0], path));
  const furthest = branches.reduce((best, one) => (one.path.length > best.path.length ? one : best), branches[0]);
  return furthest !== undefined && furthest.path.length > path.length ? furthest : { issue, path };
}

function refusal(shape: Shape, path: Path, issue: Issue, root: unknown): string {
  const value = valueAt(root, path);
  const name = path.length === 0 ? "the document" : dotted(path);
  if (issue.message.startsWith("unknown ")) return issue.message;
  const found = value === undefined ? "is missing" : `is ${shown(value)}`;
  if (issue.message.startsWith("allowed")) return `${name} ${found}; ${issue.message}`;
  const allowed = alternatives(shape, path)
    .map((one) => describe(one, value))
    .filter(Boolean);
  if (issue.code === "custom" || allowed.length === 0) return `${name} ${found}; ${oneLine(issue.message)}`;
  return `${name} ${found}; allowed ${[...new Set(allowed)].join(" or ")}`;
}

function unknownKey(shape: Shape, parent: Path, name: string): string {
  const prefix = parent.length === 0 ? "" : `${dotted(parent)}.`;
  const siblings = alternatives(shape, parent).flatMap((one) => Object.keys(one.properties ?? {}));
  const near =
    nearest(
      name,
      siblings.map((key) => prefix + key),
    ) ?? leaves(shape, "").find((leaf) => leaf.endsWith(`.${name}`));
  return `unknown key ${name}${near === undefined ? "" : `; did you mean ${near}?`}`;
}

function leaves(shape: Shape, prefix: string): string[] {
  return Object.entries(shape.properties ?? {}).flatMap(([key, inner]) =>
    inner.properties === undefined ? [prefix + key] : leaves(inner, `${prefix}${key}.`),
  );
}

/** The shapes that may stand at `path`, unions opened. */
function alternatives(shape: Shape, path: Path): Shape[] {
  let open = opened(shape);
  for (const step of path) open = open.flatMap((one) => inside(one, step)).flatMap(opened);
  return open;
}

function opened(shape: Shape): Shape[] {
  const inner = shape.anyOf ?? shape.oneOf ?? shape.allOf;
  return inner === undefined ? [shape] : inner.flatMap(opened);
}

function inside(shape: Shape, step: string | number): Shape[] {
  const named = shape.properties?.[String(step)] ?? shape.prefixItems?.[Number(step)];
  const rest = named ?? (typeof step === "number" ? shape.items : shape.additionalProperties);
  return rest === undefined || typeof rest === "boolean" ? [] : [rest];
}

function describe(shape: Shape, found: unknown): string {
  if (shape.enum !== undefined) return shape.enum.map(plain).join(", ");
  if (shape.const !== undefined) return plain(shape.const);
  if (shape.type === "integer" || shape.type === "number") return describeNumber(shape, found);
  if (shape.type === "string") return shape.minLength === 1 ? "a text that is not empty" : "a text";
  if (shape.type === "array") return describeList(shape);
  return shape.type === "object" ? "a mapping of keys" : (shape.type ?? "");
}

function describeNumber(shape: Shape, found: unknown): string {
  const whole = shape.type === "integer" && typeof found === "number" && !Number.isInteger(found) ? "integers " : "";
  const kind = shape.type === "integer" ? "an integer" : "a number";
  const low = finite(shape.minimum);
  const high = finite(shape.maximum);
  if (low !== undefined && high !== undefined) return `${whole}${low}..${high}`;
  const limits = [
    [low, (limit: number) => `of ${limit} or more`],
    [finite(shape.exclusiveMinimum), (limit: number) => `above ${limit}`],
    [high, (limit: number) => `of ${limit} or less`],
    [finite(shape.exclusiveMaximum), (limit: number) => `below ${limit}`],
  ] as const;
  const worded = limits.flatMap(([limit, word]) => (limit === undefined ? [] : [word(limit)]));
  return [kind, worded.join(" and ")].join(" ").trim();
}

/** zod writes the safe integers as the limits of an integer that has none. */
function finite(limit: number | undefined): number | undefined {
  return limit === undefined || Math.abs(limit) === Number.MAX_SAFE_INTEGER ? undefined : limit;
}

function describeList(shape: Shape): string {
  const { minItems, maxItems } = shape;
  if (minItems !== undefined && minItems === maxItems) return `a list of ${minItems}`;
  return minItems === undefined ? "a list" : `a list of ${minItems} or more`;
}

function valueAt(root: unknown, path: Path): unknown {
  return path.reduce<unknown>((value, step) => (value as Record<string | number, unknown> | undefined)?.[step], root);
}

function dotted(path: Path): string {
  return path.join(".");
}

function plain(value: unknown): string {
  return typeof value === "string" ? value : JSON.stringify(value);
}

function shown(value: unknown): string {
  if (typeof value === "number") return String(value);
  const text = JSON.stringify(value) ?? String(value);
  return text.length <= 60 ? text : `${text.slice(0, 57)}...`;
}
