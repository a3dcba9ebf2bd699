//
//   What the pages on sweeps show: every space file of the study plans as the text says, and the example of docs/sweep.md
//   is one.
//

import { mkdtempSync, readFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { suite } from "uvu";
import * as assert from "uvu/assert";
import { optionChecks } from "../../src/commands/sweep/options.js";
import { planSweep } from "../../src/commands/sweep/work.js";
import { assetNames, assetPath } from "../../src/io/files.js";
import { gridSize, parseSpace } from "../../src/sweep/space.js";

const test = suite("commands/sweep-study");

const out = mkdtempSync(join(tmpdir(), "mobisim study "));
const page = (name: string) => readFileSync(assetPath("docs", name), "utf8");
const plan = (name: string) =>
  planSweep(assetPath("docs", "dse", `${name}.yaml`), { out: join(out, name), prune: true, search: {} });

test("the study names every space file, and no other", () => {
  const named = [...page("dse.md").matchAll(/docs\/dse\/([\w-]+)\.yaml/g)].map(([, name]) => name);
  assert.equal([...new Set(named)].sort(), assetNames("docs/dse", ".yaml"));
});

test("its spaces have the points that the text says, and all of them can run", () => {
  for (const [name, points] of [
    ["dram-5w", 6],
    ["power-5w", 132],
  ] as const) {
    const sweep = plan(name);
    assert.is(sweep.points?.length, points, name);
    assert.equal(
      sweep.points?.filter(({ refused }) => refused !== undefined),
      [],
      name,
    );
  }
  const { header } = plan("edge-5w");
  assert.equal([header.search.kind, header.search.points, header.axes.length], ["evolution", 144, 7]);
});

test("the example of docs/sweep.md is a space", () => {
  const [, example = ""] = /```yaml\n([\s\S]*?)```/.exec(page("sweep.md")) ?? [];
  const space = parseSpace(example, "example.yaml", optionChecks());
  assert.is(space.name, "edge-chip");
  assert.ok(gridSize(space) > 1e5);
});

test.run();
