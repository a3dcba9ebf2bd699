//
//   Rotary embedding: angles, their scalings, and what a rotation keeps.
//

import { suite } from "uvu";
import * as assert from "uvu/assert";
import { parseConstants, Rotation } from "../../src/infer/rope.js";
import { refusal } from "../support/refusal.js";

const rope = suite("RoPE");
const refuses = (act: () => unknown, line: string) => assert.is(refusal(act), line);
const parse = (config: Record<string, unknown>) => parseConstants(JSON.stringify(config), "config.json", 8);
const near = (found: number, wanted: number) => assert.ok(Math.abs(found - wanted) < 1e-6, `${found}, not ${wanted}`);

rope("frequencies are theta^(-2i/headDim), theta from either place", () => {
  const wanted = [1, 10, 100, 1000].map((power) => 1 / power);
  for (const config of [{}, { rope_theta: 10000 }, { rope_theta: 5, rope_parameters: { rope_theta: 10000 } }]) {
    for (const [i, found] of parse(config).frequencies.entries()) near(found, wanted[i]);
  }
  assert.is(parse({}).normEpsilon, 1e-6);
  assert.is(parse({ rms_norm_eps: 1e-5 }).normEpsilon, 1e-5);
});

rope("linear scaling divides positions; llama3 divides long wavelengths only", () => {
  const linear = parse({ rope_scaling: { type: "linear", factor: 4 } }).frequencies;
  near(linear[0], 0.25);
  const scaling = { rope_type: "llama3", factor: 8, low_freq_factor: 1, high_freq_factor: 4 };
  const { frequencies } = parse({ rope_scaling: { ...scaling, original_max_position_embeddings: 1024 } });
  const turns = (1024 * 0.01) / (2 * Math.PI);
  const kept = (turns - 1) / 3;
  const wanted = [1, 0.1, 0.01 * (kept + (1 - kept) / 8), 0.001 / 8];
  for (const [i, found] of frequencies.entries()) near(found, wanted[i]);
});

rope("the default has no scaling, whatever a factor beside it says", () => {
  const { frequencies } = parse({ rope_scaling: { rope_type: "default", factor: 8 } });
  assert.equal([...frequencies], [...parse({}).frequencies]);
});

rope("a text begins with bos_token_id, the first of several, 1 where there is none", () => {
  const firstOf = (config: Record<string, unknown>) => parse(config).firstToken;
  assert.equal([{}, { bos_token_id: null }].map(firstOf), [1, 1]);
  assert.equal(
    [0, 128000, [5], [7, 9]].map((bos) => firstOf({ bos_token_id: bos })),
    [0, 128000, 5, 7],
  );
  for (const bos of [-1, [-1], []])
    assert.match(
      refusal(() => firstOf({ bos_token_id: bos })),
      /bos_token_id/,
    );
});

rope("other scalings are refused", () => {
  refuses(
    () => parse({ rope_scaling: { rope_type: "yarn", factor: 2 } }),
    'config.json: rope_scaling.rope_type is "yarn"; allowed default, linear, llama3',
  );
});

rope("a rotation keeps the length of a pair, and q.k depends on the distance alone", () => {
  const rotation = new Rotation(4, Float64Array.of(1, 0.1), 64);
  const rotated = (x: number[], position: number) => {
    const values = Float32Array.of(0, ...x, ...x);
    rotation.apply(values, 1, 2, position);
    assert.equal([...values.slice(1, 5)], [...values.slice(5)], "every head alike");
    return values.slice(1, 5);
  };
  const dot = (a: Float32Array, b: Float32Array) => a.reduce((sum, value, i) => sum + value * b[i], 0);
  const [q, k] = [
    [1, 2, -3, 0.5],
    [0.25, -1, 2, 4],
  ];
  near(dot(rotated(q, 9), rotated(q, 9)), 14.25);
  near(dot(rotated(q, 9), rotated(k, 4)), dot(rotated(q, 25), rotated(k, 20)));
  assert.ok(Math.abs(dot(rotated(q, 9), rotated(k, 4)) - dot(rotated(q, 9), rotated(k, 5))) > 0.1);
  assert.equal([...rotated(q, 0)], q);
});

rope.run();
