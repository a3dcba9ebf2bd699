//
//   Depth processes: their marginals, correlations and unions over a batch against the closed forms of docs/plans.md, within
//   five standard errors at fixed seeds; and that a draw depends on its token alone.
//

import { suite } from "uvu";
import * as assert from "uvu/assert";
import type { Plan } from "../../src/trace/plan.js";
import { wantedBits } from "../../src/trace/plan.js";
import { type Replay, replay } from "../../src/trace/replay.js";
import type { ReplayOptions } from "../../src/trace/replay-options.js";
import { PROCESSES, type Process, syntheticPlan, tailsAt } from "../../src/trace/synthetic.js";
import { embeddedModel } from "../support/pack.js";
import { refusal } from "../support/refusal.js";

const test = suite("synthetic");
const tiny = embeddedModel("tiny-llama");
const LINEARS = tiny.linears.length;

const played = (options: ReplayOptions) => replay(null, tiny, options);
const planOf = (process: Process, bits: number, rho?: number, seed?: number) =>
  syntheticPlan({ process, bits, rho, seed });

/** Depths by step and linear: one list a (step, linear), in the order of the step's tokens. */
function depthsOf(plan: Plan, replayed: Replay): number[][] {
  return Array.from({ length: replayed.stepCount }, (_, index) => {
    const step = replayed.step(index);
    const all = { start: 0, size: step.rows.length };
    return Array.from({ length: LINEARS }, (_, linear) => [...plan.depths(step, all, linear)]);
  }).flat();
}

const mean = (values: readonly number[]) => values.reduce((sum, value) => sum + value, 0) / values.length;

/** That the mean of independent values is `wanted`, within five standard errors and five events too rare to show. */
function near(values: readonly number[], wanted: number, what: string): void {
  const average = mean(values);
  const variance = mean(values.map((value) => (value - average) ** 2));
  const bound = 5 * Math.sqrt(variance / values.length) + 5 / values.length;
  assert.ok(Math.abs(average - wanted) <= bound, `${what}: ${average}, wanted ${wanted} +- ${bound}`);
}

test("tails: the anchors, the mean everywhere, deeper slices never more likely", () => {
  assert.equal(tailsAt(3), [0.5, 0, 0]);
  assert.equal(tailsAt(4), [0.6, 0.3, 0.1]);
  assert.equal(tailsAt(8), [1, 1, 1]);
  for (let bits = 2.05; bits <= 8; bits += 0.05) {
    const [two, three, four] = tailsAt(bits);
    assert.ok(Math.abs(2 * (1 + two + three + four) - bits) < 1e-12, `mean of ${bits}`);
    assert.ok(1 >= two && two >= three && three >= four && four >= 0, `order at ${bits}`);
  }
});

test("every process has the mean and the marginal it is asked for", () => {
  for (const process of PROCESSES) {
    for (const bits of [2.3, 3, 4, 6.5]) {
      const lists = depthsOf(planOf(process, bits), played({ batch: 4, steps: 150 }));
      const tails = tailsAt(bits);
      // Per sequence, so that tokens of a step count as the one draw they may be; a chain's are thinned by 8.
      for (const sequence of [0, 3]) {
        const stride = process === "markov" ? 8 * LINEARS : 1;
        const own = lists.filter((_, i) => i % stride < LINEARS).map((list) => list[sequence]);
        for (const e of [2, 3, 4] as const) {
          near(
            own.map((depth) => (depth >= e ? 1 : 0)),
            tails[e - 2],
            `${process} ${bits} p${e}`,
          );
        }
      }
    }
  }
});

test("wanted bits of a run are near what was asked", () => {
  const model = { ...tiny, linears: tiny.linears.map((linear) => ({ ...linear, in: 1, out: 1 })) };
  const bits = wantedBits(planOf("independent", 5), model, played({ batch: 8, steps: 60 }));
  // The variance of a depth is at most (4 - 1)^2 / 4.
  assert.ok(Math.abs(bits - 5) < (5 * 2 * 1.5) / Math.sqrt(8 * 60 * LINEARS), `${bits}`);
});

