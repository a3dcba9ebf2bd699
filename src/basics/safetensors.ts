//
//   safetensors: a header that says what lies where, then raw little-endian tensors.
//
//     0        8                  8+n                                        end
//     ┌────────┬──────────────────┬──────────┬───────────┬──────────────────┐
//     │ n: u64 │ n bytes of JSON  │ tensor   │ tensor    │ ...              │   no gap, no overlap, nothing after
//     └────────┴──────────────────┴──────────┴───────────┴──────────────────┘
//
//   A file is read piece by piece: the header, then each tensor when it is asked for. So a file may be longer than what fits
//   into memory, and nothing is converted until somebody wants it; a typed view copies only where the bytes are not aligned.
//   Left out: dtypes below one byte; big-endian hosts (typed arrays are read in the host's order).
//

import { InputError } from "./errors.js";
import { parseJson } from "./json.js";

const DTYPE_BYTES = {
  BOOL: 1,
  U8: 1,
  I8: 1,
  F8_E5M2: 1,
  F8_E4M3: 1,
  I16: 2,
  U16: 2,
  F16: 2,
  BF16: 2,
  I32: 4,
  U32: 4,
  F32: 4,
  I64: 8,
  U64: 8,
  F64: 8,
} as const;

/** Bytes of a header, as the public reader has it. */
const LONGEST_HEADER = 100_000_000;

export type Dtype = keyof typeof DTYPE_BYTES;

export interface Tensor {
  readonly file: string;
  readonly name: string;
  readonly dtype: Dtype;
  readonly shape: readonly number[];
  /** The raw bytes, read anew from the file (a view where the file is in memory). */
  bytes(): Uint8Array;
}

export interface Safetensors {
  readonly tensors: ReadonlyMap<string, Tensor>;
  readonly metadata: Readonly<Record<string, string>>;
}

interface Extent {
  name: string;
  begin: number;
  end: number;
}

/** Bytes that are somewhere: in memory, on a disk. */
export interface ByteSource {
  readonly length: number;
  read(begin: number, end: number): Uint8Array;
}

/** A file that is in memory. */
export function parseSafetensors(bytes: Uint8Array, fileName: string): Safetensors {
  return openSafetensors({ length: bytes.length, read: (begin, end) => bytes.subarray(begin, end) }, fileName);
}

/** A file of which the header is read now, and tensors are later. */
export function openSafetensors(source: ByteSource, fileName: string): Safetensors {
  const start = 8 + headerLength(source, fileName);
  const dataBytes = source.length - start;
  const header = parseHeader(source.read(8, start), fileName);
  const tensors = new Map<string, Tensor>();
  const extents: Extent[] = [];
  let metadata: Record<string, string> = {};
  for (const [name, entry] of Object.entries(header)) {
    if (name === "__metadata__") {
      metadata = parseMetadata(entry, fileName);
      continue;
    }
    const { dtype, shape, begin, end } = parseEntry(entry, name, dataBytes, fileName);
    extents.push({ name, begin, end });
    const bytes = () => source.read(start + begin, start + end);
    tensors.set(name, { file: fileName, name, dtype, shape, bytes });
  }
  checkExtents(extents, dataBytes, fileName);
  return { tensors, metadata };
}

// ---- the header

function headerLength(source: ByteSource, fileName: string): number {
  if (source.length < 8) {
    throw new InputError(
      `${fileName}: the file is ${source.length} bytes long; allowed 8 or more (the header's length)`,
    );
  }
  const bytes = source.read(0, 8);
  const length = new DataView(bytes.buffer, bytes.byteOffset, 8).getBigUint64(0, true);
  const rest = source.length - 8;
  const [most, why] = rest <= LONGEST_HEADER ? [rest, "what follows in the file"] : [LONGEST_HEADER, "of the format"];
  if (length < 2n || length > BigInt(most)) {
    throw new InputError(`${fileName}: the header's length is ${length}; allowed 2..${most} (${why})`);
  }
  return Number(length);
}

