//
//   What happened when: the run cut into windows of equal length, few enough to draw.
//
//   Nobody knows the length of a run before it ends: when the windows do not suffice, each pair becomes one of twice the length.
//

import { Counter } from "../../assembly/contract.js";
import { Event, Seen } from "../../assembly/events.js";
import type { Breakdown, TimeDetail } from "../result/result.js";
import { CAUSES } from "./ops.js";
import type { Listener } from "./reader.js";

const MOST_WINDOWS = 256;
const FIRST_CYCLES = 256;
/** Rows of the table: the causes, then bytes read, written. */
const READ = CAUSES.length;
const WRITTEN = READ + 1;

export class Windows {
  private windowCycles = FIRST_CYCLES;
  private readonly rows = Array.from({ length: WRITTEN + 1 }, () => new Float64Array(MOST_WINDOWS));
  private readonly runBytes = new Map<number, number>();
  private end = 0;

  readonly listener: Listener = {
    [Event.Cycles]: (happening) => {
      this.spread(happening.word(Seen.Cause) - Counter.CyclesBusy, happening.start, happening.cycles);
    },
    [Event.Grant]: (happening) => {
      this.runBytes.set(happening.word(Seen.Number), happening.word(Seen.Bytes));
    },
    [Event.Arrival]: (happening) => {
      const run = happening.word(Seen.Number);
      this.add(READ, happening.start, this.runBytes.get(run) ?? 0);
      this.runBytes.delete(run);
    },
    [Event.Store]: (happening) => this.add(WRITTEN, happening.start, happening.word(Seen.Bytes)),
  };

  private spread(row: number, start: number, cycles: number): void {
    const end = start + cycles;
    this.reach(end);
    for (let from = start; from < end; ) {
      const window = Math.floor(from / this.windowCycles);
      const to = Math.min(end, (window + 1) * this.windowCycles);
      this.rows[row][window] += to - from;
      from = to;
    }
  }

  private add(row: number, cycle: number, amount: number): void {
    this.reach(cycle + 1);
    this.rows[row][Math.floor(cycle / this.windowCycles)] += amount;
  }

  /** Makes the windows cover the cycles below `end`. */
  private reach(end: number): void {
    this.end = Math.max(this.end, end);
    while (this.end > this.windowCycles * MOST_WINDOWS) {
      for (const row of this.rows) {
        for (let i = 0; i < MOST_WINDOWS / 2; i++) row[i] = row[2 * i] + row[2 * i + 1];
        row.fill(0, MOST_WINDOWS / 2);
      }
      this.windowCycles *= 2;
    }
  }

  detail(): TimeDetail {
    const count = Math.ceil(this.end / this.windowCycles);
    const [read, written] = [READ, WRITTEN].map((row) => Array.from(this.rows[row].subarray(0, count)));
    const causes = CAUSES.map((cause, i) => [cause, Array.from(this.rows[i].subarray(0, count))]);
    const breakdown = Object.fromEntries(causes) as Record<keyof Breakdown, number[]>;
    return { windowCycles: this.windowCycles, breakdown, bytesRead: read, bytesWritten: written };
  }
}
