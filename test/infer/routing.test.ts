//
//   Who decides about slices: tables, controls, and what they keep.
//

import fc from "fast-check";
import { suite } from "uvu";
import * as assert from "uvu/assert";
import { oracleDepths } from "../../src/infer/oracle-routing.js";
import { constantDepths, givenDepths, recordedDepths, shuffledDepths } from "../../src/infer/routing.js";
import { meanBits } from "../../src/infer/study.js";
import type { Rows } from "../../src/wasm/vectors.js";
import { RUNS, SEED } from "../support/build.js";

const routing = suite("routing");
const LINEARS = 3;
const tables = fc
  .array(fc.tuple(fc.integer({ min: 1, max: 4 }), fc.integer({ min: 1, max: 4 }), fc.integer({ min: 1, max: 4 })), {
    minLength: 1,
    maxLength: 20,
  })
  .map((rows) => Uint8Array.from(rows.flat()));
const column = (table: Uint8Array, linear: number) => [...table].filter((_, i) => i % LINEARS === linear);
const none = {} as Rows;

routing("a table answers for its positions, and what is decided is kept", () => {
  const table = Uint8Array.of(1, 2, 3, 4, 3, 2, 2, 2, 1);
  const kept = new Uint8Array(9);
  const block = { tokens: Int32Array.of(5, 6), position: 1 };
  const depths = recordedDepths(givenDepths(table, LINEARS), kept, LINEARS)(block);
  assert.equal([...depths(0, none, 2)], [4, 2]);
  assert.equal([...depths(2, none, 2)], [2, 1]);
  assert.equal([...kept], [0, 0, 0, 4, 0, 2, 2, 0, 1]);
  assert.equal([...constantDepths(3)(block)(1, none, 2)], [3, 3]);
});

routing(`shuffled: every linear keeps its depths, the same for the same seed, seed ${SEED}`, () => {
  const law = fc.property(tables, fc.nat(), (table, seed) => {
    const shuffled = shuffledDepths(table, LINEARS, seed);
    for (let linear = 0; linear < LINEARS; linear++) {
      assert.equal(column(shuffled, linear).sort(), column(table, linear).sort());
    }
    assert.equal(shuffledDepths(table, LINEARS, seed), shuffled);
  });
  fc.assert(law, { seed: SEED, numRuns: RUNS });
  const long = Uint8Array.from({ length: 300 }, (_, i) => 1 + (Math.floor(i / 3) % 4));
  assert.not.equal(shuffledDepths(long, LINEARS, 1), long);
  assert.not.equal(shuffledDepths(long, LINEARS, 1), shuffledDepths(long, LINEARS, 2));
});

routing(`oracle: every linear keeps its depths, and no larger error has fewer slices, seed ${SEED}`, () => {
  const law = fc.property(tables, fc.infiniteStream(fc.integer({ min: 0, max: 9 })), (table, random) => {
    const errors = Float32Array.from(table, () => random.next().value);
    const dealt = oracleDepths(errors, table, LINEARS);
    for (let linear = 0; linear < LINEARS; linear++) {
      const [own, off] = [column(dealt, linear), [...errors].filter((_, i) => i % LINEARS === linear)];
      assert.equal([...own].sort(), column(table, linear).sort());
      for (const [i, error] of off.entries()) {
        for (const [j, other] of off.entries()) assert.ok(error <= other || own[i] >= own[j]);
      }
    }
  });
  fc.assert(law, { seed: SEED, numRuns: RUNS });
});

routing("mean bits count each linear by its weights", () => {
  assert.is(meanBits(Uint8Array.of(1, 4), [1, 1]), 5);
  assert.is(meanBits(Uint8Array.of(1, 4), [3, 1]), 3.5);
  assert.is(meanBits(Uint8Array.of(1, 4, 3, 2), [3, 1]), (2 * (3 + 4 + 9 + 2)) / 8);
});

routing.run();
