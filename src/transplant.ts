//
//   A plan for a model from the trace of another one: the depths that the source's routers chose, layer by relative depth
//   and linear by kind.
//
//     layer l of L takes source layer floor((2 l + 1) Ls / (2 L)): the one that its middle falls into
//     q k v o gate up down    the same kind             dense, out_proj    o
//     qkv                     deepest of q, k, v        fc1                up
//     gate_up                 deepest of gate, up       fc2                down
//
//   A kind that the source itself has is taken as it is. Tokens, batch and positions are the source's; the target's accuracy
//   is not known. lm_head is never routed.
//

import { InputError } from "./errors.js";
import type { Linear, Model } from "./model.js";
import { type Plan, recordedBudget } from "./plan.js";
import type { Trace } from "./trace.js";

/** Source kinds whose deepest a linear of this kind takes, where the source has no such kind itself. */
const PARTS: Readonly<Record<string, readonly string[]>> = {
  qkv: ["q", "k", "v"],
  gate_up: ["gate", "up"],
  dense: ["o"],
  out: ["o"],
  fc1: ["up"],
  fc2: ["down"],
};

export function transplantedPlan(trace: Trace, budgetBits: number, model: Model): Plan {
  const budget = recordedBudget(trace, budgetBits);
  const slices = trace.slices(budget.name);
  const linears = trace.linears.length;
  const sources = sourcesOf(trace, model);
  const { name, about } = trace;
  return {
    source: "transplanted",
    budget: budget.bits,
    text: `budget ${budget.bits} of trace ${name}, recorded from ${about.model} and transplanted by relative layer depth`,
    routed: true,
    config: budget.name,
    depths: ({ rows }, { start, size }, linear, into = new Uint8Array(size)) => {
      if (rows[start] < 0) throw new Error(`plan "${budget.name}" needs a replay of trace ${name}`);
      const parts = sources[linear];
      for (let i = 0; i < size; i++) {
        let deepest = 0;
        for (const part of parts) deepest = Math.max(deepest, slices[rows[start + i] * linears + part]);
        into[i] = deepest;
      }
      return into;
    },
  };
}

/** Per linear of the model: the linears of the trace whose deepest it takes. */
export function sourcesOf(trace: Trace, model: Model): number[][] {
  const places = new Map<string, number>();
  let layers = 0;
  for (const [place, { name }] of trace.linears.entries()) {
    const { layer, kind } = placeOf(trace, name, place);
    places.set(`${layer} ${kind}`, place);
    layers = Math.max(layers, layer + 1);
  }
  return model.linears.map((linear) => {
    const layer = Math.floor(((2 * linear.layer + 1) * layers) / (2 * model.layers));
    const kind = plain(linear.kind);
    const own = places.get(`${layer} ${kind}`);
    if (own !== undefined) return [own];
    const parts = (PARTS[kind] ?? []).map((part) => places.get(`${layer} ${part}`));
    if (parts.length === 0 || parts.includes(undefined)) throw refusal(trace, linear, layer, kind);
    return parts as number[];
  });
}

/** Layer and kind that a checkpoint's name holds: `model.layers.3.self_attn.q_proj` is q of layer 3. */
function placeOf(trace: Trace, name: string, place: number): { layer: number; kind: string } {
  const found = /\.(\d+)\.(?:.+\.)?([^.]+)$/.exec(name);
  if (found !== null) return { layer: Number(found[1]), kind: plain(found[2]) };
  const allowed = "allowed a layer's number and a kind, as in model.layers.0.self_attn.q_proj, to be transplanted";
  throw new InputError(`${trace.file}: linears.${place}.name is ${JSON.stringify(name)}; ${allowed}`);
}

/** `q_proj` and `q` are one kind. */
function plain(kind: string): string {
  return kind.replace(/_proj$/, "");
}

function refusal(trace: Trace, linear: Linear, layer: number, kind: string): InputError {
  const parts = PARTS[kind] ?? [];
  const wanted = parts.length === 0 ? kind : `${kind} and not all of ${parts.join(", ")}`;
  const found = `linears has no ${wanted} in layer ${layer}`;
  return new InputError(`${trace.file}: ${found}; ${linear.name} cannot be transplanted from it`);
}
