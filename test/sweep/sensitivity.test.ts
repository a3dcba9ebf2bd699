//
//   What each knob does: a product of known factors is found again, from points that are not balanced.
//

import { suite } from "uvu";
import * as assert from "uvu/assert";
import type { Answered } from "../../src/sweep/record.js";
import { sensitivityOf } from "../../src/sweep/sensitivity.js";

const sensitivity = suite("sensitivity");
const near = (found: number, wanted: number) => assert.ok(Math.abs(found - wanted) < 1e-6, `${found}, not ${wanted}`);

function point(values: Answered["values"], cycles: number | null): Answered {
  return { id: JSON.stringify(values), values, status: "ok", measures: { cycles } };
}

const ROWS: Record<number, number> = { 16: 4, 32: 2, 64: 1 };
const BUDGET: Record<number, number> = { 3: 1, 4: 1.5 };
const all = Object.entries(ROWS).flatMap(([rows, one]) =>
  Object.entries(BUDGET).map(([budget, other]) =>
    point({ rows: Number(rows), budget: Number(budget) }, 1000 * one * other),
  ),
);

sensitivity("a product of factors is found again, though points are missing", () => {
  for (const points of [all, all.slice(1), all.filter((_, i) => i !== 2)]) {
    const found = sensitivityOf("cycles", ["budget", "rows", "idle"], points);
    if (found === undefined) throw new Error("nothing is said");
    assert.equal(
      found.knobs.map(({ knob }) => knob),
      ["rows", "budget"],
    );
    assert.is(found.points, points.length);
    near(found.explained, 1);
    const [rows, budget] = found.knobs.map(({ levels }) => levels.map(({ effect }) => 1 + effect));
    near(rows[0] / rows[2], 4);
    near(rows[1] / rows[2], 2);
    near(budget[1] / budget[0], 1.5);
    near(rows[0] * rows[1] * rows[2], 1);
  }
});

sensitivity("knobs that work together are what the sum does not explain", () => {
  const both = [0, 1].flatMap((a) => [0, 1].map((b) => point({ a, b }, a === b ? 100 : 200)));
  const found = sensitivityOf("cycles", ["a", "b"], both);
  near(found?.explained ?? 1, 0);
  for (const { swing } of found?.knobs ?? []) near(swing, 0);
});

sensitivity("many values are cut into thirds, words are not", () => {
  const many = Array.from({ length: 12 }, (_, i) => point({ mhz: 100 * (i + 1), part: `p${i}` }, 2 ** i));
  const found = sensitivityOf("cycles", ["mhz", "part"], many);
  const levels = found?.knobs.find(({ knob }) => knob === "mhz")?.levels.map(({ level }) => level);
  assert.equal(levels, ["100..400", "500..800", "900..1200"]);
  assert.is(found?.knobs.find(({ knob }) => knob === "part")?.levels.length, 12);
});

sensitivity("nothing is said where there is nothing to say", () => {
  assert.is(sensitivityOf("cycles", ["rows"], all.slice(0, 1)), undefined);
  assert.is(sensitivityOf("perplexity", ["rows"], all), undefined);
  assert.is(sensitivityOf("cycles", ["rows"], [point({ rows: 1 }, 0), point({ rows: 2 }, 5)]), undefined);
});

sensitivity.run();
