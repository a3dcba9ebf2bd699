//
//   Pareto fronts: the points that no other point beats. Every coordinate is a cost: what should be large is negated.
//
//     a dominates b:   a is nowhere worse and somewhere better
//     equal points dominate nobody: both stay
//

export type Costs = readonly number[];

export function dominates(a: Costs, b: Costs): boolean {
  return a.every((cost, i) => cost <= b[i]) && a.some((cost, i) => cost < b[i]);
}

/** A front that grows point by point; what it holds does not depend on the order. */
export class Front<T> {
  private held: { readonly item: T; readonly costs: Costs }[] = [];

  get items(): readonly T[] {
    return this.held.map(({ item }) => item);
  }

  get costs(): readonly Costs[] {
    return this.held.map(({ costs }) => costs);
  }

  get size(): number {
    return this.held.length;
  }

  /** One that dominates these costs, the first that came; undefined where none does. */
  dominator(costs: Costs): T | undefined {
    return this.held.find((one) => dominates(one.costs, costs))?.item;
  }

  add(item: T, costs: Costs): void {
    if (this.dominator(costs) !== undefined) return;
    this.held = this.held.filter((one) => !dominates(costs, one.costs));
    this.held.push({ item, costs });
  }
}

/**
 * How lonely each point of a front is (crowding distance, Deb et al., NSGA-II, 2002): the sum over all costs of the gap
 * between its neighbours, as a share of the whole. The ends of a cost are infinitely lonely.
 */
export function crowding(front: readonly Costs[]): number[] {
  const distances = new Array<number>(front.length).fill(0);
  for (const cost of (front[0] ?? []).keys()) {
    const order = [...front.keys()].sort((a, b) => front[a][cost] - front[b][cost] || a - b);
    const spread = front[order[order.length - 1]][cost] - front[order[0]][cost];
    for (const [rank, place] of order.entries()) {
      const [before, after] = [order[rank - 1], order[rank + 1]];
      if (before === undefined || after === undefined) distances[place] = Number.POSITIVE_INFINITY;
      else if (spread > 0) distances[place] += (front[after][cost] - front[before][cost]) / spread;
    }
  }
  return distances;
}
