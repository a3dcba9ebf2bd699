//
//   Which points of a space are tried, as places on its axes: all of them, or drawn by chance under a seed.
//
//     grid     every combination, the last axis fastest            random   independent draws, none twice
//     lhs      Latin hypercube (McKay, Beckman, Conover, 1979): every axis is cut into as many shares as there are points,
//              and each share is used once
//
//   A draw is a function of seed, point, axis and attempt (Philox, basics/random.ts): nothing depends on what was drawn before.
//

import { philox, uniform } from "../basics/random.js";
import { type Axis, gridSize, type Space } from "./space.js";

export type Place = readonly number[];

/** Attempts to find a point that is new and breaks no condition, for each one that is wanted. */
const ATTEMPTS = 100;
/** What a draw is for. */
const USE = { random: 1, share: 2, shuffle: 3, evolution: 4 } as const;

/** A uniform number of a seed: of the n-th point, an axis, an attempt. */
export function draw(seed: number, use: keyof typeof USE, point: number, axis: number, attempt = 0): number {
  return uniform(philox([point, axis, attempt, USE[use]], [seed, 0])[0]);
}

/** The places that a search tries, in order; `taken` says whether a place is a point of the space. */
export function* placesOf(space: Space, taken: (place: Place) => boolean): Generator<Place> {
  const { kind, points } = space.search;
  if (kind === "grid" || (kind === "random" && points >= gridSize(space))) yield* grid(space.axes, taken);
  else if (kind === "lhs") yield* latinHypercube(space, taken);
  else yield* randomPlaces(space, points, taken);
}

function* grid(axes: readonly Axis[], taken: (place: Place) => boolean): Generator<Place> {
  const place = axes.map(() => 0);
  while (true) {
    if (taken(place)) yield [...place];
    let axis = axes.length - 1;
    while (axis >= 0 && ++place[axis] === axes[axis].levels.count) place[axis--] = 0;
    if (axis < 0) return;
  }
}

function* randomPlaces({ axes, search }: Space, points: number, taken: (place: Place) => boolean): Generator<Place> {
  const seen = new Set<string>();
  for (let attempt = 0; attempt < points * ATTEMPTS && seen.size < points; attempt++) {
    const place = placeOf(axes, (axis) => draw(search.seed, "random", attempt, axis));
    const key = place.join();
    if (seen.has(key) || !taken(place)) continue;
    seen.add(key);
    yield place;
  }
}

function* latinHypercube({ axes, search }: Space, taken: (place: Place) => boolean): Generator<Place> {
  const { points, seed } = search;
  const orders = axes.map((_, axis) => shuffled(points, seed, axis));
  const seen = new Set<string>();
  for (let point = 0; point < points; point++) {
    const place = placeOf(axes, (axis) => (orders[axis][point] + draw(seed, "share", point, axis)) / points);
    if (seen.has(place.join()) || !taken(place)) continue;
    seen.add(place.join());
    yield place;
  }
}

export function placeOf(axes: readonly Axis[], share: (axis: number) => number): Place {
  return axes.map(({ levels }, axis) => levels.indexAt(share(axis)));
}

/** 0 .. count - 1 in an order by chance (Fisher and Yates). */
function shuffled(count: number, seed: number, axis: number): number[] {
  const order = Array.from({ length: count }, (_, i) => i);
  for (let i = count - 1; i > 0; i--) {
    const j = Math.floor(draw(seed, "shuffle", i, axis) * (i + 1));
    [order[i], order[j]] = [order[j], order[i]];
  }
  return order;
}
