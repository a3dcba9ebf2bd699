//
//   A linear's router: its scores by the formula, in blocks of any size after one another.
//

import { suite } from "uvu";
import * as assert from "uvu/assert";
import { Router, SCORES } from "../../src/infer/router.js";
import { kernels } from "../support/infer.js";

const routers = suite("router");
const [HIDDEN, INPUTS] = [6, 20];
const wave = (length: number, by: number) => Float32Array.from({ length }, (_, i) => Math.sin(i * by + by));
const weights = {
  ...{ hidden: HIDDEN, inputs: INPUTS },
  ...{ r1: wave(HIDDEN * INPUTS, 0.7), b1: wave(HIDDEN, 1.3), r2: wave(SCORES * HIDDEN, 2.1), b2: wave(SCORES, 0.4) },
};

/** a0, a0 - softplus(a1), and softplus(a2) less: r2 silu(r1 x + b1) + b2. */
function wanted(x: Float32Array): number[] {
  const { r1, b1, r2, b2 } = weights;
  const active = Array.from(b1, (bias, unit) => {
    const sum = x.reduce((all, value, k) => all + value * r1[unit * INPUTS + k], bias);
    return sum / (1 + Math.exp(-sum));
  });
  const [a0, a1, a2] = Array.from(b2, (bias, row) =>
    active.reduce((all, a, i) => all + a * r2[row * HIDDEN + i], bias),
  );
  const softplus = (a: number) => Math.log1p(Math.exp(a));
  return [a0, a0 - softplus(a1), a0 - softplus(a1) - softplus(a2)];
}

routers("scores of a token do not depend on how many came before or with it", async () => {
  const unit = await kernels();
  const router = new Router(unit, weights);
  const tokens = 9;
  const x = wave(tokens * INPUTS, 0.37);
  const rows = { vector: unit.floats(x), pitch: INPUTS };
  const spare = { vector: unit.floats(64), pitch: 64 };
  for (const count of [1, 2, tokens, 3]) {
    const scores = router.scores(rows, count);
    assert.is(scores.length, count * SCORES);
    for (let token = 0; token < count; token++) {
      for (const [i, score] of wanted(x.subarray(token * INPUTS, (token + 1) * INPUTS)).entries()) {
        const found = scores[token * SCORES + i];
        assert.ok(Math.abs(found - score) < 1e-5, `token ${token} of ${count}: ${found}, wanted ${score}`);
      }
    }
  }
  assert.ok(spare.vector.view.every((value) => value === 0) && rows.vector.view.every((value, i) => value === x[i]));
});

routers.run();
