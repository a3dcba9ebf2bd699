//
//   What the depths of a recorded budget look like: how deep, and how alike.
//
//     histogram     share of (token, linear) pairs with 1, 2, 3, 4 slices
//     correlation   Pearson's, over pairs of depths; the mean over the linears in which depths vary
//       tokens      a token and the next one of its sequence
//       sequences   tokens at one position of different sequences (0 where there is one sequence)
//       layers      the same token in a linear and in the same linear one layer deeper
//
//   Correlated tokens are what a batch needs: their union is fetched. 0 is chance, 1 is the same depth for both.
//

import type { Trace } from "./trace.js";
import { type Budget, SLICES } from "./trace-json.js";

export interface BudgetStatistics {
  readonly name: string;
  readonly bits: number;
  readonly measuredBits: number;
  readonly threshold: number;
  readonly histogram: number[];
  readonly correlation: { tokens: number; sequences: number; layers: number };
  /** Mean slices of each kind of linear, over layers: `q_proj`. */
  readonly byKind: Record<string, number>;
}

export function budgetStatistics(trace: Trace, { name, bits, measuredBits, threshold }: Budget): BudgetStatistics {
  const depths = trace.slices(name);
  const histogram = new Array<number>(SLICES).fill(0);
  for (const depth of depths) histogram[depth - 1] += 1 / depths.length;
  const correlation = {
    tokens: meanOver(trace, (linear) => ofTokens(trace, depths, linear)),
    sequences: meanOver(trace, (linear) => ofSequences(trace, depths, linear)),
    layers: meanOver(trace, (linear) => ofLayers(trace, depths, linear)),
  };
  return { name, bits, measuredBits, threshold, histogram, correlation, byKind: byKind(trace, depths) };
}

/** The mean of those that are known; 0 where none is. */
function meanOver(trace: Trace, of: (linear: number) => number | null): number {
  const known = trace.linears.map((_, linear) => of(linear)).filter((one) => one !== null);
  return known.reduce((sum, one) => sum + one, 0) / Math.max(1, known.length);
}

function ofTokens(trace: Trace, depths: Uint8Array, linear: number): number | null {
  const pairs = new Pairs();
  for (let row = 0; row + 1 < trace.rows; row++) {
    if ((row + 1) % trace.sequenceLength !== 0)
      pairs.add(at(trace, depths, row, linear), at(trace, depths, row + 1, linear));
  }
  return pairs.correlation;
}

function ofSequences(trace: Trace, depths: Uint8Array, linear: number): number | null {
  const pairs = new Pairs();
  for (let position = 0; position < trace.sequenceLength; position++) {
    for (let first = 0; first < trace.sequences; first++) {
      for (let second = 0; second < trace.sequences; second++) {
        if (first === second) continue;
        const [a, b] = [trace.row(first, position), trace.row(second, position)];
        pairs.add(at(trace, depths, a, linear), at(trace, depths, b, linear));
      }
    }
  }
  return pairs.correlation;
}

function ofLayers(trace: Trace, depths: Uint8Array, linear: number): number | null {
  const name = trace.linears[linear].name;
  const deeper = trace.linears.findIndex((one, other) => other > linear && kindOf(one.name) === kindOf(name));
  if (deeper < 0) return null;
  const pairs = new Pairs();
  for (let row = 0; row < trace.rows; row++) pairs.add(at(trace, depths, row, linear), at(trace, depths, row, deeper));
  return pairs.correlation;
}

function byKind(trace: Trace, depths: Uint8Array): Record<string, number> {
  const sums = new Map<string, { sum: number; count: number }>();
  for (const [i, depth] of depths.entries()) {
    const kind = kindOf(trace.linears[i % trace.linears.length].name);
    const one = sums.get(kind) ?? { sum: 0, count: 0 };
    sums.set(kind, { sum: one.sum + depth, count: one.count + 1 });
  }
  return Object.fromEntries([...sums].map(([kind, { sum, count }]) => [kind, sum / count]));
}

/** The last part of a linear's name: `q_proj`. */
function kindOf(name: string): string {
  return name.slice(name.lastIndexOf(".") + 1);
}

function at(trace: Trace, depths: Uint8Array, row: number, linear: number): number {
  return depths[row * trace.linears.length + linear];
}

/** Pearson's correlation of pairs, by sums. */
class Pairs {
  private count = 0;
  private a = 0;
  private b = 0;
  private aa = 0;
  private bb = 0;
  private ab = 0;

  add(a: number, b: number): void {
    this.count++;
    this.a += a;
    this.b += b;
    this.aa += a * a;
    this.bb += b * b;
    this.ab += a * b;
  }

  /** Null where a side does not vary. */
  get correlation(): number | null {
    const { count, a, b, aa, bb, ab } = this;
    const spread = (count * aa - a * a) * (count * bb - b * b);
    return spread > 0 ? (count * ab - a * b) / Math.sqrt(spread) : null;
  }
}
