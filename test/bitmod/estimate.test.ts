//
//   The cost formula by itself: hand-checked products, and laws on random models and machines.
//

import fc from "fast-check";
import { suite } from "uvu";
import * as assert from "uvu/assert";
import { costOf } from "../../src/bitmod/cost.js";
import { type Estimate, estimate } from "../../src/bitmod/estimate.js";
import { type Product, productsOf } from "../../src/bitmod/products.js";
import {
  type FormulaMachine,
  type FormulaModel,
  type FormulaStep,
  portsOf,
  REVISIONS,
} from "../../src/bitmod/tables.js";
import { refusal } from "../support/refusal.js";

const SEED = Number(process.env.MOBISIM_SEED ?? 20261122);
const RUNS = Number(process.env.MOBISIM_RUNS ?? 300);
const test = suite(`the BitMoD formula, seed ${SEED}`);

const WIDTHS = [8, 16, 24, 32, 48, 64, 96, 128, 192, 256, 384, 512, 768, 1024, 1536, 2048, 3072, 4096];

/** 2 x 4 PEs of one lane, buffers of 64 bytes, 16 bits of DRAM a cycle. */
const SMALL: FormulaMachine = {
  place: "small",
  array: { decode: { rows: 4, columns: 2 }, prefill: { rows: 2, columns: 4 } },
  lanes: 1,
  bitSerial: false,
  pePj: 0.5,
  activationBits: 16,
  kvBits: 8,
  weightBits: { head: { decode: 4, prefill: 4 }, paper: { decode: 4, prefill: 4 } },
  platform: {
    peOverhead: 1.5,
    weightBufferBytes: 64,
    inputBufferBytes: 64,
    sramWriteBits: 64,
    dram: { bitsPerCycle: 16, accessBits: 128, accessPj: 2400 },
    sram: { place: "small sram", ports: WIDTHS.map((widthBits) => ({ widthBits, readPj: 10, writePj: widthBits })) },
  },
};
const PREFILL: FormulaStep = { revision: "head", phase: "prefill", batch: 1, context: 4 };

function linear(inputs: number, outputs: number, tokens: number, weightBits = 4): Product {
  const names = { name: "l", kind: "linear", count: 1, batch: 1, weightBatch: 1 } as const;
  return {
    ...names,
    inputs,
    outputs,
    tokens,
    inputWidth: inputs,
    weightBits,
    bufferedBits: weightBits,
    cyclesPerTile: 1,
  };
}

const small = (product: Product) => costOf(product, SMALL, portsOf(SMALL, "any", PREFILL), PREFILL);

test("a product by hand: tiles, bytes, DRAM cycles, energy", () => {
  const cost = small(linear(5, 3, 6));
  assert.is(cost.tiles, 5 * 2 * 2);
  assert.equal(cost.bytes, { weights: 9, inputs: 60, outputs: 36 }); // 5 x 4 bits are 3 bytes
  assert.equal(cost.reads, { weights: 1, inputs: 1 });
  assert.is(cost.dramCycles, 52); // 105 bytes, 2 a cycle: 52.5
  assert.is(cost.cycles, 52);
  const { pe, sramRead, sramWrite, dram } = cost.energyPj;
  assert.is(pe, 0.5 * 1.5 * 8 * 20);
  assert.is(sramRead, 20 * 20);
  assert.is(sramWrite, 64 * (1 * 3 + 2 * 6 + 1 * 6)); // 64-bit words, 64 pJ each
  assert.is(dram, ((105 * 8) / 128) * 2400);
});

test("what does not fit is read again: the side that moves less, the inputs on a tie", () => {
  const reads = (inputs: number, outputs: number, tokens: number) => small(linear(inputs, outputs, tokens, 16)).reads;
  assert.equal(reads(16, 3, 2), { weights: 1, inputs: 1 }); // inputs of 64 bytes fit
  assert.equal(reads(16, 2, 9), { weights: 1, inputs: 1 }); // weights of 64 bytes fit
  assert.equal(reads(16, 4, 4), { weights: 1, inputs: 2 }); // 128 and 128 bytes: a tie
  assert.equal(reads(16, 8, 4), { weights: 2, inputs: 1 }); // 256 and 128: 2 x 256 + 128 < 4 x 128 + 256
  assert.equal(reads(16, 4, 8), { weights: 1, inputs: 2 }); // 128 and 256: 2 x 256 + 128 < 4 x 128 + 256
});

