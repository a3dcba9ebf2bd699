//
//   A comparison: one run a point, and what each answered. A point that cannot run says why and stops nobody else.
//
//     axes ──► points ──► RunRequest ──► simulate ──► Result | reason ──► Comparison
//

import { InputError, Interrupted } from "../basics/errors.js";
import type { OnProgress } from "../job.js";
import type { RunRequest } from "../request.js";
import type { Result } from "../result/result.js";
import { simulate } from "../simulate.js";
import { type Axis, type Point, pointsOf } from "./points.js";

export interface Answer {
  readonly point: Point;
  /** One of the two. */
  readonly result?: Result;
  readonly refused?: string;
}

export interface Comparison {
  readonly axes: readonly Axis[];
  readonly answers: readonly Answer[];
  /** Interrupted: points after these answers were not run. */
  readonly partial: boolean;
}

/** Runs every point, one after the other, without counterfactuals. Throws InputError when none of them can run. */
export async function compare(
  axes: readonly Axis[],
  requestAt: (point: Point) => RunRequest,
  onProgress: OnProgress = () => {},
  signal?: AbortSignal,
): Promise<Comparison> {
  const points = pointsOf(axes);
  const answers: Answer[] = [];
  for (const [index, point] of points.entries()) {
    const progress: OnProgress = (done, total) => onProgress(index * total + done, points.length * total);
    const answer = await answerOf(point, requestAt, progress, signal).catch((error) => {
      if (error instanceof Interrupted && answers.length > 0) return null;
      throw error;
    });
    if (answer === null || signal?.aborted === true) return { axes, answers, partial: true };
    answers.push(answer);
  }
  const [{ refused }] = answers;
  if (refused !== undefined && answers.every(({ result }) => result === undefined)) throw new InputError(refused);
  return { axes, answers, partial: false };
}

async function answerOf(
  point: Point,
  requestAt: (point: Point) => RunRequest,
  onProgress: OnProgress,
  signal?: AbortSignal,
): Promise<Answer> {
  try {
    return { point, result: await simulate(requestAt(point), { onProgress, signal, counterfactuals: false }) };
  } catch (error) {
    if (error instanceof InputError) return { point, refused: error.message };
    throw error;
  }
}
