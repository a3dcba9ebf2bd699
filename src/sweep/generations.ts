//
//   Drives an evolutionary search: generations of new points through a session, until as many as asked for were tried.
//
//     front of the session ──► nextGeneration ──► pointAt ──► session.run ──► front ...
//

import { InputError } from "../basics/errors.js";
import { costsOf } from "./aims.js";
import { nextGeneration, type Parent } from "./evolution.js";
import { type Planner, pointAt } from "./plan.js";
import type { Planned } from "./record.js";
import type { Place } from "./search.js";
import type { Session } from "./session.js";
import { valuesAt } from "./space.js";

export async function evolve(planner: Planner, session: Session): Promise<void> {
  const { space, machineValue } = planner;
  const { points, generation } = space.search;
  const placeOf = new Map<string, Place>();
  const tried = new Set<string>();
  const isNew = (place: Place) => {
    const key = place.join();
    if (tried.has(key)) return false;
    tried.add(key);
    return "values" in valuesAt(space, place, machineValue);
  };
  for (let first = 0; first < points; first += generation) {
    const parents = session.front.items.map(({ id, measures }): Parent => {
      return { place: placeOf.get(id) as Place, costs: costsOf(space, measures ?? {}) ?? [] };
    });
    const places = nextGeneration(space, parents, first, Math.min(generation, points - first), isNew);
    const fresh: Planned[] = [];
    for (const place of places) {
      const point = pointAt(planner, place);
      if (placeOf.has(point.id)) continue;
      placeOf.set(point.id, place);
      fresh.push(point);
    }
    await session.run(fresh);
    const [answer] = session.answers;
    if (first === 0 && answer === undefined) throw new InputError("the space is empty: every place breaks a condition");
  }
}
