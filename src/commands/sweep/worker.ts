//
//   The thread of a pool that runs points: a request in, its measures out, or why it cannot run.
//

import { InputError } from "../../basics/errors.js";
import { Shelf } from "../../io/inputs.js";
import type { RunRequest } from "../../request.js";
import { simulate } from "../../simulate.js";
import { measured } from "../../sweep/measures.js";
import { reasonOf } from "../../sweep/record.js";
import type { Evaluation } from "../../sweep/session.js";

const shelf = new Shelf();

export default async function evaluate(request: RunRequest): Promise<Evaluation> {
  try {
    const result = await simulate(request, { counterfactuals: false, shelf });
    return { measures: measured(result), stateHash: result.stateHash };
  } catch (error) {
    if (error instanceof InputError) return { refused: reasonOf(error) };
    return { refused: `internal error: ${String(error).replace(/\s+/g, " ")}` };
  }
}
