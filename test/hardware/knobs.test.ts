//
//   Knobs: each row alone decides what a file and `--set` may say, and random machines are drawn from the same rows.
//

import fc from "fast-check";
import { suite } from "uvu";
import * as assert from "uvu/assert";
import { stringify } from "yaml";
import { Stream } from "../../assembly/contract.js";
import { parseWithSchema } from "../../src/basics/yaml.js";
import { knobPage } from "../../src/commands/schema.js";
import { KNOBS, type KnobRow, knobValue, STREAMS } from "../../src/hardware/knobs.js";
import {
  applySets,
  knobTable,
  knobValueAt,
  machineJsonSchema,
  machineSchema,
} from "../../src/hardware/machine-schema.js";
import { assetPath, readText } from "../../src/io/files.js";
import { refusal } from "../support/refusal.js";

const test = suite("knobs");
const SEED = 20260;
const ROWS: readonly KnobRow[] = KNOBS;

const edge = () => parseWithSchema(readText(assetPath("hw-configs", "edge.yaml")), "edge.yaml", machineSchema);
const set = (...sets: string[]) => applySets(edge(), sets);

/** A machine in which every knob has a value its row allows. */
const machines = fc
  .array(fc.double({ min: 0, max: 1, maxExcluded: true, noNaN: true }), {
    minLength: ROWS.length,
    maxLength: ROWS.length,
  })
  .map((draws) => ROWS.map((row, i): [string, string] => [row.path, String(knobValueAt(row, draws[i]))]));

test("edge.yaml says every knob, and says its default", () => {
  const written = edge();
  assert.equal(parseWithSchema("name: edge\n", "x", machineSchema), written);
  for (const { path, default: edgeValue } of ROWS)
    if (edgeValue !== undefined) assert.is(knobValue(written, path), edgeValue);
  const text = readText(assetPath("hw-configs", "edge.yaml"));
  for (const { path } of ROWS) assert.match(text, new RegExp(`^ *${path.split(".").at(-1)}:`, "m"));
});

test("any machine drawn from the rows is accepted, by --set and from a file", () => {
  const check = (drawn: [string, string][]) => {
    const machine = applySets(
      edge(),
      drawn.map(([path, value]) => `${path}=${value}`),
    );
    for (const [path, value] of drawn) assert.is(String(knobValue(machine, path)), value);
    assert.equal(parseWithSchema(stringify(machine), "x", machineSchema), machine);
  };
  fc.assert(fc.property(machines, check), { seed: SEED, numRuns: 100 });
});

test("a value just outside a range is refused, by both, in the same words", () => {
  for (const { path, min, max } of ROWS) {
    if (min === undefined || max === undefined) continue;
    for (const value of [min - 1, max + 1, "x"]) {
      const line = refusal(() => set(`${path}=${value}`));
      assert.ok(line.startsWith(`--set ${path} is ${JSON.stringify(value)}; allowed `), line);
      const nested = path.split(".").reduceRight<unknown>((inner, step) => ({ [step]: inner }), value);
      const file = stringify({ name: "x", ...(nested as object) });
      assert.match(
        refusal(() => parseWithSchema(file, "f", machineSchema)),
        line.replace("--set ", ""),
      );
    }
  }
});

test("--set errors name the knob and what is allowed", () => {
  assert.is(
    refusal(() => set("router.mac=1")),
    "--set: unknown knob router.mac; did you mean router.macs?",
  );
  assert.is(
    refusal(() => set("macs=1")),
    "--set: unknown knob macs; did you mean router.macs?",
  );
  assert.is(
    refusal(() => set("router=1")),
    "--set: unknown knob router; did you mean router.macs?",
  );
  assert.is(
    refusal(() => set("router.macs=-3")),
    "--set router.macs is -3; allowed 1..1048576",
  );
  assert.is(
    refusal(() => set("router.macs=2.5")),
    "--set router.macs is 2.5; allowed integers 1..1048576",
  );
  assert.is(
    refusal(() => set("router.macs=")),
    '--set router.macs is ""; allowed 1..1048576',
  );
  assert.is(
    refusal(() => set("router.macs")),
    "--set router.macs: no value; allowed is path=value",
  );
  assert.is(
    refusal(() => set("array.lanes=3")),
    "--set array.lanes is 3; allowed powers of two 1..128",
  );
  assert.is(
    refusal(() => set("kv.bits=5")),
    "--set kv.bits is 5; allowed 2, 3, 4, 8, 16",
  );
  const mapping = "allowed A, B or a list of row, bank, bankGroup, column, channel, each once";
  assert.is(
    refusal(() => set("dram.mapping=C")),
    `--set dram.mapping is "C"; ${mapping}`,
  );
  assert.is(
    refusal(() => set("dram.mapping=row,row")),
    `--set dram.mapping is ["row","row"]; ${mapping}`,
  );
});

test("--set changes what it names, the last one wins, and the machine it came from stays", () => {
  const before = edge();
  const after = applySets(before, ["router.macs=64", "router.macs=65536", "dram.mapping=row, bank, column, bankGroup"]);
  assert.is(knobValue(after, "router.macs"), 65536);
  assert.equal(knobValue(after, "dram.mapping"), ["row", "bank", "column", "bankGroup"]);
  assert.equal(before, edge());
});

test("every stream of the contract has its bank stagger", () => {
  const streams = Object.keys(Stream).filter((name) => Number.isNaN(Number(name)) && name !== "Count");
  assert.equal(
    STREAMS.map((name) => name[0].toUpperCase() + name.slice(1)),
    streams,
  );
});

test("the schema for editors is current: npm run build:ts && node dist/src/commands/schema.js", () => {
  assert.is(readText(assetPath("hw-configs", "machine.schema.json")), machineJsonSchema());
  assert.is(readText(assetPath("docs", "knobs.md")), knobPage());
});

test("the table of the docs has a line a knob", () => {
  const lines = knobTable().trimEnd().split("\n");
  assert.is(lines.length, ROWS.length + 2);
  assert.ok(lines.includes("| `array.rows` | PEs | 1..1024 | 64 | PE rows: output rows of a tile |"));
});

test.run();
