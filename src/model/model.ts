//
//   The shape of a dense language model. Shapes only: the machine's time does not depend on the values of the weights.
//   config.ts reads it from a Hugging Face config.json.
//
//     embedding (+ position) ─► layers x [ norm ─► q k v ─► attention ─► o ─► + ─► norm ─► gate up ─► act ─► down ─► + ]
//                            ─► norm ─► lm_head
//
//   What differs between families is said field by field: norms, biases, fused linears, windows, soft-caps, a parallel block.
//   RoPE's angles are no shape: its base and scaling are accepted and not kept.
//

/** What the rows of a linear make, in LLaMA's words. `up` is also the first linear of an MLP without a gate. */
export const ROLES = ["q", "k", "v", "o", "gate", "up", "down"] as const;
export type Role = (typeof ROLES)[number];

/** Rows `start` .. `start + size - 1` of a linear. */
interface Part {
  readonly role: Role;
  readonly start: number;
  readonly size: number;
}

export interface Linear {
  /** As in the checkpoint, without `.weight`: `model.layers.0.self_attn.q_proj`. */
  readonly name: string;
  readonly layer: number;
  /** The checkpoint's word for it: q, k, v, o, gate, up, down, dense, out_proj, fc1, fc2, qkv, gate_up. */
  readonly kind: string;
  readonly in: number;
  readonly out: number;
  /** One more FP16 value a row. */
  readonly bias: boolean;
  /** One part; more in a linear that the checkpoint fuses. */
  readonly parts: readonly Part[];
}

export type Activation = "silu" | "gelu" | "relu";

export interface Model {
  readonly name: string;
  readonly family: string;
  readonly layers: number;
  readonly hidden: number;
  readonly intermediate: number;
  readonly heads: number;
  readonly kvHeads: number;
  readonly headDim: number;
  readonly vocab: number;
  readonly maxPositions: number;
  /** The output matrix is the embedding. */
  readonly tied: boolean;
  /** Before attention and MLP; `post`: also after each, before it is added (Gemma-2). */
  readonly norm: { readonly type: "rms" | "layer"; readonly post: boolean };
  /** Attention and MLP read the same normed x, and both are added to it (Phi). */
  readonly parallel: boolean;
  /** Each head of q and k is normalised (Qwen3). */
  readonly qkNorm: boolean;
  /** Leading dims of a head that RoPE turns; 0: none. */
  readonly rotaryDims: number;
  /** Rows of the table of learned positions; 0: no table. */
  readonly positionRows: number;
  readonly mlp: { readonly gated: boolean; readonly activation: Activation };
  /** Per layer: keys that a query sees, its own included; null: all before it. */
  readonly windows: readonly (number | null)[];
  /** Soft-capping (cap * tanh(x / cap)) of attention scores and of logits; null: none. */
  readonly softcaps: { readonly attention: number | null; readonly logits: number | null };
  readonly lmHeadBias: boolean;
  /** Layer by layer, in the order of the family: the last axis of a trace. */
  readonly linears: readonly Linear[];
}

/** Weights that share one scale and zero point. */
export const GROUP = 128;

/** A linear of a layer before it has a layer: what makes it, and from which roles its rows come. */
export interface LinearForm {
  readonly kind: string;
  /** Below the layer in the checkpoint: `self_attn.q_proj`. */
  readonly module: string;
  readonly roles: readonly Role[];
  readonly bias: boolean;
}

type Sizes = Pick<Model, "layers" | "hidden" | "intermediate" | "heads" | "kvHeads" | "headDim">;

/** The linears of all layers; `prefix` is the checkpoint's name of the list of layers. */
export function linearsOf(sizes: Sizes, prefix: string, forms: readonly LinearForm[]): Linear[] {
  return Array.from({ length: sizes.layers }, (_, layer) =>
    forms.map(({ kind, module, roles, bias }) => {
      const parts = partsOf(sizes, roles);
      const out = parts.reduce((sum, part) => sum + part.size, 0);
      return { name: `${prefix}.${layer}.${module}`, layer, kind, in: inputsOf(sizes, roles[0]), out, bias, parts };
    }),
  ).flat();
}

function partsOf({ hidden, intermediate, heads, kvHeads, headDim }: Sizes, roles: readonly Role[]): Part[] {
  const [query, keyValue] = [heads * headDim, kvHeads * headDim];
  const rows = { q: query, k: keyValue, v: keyValue, o: hidden, gate: intermediate, up: intermediate, down: hidden };
  let start = 0;
  return roles.map((role) => {
    const part = { role, start, size: rows[role] };
    start += part.size;
    return part;
  });
}

function inputsOf({ hidden, intermediate, heads, headDim }: Sizes, role: Role): number {
  if (role === "o") return heads * headDim;
  return role === "down" ? intermediate : hidden;
}

/** Places in `linears` of a layer's linears that have a part of one of these roles, in order. */
export function linearsWith(model: Model, layer: number, ...roles: Role[]): number[] {
  const perLayer = linearsPerLayer(model);
  return Array.from({ length: perLayer }, (_, i) => layer * perLayer + i).filter((index) =>
    model.linears[index].parts.some(({ role }) => roles.includes(role)),
  );
}

export function linearsPerLayer({ linears, layers }: Model): number {
  return linears.length / layers;
}

/** Groups of a row of `inputs` weights; the last one is padded to a whole group in memory, and counts. */
export function groupsOf(inputs: number, group = GROUP): number {
  return Math.ceil(inputs / group);
}

/** Weights of the block linears, the ones a router serves; padding is not counted. */
export function routedWeights(model: Model): number {
  return model.linears.reduce((sum, linear) => sum + linear.in * linear.out, 0);
}

/** Weights of the embedding; the output matrix has as many, and is the same one when `tied`. */
export function embeddingWeights(model: Model): number {
  return model.vocab * model.hidden;
}

/** Key and value bytes that one token leaves in the cache, over all layers, without scales. */
export function kvBytesPerToken(model: Model, bits: number): number {
  return (model.layers * 2 * model.kvHeads * model.headDim * bits) / 8;
}

/** Everything a checkpoint holds: linears, biases, embeddings, norms. */
export function parameters(model: Model): number {
  const { hidden, headDim, layers, norm, parallel, vocab } = model;
  const biases = model.linears.reduce((sum, { bias, out }) => sum + (bias ? out : 0), 0);
  const vectors = norm.type === "layer" ? 2 : 1;
  const norms = (parallel ? 1 : 2) * (norm.post ? 2 : 1);
  const perLayer = (norms * hidden + (model.qkNorm ? 2 * headDim : 0)) * vectors;
  const tables = (model.tied ? 1 : 2) * embeddingWeights(model) + model.positionRows * hidden;
  const head = model.lmHeadBias ? vocab : 0;
  return routedWeights(model) + biases + layers * perLayer + vectors * hidden + tables + head;
}
