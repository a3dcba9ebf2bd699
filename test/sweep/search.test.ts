//
//   Searches: what each promises of the places it tries; an evolution comes nearer to the front than chance does.
//

import { suite } from "uvu";
import * as assert from "uvu/assert";
import { nextGeneration, type Parent } from "../../src/sweep/evolution.js";
import { Front } from "../../src/sweep/pareto.js";
import { type Place, placesOf } from "../../src/sweep/search.js";
import { parseSpace, type Search, type Space } from "../../src/sweep/space.js";

const test = suite("sweep/search");

function space(search: Partial<Search>, vary = "{array.rows: [1, 2, 3], array.columns: [1, 2], batch: [1, 2]}"): Space {
  const { kind = "grid", points = 100, seed = 1, generation = 8 } = search;
  const written = `{kind: ${kind}, points: ${points}, seed: ${seed}, generation: ${generation}}`;
  const text = `vary: ${vary}\nobjectives: [cycles]\nsearch: ${written}\n`;
  return parseSpace(text, "a.yaml", { batch: () => {}, budget: () => {} });
}

const all = () => true;
const keys = (places: Iterable<Place>) => [...places].map((place) => place.join());

test("grid: every combination once, the last axis fastest, without what breaks a condition", () => {
  const places = keys(placesOf(space({}), all));
  assert.equal(places.slice(0, 5), ["0,0,0", "0,0,1", "0,1,0", "0,1,1", "1,0,0"]);
  assert.is(new Set(places).size, 12);
  assert.equal(keys(placesOf(space({}), ([rows]) => rows === 2)), ["2,0,0", "2,0,1", "2,1,0", "2,1,1"]);
});

const WIDE = "{array.rows: {from: 1, to: 1000}, array.columns: {from: 1, to: 1000}, batch: {from: 1, to: 1000}}";

test("random: as many as asked for, none twice, none that breaks a condition; the seed decides", () => {
  const draw = (seed: number) =>
    keys(placesOf(space({ kind: "random", points: 50, seed }, WIDE), ([rows]) => rows < 500));
  const places = draw(1);
  assert.is(new Set(places).size, 50);
  assert.ok(places.every((place) => Number(place.split(",")[0]) < 500));
  assert.equal(draw(1), places);
  assert.is(draw(2).filter((place) => places.includes(place)).length, 0);
  assert.is(keys(placesOf(space({ kind: "random", points: 10 }), all)).length, 10);
  assert.is(keys(placesOf(space({ kind: "random", points: 12 }), all)).length, 12);
});

test("Latin hypercube: every share of every axis is used once", () => {
  const points = 25;
  const places = [...placesOf(space({ kind: "lhs", points, seed: 4 }, WIDE), all)];
  assert.is(places.length, points);
  for (const axis of [0, 1, 2]) {
    const shares = places.map((place) => Math.floor((place[axis] * points) / 1000)).sort((a, b) => a - b);
    assert.equal(
      shares,
      Array.from({ length: points }, (_, i) => i),
    );
  }
});

/** Two costs that pull two axes apart; the third only costs. */
function costs(place: Place): number[] {
  const [x, y, z] = place.map((index) => index / 999);
  return [x + z + (y - 0.5) ** 2, 1 - x + z + (y - 0.5) ** 2];
}

/** Area that a front leaves below (3, 3): the less the better it is. */
function leftOver(front: readonly (readonly number[])[]): number {
  let [area, last] = [0, 3];
  for (const [x, y] of [...front].sort((a, b) => a[0] - b[0])) {
    area += (3 - x) * (last - y);
    last = y;
  }
  return 9 - area;
}

function evolved(seed: number, points: number): number {
  const searched = space({ kind: "evolution", points, seed, generation: 20 }, WIDE);
  const front = new Front<Place>();
  const tried = new Set<string>();
  const isNew = (place: Place) => !tried.has(place.join()) && tried.add(place.join()) !== undefined;
  for (let first = 0; first < points; first += 20) {
    const parents = front.items.map((place): Parent => ({ place, costs: costs(place) }));
    const children = nextGeneration(searched, parents, first, 20, isNew);
    assert.is(children.length, 20);
    for (const place of children) front.add(place, costs(place));
  }
  assert.is(tried.size, points);
  return leftOver(front.costs);
}

test("an evolution comes nearer to the front than chance, under every seed", () => {
  for (const seed of [1, 2, 3, 4, 5]) {
    const chance = new Front<Place>();
    for (const place of placesOf(space({ kind: "random", points: 400, seed }, WIDE), all))
      chance.add(place, costs(place));
    const [found, drawn] = [evolved(seed, 400), leftOver(chance.costs)];
    assert.is(evolved(seed, 400), found);
    assert.ok(found < drawn - 0.05, `seed ${seed}: ${found} against ${drawn}`);
  }
});

test("a small space is tried once, all of it", () => {
  const tried = new Set<string>();
  const isNew = (place: Place) => !tried.has(place.join()) && tried.add(place.join()) !== undefined;
  const parents = [{ place: [0, 0, 0], costs: [1, 2] }];
  nextGeneration(space({ kind: "evolution" }), parents, 0, 100, isNew);
  assert.is(tried.size, 12);
});

test.run();
