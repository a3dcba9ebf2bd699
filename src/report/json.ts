//
//   The result as `run --json` prints it: one document, and no number in it that JSON cannot hold.
//

import type { Result } from "../result.js";

/** The JSON text of a result. A NaN or an infinity is a fault of ours and must not become a silent null. */
export function toJson(result: Result): string {
  const refuseNonFinite = (key: string, value: unknown) => {
    if (typeof value === "number" && !Number.isFinite(value)) throw new Error(`result: ${key} is ${value}`);
    return value;
  };
  return `${JSON.stringify(result, refuseNonFinite, 2)}\n`;
}
