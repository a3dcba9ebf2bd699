//
//   JSON in, typed values out: syntax first, then the schema; what is refused becomes one line with file and key.
//
//     text ──► parseJson ──► unknown ──► readJson(schema) ──► typed value
//

import type { z } from "zod";
import { InputError } from "./errors.js";
import { firstRefusal } from "./yaml.js";

export function parseJson(text: string, fileName: string): unknown {
  try {
    return JSON.parse(text);
  } catch (error) {
    const why = (error as Error).message.replace(/\s+/g, " ");
    throw new InputError(`${fileName}: is not JSON (${why}); allowed is one JSON document`);
  }
}

export function readJson<S extends z.ZodType>(text: string, fileName: string, schema: S): z.output<S> {
  const value = parseJson(text, fileName);
  const refused = firstRefusal(schema, value);
  if (refused !== undefined) throw new InputError(`${fileName}: ${refused.text}`);
  return schema.parse(value);
}
