//
//   A LLaMA-type model on FP16 PEs told again, one token and one number at a time, in docs/machine.md's canonical order.
//
//     FP16 is what lies in the activation buffer; FP32 what comes out of accumulators; sums of norms and softmax are FP64
//

import { type OracleLinear, peCodedProduct, peProduct } from "./linear.js";
import { booth } from "./pe.js";

const f = Math.fround;
const SLOTS = 4;

export interface OracleModel {
  heads: number;
  kvHeads: number;
  headDim: number;
  epsilon: number;
  frequencies: Float64Array;
  embedding: Float32Array;
  attentionNorms: readonly Float32Array[];
  mlpNorms: readonly Float32Array[];
  lastNorm: Float32Array;
  /** Of a layer: q, k, v, o, gate, up, down. */
  linears: readonly OracleLinear[];
  /** INT8 rows with a scale each. */
  head: Coded;
  kvBits: number;
}

interface Coded {
  integers: readonly number[];
  scale: Float32Array;
}

/** Keys and values of every position so far, [layer][kvHead]. */
interface Cache {
  keys: Coded[];
  values: Coded[];
}

/** Logits of every token; `depth` says how many slices it gets in a linear. */
export function peLogits(
  model: OracleModel,
  tokens: readonly number[],
  depth: (position: number, linear: number) => number,
): Float32Array[] {
  const layers = model.linears.length / 7;
  const caches = Array.from({ length: layers * model.kvHeads }, (): Cache => ({ keys: [], values: [] }));
  return tokens.map((token, position) => {
    const hidden = model.lastNorm.length;
    let x: Float32Array = model.embedding.slice(token * hidden, (token + 1) * hidden);
    for (let layer = 0; layer < layers; layer++) {
      const linear = (which: number, input: Float32Array) => {
        const index = layer * 7 + which;
        return peProduct(model.linears[index], bitsOf(input), depth(position, index));
      };
      const normed = norm(x, model.attentionNorms[layer], model.epsilon);
      const [q, k, v] = [0, 1, 2].map((which) => linear(which, normed));
      const own = caches.slice(layer * model.kvHeads, (layer + 1) * model.kvHeads);
      append(model, own, rotated(model, k, position), v);
      x = added(x, linear(3, attended(model, rotated(model, q, position).map(half), own)));
      const inner = norm(x, model.mlpNorms[layer], model.epsilon);
      x = added(x, linear(6, gated(linear(4, inner), linear(5, inner)).map(half)));
    }
    return onCodes(model.head, norm(x, model.lastNorm, model.epsilon));
  });
}

/** The nearest FP16, ties to even. */
function half(x: number): number {
  const step = Math.abs(x) < 2 ** -14 ? 2 ** -24 : 2 ** (Math.floor(Math.log2(Math.abs(x))) - 10);
  const units = Math.abs(x) / step;
  const below = Math.floor(units);
  const up = units - below > 0.5 || (units - below === 0.5 && below % 2 === 1);
  return Math.sign(x) * (below + (up ? 1 : 0)) * step;
}

function bitsOf(x: Float32Array): Uint16Array {
  return Uint16Array.from(x, (value) => {
    const sign = value < 0 || Object.is(value, -0) ? 32768 : 0;
    const magnitude = Math.abs(value);
    if (magnitude < 2 ** -14) return sign + magnitude * 2 ** 24;
    const exponent = Math.floor(Math.log2(magnitude));
    return sign + (exponent + 15) * 1024 + (magnitude / 2 ** exponent - 1) * 1024;
  });
}

function norm(x: Float32Array, weights: Float32Array, epsilon: number): Float32Array {
  const squares = x.reduce((sum, value) => sum + value * value, 0);
  const scale = 1 / Math.sqrt(squares / x.length + epsilon);
  return x.map((value, i) => value * scale * weights[i]).map(half);
}

