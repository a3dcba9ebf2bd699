//
//   Budgets on a command line: those that a model's slices have thresholds for.
//

import { InputError } from "../basics/errors.js";
import type { LanguageModel } from "../infer/language-model.js";
import type { Budget } from "../infer/study.js";

/** "3,4" as numbers. */
export function budgetList(text: string): number[] {
  return text.split(",").map((word) => {
    if (/^\d+(\.\d+)?$/.test(word.trim())) return Number(word);
    throw new InputError(`--budget is ${text}; allowed numbers of bits with commas between them`);
  });
}

/** The budgets of these bits, or all. */
export function budgetsOf({ thresholds, model }: LanguageModel, wanted: number[] | undefined): Budget[] {
  const known = [...thresholds].map(([name, threshold]) => ({ name, threshold }));
  if (wanted === undefined) return known;
  return wanted.map((bits) => {
    const budget = known.find(({ name }) => name === `b${bits}`);
    if (budget !== undefined) return budget;
    const names = known.map(({ name }) => name.slice(1)).join(", ");
    throw new InputError(`--budget ${bits}: the slices of ${model.name} have no threshold for it; allowed ${names}`);
  });
}
