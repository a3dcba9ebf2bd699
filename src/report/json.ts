//
//   The result as `run --json` prints it: one document, and no number in it that JSON cannot hold.
//

import type { Result } from "../result/result.js";

/** The JSON text of a result. */
export function toJson(result: Result): string {
  return jsonText(result);
}

/** One document. A NaN or an infinity is a fault of ours and must not become a silent null. */
export function jsonText(document: object): string {
  const refuseNonFinite = (key: string, value: unknown) => {
    if (typeof value === "number" && !Number.isFinite(value)) throw new Error(`result: ${key} is ${value}`);
    return value;
  };
  return `${JSON.stringify(document, refuseNonFinite, 2)}\n`;
}
