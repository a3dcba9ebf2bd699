//
//   What bad input is answered with.
//

import { InputError } from "../../src/basics/errors.js";

/** The one line with which bad input is refused; throws when it is accepted, or fails in another way. */
export function refusal(act: () => unknown): string {
  try {
    act();
  } catch (error) {
    if (error instanceof InputError) return error.message;
    throw error;
  }
  throw new Error("accepted");
}
