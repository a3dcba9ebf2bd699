//
//   The values of one axis: a list, or a range that is spaced evenly or by ratio. However many, none is stored but a list's.
//
//     [64, 128]                      list          {from, to, step}      8, 16, 24 ...
//     {from, to, factor}             8, 16, 32     {from, to, count}     count values, evenly or (scale: log) by ratio
//     {from, to}                     every value that the knob can take; scale: log draws by ratio from them
//

export type AxisValue = number | string;

export interface Levels {
  readonly count: number;
  at(index: number): AxisValue;
  /** The index that a share 0 <= u < 1 of the axis means: all the same likely, or by ratio where the scale is log. */
  indexAt(u: number): number;
  /** A share that means this index. */
  shareOf(index: number): number;
}

export interface Range {
  readonly from: number;
  readonly to: number;
  readonly step?: number | undefined;
  readonly factor?: number | undefined;
  readonly count?: number | undefined;
  readonly scale?: "linear" | "log" | undefined;
}

/** Decimals to which values are rounded, so that 0.1 * 3 is 0.3. */
const DIGITS = 12;
/** Rounding must not take the last value of a range away. */
const SLACK = 1e-9;

export function listLevels(values: readonly AxisValue[]): Levels {
  return evenly(values.length, (index) => values[index]);
}

/** Values of a range on a knob whose values are multiples of `grain` from its least on. */
export function rangeLevels(range: Range, grain: number): Levels {
  const { from, to, step, factor, count, scale } = range;
  if (factor !== undefined) return listLevels(ratios(from, to, factor, grain));
  if (count !== undefined) return listLevels(spaced(from, to, count, scale, grain));
  const stride = step ?? grain;
  const size = Math.floor((to - from) / stride + SLACK) + 1;
  const at = (index: number) => rounded(from + index * stride);
  if (scale !== "log" || size < 2) return evenly(size, at);
  const ratio = Math.log(at(size - 1) / from);
  const indexAt = (u: number) => Math.min(size - 1, Math.round((from * Math.exp(ratio * u) - from) / stride));
  return { count: size, at, indexAt, shareOf: (index) => Math.log(at(index) / from) / ratio };
}

/** Each index has the same share of the axis; it is meant by the middle of its own. */
function evenly<V extends AxisValue>(count: number, at: (index: number) => V) {
  return {
    count,
    at,
    indexAt: (u: number) => Math.min(count - 1, Math.floor(u * count)),
    shareOf: (index: number) => (index + 0.5) / count,
  };
}

/** The values of a list of all that a knob allows, between two ends. */
export function withinLevels(allowed: readonly number[], { from, to }: Range): Levels {
  return listLevels(allowed.filter((value) => value >= from && value <= to));
}

function ratios(from: number, to: number, factor: number, grain: number): number[] {
  const size = Math.floor(Math.log(to / from) / Math.log(factor) + SLACK) + 1;
  return distinct(Array.from({ length: size }, (_, i) => onGrain(from * factor ** i, grain)));
}

function spaced(from: number, to: number, count: number, scale: Range["scale"], grain: number): number[] {
  const share = (i: number) => (count === 1 ? 0 : i / (count - 1));
  const value = (i: number) => (scale === "log" ? from * (to / from) ** share(i) : from + (to - from) * share(i));
  return distinct(Array.from({ length: count }, (_, i) => onGrain(value(i), grain)));
}

function onGrain(value: number, grain: number): number {
  return rounded(Math.round(value / grain) * grain);
}

function rounded(value: number): number {
  return Number(value.toPrecision(DIGITS));
}

function distinct(values: number[]): number[] {
  return [...new Set(values)];
}
