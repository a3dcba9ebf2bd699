//
//   Trace packs: the embedded ones hold what their README says; a pack that is spoilt in one place is refused with that
//   place.
//

import { createHash } from "node:crypto";
import fc from "fast-check";
import { suite } from "uvu";
import * as assert from "uvu/assert";
import { checkTraceAgainstModel } from "../../src/trace/trace.js";
import {
  embeddedModel,
  embeddedTrace,
  parsePack,
  readBytes,
  SMALL_SHA256,
  type SmallPack,
  smallModel,
  smallPack,
} from "../support/pack.js";
import { refusal } from "../support/refusal.js";

const test = suite("trace");
const Q = "linear model.layers.0.self_attn.q_proj";

/** What is said of a small pack after `spoil`. */
function refused(spoil: (pack: SmallPack) => void): string {
  const pack = smallPack();
  spoil(pack);
  return refusal(() => parsePack(pack));
}

/** The same, with one key of trace.json changed. */
function refusedKey(key: string, value: unknown): string {
  return refused(({ json }) => {
    json[key] = value;
  });
}

/** The same, with one value of a tensor changed. */
function refusedValue(tensor: string, index: number, value: number): string {
  return refused(({ tensors }) => {
    tensors[tensor].values[index] = value;
  });
}

for (const [name, sequences, sequenceLength, phase] of [
  ["decode16", 16, 256, "decode"],
  ["prefill2k", 1, 2048, "prefill"],
] as const) {
  test(`${name} is whole, and of tiny-llama`, () => {
    const trace = embeddedTrace(name);
    const weights = createHash("sha256").update(readBytes("models/tiny-llama/model.safetensors")).digest("hex");
    checkTraceAgainstModel(trace, embeddedModel("tiny-llama"), weights);
    assert.equal([trace.name, trace.sequences, trace.sequenceLength], [name, sequences, sequenceLength]);
    assert.is(trace.about.phase, phase);
    assert.equal(
      trace.about.budgets.map((budget) => budget.bits),
      [2.5, 3, 3.5, 4, 5, 6],
    );
    assert.is(trace.slices("b4").length, trace.rows * 56);
    assert.is(trace.scores("b4")?.length, trace.rows * 56 * 3);
    assert.is(trace.scores("b5"), undefined);
  });
}

test("reading decode16 takes well under 300 ms", () => {
  embeddedTrace("decode16");
  const start = performance.now();
  embeddedTrace("decode16");
  const milliseconds = performance.now() - start;
  assert.ok(milliseconds < 300, `${milliseconds.toFixed(0)} ms`);
});

test("a small pack reads back by sequence, position and linear", () => {
  const trace = parsePack(smallPack());
  assert.is(trace.token(1, 2), 6);
  assert.is(trace.row(1, 2), 6);
  assert.is(trace.slices("b3")[trace.row(1, 2) * 7 + 3], 1 + ((6 * 7 + 3) % 4));
  assert.is(trace.nll("fp")[trace.row(0, 3)], 1.375);
  assert.is(trace.budgetOf(6)?.name, "b6");
  assert.is(trace.budgetOf(5.9), undefined);
  assert.is(trace.hasNll("k2"), true);
  assert.is(trace.hasNll("k3"), false);
  checkTraceAgainstModel(trace, smallModel(), SMALL_SHA256);
});

test("refuses a description that contradicts itself", () => {
  assert.is(refusedKey("schema", "mobi-trace-2"), 'trace.json: schema is "mobi-trace-2"; allowed mobi-trace-1');
  assert.is(refusedKey("phase", "serve"), 'trace.json: phase is "serve"; allowed decode, prefill');
  assert.is(refusedKey("sequences", 0), "trace.json: sequences is 0; allowed an integer of 1 or more");
  assert.is(refusedKey("sequenceLength", -4), "trace.json: sequenceLength is -4; allowed an integer of 1 or more");
  assert.is(refusedKey("promptLength", 0), "trace.json: promptLength is 0; allowed an integer of 1 or more");
  assert.is(refusedKey("promptLength", 5), "trace.json: promptLength is 5; allowed 1..4 (sequenceLength)");
  assert.is(refusedKey("sliceBits", [2, 2, 2, 3]), "trace.json: sliceBits.3 is 3; allowed 2");
  assert.is(
    refusedKey("modelSha256", "abc"),
    'trace.json: modelSha256 is "abc"; allowed 64 hexadecimal digits in lower case',
  );
  assert.is(refusedKey("nll", ["b3", "b9"]), 'trace.json: nll is "b9"; allowed b3, b6, fp, k1, k2, k3, k4');
  assert.is(refusedKey("nll", ["fp", "fp"]), 'trace.json: nll is "fp" twice; allowed once');
});

test("refuses budgets that could be mistaken", () => {
  const b3 = { name: "b3", bits: 3, threshold: 0, measuredBits: 3, scores: false };
  const of = (...budgets: unknown[]) => refusedKey("budgets", budgets);
  assert.is(of(), "trace.json: budgets is []; allowed a list of 1 or more");
  assert.is(of(b3, { ...b3, bits: 4 }), 'trace.json: budgets.name is "b3" twice; allowed once');
  assert.is(of(b3, { ...b3, name: "b4" }), "trace.json: budgets.bits is 3 twice; allowed once");
  const allowed = 'allowed a name without "/" and other than fp, k1, k2, k3, k4';
  assert.is(of({ ...b3, name: "k2" }), `trace.json: budgets.name is "k2"; ${allowed}`);
});

