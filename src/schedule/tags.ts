//
//   What the tag of a record says: its op; and, in a run that is observed, its layer and step.
//
//     31 .. 15        14 .. 5               4 .. 0
//     step            layer + 1, 0: none    op          only the op is part of a machine's state (assembly/events.ts)
//

import { TAG_OP_BITS } from "../../assembly/events.js";

const LAYER_BITS = 10;
const STEP_BITS = 31 - LAYER_BITS - TAG_OP_BITS;
const OP_MASK = (1 << TAG_OP_BITS) - 1;
const LAYER_MASK = (1 << LAYER_BITS) - 1;
const STEP_MASK = (1 << STEP_BITS) - 1;

/** The bits above the op's; layer -1: of no layer. Steps beyond the last that fits begin anew. */
export function placeBits(step: number, layer: number): number {
  return ((step & STEP_MASK) << (LAYER_BITS + TAG_OP_BITS)) | ((layer + 1) << TAG_OP_BITS);
}

export function opOfTag(tag: number): number {
  return tag & OP_MASK;
}

/** The layer; -1: none. */
export function layerOfTag(tag: number): number {
  return ((tag >> TAG_OP_BITS) & LAYER_MASK) - 1;
}

export function stepOfTag(tag: number): number {
  return tag >>> (LAYER_BITS + TAG_OP_BITS);
}

/** The tag of the same op and layer in step 0. */
export function withoutStep(tag: number): number {
  return tag & ((LAYER_MASK << TAG_OP_BITS) | OP_MASK);
}