function rotated({ headDim, frequencies }: OracleModel, x: Float32Array, position: number): Float32Array {
  return x.map((value, i) => {
    const dim = i % headDim;
    const angle = position * frequencies[dim % (headDim / 2)];
    const [cos, sin] = [f(Math.cos(angle)), f(Math.sin(angle))];
    if (dim < headDim / 2) return value * cos - x[i + headDim / 2] * sin;
    return value * cos + x[i - headDim / 2] * sin;
  });
}

function append({ headDim, kvBits }: OracleModel, caches: readonly Cache[], k: Float32Array, v: Float32Array): void {
  const top = 2 ** (kvBits - 1) - 1;
  const coded = (x: Float32Array): Coded => {
    const scale = half(Math.max(...x.map(Math.abs)) / top);
    const integers = [...x].map((value) => Math.max(-top, Math.min(top, nearest(value / scale))));
    return { integers, scale: Float32Array.of(scale) };
  };
  for (const [head, { keys, values }] of caches.entries()) {
    keys.push(coded(k.slice(head * headDim, (head + 1) * headDim)));
    values.push(coded(v.slice(head * headDim, (head + 1) * headDim)));
  }
}

/** Attention output of a token, head after head, over everything in the caches. */
function attended(model: OracleModel, q: Float32Array, caches: readonly Cache[]): Float32Array {
  const { heads, kvHeads, headDim, kvBits } = model;
  const out = Array.from({ length: heads }, (_, head) => {
    const { keys, values } = caches[Math.floor((head * kvHeads) / heads)];
    const query = q.slice(head * headDim, (head + 1) * headDim);
    const rows = { integers: keys.flatMap(({ integers }) => integers), scale: join(keys.map(({ scale }) => scale)) };
    const scores = onCodes(rows, query).map((score) => half(f(score * f(1 / Math.sqrt(headDim)))));
    const p = softmax(scores).map((share, i) => half(share * f(values[i].scale[0] * 2 ** (kvBits - 1))));
    const turned = Array.from({ length: headDim }, (__, dim) => values.map(({ integers }) => integers[dim])).flat();
    return onCodes({ integers: turned, scale: new Float32Array(headDim).fill(2 ** (1 - kvBits)) }, p);
  });
  return join(out).map(half);
}

/** Rows of symmetric integers with a scale each, by Booth's digits. */
function onCodes({ integers, scale }: Coded, x: Float32Array): Float32Array {
  const [inputs, outputs] = [x.length, scale.length];
  const shape = { inputs, outputs, block: inputs, integers, scale, offset: null };
  return peCodedProduct(shape, bitsOf(x), (value) => booth(value, SLOTS), [0, 2, 4, 6]);
}

function softmax(scores: Float32Array): Float32Array {
  const largest = Math.max(...scores);
  const powers = scores.map((score) => exp(f(score - largest)));
  // Four sums in two: the kernel's order.
  const sums = [0, 0];
  for (const [i, power] of powers.entries()) sums[i % 2] += power;
  const sum = f(sums[0] + sums[1]);
  return powers.map((power) => half(f(power / sum)));
}

/** e^x = 2^n e^r, e^r a polynomial of degree 7; every operation FP32. */
function exp(x: number): number {
  if (x < f(-87.3)) return 0;
  const n = nearest(f(x * f(Math.LOG2E)));
  const r = f(f(x - f(n * f(0.693359375))) - f(n * f(-2.1219444e-4)));
  const coefficients = [5040, 720, 120, 24, 6, 2, 1, 1].map((factorial) => f(1 / factorial));
  return f(coefficients.reduce((power, next) => f(f(power * r) + next)) * 2 ** n);
}

function nearest(x: number): number {
  const below = Math.floor(x);
  return x - below > 0.5 || (x - below === 0.5 && below % 2 !== 0) ? below + 1 : below;
}

function gated(g: Float32Array, u: Float32Array): Float32Array {
  return g.map((value, i) => f(f(value / f(1 + exp(-value))) * u[i]));
}

function added(x: Float32Array, y: Float32Array): Float32Array {
  return x.map((value, i) => half(f(value + y[i])));
}

function join(parts: readonly Float32Array[]): Float32Array {
  return Float32Array.from(parts.flatMap((part) => [...part]));
}
