//
//   A multi-objective evolutionary search: each generation comes from the front that is known by then.
//
//     front ──► two parents, each the lonelier of two (crowding distance) ──► crossover ──► mutation ──► new places
//
//   Only points of the front have children: what is dominated or breaks a constraint never does. So pruning, which leaves
//   out nothing else, changes no generation. While the front is empty, places are drawn by chance.
//   The archive of non-dominated parents is PAES's (Knowles and Corne, 2000), the tournament NSGA-II's (Deb et al., 2002).
//

import { normal } from "../basics/random.js";
import { type Costs, crowding } from "./pareto.js";
import { draw, type Place, placeOf } from "./search.js";
import type { Axis, Space } from "./space.js";

/** Mean step of a mutation, as a share of its axis. */
const STEP = 0.2;
/** Attempts to find a place that was not tried yet. */
const ATTEMPTS = 100;
/** Draws of a child beside those of its axes; each axis takes DRAWS_OF_AXIS of its own. */
const DRAW = { parent: 0, axes: 4 } as const;
const DRAWS_OF_AXIS = 4;

/** A point of the front: where it lies and what it costs. */
export interface Parent {
  readonly place: Place;
  readonly costs: Costs;
}

/** Places for the next generation; fewer than asked for where the space has no more. `isNew` hears each only once. */
export function nextGeneration(
  { axes, search: { seed } }: Space,
  parents: readonly Parent[],
  first: number,
  count: number,
  isNew: (place: Place) => boolean,
): Place[] {
  const lonely = crowding(parents.map(({ costs }) => costs));
  const places: Place[] = [];
  for (let child = first; child < first + count; child++) {
    for (let attempt = 0; attempt < ATTEMPTS; attempt++) {
      const chance = (axis: number) => draw(seed, "evolution", child, axis, attempt);
      const place =
        parents.length === 0 || attempt > ATTEMPTS / 2
          ? placeOf(axes, (axis) => chance(DRAW.axes + axis))
          : childOf(axes, parents, lonely, chance);
      if (!isNew(place)) continue;
      places.push(place);
      break;
    }
  }
  return places;
}

type Chance = (axis: number) => number;

function childOf(axes: readonly Axis[], parents: readonly Parent[], lonely: readonly number[], chance: Chance): Place {
  const pick = (which: number) => Math.floor(chance(DRAW.parent + which) * parents.length);
  const tournament = (a: number, b: number) => parents[lonely[b] > lonely[a] ? b : a].place;
  const mother = tournament(pick(0), pick(1));
  const father = tournament(pick(2), pick(3));
  return axes.map((axis, i) => {
    const own = (use: number) => chance(DRAW.axes + i * DRAWS_OF_AXIS + use);
    const inherited = own(0) < 0.5 ? mother[i] : father[i];
    return own(1) < 1 / axes.length ? mutated(axis, inherited, normal(own(2), own(3))) : inherited;
  });
}

/** Some way along the axis, one value at least; back where the axis ends. */
function mutated({ levels }: Axis, index: number, steps: number): number {
  const share = Math.min(1, Math.max(0, levels.shareOf(index) + STEP * steps));
  const there = levels.indexAt(share);
  if (there !== index) return there;
  const next = index + (steps < 0 ? -1 : 1);
  return next < 0 || next >= levels.count ? index : next;
}