test("fractions of a bit cost bytes, no cycles", () => {
  const cycles = (bits: number) => {
    const serial = {
      ...SMALL,
      bitSerial: true,
      weightBits: { ...SMALL.weightBits, head: { decode: bits, prefill: bits } },
    };
    return productsOf(TINY, serial, PREFILL)[0].cyclesPerTile;
  };
  assert.equal([6.0625, 4.0625, 3.0625, 8, 3, 2.9, 1].map(cycles), [3, 2, 2, 4, 2, 1, 1]);
  assert.is(productsOf(TINY, SMALL, PREFILL)[0].cyclesPerTile, 1);
});

const TINY: FormulaModel = {
  name: "tiny",
  layers: 2,
  heads: 4,
  kvHeads: 2,
  headSize: 8,
  linears: [{ name: "q", in: 32, out: 32, count: 2 }],
};

test("as many compute cycles as DRAM cycles: compute bound", () => {
  const each = { decode: 16, prefill: 16 };
  const serial = { ...SMALL, bitSerial: true, weightBits: { head: each, paper: each } };
  const bound = (inputs: number) => {
    const model = { ...TINY, layers: 0, linears: [{ name: "l", in: inputs, out: 2, count: 3 }] };
    const { linear, layersComputeBound } = estimate(model, serial, PREFILL);
    return [linear.computeCycles / 3, linear.dramCycles / 3, layersComputeBound];
  };
  assert.equal(bound(4), [32, 32, 3]); // 8 cycles a tile, 4 tiles; 16 + 32 + 16 bytes, 2 a cycle
  assert.equal(bound(3), [24, 26, 0]);
});

test("attention of head: a product a KV head and sequence", () => {
  const [, scores, values] = productsOf(TINY, SMALL, { ...PREFILL, batch: 3, context: 10 });
  const sizes = ({ inputs, outputs, tokens, batch, weightBatch, count, weightBits }: Product) => [
    inputs,
    outputs,
    tokens,
    batch,
    weightBatch,
    count,
    weightBits,
  ];
  assert.equal(sizes(scores), [8, 10, 20, 6, 6, 2, 8]);
  assert.equal(sizes(values), [10, 8, 20, 6, 6, 2, 8]);
  const [, decodeScores] = productsOf(TINY, SMALL, { ...PREFILL, phase: "decode", batch: 3, context: 10 });
  assert.equal(sizes(decodeScores), [8, 10, 2, 6, 6, 2, 8]);
});

test("attention of paper: one product for all heads, batch 1", () => {
  const [, scores, values] = productsOf(TINY, SMALL, { ...PREFILL, revision: "paper", context: 10 });
  const sizes = ({ inputs, outputs, tokens, batch, inputWidth, weightBits, bufferedBits }: Product) => [
    inputs,
    outputs,
    tokens,
    batch,
    inputWidth,
    weightBits,
    bufferedBits,
  ];
  assert.equal(sizes(scores), [32, 10, 40, 1, 16, 16, 4]);
  assert.equal(sizes(values), [10, 40, 10, 1, 16, 16, 4]);
  const twice = () => productsOf(TINY, SMALL, { ...PREFILL, revision: "paper", batch: 2 });
  assert.is(refusal(twice), "batch is 2; allowed 1 with revision paper, which knows no other (head does)");
});

test("what is not in the tables is one line", () => {
  const narrow = {
    ...SMALL,
    platform: { ...SMALL.platform, sram: { place: "f: cacti", ports: SMALL.platform.sram.ports.slice(0, 2) } },
  };
  assert.is(
    refusal(() => estimate(TINY, narrow, PREFILL)),
    "f: cacti: no width of 64 bits (small, input buffer, prefill); allowed 8, 16",
  );
  const named = { ...SMALL, weightBits: { ...SMALL.weightBits, head: { decode: 4, prefill: { a: 4, b: 5 } } } };
  assert.is(
    refusal(() => estimate(TINY, named, PREFILL)),
    "small: no weight bits for model tiny (head, prefill); allowed a, b",
  );
  const huge = { ...PREFILL, batch: 2 ** 31, context: 2 ** 31 };
  assert.match(
    refusal(() => estimate(TINY, SMALL, huge)),
    "make counts beyond 2^53",
  );
});

// ---- laws

const size = (max: number) => fc.integer({ min: 1, max });
const models: fc.Arbitrary<FormulaModel> = fc
  .record({ layers: size(3), kvHeads: size(3), group: size(3), headSize: size(16), wide: size(300), vocab: size(300) })
  .map(({ layers, kvHeads, group, headSize, wide, vocab }) => {
    const hidden = kvHeads * group * headSize;
    const one = (name: string, inputs: number, out: number, count: number) => ({ name, in: inputs, out, count });
    const linears = [
      one("up", hidden, wide, layers),
      one("down", wide, hidden, layers),
      one("lm_head", hidden, vocab, 1),
    ];
    return { name: "random", layers, heads: kvHeads * group, kvHeads, headSize, linears };
  });
