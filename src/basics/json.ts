//
//   JSON in, typed values out: syntax first, then the schema; what is refused becomes one line with file and key.
//
//     text ──► parseJson ──► unknown ──► readValue(schema) ──► typed value          readJson: both
//

import type { z } from "zod";
import { InputError } from "./errors.js";
import { checked } from "./yaml.js";

export function parseJson(text: string, fileName: string): unknown {
  try {
    return JSON.parse(text);
  } catch (error) {
    const why = (error as Error).message.replace(/\s+/g, " ");
    throw new InputError(`${fileName}: is not JSON (${why}); allowed is one JSON document`);
  }
}

export function readValue<S extends z.ZodType>(value: unknown, fileName: string, schema: S): z.output<S> {
  return checked(schema, value, ({ text }) => {
    throw new InputError(`${fileName}: ${text}`);
  });
}

export function readJson<S extends z.ZodType>(text: string, fileName: string, schema: S): z.output<S> {
  return readValue(parseJson(text, fileName), fileName, schema);
}
