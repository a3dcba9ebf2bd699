//
//   What is measured of whole runs: groups of cases, each a table. Batch 1 at budget 4 of decode16 on edge, unless its name
//   says otherwise.
//
//     ratio     one model with and without the memo: what CI holds
//     goals     what somebody waits for, and what was aimed at
//     steps     three models on two machines, with and without the memo
//     scaling   one thing changes at a time: model, context, batch, PEs
//

import { DEFAULT_MEMO_MIB, type RunRequest } from "../src/request.js";
import type { Case } from "./case.js";

/** CPU seconds of a case, and how many were aimed at. */
export interface Goal {
  of: "configSeconds" | "firstSeconds" | "laterSeconds" | "seconds";
  text: string;
  atMost: number;
}

const MIDDLE = "llama-3.2-1b";
const LARGE = "llama-3-8b";
const MODELS = ["tiny-llama", MIDDLE, LARGE];
const MACHINES = ["edge", "cloud"];
/** A step takes the same time again and again where nothing is remembered. */
const [STEPS, PLAIN_STEPS] = [3, 2];
const MEMO = ["memo", "no memo"] as const;

function one(name: string, change: Partial<RunRequest>): Case {
  const traced = { machine: "edge", model: MIDDLE, trace: "decode16", budget: 4, batch: 1, steps: STEPS, sets: [] };
  return { name, request: { ...traced, ...change } };
}

function memoOf(memo: (typeof MEMO)[number]): Partial<RunRequest> {
  return memo === "memo" ? { memoMib: DEFAULT_MEMO_MIB } : { memoMib: 0, steps: PLAIN_STEPS };
}

/** The same steps with and without the memo. */
export const RATIO: readonly Case[] = MEMO.map((memo) => one(`${MIDDLE}, ${memo}`, memoOf(memo)));

export const GOALS: readonly { of: Case; goals: readonly Goal[] }[] = [
  {
    of: one(`${LARGE}, decode`, { model: LARGE }),
    goals: [
      { of: "configSeconds", text: "inputs read and checked, engine compiled and instantiated", atMost: 0.3 },
      { of: "firstSeconds", text: `${LARGE}, first decode step`, atMost: 2.5 },
      { of: "laterSeconds", text: `${LARGE}, a later one`, atMost: 1 },
    ],
  },
  {
    of: one(`${LARGE}, 64 decode steps`, { model: LARGE, steps: 64 }),
    goals: [{ of: "seconds", text: `${LARGE}, 64 decode steps`, atMost: 30 }],
  },
  {
    of: one(`${LARGE}, prefill`, { model: LARGE, trace: "prefill2k", phase: "prefill", chunk: 512, steps: 1 }),
    goals: [{ of: "seconds", text: `${LARGE}, prefill of 512 tokens`, atMost: 5 }],
  },
  {
    of: {
      name: "mobisim run",
      request: { machine: "edge", model: "tiny-llama", trace: "decode16", sets: [] },
      whole: true,
    },
    goals: [{ of: "seconds", text: "`mobisim run`, 4,080 tokens, idealised runs too", atMost: 0.5 }],
  },
];

export const DECODE_STEPS: readonly Case[] = MODELS.flatMap((model) =>
  MACHINES.flatMap((machine) =>
    MEMO.map((memo) => one(`${model}, ${machine}, ${memo}`, { model, machine, ...memoOf(memo) })),
  ),
);

/** Two slices for everybody where no trace goes with the change. */
function untraced(name: string, change: Partial<RunRequest>): Case {
  const { trace: _trace, budget: _budget, ...request } = one(name, change).request;
  return { name, request: { ...request, slices: 2, ...change } };
}

export const SCALING: Readonly<Record<string, readonly Case[]>> = {
  "model, context 1": ["tiny-llama", "qwen2.5-0.5b", MIDDLE, "llama-3.2-3b", LARGE].map((model) =>
    untraced(model, { model, context: 1 }),
  ),
  [`context, ${MIDDLE}`]: [1, 1024, 8192, 32768].map((context) => untraced(`context ${context}`, { context })),
  [`batch, ${MIDDLE}, context 128`]: [1, 4, 16, 64].map((batch) => untraced(`batch ${batch}`, { batch, context: 128 })),
  [`PEs, ${MIDDLE}, context 1`]: [16, 32, 64, 128].map((rows) =>
    untraced(`${rows} x 16 PEs`, { context: 1, sets: [`array.rows=${rows}`, "fetch.residualReserveKiB=64"] }),
  ),
};
