//
//   What a sweep's folder says of itself: sweep.json. Its form is docs/sweep.md.
//

import { InputError } from "../basics/errors.js";
import type { Aims } from "./aims.js";
import { MEASURES } from "./measures.js";
import type { Maker, Plan } from "./plan.js";
import type { Values } from "./record.js";
import type { Search, Space } from "./space.js";

/** Of the folder, not of the program. */
const FORM = 1;

export interface Header extends Aims {
  readonly form: number;
  readonly version: string;
  readonly engine: string;
  readonly name: string;
  /** Of space.yaml. */
  readonly sha256: string;
  readonly run: Values;
  readonly axes: readonly { readonly name: string; readonly unit: string; readonly count: number }[];
  readonly follow: readonly { readonly name: string; readonly expression: string }[];
  readonly where: readonly string[];
  readonly search: Search;
  readonly prune: boolean;
  /** Places that a condition left out, by its text; places that are the same as another point. Of a planned search. */
  readonly excluded: Readonly<Record<string, number>>;
  readonly duplicates: number;
  readonly measures: readonly { readonly name: string; readonly unit: string; readonly text: string }[];
}

export function headerOf(
  space: Space,
  { version, engine }: Maker,
  sha256: string,
  prune: boolean,
  { excluded, duplicates }: Omit<Plan, "points"> = { excluded: {}, duplicates: 0 },
): Header {
  const { name, run, search, objectives, constraints } = space;
  return {
    form: FORM,
    version,
    engine,
    name,
    sha256,
    run,
    axes: space.axes.map(({ name: axis, unit, levels }) => ({ name: axis, unit, count: levels.count })),
    follow: space.follow.map(({ name: knob, expression }) => ({ name: knob, expression: expression.text })),
    where: space.where.map(({ text }) => text),
    search,
    objectives,
    constraints,
    prune,
    excluded,
    duplicates,
    measures: MEASURES.map(({ name: measure, unit, text }) => ({ name: measure, unit, text })),
  };
}

/** Refuses what another version made: its figures may differ. */
export function checkMaker(header: Header, { version, engine }: Maker, label: string): void {
  const found = (what: string) => new InputError(`${label}: ${what}; make a new sweep with this one`);
  if (header.form !== FORM || header.version !== version)
    throw found(`is of version ${header.version}; this is ${version}`);
  if (header.engine !== engine)
    throw found(`is of another engine ${header.engine.slice(0, 12)}; this is ${engine.slice(0, 12)}`);
}
