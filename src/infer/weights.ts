//
//   The weights of a checkpoint as FP32, whatever they are stored in.
//
//     shard, shard, ... ──► Checkpoint ──► floats(name, shape): F32 | F16 | BF16 -> Float32Array, every value exact
//                                          refused: missing, another shape or dtype, NaN, infinity
//

import { z } from "zod";
import { InputError } from "../basics/errors.js";
import { decodeF16 } from "../basics/half.js";
import { readJson } from "../basics/json.js";
import { f32, type Safetensors, type Tensor } from "../basics/safetensors.js";

const Index = z.looseObject({ weight_map: z.record(z.string(), z.string().min(1)) });

/** The shard of every tensor that model.safetensors.index.json names. */
export function parseShardIndex(text: string, file: string): ReadonlyMap<string, string> {
  const shards = new Map(Object.entries(readJson(text, file, Index).weight_map));
  const outside = [...shards.values()].find((name) => /[/\\]/.test(name));
  if (outside === undefined) return shards;
  throw new InputError(`${file}: weight_map names ${JSON.stringify(outside)}; allowed files of the same folder`);
}

export class Checkpoint {
  readonly #tensors = new Map<string, Tensor>();

  /** `file` is how messages call it. */
  constructor(
    readonly file: string,
    shards: readonly Safetensors[],
  ) {
    for (const shard of shards) for (const [name, tensor] of shard.tensors) this.#add(name, tensor);
  }

  has(name: string): boolean {
    return this.#tensors.has(name);
  }

  anyShape(name: string): Tensor {
    const tensor = this.#tensors.get(name);
    if (tensor !== undefined) return tensor;
    throw new InputError(`${this.file}: tensor ${name} is missing`);
  }

  tensor(name: string, shape: readonly number[]): Tensor {
    const tensor = this.anyShape(name);
    const [found, wanted] = [tensor.shape, shape].map((one) => JSON.stringify(one));
    if (found === wanted) return tensor;
    throw new InputError(`${tensor.file}: tensor ${name}: shape is ${found}; allowed ${wanted} (the model's)`);
  }

  /** Finite values of a tensor of this shape. */
  floats(name: string, shape: readonly number[]): Float32Array {
    const tensor = this.tensor(name, shape);
    const values = decode(tensor);
    const bad = values.findIndex((value) => value - value !== 0);
    if (bad < 0) return values;
    throw new InputError(`${tensor.file}: tensor ${name}: value ${bad} is ${values[bad]}; allowed finite numbers`);
  }

  #add(name: string, tensor: Tensor): void {
    const other = this.#tensors.get(name);
    if (other === undefined) this.#tensors.set(name, tensor);
    else throw new InputError(`${tensor.file}: tensor ${name} is in ${other.file} too; allowed in one shard`);
  }
}

function decode(tensor: Tensor): Float32Array {
  if (tensor.dtype === "F32") return f32(tensor);
  if (tensor.dtype === "F16") return decodeF16(halves(tensor));
  if (tensor.dtype === "BF16") return decodeBF16(halves(tensor));
  const found = `dtype is "${tensor.dtype}"`;
  throw new InputError(`${tensor.file}: tensor ${tensor.name}: ${found}; allowed F32, F16, BF16`);
}

function halves(tensor: Tensor): Uint16Array {
  const bytes = tensor.bytes();
  const even = bytes.byteOffset % 2 === 0 ? bytes : bytes.slice();
  return new Uint16Array(even.buffer, even.byteOffset, even.length / 2);
}

/** bfloat16 is the upper half of an FP32. */
function decodeBF16(halves: Uint16Array): Float32Array {
  const bits = new Uint32Array(halves.length);
  for (let i = 0; i < halves.length; i++) bits[i] = halves[i] << 16;
  return new Float32Array(bits.buffer);
}
