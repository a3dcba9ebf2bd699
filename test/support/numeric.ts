//
//   numeric.wasm for tests, of both builds.
//

import { readFileSync } from "node:fs";
import { compileBinary } from "../../src/wasm/instance.js";
import { Arithmetic, loadNumeric } from "../../src/wasm/numeric.js";
import type { Build } from "./engine.js";

export const BUILDS: readonly Build[] = ["debug", "release"];

const FILES: Record<Build, string> = { release: "numeric.wasm", debug: "numeric.debug.wasm" };

/** A fresh instance with a memory of its own. */
export async function arithmetic(build: Build = "debug"): Promise<Arithmetic> {
  const binary = readFileSync(new URL(`../../${FILES[build]}`, import.meta.url));
  return new Arithmetic(await loadNumeric(await compileBinary(binary)));
}
