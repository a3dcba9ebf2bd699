//
//   Arithmetic in linear memory: vectors in, sums out. The only file with pointers to numeric.wasm.
//

import * as contract from "../../assembly/numeric/contract.js";
import { instanceOf } from "./instance.js";

/** The exports of assembly/numeric/index.ts. Vectors are addresses. */
export interface NumericExports {
  memory: WebAssembly.Memory;
  allocate(bytes: number): number;
  dotInt8(a: number, b: number, n: number): number;
}

/** Instantiates the binary; a private memory each. Throws when it is stale. */
export async function loadNumeric(module: WebAssembly.Module): Promise<NumericExports> {
  return (await instanceOf(module, contract)) as unknown as NumericExports;
}

/** PE arithmetic on groups of values, with two scratch vectors that groups are copied into. */
export class Arithmetic {
  private readonly a: number;
  private readonly b: number;

  constructor(private readonly wasm: NumericExports) {
    [this.a, this.b] = [wasm.allocate(contract.INT8_GROUP), wasm.allocate(contract.INT8_GROUP)];
  }

  /** The exact dot product of two groups of INT8 values of one length, at most INT8_GROUP. */
  dotInt8(a: Int8Array, b: Int8Array): number {
    if (a.length !== b.length || a.length > contract.INT8_GROUP) {
      throw new Error(`internal: groups of ${a.length} and ${b.length} values`);
    }
    this.place(this.a, a);
    this.place(this.b, b);
    return this.wasm.dotInt8(this.a, this.b, a.length);
  }

  private place(at: number, values: Int8Array): void {
    new Int8Array(this.wasm.memory.buffer, at, values.length).set(values);
  }
}
