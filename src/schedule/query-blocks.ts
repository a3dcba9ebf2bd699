//
//   Which queries go through attention together, and how many positions with them.
//
//     spans ──► query blocks     results, output and the scores of a row tile of positions fit
//     positions of a unit        scores, and scales in the slice buffer, fit: whole runs if possible, else row tiles
//     positions of a run         what a stripe holds, fewer if the slice buffer does not hold that beside the scales
//

import { InputError } from "../basics/errors.js";
import { BYTES_PER_KIB } from "../basics/units.js";
import type { Machine } from "../hardware/machine.js";
import type { Model } from "../model/model.js";
import type { Context, QueryBlock, Span } from "./context.js";
import type { Residency } from "./residency.js";
import { ACCUMULATOR_BYTES, type Limits, pieces, roundDown } from "./tiles.js";

/** An FP16 score. */
const SCORE_BYTES = 2;
/** Re-fetched queries lie in two places in turn. */
export const QUERY_PLACES = 2;

/** The spans, cut so that the results, the output and the scores of a row tile of positions fit. */
export function queryBlocksOf(
  machine: Machine,
  limits: Limits,
  model: Model,
  residency: Residency,
  spans: readonly Span[],
): QueryBlock[] {
  const most = mostQueries(machine, limits, model, residency);
  const cut = spans.flatMap((span) => pieces(span.count, most).map(({ start, size }) => ({ span, start, size })));
  return cut.map(({ span, start, size }, index) => {
    const tokens = { index, start: span.firstToken + start, size };
    return { span, firstPosition: span.firstPosition + start, tokens };
  });
}

function mostQueries(machine: Machine, limits: Limits, model: Model, residency: Residency): number {
  const output = (model.heads / model.kvHeads) * model.headDim;
  const scores = machine.array.rows * positionBytes(machine, model) + queryPlaces(limits, model, residency);
  const staging = residency.attention ? 0 : output * limits.elementBytes;
  return Math.min(
    fit(machine, "activationReserveKiB", limits.accumulatorBytes, output * ACCUMULATOR_BYTES, "results"),
    fit(machine, "activationKiB", residency.workingBytes, scores, `scores of ${machine.array.rows} positions`),
    fit(machine, "arrayStagingKiB", machine.buffers.arrayStagingKiB * BYTES_PER_KIB, staging, "output"),
  );
}

/** How often `bytes` fit `available`. */
function fit(machine: Machine, key: keyof Machine["buffers"], available: number, bytes: number, what: string): number {
  if (bytes <= available) return Math.floor(available / Math.max(1, bytes));
  const found = `buffers.${key} is ${machine.buffers[key]}`;
  throw new InputError(`${found}; the ${what} of one query's attention need ${bytes} bytes, ${available} are left`);
}

/** Score bytes of one query and position, in all units that hold theirs at a time. */
function positionBytes({ schedule }: Machine, model: Model): number {
  return (model.heads / model.kvHeads) * SCORE_BYTES * (schedule.attentionLead + 1);
}

/** Bytes that a query takes for being re-fetched. */
function queryPlaces({ elementBytes }: Limits, { heads, kvHeads, headDim }: Model, { query }: Residency): number {
  return query ? 0 : QUERY_PLACES * (heads / kvHeads) * headDim * elementBytes;
}

/** Positions of one K or V run. */
export function fetchPositions({ machine, limits, placement }: Context): number {
  const scales = machine.kv.scaleBytes * (machine.schedule.attentionLead + 1);
  const { rows } = machine.array;
  const most = roundDown(limits.baseBytes / (placement.kvPitch + scales), rows);
  if (most >= rows) return Math.min(most, placement.kvRunPositions);
  const bytes = rows * (placement.kvPitch + scales);
  const found = `buffers.sliceKiB is ${machine.buffers.sliceKiB}`;
  throw new InputError(`${found}; K of ${rows} positions and the scales need ${bytes} bytes beside the reserve`);
}

/** Positions of one unit, whose runs have `fetched`. */
export function keyPositions(context: Context, { tokens }: QueryBlock, fetched: number): number {
  const { machine, model, limits, residency, placement } = context;
  const free = residency.workingBytes - tokens.size * queryPlaces(limits, model, residency);
  const byScores = free / (tokens.size * positionBytes(machine, model));
  const scales = machine.kv.scaleBytes * (machine.schedule.attentionLead + 1);
  const byScales = scales === 0 ? byScores : (limits.baseBytes - fetched * placement.kvPitch) / scales;
  const most = Math.min(byScores, byScales);
  return roundDown(most, most >= fetched ? fetched : machine.array.rows);
}
