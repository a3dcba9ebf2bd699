//
//   The points of a comparison: every combination of the lists it was given.
//
//     axes  budget: 3, 4   batch: 1, 16   ──► (3, 1) (3, 16) (4, 1) (4, 16)      the last axis runs fastest
//

/** One option with the values it takes, as they were written. */
export interface Axis {
  readonly name: string;
  readonly values: readonly string[];
}

/** Value of every axis, by its name. */
export type Point = Readonly<Record<string, string>>;

export function pointsOf(axes: readonly Axis[]): Point[] {
  return axes.reduce<Point[]>(
    (points, { name, values }) => points.flatMap((point) => values.map((value) => ({ ...point, [name]: value }))),
    [{}],
  );
}

/** The axes that make a difference: those with more than one value. */
export function varied(axes: readonly Axis[]): Axis[] {
  return axes.filter(({ values }) => values.length > 1);
}