test("refuses tensors that are missing, superfluous or of another dtype or shape", () => {
  const F = "trace.safetensors: tensor";
  const without = (name: string) => refused(({ tensors }) => void delete tensors[name]);
  assert.is(without("tokens"), `${F} tokens is missing; trace.json says it is there`);
  assert.is(without("b3/scores"), `${F} b3/scores is missing; trace.json says it is there`);
  assert.is(without("k2/nll"), `${F} k2/nll is missing; trace.json says it is there`);
  const unspoken = refused(({ json }) => {
    (json.budgets as { scores: boolean }[])[0].scores = false;
  });
  assert.is(unspoken, `${F} b3/scores is there; trace.json does not speak of it`);
  assert.is(refusedKey("sequenceLength", 5), `${F} tokens: shape is [2,4]; allowed [2,5]`);
  const turned = refused(({ tensors }) => {
    tensors["b6/slices"].shape = [2, 7, 4];
  });
  assert.is(turned, `${F} b6/slices: shape is [2,7,4]; allowed [2,4,7]`);
  const wide = refused(({ tensors }) => {
    tensors["b6/slices"] = { dtype: "I32", shape: [2, 4, 7], values: new Int32Array(56).fill(1) };
  });
  assert.is(wide, `${F} b6/slices: dtype is "I32"; allowed U8`);
});

test("refuses values out of range, with their place", () => {
  const F = "trace.safetensors: tensor";
  assert.is(refusedValue("tokens", 5, -1), `${F} tokens: sequence 1, position 1 is -1; allowed 0 or more`);
  assert.is(refusedValue("b6/slices", 7, 0), `${F} b6/slices: sequence 0, position 1, ${Q} is 0; allowed 1..4`);
  assert.is(refusedValue("b6/slices", 28, 5), `${F} b6/slices: sequence 1, position 0, ${Q} is 5; allowed 1..4`);
  for (const found of [Number.NaN, Number.POSITIVE_INFINITY]) {
    const place = `sequence 1, position 0, ${Q}, slice 3`;
    assert.is(
      refusedValue("b3/scores", 28 * 3 + 1, found),
      `${F} b3/scores: ${place} is ${found}; allowed finite numbers`,
    );
  }
  const allowed = "finite numbers of 0 or more";
  assert.is(refusedValue("fp/nll", 6, -0.5), `${F} fp/nll: sequence 1, position 2 is -0.5; allowed ${allowed}`);
  assert.is(refusedValue("fp/nll", 1, Number.NaN), `${F} fp/nll: sequence 0, position 1 is NaN; allowed ${allowed}`);
  assert.is(
    refusedValue("k2/nll", 4, 2),
    `${F} k2/nll: sequence 1, position 0 is 2; allowed 0 at position 0: nothing predicts it`,
  );
});

test("refuses slices that their scores do not give; the comparison is in f32", () => {
  const found = refusedValue("b3/slices", 28 + 3, 1);
  const place = "sequence 1, position 0, linear model.layers.0.self_attn.o_proj";
  const allowed = "4 = 1 + scores above the threshold 0.1";
  assert.is(found, `trace.safetensors: tensor b3/slices: ${place} is 1; allowed ${allowed}`);
  // As f32 the threshold 0.1 is the score; as f64 the score would be above it.
  const pack = smallPack();
  pack.tensors["b3/scores"].values.fill(Math.fround(0.1));
  pack.tensors["b3/slices"].values.fill(1);
  parsePack(pack);
});

test("refuses a pack of another model", () => {
  const against = (change: (pack: SmallPack) => void, sha256?: string) => {
    const pack = smallPack();
    change(pack);
    return refusal(() => checkTraceAgainstModel(parsePack(pack), smallModel(), sha256));
  };
  const linears = (pack: SmallPack) => pack.json.linears as { name: string; in: number; out: number }[];
  const name = (pack: SmallPack) => {
    linears(pack)[1].name = "model.layers.0.k";
  };
  const input = (pack: SmallPack) => {
    linears(pack)[6].in = 16;
  };
  const token = (pack: SmallPack) => {
    pack.tensors.tokens.values[7] = 10;
  };
  assert.is(
    against(name),
    'trace.json: linears.1.name is "model.layers.0.k"; allowed model.layers.0.self_attn.k_proj (model small)',
  );
  assert.is(against(input), "trace.json: linears.6.in (model.layers.0.mlp.down_proj) is 16; allowed 12 (model small)");
  assert.is(
    refusal(() => checkTraceAgainstModel(parsePack(smallPack()), embeddedModel("tiny-llama"))),
    "trace.json: linears is a list of 7; allowed 56 = 8 layers x 7 (model tiny-llama)",
  );
  const other = "cd".repeat(32);
  assert.is(
    against(() => {}, other),
    `trace.json: modelSha256 is ${SMALL_SHA256}; allowed ${other}, the sha256 of the weights (model small)`,
  );
  assert.is(
    against(token),
    "trace.safetensors: tensor tokens: sequence 1, position 3 is 10; allowed 0..9 (the vocabulary)",
  );
});

test("any one wrong depth of a budget with scores is found at its place", () => {
  fc.assert(
    fc.property(fc.nat(55), fc.integer({ min: 1, max: 3 }), (index, turn) => {
      const right = smallPack().tensors["b3/slices"].values[index];
      const message = refusedValue("b3/slices", index, 1 + ((right - 1 + turn) % 4));
      const row = Math.floor(index / 7);
      assert.match(message, `sequence ${Math.floor(row / 4)}, position ${row % 4}, linear `);
      assert.match(message, `allowed ${right} = 1 + scores above the threshold 0.1`);
    }),
    { seed: 20261121, numRuns: 60 },
  );
});

test.run();
