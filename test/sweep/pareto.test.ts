//
//   Fronts: what nothing else beats, whatever the order; equal points stay; who is lonely.
//

import fc from "fast-check";
import { suite } from "uvu";
import * as assert from "uvu/assert";
import { crowding, dominates, Front } from "../../src/sweep/pareto.js";

const test = suite("sweep/pareto");
const SEED = Number(process.env.MOBISIM_SEED ?? 20261122);

test("to dominate is to be nowhere worse and somewhere better", () => {
  assert.ok(dominates([1, 2], [1, 3]));
  assert.not(dominates([1, 2], [1, 2]));
  assert.not(dominates([1, 4], [2, 3]));
});

test(`a front is what no point of the cloud dominates, in any order, seed ${SEED}`, () => {
  const coordinate = fc.integer({ min: 0, max: 5 });
  const cloud = fc.array(fc.tuple(coordinate, coordinate, coordinate), { maxLength: 40 });
  const law = fc.property(cloud, (points) => {
    const expected = points.filter((one) => !points.some((other) => dominates(other, one)));
    for (const order of [points, [...points].reverse()]) {
      const front = new Front<string>();
      for (const costs of order) front.add(costs.join(), costs);
      assert.equal([...front.items].sort(), expected.map((costs) => costs.join()).sort());
    }
  });
  fc.assert(law, { seed: SEED, numRuns: 300 });
});

test("the ends of a front are loneliest, then what has the widest gap", () => {
  const distances = crowding([
    [0, 10],
    [1, 9],
    [2, 8],
    [10, 0],
  ]);
  assert.equal([distances[0], distances[3]], [Number.POSITIVE_INFINITY, Number.POSITIVE_INFINITY]);
  assert.ok(Math.abs(distances[1] - (0.2 + 0.2)) < 1e-12);
  assert.ok(Math.abs(distances[2] - (0.9 + 0.9)) < 1e-12);
  assert.equal(crowding([]), []);
});

test.run();
