//
//   What the pages on sweeps show: every space file of the study plans as the text says, and the example of docs/sweep.md
//   is one.
//

import { mkdtempSync, readFileSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { suite } from "uvu";
import * as assert from "uvu/assert";
import { planSweep } from "../../src/commands/sweep/work.js";
import { assetNames, assetPath } from "../../src/io/files.js";
import { mobisim } from "../support/sweep.js";

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

test("the examples of docs/sweep.md and of --help are spaces, and all of their points can run", () => {
  const [, documented = ""] = /```yaml\n([\s\S]*?)```/.exec(page("sweep.md")) ?? [];
  const [, helped = ""] = /\n\n( {2}run: [\s\S]*?)\n\n/.exec(mobisim("--help").stdout) ?? [];
  for (const [name, example, points] of [
    ["documented", documented, 40],
    ["helped", helped.replace(/^ {2}/gm, ""), 30],
  ] as const) {
    const file = join(out, `${name}.yaml`);
    writeFileSync(file, example);
    const sweep = planSweep(file, { out: join(out, name), prune: true, search: {} });
    assert.is(sweep.points?.length, points, name);
    assert.equal(
      sweep.points?.flatMap(({ refused }) => refused ?? []),
      [],
      name,
    );
  }
});

test.run();