test("fetched bits of independent tokens: the union grows with the batch as in the closed form", () => {
  const published: [number, number, number][] = [
    [3, 1, 3.0],
    [3, 2, 3.5],
    [3, 4, 3.88],
    [3, 16, 4.0],
    [4, 1, 4.0],
    [4, 2, 5.1],
    [4, 4, 6.2],
    [4, 16, 7.6],
    [4, 128, 8.0],
  ];
  for (const [bits, batch, figure] of published) {
    const exact = 2 + 2 * tailsAt(bits).reduce((sum, p) => sum + 1 - (1 - p) ** batch, 0);
    assert.ok(Math.abs(exact - figure) <= 0.05, `the closed form has the published ${figure}: ${exact}`);
    const lists = depthsOf(planOf("independent", bits), played({ batch, steps: 60 }));
    near(
      lists.map((list) => 2 * Math.max(...list)),
      exact,
      `${bits} bits, batch ${batch}`,
    );
  }
});

test("correlated tokens are fetched as one", () => {
  for (const batch of [1, 4, 16]) {
    const lists = depthsOf(planOf("correlated", 4), played({ batch, steps: 60 }));
    assert.ok(lists.every((list) => list.every((depth) => depth === list[0])));
    near(
      lists.map((list) => 2 * Math.max(...list)),
      4,
      `batch ${batch}`,
    );
  }
});

/** Correlation of pairs of depths, whose marginal is known: the standardised products, to be averaged. */
function products(pairs: [number, number][], bits: number): number[] {
  const [two, three, four] = tailsAt(bits);
  const average = bits / 2;
  const variance = 1 + 3 * two + 5 * three + 7 * four - average ** 2;
  return pairs.map(([a, b]) => ((a - average) * (b - average)) / variance);
}

test("beta-binomial: any two tokens of a step correlate by rho, tokens of different steps or linears do not", () => {
  for (const bits of [3, 4, 6]) {
    for (const rho of [0, 0.1, 0.4, 0.8, 1]) {
      const lists = depthsOf(planOf("beta-binomial", bits, rho), played({ batch: 3, steps: 200 }));
      const pairs = (a: number, b: number) => lists.map((list): [number, number] => [list[a], list[b]]);
      near(products(pairs(0, 1), bits), rho, `${bits} bits, rho ${rho}, tokens 0 and 1`);
      near(products(pairs(0, 2), bits), rho, `${bits} bits, rho ${rho}, tokens 0 and 2`);
      const next = lists.slice(0, -1).map((list, i): [number, number] => [list[0], lists[i + 1][1]]);
      near(products(next, bits), 0, `${bits} bits, rho ${rho}, next linear`);
    }
  }
});

test("beta-binomial: the union of two tokens lies where the correlation puts it", () => {
  // Both tokens below e: (1 - p)^2 + rho p (1 - p).
  const [bits, rho] = [4, 0.4];
  const union = (p: number) => 1 - ((1 - p) ** 2 + rho * p * (1 - p));
  const exact = 2 + 2 * tailsAt(bits).reduce((sum, p) => sum + union(p), 0);
  const lists = depthsOf(planOf("beta-binomial", bits, rho), played({ batch: 2, steps: 200 }));
  near(
    lists.map((list) => 2 * Math.max(...list)),
    exact,
    "union",
  );
});

test("markov: lag-1 correlation rho, lag-2 rho squared, sequences independent", () => {
  for (const rho of [0, 0.3, 0.7]) {
    const steps = 400;
    const lists = depthsOf(planOf("markov", 4, rho), played({ batch: 2, steps }));
    const at = (step: number, linear: number, sequence: number) => lists[step * LINEARS + linear][sequence];
    // Pairs of one linear every 16 steps: by then a chain has forgotten.
    const pairs = (lag: number, other = 0) =>
      Array.from({ length: Math.floor((steps - lag) / 16) * LINEARS }, (_, i): [number, number] => {
        const [step, linear] = [16 * Math.floor(i / LINEARS), i % LINEARS];
        return [at(step, linear, 0), at(step + lag, linear, other)];
      });
    near(products(pairs(1), 4), rho, `rho ${rho}, lag 1`);
    near(products(pairs(2), 4), rho ** 2, `rho ${rho}, lag 2`);
    near(products(pairs(0, 1), 4), 0, `rho ${rho}, two sequences`);
  }
});

