//
//   A plan for a model from the trace of another one: the depths that the source's routers chose, layer by relative depth
//   and linear by what it does.
//
//     layer l of L takes source layer floor((2 l + 1) Ls / (2 L)): the one that its middle falls into
//     q k v o gate up down    their namesakes        dense, out_proj are an o; fc1 is an up; fc2 is a down
//     qkv, gate_up            token by token the deepest of their parts, where the source does not fuse them itself
//
//   Tokens, batch and positions are the source's; the target's accuracy is not known. lm_head is never routed.
//

import { InputError } from "../basics/errors.js";
import type { Linear, Model } from "../model/model.js";
import { type Plan, recordedBudget } from "./plan.js";
import type { Trace } from "./trace.js";

/** What linears do that checkpoints call otherwise. */
const ROLES: Readonly<Record<string, string>> = { dense: "o", out_proj: "o", fc1: "up", fc2: "down" };

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
    const { layer, role } = placeOf(trace, name, place);
    places.set(`${layer} ${role}`, place);
    layers = Math.max(layers, layer + 1);
  }
  return model.linears.map((linear) => {
    const layer = Math.floor(((2 * linear.layer + 1) * layers) / (2 * model.layers));
    const whole = places.get(`${layer} ${roleOf(linear.kind)}`);
    if (whole !== undefined) return [whole];
    return linear.parts.map(({ role }) => places.get(`${layer} ${role}`) ?? refuse(trace, linear, layer, role));
  });
}

/** Layer and role that a checkpoint's name holds: `model.layers.3.self_attn.q_proj` is q of layer 3. */
function placeOf(trace: Trace, name: string, place: number): { layer: number; role: string } {
  const found = /\.(\d+)\.(?:.+\.)?([^.]+)$/.exec(name);
  if (found !== null) return { layer: Number(found[1]), role: roleOf(found[2]) };
  const allowed = "allowed a layer's number and a kind, as in model.layers.0.self_attn.q_proj, to be transplanted";
  throw new InputError(`${trace.file}: linears.${place}.name is ${JSON.stringify(name)}; ${allowed}`);
}

function roleOf(kind: string): string {
  return ROLES[kind] ?? kind.replace(/_proj$/, "");
}

function refuse(trace: Trace, { name }: Linear, layer: number, role: string): never {
  throw new InputError(
    `${trace.file}: linears has no ${role} in layer ${layer}; ${name} cannot be transplanted from it`,
  );
}
