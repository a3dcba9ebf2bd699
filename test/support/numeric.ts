//
//   numeric.wasm for tests, of both builds.
//

import { readFileSync } from "node:fs";
import * as assert from "uvu/assert";
import { compileBinary } from "../../src/wasm/instance.js";
import { Arithmetic, loadNumeric, type NumericExports } from "../../src/wasm/numeric.js";
import type { Build } from "./engine.js";

export const BUILDS: readonly Build[] = ["debug", "release"];

const FILES: Record<Build, string> = { release: "numeric.wasm", debug: "numeric.debug.wasm" };

const urlOf = (build: Build) => new URL(`../../${FILES[build]}`, import.meta.url);

/** A fresh instance with a memory of its own. */
export async function arithmetic(build: Build = "debug"): Promise<Arithmetic> {
  return new Arithmetic(await loadNumeric(await compileBinary(readFileSync(urlOf(build)))));
}

const GUARD_BYTES = 64;
const GUARD = 0xa5;

/** Room in numeric.wasm's memory, every piece of it followed by bytes that nobody may touch. */
export class Guarded {
  private readonly guards: { at: number; of: number }[] = [];

  private constructor(readonly wasm: NumericExports) {}

  static async of(build: Build): Promise<Guarded> {
    return new Guarded(await loadNumeric(await compileBinary(readFileSync(urlOf(build)))));
  }

  room(bytes: number): { at: number; bytes: Uint8Array } {
    const at = this.wasm.allocate(bytes + GUARD_BYTES);
    new Uint8Array(this.wasm.memory.buffer, at, bytes + GUARD_BYTES).fill(GUARD);
    this.guards.push({ at: at + bytes, of: bytes });
    return { at, bytes: new Uint8Array(this.wasm.memory.buffer, at, bytes) };
  }

  check(what: string): void {
    for (const { at, of } of this.guards) {
      const guard = new Uint8Array(this.wasm.memory.buffer, at, GUARD_BYTES);
      assert.ok(
        guard.every((byte) => byte === GUARD),
        `${what}: something was written behind ${of} bytes`,
      );
    }
  }
}
