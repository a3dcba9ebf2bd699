//
//   YAML: every complaint is one line that names the file, the line, what was found and what is allowed.
//

import { suite } from "uvu";
import * as assert from "uvu/assert";
import { z } from "zod";
import { InputError } from "../../src/basics/errors.js";
import { parseWithSchema, parseYaml } from "../../src/basics/yaml.js";

const test = suite("yaml");

const schema = z.strictObject({
  name: z.string().min(1),
  array: z.strictObject({
    rows: z.int().min(1).max(1024),
    ports: z.literal([1, 2, 4]).optional(),
    share: z.number().positive().default(0.5),
  }),
  levels: z.array(z.strictObject({ clocks: z.number() })).optional(),
  layout: z.union([z.enum(["A", "B"]), z.array(z.string()).min(2)]).optional(),
  part: z
    .discriminatedUnion("kind", [
      z.strictObject({ kind: z.literal("fast"), depth: z.int() }),
      z.strictObject({ kind: z.literal("slow") }),
    ])
    .optional(),
  even: z
    .int()
    .refine((value) => value % 2 === 0, { error: "allowed even numbers" })
    .optional(),
});

function refused(text: string): string {
  try {
    parseWithSchema(text, "m.yaml", schema);
  } catch (error) {
    assert.instance(error, InputError);
    return (error as InputError).message;
  }
  return "accepted";
}

const GOOD = "name: x\narray:\n  rows: 16\n";

test("a good file gives its typed value, defaults filled in", () => {
  assert.equal(parseWithSchema(GOOD, "m.yaml", schema), { name: "x", array: { rows: 16, share: 0.5 } });
  assert.equal(parseWithSchema(`\ufeff${GOOD.replaceAll("\n", "\r\n")}`, "m.yaml", schema).array.rows, 16);
});

const REFUSALS: [what: string, text: string, line: string][] = [
  ["a value below its range", "name: x\narray:\n  rows: -3\n", "m.yaml:3: array.rows is -3; allowed 1..1024"],
  ["a fraction", "name: x\narray:\n  rows: 2.5\n", "m.yaml:3: array.rows is 2.5; allowed integers 1..1024"],
  ["infinity", "name: x\narray:\n  rows: .inf\n", "m.yaml:3: array.rows is Infinity; allowed integers 1..1024"],
  ["a word for a number", "name: x\narray:\n  rows: many\n", 'm.yaml:3: array.rows is "many"; allowed 1..1024'],
  ["an empty value", "name: x\narray:\n  rows:\n", "m.yaml:3: array.rows is null; allowed 1..1024"],
  ["a key that is missing", "name: x\narray:\n  ports: 1\n", "m.yaml:2: array.rows is missing; allowed 1..1024"],
  ["an unknown key", "name: x\narray:\n  rowz: 3\n", "m.yaml:3: unknown key array.rowz; did you mean array.rows?"],
  ["a key at the wrong depth", `${GOOD}rows: 2\n`, "m.yaml:4: unknown key rows; did you mean array.rows?"],
  ["a choice", `${GOOD}  ports: 3\n`, "m.yaml:4: array.ports is 3; allowed 1, 2, 4"],
  ["an open range", `${GOOD}  share: 0\n`, "m.yaml:4: array.share is 0; allowed a number above 0"],
  [
    "an element of a list",
    `${GOOD}levels:\n  - clocks: 1\n  - clocks: q\n`,
    'm.yaml:6: levels.1.clocks is "q"; allowed a number',
  ],
  ["a union", `${GOOD}layout: C\n`, 'm.yaml:4: layout is "C"; allowed A, B or a list of 2 or more'],
  ["a kind", `${GOOD}part: { kind: odd }\n`, 'm.yaml:4: part.kind is "odd"; allowed fast or slow'],
  ["a key of a kind", `${GOOD}part:\n  kind: fast\n  depth: q\n`, 'm.yaml:6: part.depth is "q"; allowed an integer'],
  ["a limit in its own words", `${GOOD}even: 3\n`, "m.yaml:4: even is 3; allowed even numbers"],
  ["a tab", "name: x\n\tarray: 3\n", "m.yaml:2: a tab in the indentation; allowed are spaces"],
  ["a key given twice", "name: x\nname: y\n", "m.yaml:2: key name is given twice"],
  ["an unknown tag", "name: !odd x\n", "m.yaml:1: Unresolved tag: !odd"],
  ["nothing at all", "", "m.yaml:1: the document is null; allowed a mapping of keys"],
  ["a list for a mapping", "[]", "m.yaml:1: the document is []; allowed a mapping of keys"],
];

for (const [what, text, line] of REFUSALS) test(`refuses ${what}`, () => assert.is(refused(text), line));

test("whatever is wrong is one line with the file and a line number", () => {
  for (const text of [
    "name: [x",
    "name: 'x",
    "a: b: c",
    "a: *b",
    "--- x\n--- y\n",
    "{",
    "- a\nb: c",
    "a: |\nb",
    "%X",
    "@",
  ]) {
    assert.match(refused(text), /^m\.yaml:\d+: [^\n]+$/);
  }
  assert.match(refused(`name: ${"x".repeat(500)}\narray: ${"y".repeat(500)}\n`), /array is "y{56}\.\.\.; allowed/);
});

test("lineOf finds the key, or the nearest parent that is there", () => {
  const { value, lineOf } = parseYaml("# first\na:\n  b: 1\n\n  c:\n    - 5\n    - d: 6\n", "m.yaml");
  assert.equal(value, { a: { b: 1, c: [5, { d: 6 }] } });
  assert.equal(
    [["a"], ["a", "b"], ["a", "c"], ["a", "c", 1, "d"], ["a", "c", 7], ["a", "q", "r"], []].map(lineOf),
    [2, 3, 5, 7, 5, 2, 2],
  );
});

test("lineOf follows aliases", () => {
  const { lineOf } = parseYaml("a: &x\n  b: 1\nc: *x\n", "m.yaml");
  assert.is(lineOf(["c", "b"]), 2);
});

test.run();
