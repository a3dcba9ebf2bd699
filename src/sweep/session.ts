//
//   A sweep under way: points go out to be run, answers come back in the order of the points.
//
//     points ──► judge ──► evaluate (many at once) ──► in order ──► append ──► front
//
//   What is pruned must not depend on who was faster, so answers are taken in as late as possible: when point n goes out,
//   those of the points up to n - LAG. So one worker and many write the same bytes, and an interrupted sweep goes on where
//   it was.
//

import { type Aims, enter, judge, violated } from "./aims.js";
import { unmeasured } from "./measures.js";
import { Front } from "./pareto.js";
import type { Answered, Figures, Planned } from "./record.js";

/** As many points can be under way at once. */
export const LAG = 16;

/** What a run of a point says. */
export type Evaluation = { measures: Figures; stateHash: string } | { refused: string };

interface SessionOptions {
  readonly aims: Aims;
  readonly prune: boolean;
  /** Answers that are there already, in the order of the points. */
  readonly recorded: readonly Answered[];
  readonly evaluate: (point: Planned) => Promise<Evaluation>;
  /** Hears every new answer, in order. */
  readonly append: (answer: Answered) => void;
}

export class Session {
  readonly answers: Answered[] = [];
  readonly front = new Front<Answered>();
  private readonly started = new Map<number, Promise<Answered>>();
  private begun = 0;

  constructor(private readonly options: SessionOptions) {}

  /** Answers these points, after all earlier ones. */
  async run(points: Iterable<Planned>): Promise<void> {
    for (const point of points) {
      const place = this.begun++;
      await this.settle(place - LAG + 1);
      this.started.set(place, this.answer(point, place));
    }
    await this.settle(this.begun);
  }

  /** Takes the answers in until there are `count` of them. */
  private async settle(count: number): Promise<void> {
    while (this.answers.length < count) {
      const place = this.answers.length;
      const answer = await (this.started.get(place) as Promise<Answered>);
      this.started.delete(place);
      this.answers.push(answer);
      enter(this.options.aims, this.front, answer);
      if (place >= this.options.recorded.length) this.options.append(answer);
    }
  }

  private answer(point: Planned, place: number): Promise<Answered> {
    const { recorded, aims, prune } = this.options;
    if (place < recorded.length) return Promise.resolve(recorded[place]);
    const { id, values, refused } = point;
    if (refused !== undefined) return Promise.resolve({ id, values, status: "invalid", reason: refused });
    const reason = prune ? judge(aims, this.front, point) : undefined;
    if (reason !== undefined) return Promise.resolve({ id, values, status: "pruned", reason });
    const answer = this.evaluated(point);
    answer.catch(() => {}); // it is awaited in its turn
    return answer;
  }

  private async evaluated(point: Planned): Promise<Answered> {
    const { id, values, best = {} } = point;
    const found = await this.options.evaluate(point);
    if ("refused" in found) return { id, values, status: "invalid", reason: found.refused };
    const { stateHash } = found;
    const measures = { ...found.measures, ...unmeasured(best) };
    const violates = violated(this.options.aims, measures);
    return { id, values, status: "ok", measures, ...(violates.length === 0 ? {} : { violates }), stateHash };
  }
}