const powers = fc.constantFrom(1, 2, 4, 8);
const grid = fc.record({ rows: powers, columns: powers });
const machines: fc.Arbitrary<FormulaMachine> = fc
  .record({
    decode: grid,
    prefill: grid,
    lanes: powers,
    bitSerial: fc.boolean(),
    bits: fc.integer({ min: 16, max: 256 }),
    kvBits: size(16),
  })
  .map(({ decode, prefill, lanes, bitSerial, bits, kvBits }) => {
    const each = { decode: bits / 16, prefill: bits / 16 };
    return {
      ...SMALL,
      array: { decode, prefill },
      lanes,
      bitSerial,
      kvBits,
      weightBits: { head: each, paper: each },
      platform: { ...SMALL.platform, sram: anyWidth },
    };
  });
/** Every width that such a machine asks for. */
const anyWidth = {
  place: "any",
  ports: Array.from({ length: 4096 }, (_, i) => ({ widthBits: i + 1, readPj: 10, writePj: 20 })),
};
const steps: fc.Arbitrary<FormulaStep> = fc
  .record({
    revision: fc.constantFrom(...REVISIONS),
    phase: fc.constantFrom("prefill" as const, "decode" as const),
    batch: size(9),
    context: size(70),
  })
  .map((step) => (step.revision === "paper" ? { ...step, batch: 1 } : step));

function law(name: string, check: (model: FormulaModel, machine: FormulaMachine, step: FormulaStep) => void): void {
  test(name, () => fc.assert(fc.property(models, machines, steps, check), { seed: SEED, numRuns: RUNS }));
}

const noLess = (more: Estimate, less: Estimate) => {
  for (const key of ["cycles", "computeCycles", "tiles"] as const) assert.ok(more[key] >= less[key], key);
  for (const key of ["pe", "sramRead", "dram"] as const) assert.ok(more.energyPj[key] >= less.energyPj[key], key);
};

law("never less for a longer context or a larger batch", (model, machine, step) => {
  const once = estimate(model, machine, step);
  noLess(estimate(model, machine, { ...step, context: step.context + 1 }), once);
  if (step.revision === "head") noLess(estimate(model, machine, { ...step, batch: step.batch + 1 }), once);
});

law("a prefill of n sequences computes n times as long", (model, machine, step) => {
  const many: FormulaStep = { ...step, revision: "head", phase: "prefill" };
  const [one, all] = [{ ...many, batch: 1 }, many].map((each) => estimate(model, machine, each));
  assert.is(all.computeCycles, many.batch * one.computeCycles);
  assert.is(all.tiles, many.batch * one.tiles);
});

law("between the longer side and both sides, a product at a time", (model, machine, step) => {
  const {
    cycles,
    linear: { computeCycles, dramCycles },
    attention,
    products,
    layers,
    ...rest
  } = estimate(model, machine, step);
  const [compute, dram] = [computeCycles + attention.computeCycles, dramCycles + attention.dramCycles];
  assert.is(compute, rest.computeCycles);
  assert.ok(Math.max(compute, dram) <= cycles && cycles <= compute + dram);
  assert.is(
    cycles,
    products.reduce(
      (sum, { product, ...cost }) => sum + product.count * Math.max(cost.computeCycles, cost.dramCycles),
      0,
    ),
  );
  assert.ok(rest.layersComputeBound <= layers);
});

law("what is read again moves as little as either way can", (model, machine, step) => {
  const { weightBufferBytes: ofWeights, inputBufferBytes: ofInputs } = machine.platform;
  for (const {
    bytes: { weights, inputs, outputs },
    reads,
    dramCycles,
  } of estimate(model, machine, step).products) {
    const bothSpill = weights > ofWeights && inputs > ofInputs;
    const ways = [Math.ceil(inputs / ofInputs) * weights + inputs, weights + Math.ceil(weights / ofWeights) * inputs];
    const moved = reads.weights * weights + reads.inputs * inputs;
    assert.is(moved, bothSpill ? Math.min(...ways) : weights + inputs);
    assert.is(dramCycles, Math.floor(((moved + outputs) * 8) / 16));
  }
});

law("twice the model takes twice of everything", (model, machine, step) => {
  const linears = model.linears.map((one) => ({ ...one, count: 2 * one.count }));
  const [one, two] = [model, { ...model, layers: 2 * model.layers, linears }].map((each) =>
    estimate(each, machine, step),
  );
  for (const key of ["cycles", "computeCycles", "tiles", "layers", "layersComputeBound"] as const)
    assert.is(two[key], 2 * one[key], key);
  assert.ok(Math.abs(two.energyPj.total - 2 * one.energyPj.total) <= 1e-12 * two.energyPj.total);
});

test.run();
