//
//   A session: answers in the order of the points however fast they come; the front with pruning is the front without;
//   what is recorded is not run again.
//

import fc from "fast-check";
import { suite } from "uvu";
import * as assert from "uvu/assert";
import type { Aims } from "../../src/sweep/aims.js";
import { type Answered, lineOf, type Planned } from "../../src/sweep/record.js";
import { LAG, Session } from "../../src/sweep/session.js";

const test = suite("sweep/session");
const SEED = Number(process.env.MOBISIM_SEED ?? 20261122);

const AIMS: Aims = {
  objectives: [
    { measure: "cycles", goal: "min" },
    { measure: "tokensPerSecond", goal: "max" },
  ],
  constraints: [{ text: "areaMm2 <= 4", measure: "areaMm2High", operator: "<=", limit: 4 }],
};

/** What a point reaches at its best, and how much worse it really is. */
interface Case {
  cycles: number;
  tokens: number;
  area: number;
  worse: number;
}

function planned({ cycles, tokens, area }: Case, place: number): Planned {
  return { id: `p${place}`, values: { place }, best: { cycles, tokensPerSecond: tokens, areaMm2High: area } };
}

function trulyMeasured({ cycles, tokens, area, worse }: Case) {
  return { cycles: cycles + worse, tokensPerSecond: tokens - worse, areaMm2High: area };
}

async function answers(cases: Case[], prune: boolean, options: { recorded?: Answered[]; slow?: boolean } = {}) {
  const appended: Answered[] = [];
  const ran: number[] = [];
  const session = new Session({
    aims: AIMS,
    prune,
    recorded: options.recorded ?? [],
    evaluate: async ({ values }) => {
      const place = Number(values.place);
      ran.push(place);
      if (options.slow) await new Promise((resolve) => setTimeout(resolve, (place * 7) % 5));
      return { measures: trulyMeasured(cases[place]), stateHash: "0" };
    },
    append: (answer) => appended.push(answer),
  });
  await session.run(cases.map(planned));
  return { session, appended, ran };
}

const small = fc.integer({ min: 1, max: 6 });
const cases = fc.array(
  fc.record({
    cycles: small,
    tokens: fc.integer({ min: 7, max: 12 }),
    area: small,
    worse: fc.integer({ min: 0, max: 3 }),
  }),
  { minLength: 1, maxLength: 80 },
);
const ids = ({ session }: { session: Session }) => session.front.items.map(({ id }) => id).sort();

test(`the front with pruning is the front without, seed ${SEED}`, async () => {
  let pruned = 0;
  const law = fc.asyncProperty(cases, async (points) => {
    const [some, all] = [await answers(points, true), await answers(points, false)];
    assert.equal(ids(some), ids(all));
    pruned += all.ran.length - some.ran.length;
    for (const { status, reason } of some.appended) assert.is(status === "pruned", reason !== undefined);
  });
  await fc.assert(law, { seed: SEED, numRuns: 200 });
  assert.ok(pruned > 300, `only ${pruned} points were saved`);
});

test(`who is faster changes nothing; recorded answers are not run again, seed ${SEED}`, async () => {
  const law = fc.asyncProperty(cases, fc.double({ min: 0, max: 1, noNaN: true }), async (points, share) => {
    const [fast, slow] = [await answers(points, true), await answers(points, true, { slow: true })];
    const lines = (found: Answered[]) => found.map(lineOf).join("");
    assert.is(lines(slow.appended), lines(fast.appended));
    const recorded = fast.appended.slice(0, Math.floor(share * points.length));
    const resumed = await answers(points, true, { recorded });
    assert.is(lines([...recorded, ...resumed.appended]), lines(fast.appended));
    assert.ok(resumed.ran.every((place) => place >= recorded.length));
  });
  await fc.assert(law, { seed: SEED, numRuns: 40 });
});

test(`at most ${LAG} points are under way; each is judged by what lies ${LAG} before it`, async () => {
  const best = { cycles: 1, tokens: 12, area: 1, worse: 0 };
  const poor = { cycles: 3, tokens: 8, area: 1, worse: 0 };
  const { appended } = await answers([best, ...Array.from({ length: LAG + 3 }, () => poor)], true);
  const firstPruned = appended.findIndex(({ status }) => status === "pruned");
  assert.is(firstPruned, LAG);
  assert.is(appended[firstPruned].reason, "p0 dominates the best that it can reach");
});

test("what breaks a constraint is never a reason, and never on the front", async () => {
  const cheat = { cycles: 1, tokens: 12, area: 5, worse: 0 };
  const honest = { cycles: 3, tokens: 8, area: 1, worse: 0 };
  const { session, appended } = await answers([cheat, ...Array.from({ length: LAG }, () => honest)], false);
  assert.equal(appended[0].violates, ["areaMm2 <= 4"]);
  assert.is(session.front.size, LAG);
  const pruned = await answers([cheat, honest], true);
  assert.is(pruned.appended[0].reason, "areaMm2High is 5 at its best; constraint areaMm2 <= 4");
});

test.run();
