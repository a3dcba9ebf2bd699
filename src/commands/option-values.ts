//
//   Values of command-line options: text in, number out, or one line that says what is allowed.
//

import { InputError } from "../basics/errors.js";

const LARGEST_INTEGER = 2 ** 31 - 1;

/** Parses the integers of an option from `least` on. */
export function integer(option: string, least: number): (text: string) => number {
  return (text) => {
    if (!/^\d+$/.test(text) || Number(text) < least) {
      throw new InputError(`${option} is ${text}; allowed an integer >= ${least}`);
    }
    if (Number(text) > LARGEST_INTEGER)
      throw new InputError(`${option} is ${text}; allowed at most ${LARGEST_INTEGER}`);
    return Number(text);
  };
}

/** Parses one of a few words. */
export function oneOf<T extends string>(option: string, words: readonly T[]): (text: string) => T {
  return (text) => {
    const word = words.find((allowed) => allowed === text);
    if (word === undefined) throw new InputError(`${option} is ${text}; allowed ${words.join(", ")}`);
    return word;
  };
}
