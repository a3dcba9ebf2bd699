//
//   npm run bench: how fast the simulator is, in CPU time, and the ratios that CI holds. Absolute figures depend on the machine
//   and are only printed and written to bench/results.json; a ratio is taken within one run.
//
//     always    DRAM, one decode step on engine and oracle (throughput.ts); golden streams (dram.ts); the functional path
//               (numeric.ts); decode steps with the memo and without (cases.ts)
//     --full    npm run bench:full: goals, decode steps of three models on two machines, scaling (cases.ts), memory;
//               writes the measured part of docs/performance.md, too (page.ts)
//

import { type Case, type Measured, measured } from "./case.js";
import { DECODE_STEPS, GOALS, RATIO, SCALING } from "./cases.js";
import { dramFigures } from "./dram.js";
import { type Figure, figureLine } from "./figure.js";
import { numericFigures } from "./numeric.js";
import { writePage } from "./page.js";
import { type Ratio, writeResults } from "./results.js";
import { caseLine, type Group, goalLine, headLine, type MeasuredGoal } from "./tables.js";
import { engineAgainstOracle, throughputFigures } from "./throughput.js";

/** Bounds of CI, far below what is found, so that they hold on any machine; a ratio below gets another try. */
const LEAST_AGAINST_ORACLE = 20;
const LEAST_AGAINST_NO_MEMO = 2;
const TRIES = 3;

const say = (line: string) => process.stdout.write(`${line}\n`);

async function rates(): Promise<Figure[]> {
  const figures = [...(await throughputFigures()), ...dramFigures(), ...(await numericFigures())];
  for (const figure of figures) say(figureLine(figure));
  return figures;
}

function measure(one: Case): Measured {
  const row = measured(one);
  say(caseLine(row));
  return row;
}

function group(heading: string, cases: readonly Case[]): Group {
  say(`\n${heading}\n${headLine()}`);
  return { heading, rows: cases.map(measure) };
}

/** Later steps with the memo against steps without; the best of a few tries, because others use the machine too. */
function memoAgainstNone(): { rows: readonly Measured[]; ratio: number } {
  const { rows } = group("memo against none", RATIO);
  const [memo, none] = rows.map(({ laterSeconds, firstSeconds }) => laterSeconds ?? firstSeconds);
  return { rows, ratio: none / memo };
}

async function best<T extends { ratio: number }>(least: number, first: T, again: () => T | Promise<T>): Promise<T> {
  let found = first;
  for (let tries = 1; tries < TRIES && !(found.ratio >= least); tries++) {
    const another = await again();
    if (!(found.ratio >= another.ratio)) found = another;
  }
  return found;
}

async function heldRatios(figures: readonly Figure[]): Promise<{ ratios: Ratio[]; rows: readonly Measured[] }> {
  const oracle = await best(LEAST_AGAINST_ORACLE, { ratio: engineAgainstOracle(figures) }, async () => {
    return { ratio: engineAgainstOracle(await throughputFigures()) };
  });
  const memo = await best(LEAST_AGAINST_NO_MEMO, memoAgainstNone(), memoAgainstNone);
  const ratios = [
    { name: "engine against oracle, a decode step of tiny-llama", ratio: oracle.ratio, least: LEAST_AGAINST_ORACLE },
    { name: "memo against none, a later step of llama-3.2-1b", ratio: memo.ratio, least: LEAST_AGAINST_NO_MEMO },
  ];
  return { ratios, rows: memo.rows };
}

function goalsMet(): MeasuredGoal[] {
  say("\ngoals");
  return GOALS.flatMap(({ of, goals }) => {
    const row = measured(of);
    return goals.map((goal) => {
      const met = { ...goal, seconds: row[goal.of] ?? Number.NaN };
      say(goalLine(met));
      return met;
    });
  });
}

const full = process.argv.includes("--full");
const figures = await rates();
const { ratios, rows } = await heldRatios(figures);
const ratioGroup = { heading: "memo against none", rows };
const goals = full ? goalsMet() : [];
const scaling = full ? Object.entries(SCALING).map(([heading, cases]) => group(heading, cases)) : [];
const groups = full ? [group("decode steps", DECODE_STEPS), ...scaling] : [ratioGroup];
const results = writeResults({ figures, ratios, goals, groups });
if (full) writePage(results);
for (const { name, ratio, least } of ratios) {
  say(`${name}: ${ratio.toFixed(1)} (at least ${least})`);
  if (ratio >= least) continue;
  process.stderr.write(`bench: ${name} is only ${ratio.toFixed(1)}, at least ${least}\n`);
  process.exitCode = 1;
}