function parseHeader(bytes: Uint8Array, fileName: string): Record<string, unknown> {
  let text: string;
  try {
    text = new TextDecoder("utf-8", { fatal: true }).decode(bytes);
  } catch {
    throw new InputError(`${fileName}: the header is not UTF-8; allowed is one JSON object`);
  }
  const header = parseJson(text, `${fileName}: the header`);
  if (!isObject(header)) {
    throw new InputError(`${fileName}: the header is ${shown(header)}; allowed is one JSON object`);
  }
  return header;
}

function parseMetadata(entry: unknown, fileName: string): Record<string, string> {
  if (isObject(entry) && Object.values(entry).every((value) => typeof value === "string")) {
    return entry as Record<string, string>;
  }
  throw new InputError(`${fileName}: __metadata__ is ${shown(entry)}; allowed is an object of texts`);
}

function parseEntry(entry: unknown, name: string, dataBytes: number, file: string) {
  const fail = (what: string, found: unknown, allowed: string): never => {
    throw new InputError(`${file}: tensor ${name}: ${what} is ${shown(found)}; allowed ${allowed}`);
  };
  if (!isObject(entry)) return fail("entry", entry, "is an object with dtype, shape and data_offsets");
  const { dtype, shape, data_offsets: offsets } = entry;
  if (!isDtype(dtype)) return fail("dtype", dtype, Object.keys(DTYPE_BYTES).join(", "));
  if (!isSizes(shape)) return fail("shape", shape, "is a list of integers of 0 or more");
  if (!isSizes(offsets) || offsets.length !== 2 || offsets[0] > offsets[1]) {
    return fail("data_offsets", offsets, "is [begin, end] with 0 <= begin <= end");
  }
  const [begin, end] = offsets;
  if (end > dataBytes) return fail("data_offsets", offsets, `0..${dataBytes} (the data in the file)`);
  const size = shape.reduce((product, one) => product * one, DTYPE_BYTES[dtype] as number);
  if (end - begin !== size) return fail("data_offsets", offsets, `${size} bytes (${dtype} x ${shown(shape)})`);
  return { dtype, shape, begin, end };
}

function checkExtents(extents: Extent[], dataBytes: number, fileName: string): void {
  const ordered = [...extents].sort((a, b) => a.begin - b.begin || a.end - b.end);
  let reached = 0;
  let before = "the header";
  for (const { name, begin, end } of ordered) {
    if (begin !== reached) {
      const what = begin < reached ? "overlaps" : "leaves a gap after";
      const found = `data_offsets is ${shown([begin, end])}, which ${what} ${before}`;
      throw new InputError(`${fileName}: tensor ${name}: ${found}; allowed begin ${reached}`);
    }
    [reached, before] = [end, `tensor ${name}`];
  }
  if (reached !== dataBytes) {
    throw new InputError(`${fileName}: ${dataBytes - reached} bytes lie after the last tensor; allowed 0`);
  }
}

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

function isDtype(value: unknown): value is Dtype {
  return typeof value === "string" && Object.hasOwn(DTYPE_BYTES, value);
}

function isSizes(value: unknown): value is number[] {
  return Array.isArray(value) && value.every((one) => Number.isSafeInteger(one) && one >= 0);
}

function shown(value: unknown): string {
  const text = JSON.stringify(value) ?? "missing";
  return text.length <= 60 ? text : `${text.slice(0, 57)}...`;
}

// ---- typed views

export function u8(tensor: Tensor): Uint8Array {
  expectDtype(tensor, "U8");
  return tensor.bytes();
}

export function i32(tensor: Tensor): Int32Array {
  expectDtype(tensor, "I32");
  const bytes = aligned(tensor.bytes(), 4);
  return new Int32Array(bytes.buffer, bytes.byteOffset, bytes.length / 4);
}

export function f32(tensor: Tensor): Float32Array {
  expectDtype(tensor, "F32");
  const bytes = aligned(tensor.bytes(), 4);
  return new Float32Array(bytes.buffer, bytes.byteOffset, bytes.length / 4);
}

function expectDtype(tensor: Tensor, dtype: Dtype): void {
  if (tensor.dtype === dtype) return;
  throw new InputError(`${tensor.file}: tensor ${tensor.name}: dtype is "${tensor.dtype}"; allowed ${dtype}`);
}

function aligned(bytes: Uint8Array, alignment: number): Uint8Array {
  return bytes.byteOffset % alignment === 0 ? bytes : bytes.slice();
}
