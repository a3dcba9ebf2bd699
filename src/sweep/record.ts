//
//   What is written of a point, a line each. The form of a sweep's folder: docs/sweep.md.
//
//     planned   id, values, best (what it can reach at most) | refused        points.ndjson
//     answered  id, values, status: ok, with measures | invalid | pruned      shards/I-of-N.ndjson, results.ndjson
//

import type { InputError } from "../basics/errors.js";
import type { AxisValue } from "./levels.js";

export type Values = Readonly<Record<string, AxisValue>>;
export type Figures = Readonly<Record<string, number | null>>;

/** A point that may run: `best` has a bound of every measure that has one. */
export interface Planned {
  readonly id: string;
  readonly values: Values;
  readonly best?: Figures;
  /** Why it cannot run. */
  readonly refused?: string;
}

export interface Answered {
  readonly id: string;
  readonly values: Values;
  readonly status: "ok" | "invalid" | "pruned";
  /** Of what is not ok. */
  readonly reason?: string;
  /** Of what is ok: every measure, null where it has none. */
  readonly measures?: Figures;
  /** Of what is ok: the constraints that it does not keep. */
  readonly violates?: readonly string[];
  /** Of what is ok: hash of the machine's final state. */
  readonly stateHash?: string;
}

export function lineOf(record: Planned | Answered): string {
  return `${JSON.stringify(record, refuseNonFinite)}\n`;
}

/** A refusal of the command line's without its option: what is set here is a value of a point. */
export function reasonOf({ message }: InputError): string {
  return message.replace(/^--(set )?/, "");
}

/** JSON would turn it into a null. */
function refuseNonFinite(key: string, value: unknown): unknown {
  if (typeof value === "number" && !Number.isFinite(value)) throw new Error(`record: ${key} is ${value}`);
  return value;
}

/** The records of whole lines; what stands after the last end of line was cut off in the middle of writing. */
export function recordsOf<T extends Planned | Answered>(text: string): { records: T[]; bytes: number } {
  const whole = text.slice(0, text.lastIndexOf("\n") + 1);
  const lines = whole.split("\n").slice(0, -1);
  return { records: lines.map((line) => JSON.parse(line) as T), bytes: new TextEncoder().encode(whole).length };
}
