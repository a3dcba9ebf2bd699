//
//   Statistics of depths on packs whose answers are known by hand.
//

import { suite } from "uvu";
import * as assert from "uvu/assert";
import { budgetStatistics } from "../../src/trace/statistics.js";
import { embeddedTrace, parsePack, smallPack } from "../support/pack.js";

const statistics = suite("trace statistics");
const LINEARS = 7;

/** The small pack, 2 sequences x 4 tokens, with these depths of budget b6: the same in every linear but by `shift`. */
function of(depth: (sequence: number, position: number, linear: number) => number) {
  const pack = smallPack();
  pack.tensors["b6/slices"].values = Uint8Array.from({ length: 8 * LINEARS }, (_, i) => {
    const row = Math.floor(i / LINEARS);
    return depth(Math.floor(row / 4), row % 4, i % LINEARS);
  });
  const trace = parsePack(pack);
  return budgetStatistics(trace, trace.about.budgets[1]);
}

statistics("histogram and means by kind", () => {
  const { histogram, byKind, name } = of((_sequence, _position, linear) => (linear === 0 ? 4 : 1));
  assert.is(name, "b6");
  assert.equal(
    histogram.map((share) => Math.round(share * 56)),
    [48, 0, 0, 8],
  );
  assert.equal([byKind.q_proj, byKind.down_proj], [4, 1]);
});

statistics("correlation between tokens: alternating -1, constant sequences 1", () => {
  const alternating = of((_sequence, position) => 1 + (position % 2));
  assert.ok(Math.abs(alternating.correlation.tokens + 1) < 1e-9);
  assert.ok(Math.abs(alternating.correlation.sequences - 1) < 1e-9);
  const constant = of((sequence) => 1 + 3 * sequence);
  assert.ok(Math.abs(constant.correlation.tokens - 1) < 1e-9);
  assert.ok(Math.abs(constant.correlation.sequences + 1) < 1e-9);
});

statistics("nothing varies: 0; one layer: no correlation between layers", () => {
  assert.equal(of(() => 2).correlation, { tokens: 0, sequences: 0, layers: 0 });
});

statistics("decode16: shares add up, bits are the recorded ones, neighbouring layers agree more than sequences", () => {
  const trace = embeddedTrace("decode16");
  for (const budget of trace.about.budgets) {
    const { histogram, correlation, byKind } = budgetStatistics(trace, budget);
    assert.ok(Math.abs(histogram.reduce((sum, share) => sum + share, 0) - 1) < 1e-9);
    assert.ok(correlation.layers > correlation.sequences && correlation.tokens > correlation.sequences);
    assert.is(Object.keys(byKind).length, 7);
  }
});

statistics.run();
