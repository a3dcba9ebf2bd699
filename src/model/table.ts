//
//   models/shapes.json: shapes of published models, each with its source.
//
//     name ──► { hfRepo, source, recalled, config }        config has the keys of a config.json; config.ts reads it
//

import { z } from "zod";
import { readJson } from "../basics/json.js";
import { modelOf } from "./config.js";
import type { Model } from "./model.js";

const text = z.string().min(1);
const Table = z.strictObject({
  note: text,
  models: z.record(
    z.string().regex(/^[a-z0-9][a-z0-9.-]*$/),
    z.strictObject({
      hfRepo: text,
      source: z.array(text).min(1),
      /** Keys of `config` that nobody looked up; "all" of them. */
      recalled: z.array(text).min(1).optional(),
      note: text.optional(),
      config: z.looseObject({}),
    }),
  ),
});

export type TableEntry = z.output<typeof Table>["models"][string];

export class ModelTable {
  readonly names: readonly string[];

  private constructor(
    private readonly file: string,
    private readonly models: Readonly<Record<string, TableEntry>>,
  ) {
    this.names = Object.keys(models);
  }

  static parse(content: string, fileName: string): ModelTable {
    return new ModelTable(fileName, readJson(content, fileName, Table).models);
  }

  /** By the name of a model, in whatever case. */
  entry(name: string): TableEntry | undefined {
    const key = name.toLowerCase();
    return Object.hasOwn(this.models, key) ? this.models[key] : undefined;
  }

  /** The name of the shape that was read from a Hugging Face repository. */
  nameOfRepository(repository: string): string | undefined {
    const wanted = repository.toLowerCase();
    return this.names.find((name) => this.models[name].hfRepo.toLowerCase() === wanted);
  }

  /** Throws InputError where the family is not supported; undefined where there is no entry. */
  model(name: string): Model | undefined {
    const entry = this.entry(name);
    const key = name.toLowerCase();
    return entry === undefined ? undefined : modelOf(entry.config, `${this.file}: ${key}`, key);
  }
}
