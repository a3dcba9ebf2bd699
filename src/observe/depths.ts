//
//   Slices per token x layer: what the tokens of the first sequence want, the mean over the linears of each layer.
//

import type { Model } from "../model/model.js";
import type { DepthDetail } from "../result/result.js";
import type { Plan } from "../trace/plan.js";
import type { Replay, Step } from "../trace/replay.js";

const MOST_COLUMNS = 128;

/** In columns of consecutive tokens; null where there is no router, and every token is alike. */
export function depthDetail(plan: Plan, model: Model, played: Replay): DepthDetail | null {
  if (!plan.routed) return null;
  const tokens = depthsOfSequence(plan, model, played);
  const perColumn = Math.ceil(tokens.length / MOST_COLUMNS);
  const columns = Array.from({ length: Math.ceil(tokens.length / perColumn) }, (_, i) =>
    mean(tokens.slice(i * perColumn, (i + 1) * perColumn)),
  );
  const layers = Array.from({ length: model.layers }, (_, layer) => columns.map((column) => column[layer]));
  return { sequence: 0, tokens: tokens.length, tokensPerColumn: perColumn, slices: layers };
}

/** For each token of sequence 0: mean slices by layer. */
function depthsOfSequence(plan: Plan, model: Model, played: Replay): number[][] {
  const tokens: number[][] = [];
  for (let index = 0; index < played.stepCount; index++) {
    const step = played.step(index);
    for (const entry of step.entries) {
      if (entry.sequence !== 0) continue;
      tokens.push(...layerMeans(plan, model, step, { start: entry.firstToken, size: entry.count }));
    }
  }
  return tokens;
}

function layerMeans(plan: Plan, model: Model, step: Step, range: { start: number; size: number }): number[][] {
  const means = Array.from({ length: range.size }, () => new Array<number>(model.layers).fill(0));
  for (const [place, { layer }] of model.linears.entries()) {
    const linears = model.linears.filter((other) => other.layer === layer).length;
    const depths = plan.depths(step, range, place);
    for (let i = 0; i < range.size; i++) means[i][layer] += depths[i] / linears;
  }
  return means;
}

function mean(rows: readonly number[][]): number[] {
  return rows[0].map((_, i) => rows.reduce((sum, row) => sum + row[i], 0) / rows.length);
}
