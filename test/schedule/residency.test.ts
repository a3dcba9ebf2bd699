//
//   Which tensors stay in the activation buffer, and which a family keeps for longer.
//

import { suite } from "uvu";
import * as assert from "uvu/assert";
import type { Model } from "../../src/model/model.js";
import { residencyOf } from "../../src/schedule/residency.js";
import { limitsOf } from "../../src/schedule/tiles.js";
import { embeddedModel } from "../support/pack.js";
import { machineOf } from "../support/schedule.js";

const test = suite("schedule: residency");
const edge = machineOf();
const residency = (model: Model, tokens: number) => residencyOf(edge, limitsOf(edge), model, tokens);

test("phi-2: the activation of fc1 lives through attention, so fewer tokens keep it", () => {
  const phi = embeddedModel("phi-2");
  // Attention has 448 KiB: 128 KiB to work in; K, V, residual, output, query and MLP take 5,248 + 3 x 5,120 + 20,480 a token.
  assert.equal(
    [7, 8].map((tokens) => residency(phi, tokens).mlp),
    [true, false],
  );
  // One after the other, x, residual and MLP take 2 x 5,120 + 20,480 a token.
  assert.equal(
    [14, 15].map((tokens) => residency({ ...phi, parallel: false }, tokens).mlp),
    [true, false],
  );
});

test("Gemma-2: what a branch adds is in the buffer beside the input of down_proj, or spilled", () => {
  const gemma = embeddedModel("gemma-2-9b");
  // Input of down_proj, residual and branch take 28,672 + 2 x 7,168 a token.
  assert.equal(
    [10, 11].map((tokens) => residency(gemma, tokens).branch),
    [true, false],
  );
  assert.ok(residency(gemma, 11).residual);
});

test.run();
