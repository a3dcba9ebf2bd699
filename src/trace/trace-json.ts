//
//   trace.json: what a trace pack says of itself. Schema mobi-trace-1, described in traces/README.md.
//

import { z } from "zod";
import { InputError } from "../basics/errors.js";
import { readJson } from "../basics/json.js";

export const SLICES = 4;
/** Weight bits of every slice. */
export const SLICE_BITS = 2;
/** Configurations beside the budgets: FP16, and the first k slices for every token. */
const FIXED_CONFIGS = ["fp", "k1", "k2", "k3", "k4"] as const;

const size = z.int().min(1);
const text = z.string().min(1);
const sha256 = z.string().regex(/^[0-9a-f]{64}$/, { error: "allowed 64 hexadecimal digits in lower case" });
const sliceBits = z.literal(SLICE_BITS, { error: `allowed ${SLICE_BITS}` });

const Budget = z.object({
  name: text,
  bits: z.number().gt(0),
  threshold: z.number(),
  measuredBits: z.number().gt(0),
  scores: z.boolean(),
});

const Description = z.object({
  schema: z.literal("mobi-trace-1", { error: "allowed mobi-trace-1" }),
  name: text,
  model: text,
  modelSha256: sha256,
  sequences: size,
  sequenceLength: size,
  promptLength: size,
  phase: z.enum(["decode", "prefill"]),
  source: text,
  licence: text,
  sliceBits: z.array(sliceBits).length(SLICES),
  group: size,
  linears: z.array(z.object({ name: text, in: size, out: size })).min(1),
  budgets: z.array(Budget).min(1),
  nll: z.array(text),
});

export type Budget = z.output<typeof Budget>;
export type TraceDescription = Readonly<z.output<typeof Description>>;

/** The description, or the first thing in it that is wrong. */
export function parseTraceJson(jsonText: string, file: string): TraceDescription {
  const about = readJson(jsonText, file, Description);
  checkDescription(about, file);
  return about;
}

function checkDescription(about: TraceDescription, file: string): void {
  const { promptLength, sequenceLength, budgets } = about;
  if (promptLength > sequenceLength) {
    throw new InputError(`${file}: promptLength is ${promptLength}; allowed 1..${sequenceLength} (sequenceLength)`);
  }
  const names = budgets.map((budget) => budget.name);
  const bits = budgets.map((budget) => budget.bits);
  const linears = about.linears.map((linear) => linear.name);
  const lists = { "budgets.name": names, "budgets.bits": bits, "linears.name": linears, nll: about.nll };
  for (const [key, list] of Object.entries(lists)) refuseTwice(key, list, file);
  const reserved = names.find((name) => (FIXED_CONFIGS as readonly string[]).includes(name) || name.includes("/"));
  if (reserved !== undefined) {
    const allowed = `allowed a name without "/" and other than ${FIXED_CONFIGS.join(", ")}`;
    throw new InputError(`${file}: budgets.name is ${JSON.stringify(reserved)}; ${allowed}`);
  }
  const configs = [...names, ...FIXED_CONFIGS];
  const unknown = about.nll.find((config) => !configs.includes(config));
  if (unknown !== undefined) {
    throw new InputError(`${file}: nll is ${JSON.stringify(unknown)}; allowed ${configs.join(", ")}`);
  }
}

function refuseTwice(key: string, list: readonly (string | number)[], file: string): void {
  const twice = list.find((one, place) => list.indexOf(one) !== place);
  if (twice !== undefined) throw new InputError(`${file}: ${key} is ${JSON.stringify(twice)} twice; allowed once`);
}
