//
//   Rotary position embedding, and the numbers of a config.json that change values but no shape.
//
//     angle(position, i) = position * frequency(i),  frequency(i) = theta^(-2i/headDim), scaled as rope_parameters say
//     (x[i], x[i + headDim/2])  is rotated by angle(position, i)
//
//   rope_parameters (or rope_scaling): default; linear (positions divided by the factor); llama3 (long wavelengths divided by
//   the factor, a smooth passage between). Left out, and refused: dynamic, yarn, longrope.
//

import { z } from "zod";
import { readJson } from "../basics/json.js";

/** LlamaConfig's bos_token_id. */
const DEFAULT_FIRST = 1;
const positive = z.number().gt(0);
const TYPES = ["default", "linear", "llama3"] as const;
const Rope = z.looseObject({
  rope_type: z.enum(TYPES, { error: `allowed ${TYPES.join(", ")}` }).optional(),
  type: z.enum(TYPES, { error: `allowed ${TYPES.join(", ")}` }).optional(),
  rope_theta: positive.optional(),
  factor: positive.default(1),
  low_freq_factor: positive.default(1),
  high_freq_factor: positive.default(4),
  original_max_position_embeddings: positive.default(8192),
});
const Config = z.looseObject({
  bos_token_id: z.union([z.int().min(0), z.array(z.int().min(0)).min(1)]).nullish(),
  rms_norm_eps: positive.default(1e-6),
  rope_theta: positive.default(10000),
  rope_parameters: Rope.nullish(),
  rope_scaling: Rope.nullish(),
});

export interface Constants {
  readonly normEpsilon: number;
  /** Of the pairs of a head: radians a position. */
  readonly frequencies: Float64Array;
  /** What a text begins with: bos_token_id. */
  readonly firstToken: number;
}

/** What config.json leaves out has the defaults of transformers' LlamaConfig. */
export function parseConstants(configText: string, file: string, headDim: number): Constants {
  const config = readJson(configText, file, Config);
  const rope = config.rope_parameters ?? config.rope_scaling ?? Rope.parse({});
  const theta = rope.rope_theta ?? config.rope_theta;
  const scale = scaling(rope);
  const frequencies = Float64Array.from({ length: headDim / 2 }, (_, i) => scale(theta ** ((-2 * i) / headDim)));
  const firstToken = [config.bos_token_id ?? DEFAULT_FIRST].flat()[0];
  return { normEpsilon: config.rms_norm_eps, frequencies, firstToken };
}

function scaling(rope: z.output<typeof Rope>): (frequency: number) => number {
  const { factor, low_freq_factor: low, high_freq_factor: high, original_max_position_embeddings: original } = rope;
  const kind = rope.rope_type ?? rope.type ?? "default";
  if (kind === "default") return (frequency) => frequency;
  if (kind === "linear") return (frequency) => frequency / factor;
  return (frequency) => {
    const turns = (original * frequency) / (2 * Math.PI);
    const kept = Math.min(1, Math.max(0, (turns - low) / (high - low)));
    return frequency * (kept + (1 - kept) / factor);
  };
}

/** Rotates every head of a token's vector that begins at x[from]. */
export class Rotation {
  readonly #cos: Float32Array;
  readonly #sin: Float32Array;

  constructor(
    private readonly headDim: number,
    frequencies: Float64Array,
    positions: number,
  ) {
    const half = headDim / 2;
    this.#cos = new Float32Array(positions * half);
    this.#sin = new Float32Array(positions * half);
    for (let at = 0; at < positions * half; at++) {
      const angle = Math.floor(at / half) * frequencies[at % half];
      this.#cos[at] = Math.cos(angle);
      this.#sin[at] = Math.sin(angle);
    }
  }

  apply(x: Float32Array, from: number, heads: number, position: number): void {
    const half = this.headDim / 2;
    const table = position * half;
    for (let head = 0, at = from; head < heads; head++, at += half) {
      for (let i = 0; i < half; i++, at++) {
        const [cos, sin] = [this.#cos[table + i], this.#sin[table + i]];
        const [a, b] = [x[at], x[at + half]];
        x[at] = a * cos - b * sin;
        x[at + half] = b * cos + a * sin;
      }
    }
  }
}
