//
//   Writes a safetensors file: tensors in the given order, without gaps, the data on 8 bytes.
//

import type { Dtype } from "./safetensors.js";

export interface TensorToWrite {
  readonly dtype: Dtype;
  readonly shape: readonly number[];
  readonly values: Uint8Array | Int32Array | Float32Array;
}

export function writeSafetensors(tensors: Readonly<Record<string, TensorToWrite>>): Uint8Array {
  const entries = Object.entries(tensors);
  const header: Record<string, unknown> = {};
  let end = 0;
  for (const [name, { dtype, shape, values }] of entries) {
    header[name] = { dtype, shape, data_offsets: [end, end + values.byteLength] };
    end += values.byteLength;
  }
  const text = JSON.stringify(header);
  const json = new TextEncoder().encode(text + " ".repeat((8 - (new TextEncoder().encode(text).length % 8)) % 8));
  const file = new Uint8Array(8 + json.length + end);
  new DataView(file.buffer).setBigUint64(0, BigInt(json.length), true);
  file.set(json, 8);
  let at = 8 + json.length;
  for (const [, { values }] of entries) {
    file.set(new Uint8Array(values.buffer, values.byteOffset, values.byteLength), at);
    at += values.byteLength;
  }
  return file;
}
