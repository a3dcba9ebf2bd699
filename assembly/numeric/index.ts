//
//   numeric.wasm: PE arithmetic and the SIMD kernels of the functional path. Vectors are addresses of `allocate`.
//
//   Imports nothing of assembly/machine: a machine never sees a value, this module never sees a cycle.
//

export { Alignment, Dot4, Term } from "./contract";
export { dequantize, dotFp32, sliceTerm } from "./dequant";
export { gate, scaleHalves, settle, softmax } from "./elementwise";
export { multiplyFloats, packFloats } from "./float";
export { fp16Dot4, groupFp16 } from "./fp16-pe";
export { multiplyCodesInt8 } from "./int8-codes";
export { multiplyInt8, multiplySlices, packInt8, sumSlice } from "./int8-tile";
export { dotInt8, groupInt8 } from "./integer-pe";
export { multiplyCodesPe } from "./pe-codes";
export { packHalves } from "./pe-lanes";
export { multiplySlicesPe } from "./pe-tile";

/** Bytes for a vector that crosses, on 16 bytes; zeroed, never freed. */
export function allocate(bytes: i32): usize {
  const at = heap.alloc(bytes);
  memory.fill(at, 0, bytes);
  return at;
}
