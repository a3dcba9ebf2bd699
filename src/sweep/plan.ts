//
//   The points of a space, made ready: each with what it is (a hash of everything its answer depends on), whether it can
//   run, and what it can reach at most.
//
//     place ──► values ──► RunRequest ──► prepare ──► id, best | refused           the most promising first
//
//   id      version, engine, machine, part, prices, model, trace, plan and tokens: equal ids have equal answers
//

import { InputError } from "../basics/errors.js";
import { sha256 } from "../io/files.js";
import type { Shelf } from "../io/inputs.js";
import { type Job, prepare } from "../job.js";
import type { RunRequest } from "../request.js";
import { costsOf, promise } from "./aims.js";
import { reachOf } from "./bounds.js";
import { MEASURES } from "./measures.js";
import { type Figures, type Planned, reasonOf, type Values } from "./record.js";
import { type Place, placesOf } from "./search.js";
import { type MachineValue, type Space, valuesAt } from "./space.js";

/** What made the answers: both must be the same for them to be comparable. */
export interface Maker {
  readonly version: string;
  /** sha256 of the machine's binary. */
  readonly engine: string;
}

export interface Planner {
  readonly space: Space;
  readonly maker: Maker;
  readonly requestOf: (values: Values) => RunRequest;
  readonly machineValue: MachineValue;
  readonly shelf: Shelf;
}

export interface Plan {
  readonly points: readonly Planned[];
  /** Places that break a condition, by its text. */
  readonly excluded: Readonly<Record<string, number>>;
  /** Places that are the same as another point. */
  readonly duplicates: number;
}

const ID_DIGITS = 16;

/** Every point that a search tries. */
export function planOf(planner: Planner): Plan {
  const excluded: Record<string, number> = {};
  const points = new Map<string, Planned>();
  let places = 0;
  const isPoint = (place: Place) => {
    const found = valuesAt(planner.space, place, planner.machineValue);
    if ("broken" in found) excluded[found.broken] = (excluded[found.broken] ?? 0) + 1;
    return "values" in found;
  };
  for (const place of placesOf(planner.space, isPoint)) {
    const point = pointAt(planner, place);
    places++;
    if (!points.has(point.id)) points.set(point.id, point);
  }
  const inOrder = [...points.values()].map((point, index) => ({ point, index, at: promise(planner.space, point) }));
  inOrder.sort((a, b) => (a.at === b.at ? a.index - b.index : a.at - b.at));
  return { points: inOrder.map(({ point }) => point), excluded, duplicates: places - points.size };
}

/** The point at a place that breaks no condition. */
export function pointAt({ space, maker, requestOf, machineValue, shelf }: Planner, place: Place): Planned {
  const found = valuesAt(space, place, machineValue);
  if ("broken" in found) throw new Error(`place ${place} breaks ${found.broken}`);
  const { values } = found;
  try {
    const request = requestOf(values);
    const job = prepare(request, shelf);
    const best = bestOf(job);
    const unknown = space.objectives.find((one) => costsOf({ ...space, objectives: [one] }, best) === undefined);
    const id = idOf(maker, request, job);
    if (unknown === undefined) return { id, values, best };
    return { id, values, refused: `objective ${unknown.measure} is not known: ${job.plan.text}, ${job.played.phase}` };
  } catch (error) {
    if (!(error instanceof InputError)) throw error;
    return { id: shortHash({ maker, values, run: space.run }), values, refused: reasonOf(error) };
  }
}

function bestOf(job: Job): Figures {
  const reach = reachOf(job);
  return Object.fromEntries(MEASURES.flatMap(({ name, best }) => (best === undefined ? [] : [[name, best(reach)]])));
}

function idOf(maker: Maker, request: RunRequest, { inputs }: Job): string {
  const { machine: _, sets: __, weights: ___, isoArea: ____, memoMib: _____, ...run } = request;
  return shortHash({ maker, run, machine: inputs.machine, files: inputs.files });
}

function shortHash(document: object): string {
  return sha256(JSON.stringify(document)).slice(0, ID_DIGITS);
}
