//
//   A model as the formula sees it: linears by kind and size, heads, lm_head. What differs between families in norms,
//   biases, windows or soft-caps costs the formula nothing.
//
//     Model ──► formulaModel ──► FormulaModel
//

import type { Model } from "../model/model.js";
import type { FormulaLinear, FormulaModel } from "./tables.js";

export function formulaModel(model: Model): FormulaModel {
  const { name, layers, heads, kvHeads, headDim: headSize, hidden, vocab } = model;
  const linears = [...alike(model), { name: "lm_head", in: hidden, out: vocab, count: 1 }];
  return { name, layers, heads, kvHeads, headSize, linears };
}

/** Linears of one kind and size, counted, in the order in which the first of them comes. */
function alike({ linears }: Model): FormulaLinear[] {
  const found = new Map<string, FormulaLinear>();
  for (const { kind: name, in: inputs, out } of linears) {
    const key = `${name} ${out} x ${inputs}`;
    found.set(key, { name, in: inputs, out, count: (found.get(key)?.count ?? 0) + 1 });
  }
  return [...found.values()];
}
