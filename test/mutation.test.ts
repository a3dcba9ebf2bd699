//
//   The tool behind npm run mutate, without its compile loop: mutants as text, their order, the score.
//

import { suite } from "uvu";
import * as assert from "uvu/assert";
import { AREAS, areaOf, ownSuite } from "./mutation/areas.js";
import { type Mutant, mutantsOf, mutated, original } from "./mutation/mutants.js";
import { reportOf, type Tried, tableOf } from "./mutation/report.js";
import { inSampleOrder } from "./mutation/sample.js";
import { listFiles, typescript } from "./support/sources.js";

const mutation = suite("mutation tool");
const FILE = "assembly/machine/clock.ts";

const texts = async (source: string) => (await mutantsOf(FILE, source)).map((mutant) => mutated(source, mutant));

mutation("a mutant is the source with one piece replaced, decorators or not", async () => {
  const source = "@inline\nfunction ceil(a: i64, b: i64): i64 {\n  return (a + b - 1) / b;\n}\n";
  const body = (text: string) => source.replace("(a + b - 1) / b", text);
  const found = await texts(source);
  for (const wanted of ["((a + b - 1) * b)", "((a + b + 1)) / b", "((a - b) - 1) / b"]) {
    assert.ok(found.includes(body(wanted)), `${wanted} in ${found.join("\n")}`);
  }
  assert.ok(found.includes("@inline\nfunction ceil(a: i64, b: i64): i64 {}\n"));
  assert.is(found.length, 4);
});

mutation("a replacement binds as what it replaces", async () => {
  const found = await texts("const both = !(a || b) && c && d;\n");
  assert.ok(found.includes("const both = (a || b) && c && d;\n"), found.join(""));
  assert.ok(found.includes("const both = (!(a || b) || c) && d;\n"), found.join(""));
});

mutation("what is only said is not mutated", async () => {
  assert.equal(await texts('assert(a < b, "in order");\nthrow new Error(`$' + '{a + 1}`);\nconst text = "a";\n'), []);
});

mutation("a mutant that changes a number is told from one that changes none", async () => {
  const source = "const larger = a > b ? a : b;\n";
  const evaluated = (text: string) =>
    [-1, 0, 1].map((a) => new Function("a", "b", `${text}return larger;`)(a, 0) as number);
  const verdict = async (replacement: string) => {
    const mutants = await mutantsOf(FILE, source);
    const mutant = mutants.find((one) => one.replacement === replacement);
    if (mutant === undefined) throw new Error(`no ${replacement}`);
    assert.is(original(source, mutant), "a > b");
    return String(evaluated(mutated(source, mutant))) === String(evaluated(source));
  };
  assert.is(await verdict("a <= b"), false);
  assert.is(await verdict("a >= b"), true, "where both are equal it does not matter which is taken");
});

mutation("every prefix of the order is stratified by file, and a seed decides it", () => {
  const files = [60, 30, 10].map((count, file) => Array.from({ length: count }, (_, i) => mutantOf(`${file}`, i)));
  const order = inSampleOrder(files, 7);
  assert.equal(new Set(order).size, 100);
  for (const length of [10, 20, 50]) {
    const of = (file: string) => order.slice(0, length).filter((mutant) => mutant.file === file).length;
    for (const [file, share] of [0.6, 0.3, 0.1].entries()) {
      assert.ok(Math.abs(of(`${file}`) - share * length) <= 1, `${of(`${file}`)} of ${length}`);
    }
  }
  assert.equal(inSampleOrder(files, 7), order);
  assert.not.equal(inSampleOrder(files, 8), order);
});

mutation("the score leaves out what does not compile, and counts what never ends as killed", () => {
  const statuses = ["Killed", "Killed", "Timeout", "Survived", "CompileError"] as const;
  const tried = statuses.map(
    (status, i): Tried => ({ mutant: mutantOf(FILE, i), outcome: { status, milliseconds: 1 } }),
  );
  const sources = new Map([[FILE, "const a = 1;\n"]]);
  assert.match(tableOf(tried, sources), /^all +5 +2 +1 +1 +1 +75\.0%$/m);
  assert.match(tableOf(tried, sources), `${FILE}:1:11 ArithmeticOperator: 1 -> 2`);
  assert.is(reportOf(tried, sources).files[FILE].mutants.length, 5);
});

mutation("areas name files and suites that are there", () => {
  const files = typescript("assembly", "src").map(({ path }) => path);
  for (const { name, files: pattern, suites } of AREAS) {
    assert.ok(
      files.some((file) => pattern.test(file)),
      name,
    );
    const missing = suites.filter((one) => listFiles(`test/${one}.test.ts`).length === 0);
    assert.equal(missing, [], name);
  }
  assert.is(
    areaOf("assembly/machine/core/router.ts")?.suites.includes(ownSuite("assembly/machine/core/router.ts")),
    true,
  );
  assert.is(areaOf("src/cli.ts"), undefined);
});

function mutantOf(file: string, i: number): Mutant {
  const at = (column: number) => ({ line: 1, column });
  return {
    ...{ id: `${file}#${i}`, file, mutator: "ArithmeticOperator", replacement: "2" },
    location: { start: at(11), end: at(12) },
  };
}

mutation.run();