test("at the ends of rho the processes meet", () => {
  const options = { batch: 3, steps: 20 };
  const of = (process: Process, rho?: number) => depthsOf(planOf(process, 4, rho), played(options));
  assert.equal(of("markov", 0), of("independent"));
  assert.equal(of("beta-binomial", 0), of("independent"));
  assert.equal(of("beta-binomial", 1), of("correlated"));
  const frozen = of("markov", 1);
  assert.ok(frozen.every((list, i) => list.join() === frozen[i % LINEARS].join()));
});

test("a draw depends on its token: not on the batch, the chunks or the order", () => {
  for (const [process, rho] of [["independent"], ["markov", 0.6], ["beta-binomial", 0.5]] as const) {
    const plan = planOf(process, 4, rho);
    const wide = depthsOf(plan, played({ batch: 8, steps: 5 }));
    const narrow = depthsOf(plan, played({ batch: 3, steps: 5 }));
    assert.equal(
      wide.map((list) => list.slice(0, 3)),
      narrow,
    );
    const step = played({ batch: 8 }).step(0);
    assert.equal([...plan.depths(step, { start: 5, size: 2 }, 9)], wide[9].slice(5, 7));
  }
  for (const [process, rho] of [["independent"], ["markov", 0.6]] as const) {
    const plan = planOf(process, 4, rho);
    const whole = depthsOf(plan, played({ phase: "prefill", window: 40 }));
    const chunks = depthsOf(plan, played({ phase: "prefill", window: 40, chunk: 16 }));
    for (let linear = 0; linear < LINEARS; linear++) {
      assert.equal(
        [0, 1, 2].flatMap((chunk) => chunks[chunk * LINEARS + linear]),
        whole[linear],
      );
    }
  }
});

test("another seed draws otherwise; a large one is not cut to 32 bits", () => {
  const of = (seed?: number) => depthsOf(planOf("independent", 4, undefined, seed), played({ batch: 4, steps: 5 }));
  assert.equal(of(), of(1));
  assert.not.equal(of(1), of(2));
  assert.not.equal(of(1), of(1 + 2 ** 32));
});

test("a plan says all its parameters, is routed, and stands for no recorded configuration", () => {
  const { source, budget, slices, routed, config, text } = planOf("markov", 3.3, 0.25, 7);
  assert.equal([source, budget, slices, routed, config], ["synthetic", 3.3, undefined, true, undefined]);
  const law = "a token repeats the depth of the one before it with probability 0.25";
  assert.is(text, `synthetic markov depths with a mean of 3.3 bits: ${law}; seed 7`);
  const plain = "synthetic correlated depths with a mean of 8 bits: one draw for all tokens of a step; seed 1";
  assert.is(planOf("correlated", 8).text, plain);
});

test("refuses means and correlations that cannot be", () => {
  for (const bits of [2, 8.1, 0, Number.NaN]) {
    const line = `--budget ${bits}: allowed more than 2 and at most 8 with --synthetic`;
    assert.is(
      refusal(() => planOf("independent", bits)),
      line,
    );
  }
  for (const rho of [-0.1, 1.1, Number.NaN]) {
    assert.is(
      refusal(() => planOf("markov", 3, rho)),
      `--rho ${rho}: allowed 0..1`,
    );
  }
  assert.is(
    refusal(() => planOf("correlated", 3, 0.5)),
    "--rho 0.5: allowed with --synthetic beta-binomial or markov; the process is correlated",
  );
});

test.run();
