//
//   A result that a run wrote, read back: is it one, and of this version?
//

import { z } from "zod";
import { InputError } from "../basics/errors.js";
import type { Result } from "./result.js";

const band = z.looseObject({ low: z.number(), high: z.number() });
const counts = z.record(z.string(), z.number());

/** What a report takes for granted; the rest of a document that has this comes from the same hand. */
const schema = z.looseObject({
  version: z.string(),
  inputs: z.array(z.looseObject({ name: z.string(), sha256: z.string() })),
  machine: z.string(),
  config: z.looseObject({ name: z.string(), array: z.looseObject({}), dram: z.looseObject({}) }),
  model: z.string(),
  plan: z.looseObject({ source: z.string(), text: z.string() }),
  cycles: z.number(),
  breakdown: counts,
  exposed: z.record(z.string(), z.number().nullable()),
  dram: z.looseObject({ bytes: counts, peakGBps: z.number() }),
  energyPj: z.looseObject({ total: band, blocks: z.record(z.string(), band) }),
  prices: z.looseObject({ events: z.array(z.looseObject({})), cited: z.array(z.looseObject({})) }),
  areaMm2: z.looseObject({ total: band }),
  bits: counts,
  accuracy: z.looseObject({ source: z.string() }),
  counters: counts,
  stateHash: z.string(),
});

/** The result in a document; throws InputError with one line for anything else. */
export function parseResult(text: string, label: string, version: string): Result {
  const document = parseDocument(text, label);
  const found = (document as { version?: unknown } | null)?.version;
  if (typeof found === "string" && found !== version) {
    throw new InputError(`${label}: version is ${found}; allowed ${version}: run it again`);
  }
  const { success, error } = schema.safeParse(document);
  if (success) return document as Result;
  const [{ path, message }] = error.issues;
  const where = path.length === 0 ? "the document" : path.join(".");
  throw new InputError(`${label}: ${where}: ${message}; allowed what mobisim run --json prints`);
}

function parseDocument(text: string, label: string): unknown {
  try {
    return JSON.parse(text);
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error);
    throw new InputError(`${label}: no JSON (${reason}); allowed what mobisim run --json prints`);
  }
}
